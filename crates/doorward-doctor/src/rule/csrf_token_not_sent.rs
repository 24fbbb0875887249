//! `csrf.token_not_sent`: the token does not arrive where the server reads it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.token_not_sent", judge };

/// The header that goes with a cookie, by the habit of its framework.
const HABITS: &[(&str, &str)] = &[
    ("csrftoken", "x-csrftoken"),
    ("xsrf-token", "x-xsrf-token"),
    ("fastapi-csrf-token", "x-csrf-token"),
    ("psifi.x-csrf-token", "x-csrf-token"),
    ("__host-psifi.x-csrf-token", "x-csrf-token"),
    ("_xsrf", "x-xsrftoken"),
];

fn judge(facts: &Facts) -> Option<Suspect> {
    recorded(facts).or_else(|| tried(facts))
}

/// What a browser recorded: a refused request, and the token on it.
fn recorded(facts: &Facts) -> Option<Suspect> {
    // Without the cookie that belongs to it no token passes, under whatever name.
    let is_kept_away = |call: &Call| call.cookies.is_empty() && call.lacks.iter().any(|name| is_token_name(name));
    calls(facts).filter(|call| is_forgery_refusal(call) && !is_kept_away(call)).find_map(|call| {
        if call.token_name.is_empty() {
            let Some(cookie) = call.cookies.iter().find(|name| is_token_name(name)) else { return bare(facts, call) };
            // What a script cannot read it cannot send; and where a page lacks Origin and Referer, that is refused.
            let is_hidden = super::cookie_httponly_unreadable::is_hidden(facts, cookie);
            let is_silent = call.sent("origin").is_none() && call.sent("referer").is_none() && call.says("referer");
            return (!is_hidden && !is_silent).then(|| {
                Suspect::new(
                    "csrf.header_not_sent",
                    format!("The request carries the cookie `{cookie}` and no header or field with the token."),
                )
                .saw(
                    format!("{} {}", call.method, call.url),
                    format!("{}, no token beside the cookie", call.status),
                    "browser",
                )
                .fix("let the client copy the cookie into the header: axios withXSRFToken: true, fetch headers: { … }")
            });
        }
        let wanted = wanted(facts, call);
        let is_right_token = call.token == Echoed::Latest;
        if wanted.is_none() && !is_right_token {
            return None;
        }
        let suspect = Suspect::new(
            "csrf.header_name_mismatch",
            format!("The token is sent as `{}`, and the server does not look for it there.", call.token_name),
        )
        .likely()
        .deep(3)
        .saw(
            format!("{} {}", call.method, call.url),
            format!("{}, {}", call.status, call.token_name),
            "browser",
        );
        Some(match wanted {
            Some(name) => suspect.fix(format!("send the token as {name}")),
            None => suspect
                .not("csrf.token_rotated", "the token is the newest one")
                .fix("give the header the name that the server reads"),
        })
    })
}

/// Whether the words of a refusal are that no token came at all.
fn is_missing(text: &str) -> bool {
    has_each(text, &[&["csrf", "xsrf", "forgery", "authenticity token"], MISSING])
}

/// Words for a token that did not come.
const MISSING: &[&str] = &[
    "missing",
    "no token",
    "not found to compare",
    "was not provided",
    "not provided",
    "not present",
    "not set",
    "token 'null'",
    "is required",
    "absent",
];

/// The same request passes without the cookie of an old session: who has none is not asked for a token.
fn stale(facts: &Facts, call: &Call) -> Option<Suspect> {
    let cookie = call.cookies.iter().find(|name| !is_token_name(name))?;
    let is_twin = |other: &Call| other.method == call.method && other.url == call.url && other.token_name.is_empty();
    calls(facts)
        .find(|other| is_twin(other) && !other.cookies.contains(cookie) && (200..400).contains(&other.status))?;
    Some(
        Suspect::new(
            "csrf.login_requires_token_with_stale_session",
            format!("With `{cookie}` of an earlier session the sign-in is asked for a token, and without it passes."),
        )
        .likely()
        .deep(4)
        .saw(format!("{} {}", call.method, call.url), format!("{}, with {cookie}", call.status), "browser")
        .fix("let the sign-in take no session for authentication (DRF: authentication_classes = []), or send the token with it"),
    )
}

