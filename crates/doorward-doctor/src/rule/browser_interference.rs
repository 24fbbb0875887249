//! `browser.interference`: the server and a clean browser do everything right, and this browser does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "browser.interference", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let browser = facts.browser.as_ref()?;
    let well = facts
        .signin
        .attempts
        .iter()
        .any(|attempt| attempt.variant == Variant::Real && attempt.answer == Answer::Welcome)
        && facts.signin.after.iter().all(|status| *status < 400);
    let target = facts.target.as_ref()?;
    let name = facts.signin.session.first()?;
    let set =
        browser.calls.iter().position(|call| call.got("set-cookie").is_some() && call.url.contains(&target.host))?;
    let lost = browser.calls[set + 1..]
        .iter()
        .filter(|call| call.url.contains(&target.host))
        .any(|call| !call.cookies.contains(name));
    (well && lost).then(|| Suspect::new("browser.extension_interference", format!("The same sign-in works in a clean browser; this one gets the cookie `{name}` and does not send it back.")).likely().saw("the next request", "without the cookie", "browser").not("cookie.secure_over_http", "its attributes are right"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::{Browser, Call};

    #[test]
    fn a_browser_that_drops_a_right_cookie_is_interfered_with() {
        let mut facts = healthy();
        facts.signin.session = vec!["session".into()];
        facts.signin.attempts = vec![Attempt { variant: Variant::Real, answer: Answer::Welcome, ..Attempt::default() }];
        let url = "https://app.example.com/".to_owned();
        let set = Call { url: url.clone(), got: vec![("set-cookie".into(), "x".into())], ..Call::default() };
        facts.browser = Some(Browser { calls: vec![set, Call { url, ..Call::default() }], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("browser.extension_interference"));
        facts.browser.as_mut().unwrap().calls[1].cookies = vec!["session".into()];
        assert_eq!(code(&RULE, &facts), None);
    }
}
