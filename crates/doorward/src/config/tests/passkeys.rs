//! The domain of passkeys: what browsers accept, and what is said of the rest.

use doorward_core::Severity;

use super::Case;

fn at(url: &str) -> Case {
    Case::new().env(&format!(
        "ENVIRONMENT=production\nDOORWARD_SERVER__PUBLIC_URL={url}\nDOORWARD_SERVER__TRUSTED_PROXIES=10.0.0.7"
    ))
}

fn with(url: &str, rp_id: &str) -> Case {
    at(url).env(&format!("DOORWARD_PASSKEYS__RP_ID={rp_id}"))
}

#[test]
fn passkeys_belong_to_the_host_of_the_pages_or_to_a_domain_above_it() {
    for (case, rp_id) in [
        (Case::new(), "localhost"),
        (at("https://login.example.com"), "login.example.com"),
        (with("https://login.example.com", "login.example.com"), "login.example.com"),
        (with("https://login.example.com:8443", " Example.COM "), "example.com"),
    ] {
        let config = case.config();
        assert_eq!(&*config.passkeys.rp_id, rp_id);
        assert!(config.passkeys.is_possible);
    }
}

#[test]
fn no_browser_accepts_another_domain() {
    for rp_id in ["example.org", "ample.com", "com", "www.login.example.com", "https://login.example.com", "192.0.2.1"]
    {
        let findings = with("https://login.example.com", rp_id).load().unwrap_err();
        let found: Vec<_> = findings.iter().map(|finding| (finding.code, finding.subject.as_str())).collect();
        assert_eq!(found, [("config.passkeys_domain", "DOORWARD_PASSKEYS__RP_ID")], "{rp_id}");
        assert_eq!(findings[0].remedy, "DOORWARD_PASSKEYS__RP_ID=login.example.com");
    }
    // Strangers can have names below it.
    assert!(with("https://login.github.io", "github.io").load().is_err());
}

// The last administrator is not locked out by a policy: a key that nobody can set up is asked of nobody.
#[test]
fn nobody_must_have_a_key_where_none_can_be_made() {
    let wish = "DOORWARD_SECOND_FACTOR__HARDWARE_GROUPS=admins";
    assert!(at("https://login.example.com").env(wish).load().is_ok());
    let findings = at("https://192.0.2.10").env(wish).load().unwrap_err();
    let found: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| (finding.code, finding.subject.as_str()))
        .collect();
    assert_eq!(found, [("config.passkeys_impossible", "DOORWARD_SECOND_FACTOR__HARDWARE_GROUPS")]);
}

#[test]
fn strict_factors_go_with_short_sessions() {
    let strict = || at("https://login.example.com").env("DOORWARD_SECOND_FACTOR__PROFILE=strict");
    for (case, is_said) in [
        (strict(), true),
        (strict().env("DOORWARD_SESSION__PROFILE=standard"), true),
        (strict().env("DOORWARD_SESSION__PROFILE=strict"), false),
        (strict().env("DOORWARD_SESSION__IDLE=10m\nDOORWARD_SESSION__ABSOLUTE=8h"), false),
        (at("https://login.example.com"), false),
    ] {
        let found = case.found();
        assert_eq!(found.iter().any(|(code, ..)| *code == "config.session_long"), is_said, "{found:?}");
    }
}

#[test]
fn where_no_passkey_can_be_made_that_is_said() {
    let plainly = "DOORWARD_SERVER__INSECURE_ALLOW_HTTP=true";
    for case in
        [at("https://192.0.2.4"), at("http://192.168.1.5:8000").env(plainly), at("http://nas.home.arpa").env(plainly)]
    {
        let found = case.found();
        assert!(
            found
                .iter()
                .any(|(code, severity, _)| (*code, *severity) == ("config.passkeys_impossible", Severity::Warning)),
            "{found:?}"
        );
        assert!(!case.config().passkeys.is_possible);
    }
}