/// A request without any token, which the server says it lacks, where no cookie was to bring one either.
fn bare(facts: &Facts, call: &Call) -> Option<Suspect> {
    if let Some(suspect) = stale(facts, call) {
        return Some(suspect);
    }
    // A cookie that was set and does not come is the cookie's fault, not the client's.
    let is_kept_away =
        call.lacks.iter().chain(call.withheld.iter().map(|(name, _)| name)).any(|name| is_token_name(name));
    let is_across = call.is_across() && facts.target.as_ref().is_some_and(|target| call.url.contains(&target.host));
    (is_missing(&call.body) && is_of_browser(call) && !is_kept_away && !is_across).then(|| {
        Suspect::new(
            "csrf.token_missing",
            "The request carries no token, in no field, header or cookie: the page did not fetch one, or a sign-out took it away.",
        )
        .likely()
        .saw(format!("{} {}", call.method, call.url), format!("{}, no token", call.status), "browser")
        .fix("let the client fetch a token (any GET that hands one out) before the first request that changes something, and again after a sign-out")
    })
}

/// The name under which the server looks for the token, where that is known and is another one.
fn wanted(facts: &Facts, call: &Call) -> Option<String> {
    let sent = call.token_name.to_lowercase();
    let words = call.body.to_lowercase();
    let named = words
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .find(|word| word.starts_with("x-") && is_token_name(word) && *word != sent)
        .map(str::to_owned);
    let passed = facts.signin.form.as_ref().filter(|form| form.is_header && !form.token_name.is_empty()).filter(|_| {
        facts
            .signin
            .attempts
            .first()
            .is_some_and(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome))
    });
    let tried = passed.map(|form| form.token_name.to_lowercase()).filter(|name| *name != sent);
    let cookies: Vec<_> = call.cookies.iter().map(|name| name.to_lowercase()).collect();
    let habit = HABITS.iter().find(|(cookie, _)| cookies.iter().any(|name| name == cookie));
    let habit = habit.map(|(_, header)| (*header).to_owned()).filter(|name| *name != sent && sent.contains('-'));
    named.or(tried).or(habit)
}

