//! `cookie.httponly_unreadable`: a script must copy the token, and cannot read it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.httponly_unreadable", judge };

/// Whether this cookie was set with `HttpOnly`, by what the doctor or the browser got.
pub(super) fn is_hidden(facts: &Facts, name: &str) -> bool {
    let seen = facts.visits.iter().flat_map(|visit| &visit.cookies);
    let recorded = calls(facts).flat_map(|call| &call.set);
    seen.chain(recorded).any(|cookie| cookie.name == name && cookie.is_http_only && !cookie.is_deletion)
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let is_token = |cookie: &&Cookie| is_token_name(&cookie.name) && cookie.is_http_only && cookie.trouble.is_none();
    let mut all = facts.visits.iter().flat_map(|visit| &visit.cookies).chain(calls(facts).flat_map(|call| &call.set));
    let cookie = all.find(is_token)?;
    let told = || {
        Suspect::new(
            "cookie.httponly_on_readable",
            format!("The cookie `{}` carries HttpOnly, so no script can copy the token into the header.", cookie.name),
        )
        .at(Link::Csrf)
        .deep(4)
        .likely()
        .saw(format!("Set-Cookie {}", cookie.name), "HttpOnly", "the app")
        .not("csrf.header_not_sent", "the client cannot read what it should send")
        .fix(format!("send {} without HttpOnly; the session's cookie keeps it", cookie.name))
    };
    let recorded = calls(facts)
        .find(|call| is_forgery_refusal(call) && call.token_name.is_empty() && call.cookies.contains(&cookie.name));
    if let Some(call) = recorded {
        return Some(told().saw(
            format!("{} {}", call.method, call.url),
            format!("{}, no token", call.status),
            "browser",
        ));
    }
    let first = facts.signin.attempts.iter().find(|attempt| attempt.variant == Variant::Browser)?;
    let form = facts.signin.form.as_ref();
    // A page or an answer that brings the token besides leaves nothing to read.
    let is_needed = form.is_none_or(|form| form.token.is_none()) && facts.visits(Step::Bootstrap).next().is_none();
    let is_refused = matches!(first.answer, Answer::Csrf | Answer::Refused);
    (is_refused && is_needed).then(|| {
        let reads = facts.visits.iter().any(|visit| {
            matches!(visit.step, Step::First | Step::Asset)
                && visit.note.split(' ').any(|word| word == "document.cookie")
        });
        if reads { told().saw("the page's script", "reads document.cookie", "the script") } else { told() }
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_hidden_token_that_the_page_does_not_bring_is_unreadable() {
        let mut facts = healthy();
        facts.visits[0].cookies = vec![Cookie { name: "XSRF-TOKEN".into(), is_http_only: true, ..Cookie::default() }];
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("cookie.httponly_on_readable"));
        facts.visits[0].cookies[0].is_http_only = false;
        assert_eq!(code(&RULE, &facts), None);
    }
}
