//! `csrf.token_not_sent`: the token does not arrive where the server reads it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.token_not_sent", judge };

const NAMES: &[&str] = &["x-csrf-token", "x-csrftoken", "x-xsrf-token", "xsrf-token", "csrf-token", "x-csrf"];

fn judge(facts: &Facts) -> Option<Suspect> {
    recorded(facts).or_else(|| tried(facts))
}

/// What a browser recorded: a refused request, and the token's header on it.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let browser = facts.browser.as_ref()?;
    let call = browser
        .calls
        .iter()
        .find(|call| !matches!(call.method.as_str(), "GET" | "HEAD" | "OPTIONS") && matches!(call.status, 403 | 419))?;
    let header = call.sent.iter().find(|(name, _)| NAMES.contains(&name.as_str()));
    let cookie = call.cookies.iter().find(|name| {
        let name = name.to_lowercase();
        name.contains("csrf") || name.contains("xsrf")
    })?;
    Some(match header {
        None => Suspect::new(
            "csrf.header_not_sent",
            format!("The request carries the cookie `{cookie}` and no header with the token."),
        )
        .saw(format!("{} {}", call.method, call.url), format!("{}, no token header", call.status), "browser"),
        Some((name, _)) => Suspect::new(
            "csrf.header_name_mismatch",
            format!("The token is sent as `{name}`, and the server does not accept it there."),
        )
        .likely()
        .saw(format!("{} {}", call.method, call.url), format!("{}, {name}", call.status), "browser"),
    })
}

fn tried(facts: &Facts) -> Option<Suspect> {
    let first = facts
        .signin
        .attempts
        .iter()
        .find(|attempt| attempt.variant == Variant::Browser)
        .filter(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused))?;
    let passed = facts
        .signin
        .attempts
        .iter()
        .any(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain));
    if passed || !facts.signin.withheld.is_empty() {
        return None;
    }
    let form = facts.signin.form.as_ref();
    let line = facts.log_any(&[
        "csrf token missing",
        "csrf token is missing",
        "missing csrf",
        "token not found",
        "csrf.token_missing",
        "no csrf token",
    ]);
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
    if has_token && says_missing {
        let name = form.map(|form| form.token_name.clone()).unwrap_or_default();
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
    if !has_token && (says_missing || text.contains("csrf")) {
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
    fn a_recorded_request_without_the_header_is_named() {
        let mut facts = healthy();
        let call = Call { method: "POST".into(), status: 419, cookies: vec!["XSRF-TOKEN".into()], ..Call::default() };
        facts.browser = Some(Browser { calls: vec![call], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.header_not_sent"));
        facts.browser.as_mut().unwrap().calls[0].sent.push(("x-xsrf-token".into(), "‹40 characters›".into()));
        assert_eq!(code(&RULE, &facts), Some("csrf.header_name_mismatch"));
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
