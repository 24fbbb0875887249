//! A sign-in as a browser does it, with a name that nobody has; and where it is refused, what that depends on.

use serde_json::json;
use url::Url;

use super::client::{Client, Outgoing, Place};
use super::token;
use super::walk::Walk;
use crate::facts::{Answer, Attempt, Facts, Form, Step, Trust, Variant, Via, Visit};
use crate::html::{self, PasswordForm};
use crate::jar::{Jar, Start};
use crate::profile::Profile;
use crate::redact;

/// Nobody's name: reserved for the doctor, so that no account is ever counted against.
pub(crate) const NOBODY: &str = "doorward-doctor-nobody";

/// The most attempts in one run; lock-outs begin at five.
const MOST: usize = 7;

/// Whether a field or cookie of this name carries a CSRF token.
pub(crate) fn is_token_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "_token"
        || ["csrf", "xsrf", "authenticity_token", "requestverificationtoken", "antiforgery", "anti-forgery"]
            .iter()
            .any(|word| name.contains(word))
}

/// What an attempt is made of.
#[derive(Debug, Clone, Default)]
struct Plan {
    form: PasswordForm,
    page: String,
    action: String,
    token: String,
    token_name: String,
    is_header: bool,
    is_json: bool,
    /// Where it is sent was read out of a script.
    is_guess: bool,
    referrer_policy: String,
}

pub(crate) async fn sign_in(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, progress: &mut dyn FnMut(&str)) {
    let mut jar = walk.jar.clone();
    let Some(plan) = find(walk, facts, profile, &mut jar).await else { return };
    facts.signin.form = Some(told(&plan, walk, &jar));
    let url = Url::parse(&plan.action).ok();
    if let Some(url) = &url {
        facts.signin.withheld.extend(jar.left_behind(url, Start::SameSite));
    }
    progress("signing in as nobody");
    let first = attempt(walk, facts, &plan, &mut jar.clone(), Variant::Browser).await;
    match first {
        Answer::Csrf | Answer::Refused => variants(walk, facts, profile, &plan, &jar).await,
        Answer::Credentials | Answer::FormAgain | Answer::Welcome => raced(walk, facts, profile, &plan, &jar).await,
        _ => {}
    }
    if walk.request.login.is_some() && may_send(walk, facts) {
        progress("signing in with the named account");
        super::session::real(walk, facts, profile).await;
    }
}

/// A password is sent only where the site was shown to be whom it claims.
fn may_send(walk: &Walk<'_>, facts: &Facts) -> bool {
    let is_known =
        facts.doors(Via::Public).filter(|door| door.address == walk.place.address).all(Client::may_hold_secrets);
    is_known
        && facts
            .doors(Via::Public)
            .all(|door| door.tls.as_ref().is_none_or(|tls| tls.trust == Trust::Good || tls.certificate.is_none()))
}

/// The form of the page, or the endpoints of the profile.
async fn find(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, jar: &mut Jar) -> Option<Plan> {
    let arrival = facts.arrival()?.clone();
    let text = walk.page.text();
    let referrer_policy = arrival
        .field("referrer-policy")
        .map(str::to_owned)
        .or_else(|| html::meta(&text, "referrer"))
        .unwrap_or_default();
    if let Some(form) = html::password_form(&text) {
        let base = Url::parse(&walk.url).ok()?;
        let action = base.join(&form.action).ok()?;
        let hidden = form.hidden.iter().find(|(name, _)| is_token_name(name)).cloned();
        let header = hidden.is_none() && !profile.token_header.is_empty();
        let (token_name, token) = hidden.unwrap_or_else(|| (profile.token_header.clone(), token::readable(jar)));
        return Some(Plan {
            page: walk.url.clone(),
            action: action.to_string(),
            token,
            token_name,
            is_header: header,
            is_json: false,
            is_guess: false,
            referrer_policy,
            form,
        });
    }
    let named = Some(profile.login_path.clone()).filter(|path| !path.is_empty());
    let is_guess = named.is_none();
    let path = named.or_else(|| crate::facts::named(facts, "login:"))?;
    let is_json = profile.is_json || crate::facts::named(facts, "JSON.stringify").is_some();
    let origin = walk.target.origin();
    let profile = &if is_guess { token::of_scripts(facts, profile) } else { profile.clone() };
    let mut plan = Plan {
        page: walk.url.clone(),
        action: format!("{origin}{path}"),
        is_json,
        is_guess,
        is_header: true,
        token_name: profile.token_header.clone(),
        referrer_policy,
        ..Plan::default()
    };
    let or = |name: &str, usual: &str| if name.is_empty() { usual.to_owned() } else { name.to_owned() };
    let user = crate::facts::named(facts, "user:").filter(|_| is_guess);
    plan.form.user = or(&profile.user, user.as_deref().unwrap_or("username"));
    plan.form.password = or(&profile.password, "password");
    if profile.token_path.is_empty() {
        plan.token = if plan.token_name.is_empty() { String::new() } else { token::readable(jar) };
    } else {
        plan.token = token::bootstrap(walk, facts, profile, jar).await;
    }
    Some(plan)
}

