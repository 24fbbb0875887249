//! `frontend.browser_policy`: the browser forbids what the page does.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "frontend.browser_policy", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    form_action(facts).or_else(|| stopped(facts)).or_else(|| mixed(facts)).or_else(|| insecure(facts))
}

fn form_action(facts: &Facts) -> Option<Suspect> {
    let form = facts.signin.form.as_ref()?;
    let target = facts.target.as_ref()?;
    let policy = Some(form.form_action.as_str()).filter(|policy| !policy.is_empty())?;
    let console = facts.browser.iter().flat_map(|browser| &browser.console).any(|line| line.contains("form-action"));
    let allowed = |url: &url::Url| {
        let origin = url.origin().ascii_serialization();
        let host = url.host_str().unwrap_or_default();
        policy.split_whitespace().any(|source| {
            source == "*"
                || source == origin
                || source == host
                || source == format!("{}:", url.scheme())
                || source.strip_prefix("*.").is_some_and(|end| host.ends_with(end))
                || source.split("://").nth(1).is_some_and(|place| {
                    place == host || place.strip_prefix("*.").is_some_and(|end| host.ends_with(end))
                })
                || source == "'self'" && origin == target.origin()
        })
    };
    let away = facts
        .signin
        .attempts
        .iter()
        .map(|attempt| &attempt.location)
        .chain(&facts.signin.authorize)
        // What a script sends is no form's.
        .chain(Some(&form.action).filter(|_| !form.is_header))
        .filter_map(|url| url::Url::parse(url).ok())
        .find(|url| !allowed(url));
    (away.is_some() || console).then(|| {
        let origin = away.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Suspect::new("csp.form_action", format!("The page's policy allows its form only {policy}, and the sign-in goes on to {origin}: browsers stop it on the way."))
            .at(Link::Browser)
            .saw("Content-Security-Policy", format!("form-action {policy}"), form.page.clone())
            .saw("the answer to the form", format!("redirect to {origin}"), "the app")
            .fix(format!("Content-Security-Policy: form-action {policy} {origin}"))
    })
}

/// A recorded form whose answer leads elsewhere, where the page's policy stops the browser.
fn stopped(facts: &Facts) -> Option<Suspect> {
    let all: Vec<_> = calls(facts).collect();
    let (sent, stopped) = all.windows(2).map(|pair| (pair[0], pair[1])).find(|(sent, next)| {
        let error = next.error.to_lowercase();
        sent.is_change()
            && (300..400).contains(&sent.status)
            && next.status == 0
            && (error.contains("blocked_by_csp") || error.contains("csp"))
    })?;
    let policy =
        all.iter().filter_map(|call| call.got("content-security-policy")).find(|text| text.contains("form-action"))?;
    let origin = url::Url::parse(&stopped.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    Some(
        Suspect::new("csp.form_action", format!("The page's policy names where its form may go, and the sign-in goes on to {origin}: the browser stops it on the way."))
            .at(Link::Browser)
            .saw("Content-Security-Policy", policy.to_owned(), "browser")
            .saw(format!("{} {}", sent.method, sent.url), format!("{}, then {}", sent.status, stopped.error), "browser")
            .fix(format!("Content-Security-Policy: form-action 'self' {origin}")),
    )
}

fn mixed(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref().filter(|target| target.is_https())?;
    let own = format!("http://{}", target.host);
    let is_own = |text: &str| {
        text.split(' ')
            .any(|word| word == own || word.starts_with(&format!("{own}:")) || word.starts_with(&format!("{own}/")))
    };
    let form = facts.signin.form.as_ref().filter(|form| form.action.starts_with("http:"));
    let page = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && matches!(visit.step, Step::First | Step::Asset))
        .find(|visit| is_own(&visit.note));
    let recorded =
        facts.browser.iter().flat_map(|browser| &browser.console).find(|line| line.contains("Mixed Content"));
    // The browser says so, or it sent nothing from an https page to a plain address.
    let blocked = calls(facts).find(|call| {
        let is_plain = call.url.starts_with("http:") && call.status == 0;
        let is_inside =
            call.sent("origin").or_else(|| call.sent("referer")).is_some_and(|from| from.starts_with("https:"));
        call.error.to_lowercase().contains("mixed_content") || is_plain && is_inside
    });
    let recorded = recorded.cloned().or_else(|| blocked.map(|call| call.url.clone()));
    let seen = form.map(|form| form.action.clone()).or_else(|| page.map(|_| own.clone())).or(recorded)?;
    Some(
        Suspect::new(
            "frontend.mixed_content",
            format!("The https page names {seen}, and browsers block http inside of https."),
        )
        .at(Link::Browser)
        .saw("the page", seen.clone(), target.origin())
        .fix(
            "set the app's external URL to https (APP_URL, overwriteprotocol, BASE_URL), or pass and trust the scheme:",
        )
        .fixes(mend::forwarded_proto(facts)),
    )
}

