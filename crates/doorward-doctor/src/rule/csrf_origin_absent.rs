//! `csrf.origin_absent`: the browser does not say where the request started, because the page told it not to.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.origin_absent", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(browser) = &facts.browser
        && let Some(call) = browser.calls.iter().find(|call| {
            call.method == "POST"
                && call.status == 403
                && call.sent("origin").is_none()
                && call.sent("referer").is_none()
        })
    {
        return Some(
            Suspect::new(
                "csrf.referer_missing",
                "The browser sends neither Origin nor Referer, and the app wants one of them.",
            )
            .saw(format!("POST {}", call.url), "403, no Origin, no Referer", "browser"),
        );
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

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

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