fn told(plan: &Plan, walk: &Walk<'_>, jar: &Jar) -> Form {
    let csp = walk.page.field("content-security-policy").unwrap_or_default();
    let form_action = csp
        .split(';')
        .map(str::trim)
        .find_map(|part| part.strip_prefix("form-action"))
        .unwrap_or_default()
        .trim()
        .to_owned();
    Form {
        page: redact::address(&plan.page),
        action: redact::address(&plan.action),
        fields: plan
            .form
            .hidden
            .iter()
            .map(|(name, _)| redact::clean(name))
            .chain([redact::clean(&plan.form.user), redact::clean(&plan.form.password)])
            .collect(),
        token_name: redact::clean(&plan.token_name),
        token: (!plan.token.is_empty()).then(|| walk.client.salt.mark(&plan.token)),
        token_cookie: jar.names().into_iter().find(|name| is_token_name(name)).unwrap_or_default(),
        is_header: plan.is_header,
        form_action: redact::clean(&form_action),
        referrer_policy: redact::clean(&plan.referrer_policy),
    }
}

/// One attempt of a kind; its answer.
async fn attempt(walk: &mut Walk<'_>, facts: &mut Facts, plan: &Plan, jar: &mut Jar, variant: Variant) -> Answer {
    if facts.signin.attempts.len() >= MOST
        || facts.signin.attempts.iter().any(|attempt| attempt.answer == Answer::Throttled)
    {
        return Answer::Nothing;
    }
    let (user, password) = match (&walk.request.login, variant) {
        (Some(login), Variant::Real) => (login.user.clone(), login.password.clone()),
        _ => (NOBODY.to_owned(), "not-a-password".to_owned()),
    };
    let place =
        if variant == Variant::AtApp { walk.inner_place(Via::App) } else { walk.place_of(&plan.action, facts).await };
    let Some(place) = place else { return Answer::Nothing };
    let (out, sent) = outgoing(walk, plan, jar, variant, (&user, &password));
    let (mut visit, incoming) = walk.client.ask(&place, &out, Some(jar)).await;
    if plan.is_guess && matches!(visit.status, 404 | 405) {
        facts.skipped.push(format!("{} is no place to sign in", redact::address(&plan.action)));
        facts.visits.push(visit);
        return Answer::Nothing;
    }
    let mut answer = super::answer::judge(&visit, &incoming.text(), &plan.page);
    if answer == Answer::Credentials {
        answer = super::flash::read(walk, facts, (&mut visit, &place), jar, variant).await.unwrap_or(answer);
    }
    // Where a script is all that is known, and not whence it has its token, the refusal is the doctor's own fault.
    let has_token = !plan.token.is_empty() || jar.names().iter().any(|name| is_token_name(name));
    if plan.is_guess && !has_token && matches!(answer, Answer::Csrf | Answer::Refused) {
        facts.skipped.push(format!("{} wants a token that no script names", redact::address(&plan.action)));
        facts.visits.push(visit);
        return Answer::Nothing;
    }
    facts.signin.attempts.push(Attempt {
        token: (!plan.token.is_empty()).then(|| walk.client.salt.mark(&plan.token)),
        ..super::answer::tried(variant, answer, &visit, sent, &incoming)
    });
    facts.visits.push(visit);
    walk.answer = incoming;
    answer
}

