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
    "certificate verification: error (",
    "x509: certificate is valid for",
    "x509: certificate has expired",
    "x509: cannot validate certificate for",
    "upstream ssl certificate does not match",
    "hostname mismatch, certificate is not valid for",
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
    if let Some(suspect) = verified(facts) {
        return Some(suspect);
    }
    let line = facts.log_any(WORDS)?;
    let is_failing = is_app_down(facts)
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| matches!(attempt.answer, Answer::Failure | Answer::Refused | Answer::Proxy))
        || facts.visits(Step::Provider).chain(&facts.at_provider).any(|visit| visit.status >= 500);
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

/// The proxy checks the app's certificate, and the same check was made here and failed.
fn verified(facts: &Facts) -> Option<Suspect> {
    let is_stuck = |visit: &Visit| matches!(visit.fault, Some(Fault::Silent | Fault::Closed));
    let arrival = facts.arrival().filter(|visit| is_gateway_error(facts) || is_stuck(visit))?;
    let host = facts.host.as_ref()?;
    let door = facts.doors(Via::App).find(|door| door.purpose == "verified")?;
    let shown = door.tls.as_ref().filter(|tls| tls.knock == Knock::Done)?;
    let dialect = crate::host::dialect::of(host, door.address.port())?;
    let file = dialect.authorities?.display().to_string();
    // Where no name is asked for, any will do.
    if shown.trust == Trust::Good || shown.trust == Trust::Name && dialect.name.is_empty() {
        return None;
    }
    let why = match shown.trust {
        Trust::Name => format!("the certificate of the app does not cover {}", dialect.name),
        Trust::Expired => "the certificate of the app has expired".to_owned(),
        Trust::Early => "the certificate of the app is not valid yet".to_owned(),
        _ => format!("the certificate of the app does not come from an authority in {file}"),
    };
    let certificate = shown.certificate.clone().unwrap_or_default();
    Some(
        Suspect::new(
            "tls.upstream_ca_untrusted",
            format!("The proxy does not believe the app at {}: {why}.", door.address),
        )
        .at(shows_at(facts, Link::Tls))
        .deep(7)
        .saw(format!("line {}", dialect.line.number), dialect.line.text.clone(), dialect.line.source.clone())
        .saw(
            format!("handshake with {}", door.address),
            format!("{} from {}, for {}", certificate.subject, certificate.issuer, certificate.names.join(", ")),
            "the host",
        )
        .saw("GET", arrival.told(), arrival.url.clone())
        .not("proxy.upstream_refused", "the app listens and shakes hands")
        .fix(format!("put the authority that signs the app's certificate into {file}, or renew the certificate for the name that is checked"))
        .fix(mend::reload(facts)),
    )
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

    #[test]
    fn a_check_that_fails_here_as_it_does_for_the_proxy_names_it() {
        let mut facts = answered(503);
        let text = "server app1 127.0.0.1:8000 ssl verify required ca-file /etc/ca.pem verifyhost app.internal";
        facts.host.insert(host(&["0.0.0.0:443", "127.0.0.1:8000"])).proxy =
            vec![Line { text: text.into(), ..Line::default() }];
        let tls = |trust| Some(Handshake { trust, ..Handshake::default() });
        let address = "127.0.0.1:8000".parse().unwrap();
        for (trust, expected) in
            [(Trust::Good, false), (Trust::Selfsigned, true), (Trust::Name, true), (Trust::Expired, true)]
        {
            facts.doors.retain(|door| door.via != Via::App);
            let door = Door { via: Via::App, address, tls: tls(trust), purpose: "verified".into(), ..door(Tcp::Open) };
            facts.doors.push(door);
            let expected = expected.then_some("tls.upstream_ca_untrusted");
            assert_eq!(code(&RULE, &facts), expected, "{trust:?}");
        }
        facts.visits = healthy().visits;
        assert_eq!(code(&RULE, &facts), None);
    }
}
