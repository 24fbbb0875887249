//! `cookie.httponly_unreadable`: a script must copy the token, and cannot read it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.httponly_unreadable", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let first = facts.signin.attempts.iter().find(|attempt| attempt.variant == Variant::Browser)?;
    if !matches!(first.answer, Answer::Csrf | Answer::Refused) {
        return None;
    }
    let is_token = |cookie: &&Cookie| {
        let name = cookie.name.to_lowercase();
        (name.contains("xsrf") || name.contains("csrf")) && cookie.is_http_only && cookie.trouble.is_none()
    };
    let cookie = facts.visits.iter().flat_map(|visit| &visit.cookies).find(is_token)?;
    let form = facts.signin.form.as_ref();
    // A page or an answer that brings the token besides leaves nothing to read.
    let is_needed = form.is_none_or(|form| form.token.is_none() || form.is_header);
    is_needed.then(|| {
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
