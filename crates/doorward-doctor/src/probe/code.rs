//! The second step of a sign-in: the code of an authenticator app, entered once and kept nowhere.

use serde_json::{Value, json};
use url::Url;

use super::client::Outgoing;
use super::walk::Walk;
use crate::facts::{Answer, Facts, Step, Variant, Visit};
use crate::html;
use crate::jar::{Jar, Start};
use crate::profile::Profile;

/// Where a code goes, and what goes with it.
struct Plan {
    page: String,
    action: String,
    body: String,
    is_json: bool,
    token: Option<(String, String)>,
}

/// Enters the code that is due now, where a secret was given and a place for it is found; the answer to it.
pub(crate) async fn enter(
    walk: &mut Walk<'_>,
    facts: &mut Facts,
    profile: &Profile,
    jar: &mut Jar,
    before: &Visit,
) -> Option<Visit> {
    let totp = walk.request.login.as_ref()?.totp.clone()?;
    let plan = find(walk, facts, profile, jar, before).await?;
    let code = totp.code(walk.client.unix());
    let url = Url::parse(&plan.action).ok()?;
    let origin = walk.target.origin();
    let mut fields = vec![
        ("Origin".to_owned(), origin.clone()),
        ("Referer".into(), format!("{origin}/")),
        ("Sec-Fetch-Site".into(), "same-origin".into()),
        ("Sec-Fetch-Mode".into(), if plan.is_json { "cors" } else { "navigate" }.into()),
    ];
    let kind = if plan.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
    fields.push(("Content-Type".into(), kind.into()));
    if plan.is_json {
        fields.push(("Accept".into(), kind.into()));
    }
    let (cookie, sent) = jar.send(&url, Start::SameSite);
    if !cookie.is_empty() {
        fields.push(("Cookie".into(), cookie));
    }
    fields.extend(plan.token.clone());
    let out = Outgoing {
        step: Step::SignIn,
        note: "code".into(),
        method: "POST".into(),
        url: plan.action.clone(),
        fields,
        body: plan.body.replace("{code}", &code).into_bytes(),
    };
    let place = walk.place_of(&plan.action, facts).await?;
    let (visit, incoming) = walk.client.ask(&place, &out, Some(jar)).await;
    let text = incoming.text();
    let answer = match super::answer::judge(&visit, &text, &plan.page) {
        Answer::Welcome | Answer::FormAgain if html::code_form(&text, &profile.code).is_some() => Answer::Credentials,
        answer => answer,
    };
    facts.signin.attempts.push(super::answer::tried(Variant::Code, answer, &visit, sent, &incoming));
    facts.visits.push(visit.clone());
    Some(visit)
}

/// The endpoint of the profile after a sign-in by JSON; else the form of the page that the sign-in led to.
async fn find(
    walk: &mut Walk<'_>,
    facts: &mut Facts,
    profile: &Profile,
    jar: &mut Jar,
    before: &Visit,
) -> Option<Plan> {
    let text = walk.answer.text();
    if let Ok(said) = serde_json::from_str::<Value>(&text) {
        if profile.code_path.is_empty() {
            return None;
        }
        let name = if profile.code.is_empty() { "code" } else { &profile.code };
        let member = if profile.token_member.is_empty() { "csrf_token" } else { &profile.token_member };
        let token = said[member].as_str().filter(|_| !profile.token_header.is_empty());
        return Some(Plan {
            page: before.url.clone(),
            action: format!("{}{}", walk.target.origin(), profile.code_path),
            body: json!({ name: "{code}" }).to_string(),
            is_json: true,
            token: token.map(|token| (profile.token_header.clone(), token.to_owned())),
        });
    }
    let mut page = Url::parse(&before.url).ok()?;
    let mut text = text;
    if (300..400).contains(&before.status) {
        page = page.join(&walk.answer.field("location")?).ok()?;
        let place = walk.place_of(page.as_str(), facts).await?;
        let mut out =
            Outgoing { step: Step::SignIn, method: "GET".into(), url: page.to_string(), ..Outgoing::default() };
        "page of the code".clone_into(&mut out.note);
        let (cookie, _) = jar.send(&page, Start::SameSite);
        if !cookie.is_empty() {
            out.fields.push(("Cookie".into(), cookie));
        }
        let (visit, incoming) = walk.client.ask(&place, &out, Some(jar)).await;
        facts.visits.push(visit);
        text = incoming.text();
    }
    let form = html::code_form(&text, &profile.code)?;
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &form.hidden {
        body.append_pair(name, value);
    }
    // Digits need no escaping, so the place of the code may be filled in later.
    let mut body = body.finish();
    let field: String = url::form_urlencoded::byte_serialize(form.password.as_bytes()).collect();
    if !body.is_empty() {
        body.push('&');
    }
    body.push_str(&field);
    body.push_str("={code}");
    Some(Plan {
        action: page.join(&form.action).ok()?.to_string(),
        page: page.to_string(),
        body,
        is_json: false,
        token: None,
    })
}