fn insecure(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let plain = !target.is_https() && !target.is_loopback();
    let uses = facts
        .visits
        .iter()
        .any(|visit| matches!(visit.step, Step::First | Step::Asset) && visit.note.contains("crypto.subtle"));
    let recorded = facts.browser.as_ref().is_some_and(|browser| {
        browser.is_secure_context == Some(false) && browser.console.iter().any(|line| line.contains("undefined"))
    });
    (plain && (uses || recorded)).then(|| {
        Suspect::new(
            "frontend.insecure_context",
            "The page's script needs crypto.subtle, which browsers offer over https and on localhost only.",
        )
        .at(Link::Browser)
        .saw("the script", "crypto.subtle", target.origin())
        .not("csrf.token_missing", "the script stops before it sends anything")
        .fix(format!("open the site over https: Caddy: {} {{ reverse_proxy APP:PORT }}", target.host))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_recorded_form_that_the_policy_stops_is_named() {
        let call = |method: &str, url: &str, status, error: &str| Call {
            method: method.into(),
            url: url.into(),
            status,
            error: error.into(),
            ..Call::default()
        };
        let mut page = call("GET", "https://app.example.com/login", 200, "");
        page.got = vec![("content-security-policy".into(), "form-action 'self'".into())];
        let form = call("POST", "https://app.example.com/sso", 302, "");
        let away = call("GET", "https://id.test/authorize", 0, "net::ERR_BLOCKED_BY_CSP");
        let mut facts = healthy();
        let calls = vec![page, form, away];
        facts.browser = Some(crate::facts::Browser { calls, ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("csp.form_action"));
        facts.browser.as_mut().unwrap().calls[2].error = "net::ERR_ABORTED".into();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_redirect_that_the_policy_does_not_list_is_stopped() {
        let mut facts = healthy();
        facts.signin.form = Some(crate::facts::Form { form_action: "'self'".into(), ..Default::default() });
        facts.signin.attempts = vec![Attempt { location: "https://idp.test/x".into(), ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("csp.form_action"));
        facts.signin.attempts[0].location = "https://app.example.com/home".into();
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.form = Some(crate::facts::Form {
            form_action: "https://pay.test".into(),
            action: "https://app.example.com/login".into(),
            ..Default::default()
        });
        facts.signin.attempts.clear();
        assert_eq!(code(&RULE, &facts), Some("csp.form_action"));
    }

    #[test]
    fn http_addresses_of_the_own_host_are_mixed_content() {
        let mut facts = healthy();
        facts.visits[0].note = "http://app.example.com fetch(".into();
        assert_eq!(code(&RULE, &facts), Some("frontend.mixed_content"));
        facts.visits[0].note = "http://www.w3.org".into();
        assert_eq!(code(&RULE, &facts), None);
        let sent = vec![("origin".to_owned(), "https://app.example.com".to_owned())];
        let call = Call { method: "POST".into(), url: "http://app.example.com/api".into(), sent, ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("frontend.mixed_content"));
    }

    #[test]
    fn cryptography_on_plain_http_is_missing() {
        let mut facts = healthy();
        facts.target.as_mut().unwrap().scheme = "http".into();
        facts.visits[0].note = "crypto.subtle".into();
        assert_eq!(code(&RULE, &facts), Some("frontend.insecure_context"));
    }
}
