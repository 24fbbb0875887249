//! `tls.peer_ca_untrusted`: the app, or a script in the browser, does not trust a server that it calls.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.peer_ca_untrusted", judge };

const WORDS: &[&str] = &[
    "unable to get local issuer certificate",
    "certificate_verify_failed",
    "certificate verify failed",
    "certificate signed by unknown authority",
    "self_signed_cert_in_chain",
    "self-signed certificate in certificate chain",
    "self signed certificate in certificate chain",
    "unable_to_verify_leaf_signature",
    "pkix path building failed",
    "depth_zero_self_signed_cert",
    "unable_to_get_issuer_cert",
    "unknownissuer",
    "unable to find valid certification path",
    "invalid peer certificate",
    "tls: failed to verify certificate",
    "upstream ssl certificate verify error",
    "unable to verify the first certificate",
    "ssl certificate problem",
    "the remote certificate is invalid",
    "certificate is not trusted",
];

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(browser) = &facts.browser {
        let own = facts.target.as_ref().map(|target| target.host.clone()).unwrap_or_default();
        let is_untrusted = |text: &str| {
            ["ERR_CERT_AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER", "MOZILLA_PKIX_ERROR"]
                .iter()
                .any(|word| text.contains(word))
        };
        let call =
            browser.calls.iter().find(|call| is_untrusted(&call.error) && !call.url.contains(&format!("//{own}")));
        let line = browser.console.iter().find(|line| is_untrusted(line));
        if call.is_some() || line.is_some() {
            let url = call.map(|call| call.url.clone()).unwrap_or_default();
            return Some(Suspect::new("tls.browser_fetch_untrusted", format!("A script of the page calls {url}, whose certificate the browser does not trust; there is nothing to click through."))
                .saw(format!("fetch {url}"), call.map_or_else(|| line.cloned().unwrap_or_default(), |call| call.error.clone()), "browser"));
        }
    }
    let line = facts.log_any(WORDS)?;
    let is_failing = is_app_down(facts)
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| matches!(attempt.answer, Answer::Failure | Answer::Refused | Answer::Proxy))
        || facts.visits(Step::Provider).any(|visit| visit.status >= 500);
    let suspect = Suspect::new(
        "tls.upstream_ca_untrusted",
        "The app calls a server whose certificate comes from an authority that it does not know.",
    );
    let suspect = quoted(suspect, line).at(shows_at(facts, Link::Tls)).deep(5)
        .fix("give the app the authority: NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or SSL_CERT_FILE, or update-ca-certificates in its image");
    if is_failing {
        return Some(suspect);
    }
    // Where no failure was met, the line must be about what a sign-in calls.
    let text = line.text.to_lowercase();
    let is_sign_in = [
        "oidc",
        "oauth",
        "openid",
        "issuer",
        "discovery",
        "jwks",
        "idp",
        "sso",
        "saml",
        "ldap",
        "login",
        "sign-in",
        "provider",
    ]
    .iter()
    .any(|word| text.contains(word));
    is_sign_in.then(|| heard(facts, suspect)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_log_that_distrusts_explains_a_failure() {
        let text = "x509: certificate signed by unknown authority";
        assert_eq!(code(&RULE, &logged(answered(500), text)), Some("tls.upstream_ca_untrusted"));
        assert_eq!(code(&RULE, &logged(healthy(), text)), None);
        let text = format!("failed to fetch OIDC discovery: {text}");
        assert_eq!(code(&RULE, &logged(healthy(), &text)), Some("tls.upstream_ca_untrusted"));
    }
}