fn outgoing(
    walk: &Walk<'_>,
    plan: &Plan,
    jar: &Jar,
    variant: Variant,
    account: (&str, &str),
) -> (Outgoing, Vec<String>) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
    origin(walk, plan, variant, &mut add);
    let url = Url::parse(&plan.action).ok();
    let (cookie, names) = match (&url, variant) {
        (_, Variant::AllCookies) => jar.send_all(),
        (Some(url), _) => jar.send(url, Start::SameSite),
        (None, _) => (String::new(), Vec::new()),
    };
    if !cookie.is_empty() {
        add("Cookie", cookie);
    }
    let token = if variant == Variant::Recoded {
        percent_encoding::percent_decode_str(&plan.token).decode_utf8_lossy().trim_matches('"').to_owned()
    } else {
        plan.token.clone()
    };
    if plan.is_header && !token.is_empty() {
        add(&plan.token_name, token.clone());
    }
    let body = if plan.is_json {
        add("Content-Type", "application/json".into());
        add("Accept", "application/json".into());
        json!({ plan.form.user.as_str(): account.0, plan.form.password.as_str(): account.1 }).to_string()
    } else {
        add("Content-Type", "application/x-www-form-urlencoded".into());
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &plan.form.hidden {
            body.append_pair(name, if *name == plan.token_name { &token } else { value });
        }
        let user = if plan.form.user.is_empty() { "username" } else { &plan.form.user };
        body.append_pair(user, account.0).append_pair(&plan.form.password, account.1);
        body.finish()
    };
    let out = Outgoing {
        step: Step::SignIn,
        note: format!("{variant:?}"),
        method: "POST".into(),
        url: plan.action.clone(),
        fields,
        body: body.into_bytes(),
    };
    (out, names)
}

/// Where a browser says that the request started.
fn origin(walk: &Walk<'_>, plan: &Plan, variant: Variant, add: &mut dyn FnMut(&str, String)) {
    let own = walk.target.origin();
    let scheme = |to: &str| own.split_once("://").map(|(_, rest)| format!("{to}://{rest}")).unwrap_or_default();
    let origin = match variant {
        Variant::NoOrigin => return,
        Variant::NullOrigin => "null".to_owned(),
        Variant::OtherScheme => scheme(if walk.target.is_https() { "http" } else { "https" }),
        Variant::NoPort => format!("{}://{}", walk.target.scheme, walk.target.host),
        // A form under this policy is sent with `Origin: null`; a script's request is not.
        _ if plan.referrer_policy.contains("no-referrer")
            && !plan.referrer_policy.contains("when-downgrade")
            && !plan.is_json =>
        {
            "null".to_owned()
        }
        _ => own,
    };
    if origin != "null" {
        add("Referer", format!("{origin}/"));
    }
    if (walk.target.is_https() || walk.target.is_loopback())
        && matches!(
            variant,
            Variant::Browser | Variant::Again | Variant::Real | Variant::Raced | Variant::AllCookies | Variant::Recoded
        )
    {
        add("Sec-Fetch-Site", "same-origin".into());
        add("Sec-Fetch-Mode", if plan.is_json { "cors" } else { "navigate" }.into());
    }
    add("Origin", origin);
}

/// Whether the request was taken for honest.
fn is_passed(answer: Answer) -> bool {
    matches!(answer, Answer::Credentials | Answer::FormAgain | Answer::Welcome)
}

