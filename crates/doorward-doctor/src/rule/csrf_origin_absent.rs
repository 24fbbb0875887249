//! `csrf.origin_absent`: the browser does not say where the request started, because the page told it not to.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.origin_absent", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(suspect) = recorded(facts) {
        return Some(suspect);
    }
    let form = facts.signin.form.as_ref()?;
    let first = facts.signin.attempts.iter().find(|attempt| attempt.variant == Variant::Browser)?;
    if !matches!(first.answer, Answer::Csrf | Answer::Refused) {
        return None;
    }
    let is_silent = form.referrer_policy.contains("no-referrer") && !form.referrer_policy.contains("when-downgrade");
    let log = facts.log_any(&[
        "origin: null",
        "bad origin: null",
        "origin null",
        "no referer",
        "origin checking failed - null",
    ]);
    if is_silent {
        let suspect = Suspect::new("csrf.origin_null", format!("The page is served with Referrer-Policy: {}, so browsers send `Origin: null` with its form, and the app refuses that.", form.referrer_policy))
            .deep(5)
            .saw("POST, Origin: null", format!("{}", first.status), form.action.clone())
            .not("csrf.token_missing", "the same form with its origin passes")
            .fixes(mend::lines(facts, &[("nginx", "add_header Referrer-Policy same-origin always;"), ("caddy", "header Referrer-Policy same-origin"), ("apache", "Header always set Referrer-Policy same-origin"), ("haproxy", "http-response set-header Referrer-Policy same-origin"), ("traefik", "referrerPolicy: same-origin")]));
        return Some(suspect);
    }
    let line = log?;
    Some(
        quoted(
            Suspect::new("csrf.referer_missing", "The app refuses requests without Origin and Referer.").likely(),
            line,
        )
        .deep(2),
    )
}

/// What a browser recorded: a refused request that does not say where it started.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let refused = |call: &&Call| is_forgery_refusal(call);
    let null = calls(facts).filter(refused).find(|call| call.sent("origin") == Some("null") && !call.is_across());
    if let Some(call) = null {
        return Some(
            Suspect::new("csrf.origin_null", "The browser sends `Origin: null` with the page's own form, as a Referrer-Policy of no-referrer or a sandbox makes it, and the app refuses that.")
                .likely()
                .saw(format!("{} {}", call.method, call.url), format!("{}, Origin: null", call.status), "browser")
                .fix("Referrer-Policy: same-origin   # for the page with the form; no sandbox without allow-same-origin"),
        );
    }
    let call = calls(facts)
        .filter(refused)
        .find(|call| call.sent("origin").is_none() && call.sent("referer").is_none() && says_so(call))?;
    Some(
        Suspect::new(
            "csrf.referer_missing",
            "The browser sends neither Origin nor Referer, and the app wants one of them.",
        )
        .saw(format!("{} {}", call.method, call.url), format!("{}, no Origin, no Referer", call.status), "browser")
        .not("csrf.exempt_path_mismatch", "it is a browser that sends it, or the answer names the Referer")
        .fix("in this browser: allow the Referer for the site (privacy extension, security suite, network.http.sendRefererHeader)"),
    )
}

/// The answer names the missing field; or a browser sent the request, with the newest token, and nothing else is wrong.
/// A recording that somebody cut holds neither field, too, so their absence alone says nothing.
fn says_so(call: &Call) -> bool {
    let names = call.says("referer") || call.says("origin");
    let is_browsers = call.sent("sec-fetch-site").is_some() && !call.cookies.is_empty();
    names || is_browsers && call.token == Echoed::Latest && !call.says("token")
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_recording_without_the_fields_tells_only_where_the_answer_names_them() {
        let mut facts = healthy();
        let call = Call { method: "POST".into(), status: 403, cookies: vec!["csrftoken".into()], ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), None);
        facts.browser.as_mut().unwrap().calls[0].body = "Referer checking failed - no Referer.".into();
        assert_eq!(code(&RULE, &facts), Some("csrf.referer_missing"));
    }

    #[test]
    fn a_page_that_forbids_the_referrer_makes_its_origin_null() {
        let mut facts = healthy();
        facts.signin.form = Some(crate::facts::Form { referrer_policy: "no-referrer".into(), ..Default::default() });
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, status: 403, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("csrf.origin_null"));
        facts.signin.attempts[0].answer = Answer::Credentials;
        assert_eq!(code(&RULE, &facts), None);
    }
}