fn tried(facts: &Facts) -> Option<Suspect> {
    let first = facts.signin.attempts.iter().find(|attempt| attempt.variant == Variant::Browser).filter(|attempt| {
        let is_blamed = || facts.log_any(&["missingcsrf"]).is_some();
        matches!(attempt.answer, Answer::Csrf | Answer::Refused) || attempt.answer == Answer::Failure && is_blamed()
    })?;
    let passed = facts
        .signin
        .attempts
        .iter()
        .any(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain));
    if passed || !facts.signin.withheld.is_empty() {
        return None;
    }
    let form = facts.signin.form.as_ref();
    let line = facts
        .log_any(&[
            "csrf token missing",
            "csrf token is missing",
            "missing csrf",
            "token not found",
            "csrf.token_missing",
            "no csrf token",
            "argument missing from post",
            "missingcsrf",
            "csrf token was missing",
        ])
        .or_else(|| log_line(facts, is_missing));
    let text = first.body.to_lowercase();
    let says_missing =
        text.contains("missing") && text.contains("token") || first.reason == "csrf.token_missing" || line.is_some();
    let has_token = form.is_some_and(|form| form.token.is_some());
    let cookie = facts.visits.iter().flat_map(|visit| &visit.cookies).find(|cookie| {
        let name = cookie.name.to_lowercase();
        (name.contains("csrf") || name.contains("xsrf")) && cookie.trouble.is_none()
    });
    let told = |code, why: &str| {
        let suspect = Suspect::new(code, why)
            .deep(2)
            .saw("page, then sign-in", format!("{}", first.status), "the app")
            .not("cookie.secure_over_http", "the cookie is kept and sent");
        match line {
            Some(line) => quoted(suspect, line),
            None => suspect.likely(),
        }
    };
    let name = form.map(|form| form.token_name.clone()).unwrap_or_default();
    let wanted = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .find(|word| word.starts_with("x-") && is_token_name(word) && *word != name.to_lowercase());
    if let Some(wanted) = wanted.filter(|_| has_token) {
        return Some(
            told(
                "csrf.header_name_mismatch",
                &format!("The token is sent as `{name}`, and the server wants it as `{wanted}`."),
            )
            .fix(format!("send the token as {wanted}, or set the server's header name to {name}")),
        );
    }
    if has_token && says_missing {
        return Some(
            told(
                "csrf.header_name_mismatch",
                &format!("The page offers the token as `{name}`, and the server does not find it under that name."),
            )
            .fix("give field, header and cookie the names that the server reads"),
        );
    }
    if !has_token && cookie.is_some() {
        return Some(
            told("csrf.header_not_sent", "The token's cookie is set, and the page's form does not carry the token.")
                .fix("put the token into a hidden field of the form, or copy the cookie into the header"),
        );
    }
    let is_named = says_missing
        || ["csrf", "xsrf", "authenticity token", "antiforgery"].iter().any(|word| text.contains(word))
        || first.status == 419
        || facts.log_any(&["csrf token", "csrffilter", "authenticity token", "antiforgery token"]).is_some();
    if !has_token && is_named {
        return Some(
            told("csrf.token_missing", "The sign-in demands a token, and the page brings none.")
                .fix("put the token into the page, or let the page fetch it first"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::{Browser, Call};

    #[test]
    fn a_sign_in_that_passes_without_the_old_session_is_asked_for_a_token_by_it() {
        let call = |cookies: &[&str], status, body: &str| Call {
            method: "POST".into(),
            url: "https://app.example.com/api/login/".into(),
            status,
            sent: vec![("origin".into(), "https://app.example.com".into())],
            cookies: cookies.iter().map(|name| (*name).to_owned()).collect(),
            body: body.into(),
            ..Call::default()
        };
        let mut facts = healthy();
        let refused = call(&["sessionid"], 403, "CSRF Failed: CSRF cookie not set.");
        let calls = vec![refused, call(&[], 200, "")];
        facts.browser = Some(Browser { calls, ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.login_requires_token_with_stale_session"));
        facts.browser.as_mut().unwrap().calls.pop();
        assert_ne!(code(&RULE, &facts), Some("csrf.login_requires_token_with_stale_session"));
    }

    #[test]
    fn a_recorded_request_without_the_header_is_named() {
        let mut facts = healthy();
        let call = Call { method: "POST".into(), status: 419, cookies: vec!["XSRF-TOKEN".into()], ..Call::default() };
        facts.browser = Some(Browser { calls: vec![call], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.header_not_sent"));
        facts.browser.as_mut().unwrap().calls[0].token_name = "x-csrf-token".into();
        assert_eq!(code(&RULE, &facts), Some("csrf.header_name_mismatch"), "Laravel reads x-xsrf-token");
        facts.browser.as_mut().unwrap().calls[0].token_name = "x-xsrf-token".into();
        assert_eq!(code(&RULE, &facts), None, "the name is right, so it is something else");
        facts.browser.as_mut().unwrap().calls[0].body = "Expected \"X-CSRF-Token\" in headers".into();
        assert_eq!(code(&RULE, &facts), Some("csrf.header_name_mismatch"));
    }

    #[test]
    fn a_recorded_request_without_any_token_is_named_by_the_answer() {
        let mut facts = healthy();
        let call = Call {
            method: "POST".into(),
            status: 403,
            cookies: vec!["JSESSIONID".into()],
            body: "Could not verify the provided CSRF token because no token was found to compare.".into(),
            ..Call::default()
        };
        facts.browser = Some(Browser { calls: vec![call], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.token_missing"));
        facts.browser.as_mut().unwrap().calls[0].lacks = vec!["XSRF-TOKEN".into()];
        assert_eq!(code(&RULE, &facts), None, "its cookie was set and did not come");
        facts.browser.as_mut().unwrap().calls[0] = Call { method: "POST".into(), status: 403, ..Call::default() };
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_form_without_a_token_is_named() {
        let mut facts = healthy();
        facts.signin.form = Some(crate::facts::Form::default());
        facts.signin.attempts = vec![Attempt {
            answer: Answer::Csrf,
            status: 403,
            body: "CSRF token missing".into(),
            ..Attempt::default()
        }];
        assert_eq!(code(&RULE, &facts), Some("csrf.token_missing"));
        facts.signin.form.as_mut().unwrap().token = Some(Mark::default());
        assert_eq!(code(&RULE, &facts), Some("csrf.header_name_mismatch"));
        facts.signin.attempts[0].answer = Answer::Credentials;
        assert_eq!(code(&RULE, &facts), None);
    }
}