/// What does the refusal depend on?
async fn variants(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, plan: &Plan, jar: &Jar) {
    let mut order = Vec::new();
    let has_lost = !facts.signin.withheld.is_empty()
        || facts.visits.iter().any(|visit| visit.cookies.iter().any(|cookie| cookie.trouble.is_some()));
    if has_lost {
        order.push(Variant::AllCookies);
    }
    order.extend([Variant::OtherScheme]);
    if !walk.target.is_default_port() {
        order.push(Variant::NoPort);
    }
    order.push(Variant::NoOrigin);
    if plan.token.contains('%') || plan.token.contains('"') || plan.token.contains('+') {
        order.push(Variant::Recoded);
    }
    for (number, variant) in order.into_iter().enumerate() {
        let answer = attempt(walk, facts, plan, &mut jar.clone(), variant).await;
        if answer == Answer::Throttled {
            return;
        }
        if is_passed(answer) {
            // One of several processes may have passed it, whatever differed: then it passes a browser's own in turn.
            for _ in 0..number + 2 {
                let answer = attempt(walk, facts, plan, &mut jar.clone(), Variant::Again).await;
                if is_passed(answer) || answer == Answer::Throttled {
                    return;
                }
            }
            return;
        }
    }
    for _ in 0..3 {
        let Some((fresh, mut jar)) = again(walk, facts, profile, &Jar::default()).await else { return };
        let answer = attempt(walk, facts, &fresh, &mut jar, Variant::Again).await;
        if is_passed(answer) || answer == Answer::Throttled {
            return;
        }
    }
}

/// The page once more, with these cookies: a fresh plan.
async fn again(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, jar: &Jar) -> Option<(Plan, Jar)> {
    let (kept_page, kept_jar) = (std::mem::take(&mut walk.page), std::mem::replace(&mut walk.jar, jar.clone()));
    let out = walk.navigation(Step::Again, &walk.url.clone());
    let place = walk.place.clone();
    let mut jar = jar.clone();
    let (mut visit, incoming) = walk.client.ask(&place, &out, Some(&mut jar)).await;
    "once more".clone_into(&mut visit.note);
    facts.visits.push(visit);
    walk.page = incoming;
    let plan = find(walk, facts, profile, &mut jar).await;
    walk.page = kept_page;
    walk.jar = kept_jar;
    Some((plan?, jar))
}

/// Two tabs, or two fetches of one page: the first token with the cookie of the second.
async fn raced(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, plan: &Plan, jar: &Jar) {
    if plan.token.is_empty() {
        return;
    }
    let Some((fresh, mut later)) = again(walk, facts, profile, jar).await else { return };
    let names = later.names();
    let has_changed = names.iter().filter(|name| is_token_name(name)).any(|name| later.value(name) != jar.value(name));
    if fresh.token != plan.token && has_changed {
        attempt(walk, facts, plan, &mut later, Variant::Raced).await;
        let refused =
            facts.signin.attempts.last().is_some_and(|last| matches!(last.answer, Answer::Csrf | Answer::Refused));
        // Chance refuses too, where processes have different keys: then a sign-in in order is refused now and then.
        for _ in 0..if refused { 2 } else { 0 } {
            let Some((plan, mut jar)) = again(walk, facts, profile, &Jar::default()).await else { return };
            attempt(walk, facts, &plan, &mut jar, Variant::Again).await;
        }
    }
}

/// Signs in with the named account, on a fresh page; the cookies afterwards, and the answer.
pub(crate) async fn real(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile) -> Option<(Jar, Visit, Place)> {
    let (plan, mut jar) = again(walk, facts, profile, &Jar::default()).await?;
    let answer = attempt(walk, facts, &plan, &mut jar, Variant::Real).await;
    let visit = facts.visits.last()?.clone();
    // What passed before and is refused now hangs on chance, and not on the account: nobody tries once more.
    if answer == Answer::Csrf && facts.signin.attempts.iter().any(|attempt| is_passed(attempt.answer)) {
        for _ in 0..2 {
            let Some((plan, mut jar)) = again(walk, facts, profile, &Jar::default()).await else { break };
            attempt(walk, facts, &plan, &mut jar, Variant::Again).await;
        }
    }
    let place = walk.place_of(&plan.action, facts).await?;
    Some((jar, visit, place))
}
