//! `browser.interference`: the server and a clean browser do everything right, and this browser does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "browser.interference", judge };

/// Words in the addresses that a sign-in needs.
const SIGN_IN: &[&str] = &["login", "signin", "sign-in", "sign_in", "auth", "session", "csrf", "token", "sso"];

/// Whether a cookie came with something that changes who the visitor is, or is called after it. A language is no session.
fn is_of_session(facts: &Facts, name: &str) -> bool {
    let is_set = |call: &Call| call.set.iter().any(|cookie| cookie.name == name);
    let word = name.to_lowercase();
    calls(facts).filter(|call| is_set(call)).any(|call| call.is_change() || call.url.contains("callback"))
        || ["sess", "sid", "auth", "jwt", "token", "login", "remember"].iter().any(|part| word.contains(part))
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let is_here = |call: &&Call| {
        url::Url::parse(&call.url).is_ok_and(|url| {
            url.host_str().map(crate::jar::site) == Some(crate::jar::site(&target.host)) && !call.is_across()
        })
    };
    // The browser itself says that a part of it stopped a request to the site.
    let blocked = calls(facts).filter(is_here).find(|call| {
        let (error, url) = (call.error.to_lowercase(), call.url.to_lowercase());
        // Filters stop counters on every site, its own among them.
        let is_of_sign_in = SIGN_IN.iter().any(|word| url.contains(word));
        is_of_sign_in
            && call.status == 0
            && (error.contains("blocked_by_client") || error.contains("ns_error_abort_by_extension"))
    });
    if let Some(call) = blocked {
        return Some(
            Suspect::new("browser.extension_interference", "An extension of this browser stops a request to the site itself.")
                .likely()
                .saw(format!("{} {}", call.method, call.url), call.error.clone(), "browser")
                .not("net.dropped", "the request never leaves the browser")
                .fix("open the site in a private window, or a fresh profile; then allow the site in the extension that filters requests"),
        );
    }
    let (call, name) = calls(facts).filter(is_here).filter(|call| call.is_turned_away()).find_map(|call| {
        Some((call, call.lacks.iter().find(|name| !is_token_name(name) && is_of_session(facts, name))?))
    })?;
    // Where it does come with another request, no one keeps it away.
    if calls(facts).any(|other| other.cookies.contains(name)) {
        return None;
    }
    let is_well = facts
        .signin
        .attempts
        .iter()
        .any(|attempt| attempt.variant == Variant::Real && attempt.answer == Answer::Welcome)
        && facts.signin.after.iter().all(|status| *status < 400);
    let suspect = Suspect::new(
        "browser.extension_interference",
        format!("This browser gets the cookie `{name}`, which every rule lets it keep, and does not send it back."),
    )
    .saw(format!("{} {}", call.method, call.url), format!("{}, without {name}", call.status), "browser")
    .not("cookie.secure_over_http", "its attributes are right for this address")
    .fix("open the site in a private window, or a fresh profile: it works there; then switch extensions off one by one, and allow the site in the one that filters cookies");
    Some(if is_well {
        suspect.not("session.store_broken", "the same sign-in works in a clean browser")
    } else {
        suspect.likely()
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::{Browser, Call};

    #[test]
    fn a_request_to_the_site_that_an_extension_stops_is_named() {
        let mut facts = healthy();
        let call = Call {
            url: "https://app.example.com/login".into(),
            error: "net::ERR_BLOCKED_BY_CLIENT".into(),
            ..Call::default()
        };
        facts.browser = Some(Browser { calls: vec![call], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("browser.extension_interference"));
        facts.browser.as_mut().unwrap().calls[0].url = "https://counter.test/collect".into();
        assert_eq!(code(&RULE, &facts), None, "no sign-in needs a counter");
        facts.browser.as_mut().unwrap().calls[0].url = "https://app.example.com/api/event".into();
        assert_eq!(code(&RULE, &facts), None, "nor one of the site's own");
    }

    #[test]
    fn a_browser_that_drops_a_right_cookie_is_interfered_with() {
        let mut facts = healthy();
        facts.signin.attempts = vec![Attempt { variant: Variant::Real, answer: Answer::Welcome, ..Attempt::default() }];
        let url = "https://app.example.com/".to_owned();
        let set = Call { url: url.clone(), got: vec![("set-cookie".into(), "x".into())], ..Call::default() };
        let lost = Call { url, status: 401, lacks: vec!["session".into()], ..Call::default() };
        facts.browser = Some(Browser { calls: vec![set, lost], ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("browser.extension_interference"));
        facts.browser.as_mut().unwrap().calls[1].status = 200;
        assert_eq!(code(&RULE, &facts), None, "nothing was refused for it");
        facts.browser.as_mut().unwrap().calls[1].status = 401;
        facts.browser.as_mut().unwrap().calls[0].cookies = vec!["session".into()];
        assert_eq!(code(&RULE, &facts), None, "the browser does send it");
    }
}
