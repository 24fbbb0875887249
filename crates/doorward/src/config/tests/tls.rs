//! Tests of `[tls]`: what is meant, and every mistake with its line.

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::config::Acme;
use doorward_edge::acme::{Challenge, LETS_ENCRYPT, LETS_ENCRYPT_STAGING};

/// A production server with files for `a.example.com`, an expired pair and another's key.
fn case(tls: &str) -> Case {
    let pair = |year: i32| {
        let mut parameters = CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let ((good, key), (old, old_key)) = (pair(2200), pair(2020));
    let case = Case::new()
        .file("good.pem", &good)
        .file("good.key", &key)
        .file("old.pem", &old)
        .file("old.key", &old_key)
        .file("empty", "")
        .toml(&format!("[server]\nenvironment = \"production\"\npublic_url = \"https://a.example.com\"\n[tls]\n{tls}"));
    for name in ["good.key", "old.key"] {
        close(&case, name, 0o600);
    }
    case
}

fn close(case: &Case, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(case.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

const FILES: &str = "listen = \"0.0.0.0:443\"\ncertificate = \"good.pem\"\nkey = \"good.key\"\n";

#[test]
fn files_serve_everybody_without_a_proxy() {
    let case = case(FILES);
    let loaded = case.load().unwrap();
    assert_eq!(loaded.findings, [], "neither a plain listener nor a missing proxy is worth a word");
    let tls = &loaded.config.tls;
    assert_eq!(tls.listen, ["0.0.0.0:443".parse().unwrap()]);
    assert_eq!(tls.pairs[0].key, case.path().join("good.key"));
    assert_eq!((tls.hsts, tls.hsts_subdomains, &tls.acme), (31_536_000, false, &None));
    assert!(!loaded.config.server.is_loopback_only());
}

#[test]
fn an_issuer_is_asked_for_the_public_host_alone() {
    let acme = |text: &str| case(&format!("listen = \"0.0.0.0:443\"\n{text}")).config().tls.acme.unwrap();
    let plain = Acme {
        directory: LETS_ENCRYPT.to_owned(),
        email: None,
        hosts: vec!["a.example.com".to_owned()],
        ca: None,
        challenge: Challenge::TlsAlpn01,
    };
    assert_eq!(acme("acme = \"letsencrypt\""), plain);
    let staging = "acme = \"letsencrypt-staging\"\nacme_email = \"mailto:ada@example.com\"\nacme_hosts = [\"B.example.com\", \"b.example.com\"]";
    assert_eq!(acme(staging).directory, LETS_ENCRYPT_STAGING);
    assert_eq!(acme(staging).email.as_deref(), Some("ada@example.com"));
    let list =
        "acme = \"https://ca.example.com/directory\"\nacme_hosts = [\"B.example.com\", \"b.example.com\", \"wiki\"]";
    assert_eq!(acme(list).hosts, ["b.example.com", "wiki"], "a directory of one's own knows names of one's own");
}

#[test]
fn development_may_speak_https_to_itself() {
    let case = case("").env("DOORWARD_TLS__LISTEN=127.0.0.1:8443");
    let toml = "[tls]\ncertificate = [\"good.pem\"]\nkey = [\"good.key\"]\n";
    let config = case.toml(toml).config();
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.public_url().origin(), "https://localhost:8443");
    assert!(config.server.is_loopback_only());
}

const ACME: &str = "listen = \"0.0.0.0:443\"\nacme = \"letsencrypt\"\n";

/// A name; a section, what is changed in it and into what (at its end where that is empty); the code; how the
/// line to write begins.
type Mistake = (&'static str, (&'static str, &'static str, &'static str), &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    (
        "no certificate",
        ("", "", "listen = \"0.0.0.0:443\""),
        "tls.certificate_missing",
        "acme = \"letsencrypt\"  # in [tls]",
    ),
    (
        "no listener",
        ("", "", "certificate = \"good.pem\"\nkey = \"good.key\""),
        "config.conflict",
        "listen = [\"0.0.0.0:443\"]  # in [tls]",
    ),
    (
        "no listener for an issuer",
        ("", "", "acme = \"letsencrypt\""),
        "config.conflict",
        "listen = [\"0.0.0.0:443\"]  # in [tls]",
    ),
    ("no address", (FILES, "0.0.0.0:443", "443"), "config.value_invalid", "listen = [\"0.0.0.0:443\"]  # in [tls]"),
    (
        "an address of the plain listener",
        (FILES, "0.0.0.0:443", "127.0.0.1:8000"),
        "config.conflict",
        "listen = [\"0.0.0.0:443\"]  # in [tls]",
    ),
    (
        "no key",
        ("", "", "listen = \"0.0.0.0:443\"\ncertificate = \"good.pem\""),
        "config.conflict",
        "key = [\"/etc/doorward/tls.pem\"]  # in [tls]",
    ),
    (
        "a key alone",
        ("", "", "listen = \"0.0.0.0:443\"\nkey = \"good.key\""),
        "config.conflict",
        "certificate = [\"/etc/doorward/tls.pem\"]  # in [tls]",
    ),
    ("a missing file", (FILES, "good.pem", "none.pem"), "tls.certificate_unreadable", "ls -l "),
    ("an empty file", (FILES, "good.pem", "empty"), "tls.certificate_unreadable", "openssl x509 "),
    ("a missing key", (FILES, "good.key", "none.key"), "tls.key_unreadable", "ls -l "),
    ("another's key", (FILES, "good.key", "old.key"), "tls.key_mismatch", "openssl x509 "),
    ("an expired pair", (FILES, "good.", "old."), "tls.certificate_expired", "openssl x509 "),
    (
        "a plain directory",
        (ACME, "letsencrypt", "http://ca.example.com/d"),
        "tls.acme_directory",
        "acme = \"https://ca.example.com/d\"  # in [tls]",
    ),
    ("an unknown issuer", (ACME, "letsencrypt", "zerossl"), "tls.acme_directory", "acme = \"letsencrypt\"  # in [tls]"),
    (
        "no e-mail",
        (ACME, "", "acme_email = \"ada\""),
        "config.value_invalid",
        "acme_email = \"ada@example.com\"  # in [tls]",
    ),
    (
        "an address for a host",
        (ACME, "", "acme_hosts = \"192.0.2.1\""),
        "tls.acme_host",
        "acme_hosts = [\"login.example.com\"]  # in [tls]",
    ),
    (
        "localhost",
        (ACME, "", "acme_hosts = \"localhost\""),
        "tls.acme_host",
        "acme_hosts = [\"login.example.com\"]  # in [tls]",
    ),
    (
        "a single label",
        (ACME, "", "acme_hosts = \"wiki\""),
        "tls.acme_host",
        "acme_hosts = [\"login.example.com\"]  # in [tls]",
    ),
    (
        "a local name",
        (ACME, "", "acme_hosts = \"wiki.lan\""),
        "tls.acme_host",
        "acme_hosts = [\"login.example.com\"]  # in [tls]",
    ),
    (
        "a star",
        (ACME, "", "acme_hosts = \"*.example.com\""),
        "tls.acme_host",
        "acme_hosts = [\"login.example.com\"]  # in [tls]",
    ),
    ("a missing root", (ACME, "", "acme_ca = \"none.pem\""), "config.file_unreadable", "ls -l "),
    (
        "a root without a certificate",
        (ACME, "", "acme_ca = \"good.key\""),
        "config.value_invalid",
        "acme_ca = \"/etc/doorward/ca.pem\"  # in [tls]",
    ),
    (
        "an unknown challenge",
        (ACME, "", "acme_challenge = \"dns-01\""),
        "config.value_invalid",
        "acme_challenge = \"tls-alpn-01\"  # in [tls]",
    ),
];

#[test]
fn every_mistake_has_its_code_and_its_line() {
    for (name, (section, from, to), code, remedy) in MISTAKES.iter().copied() {
        let tls = if from.is_empty() { format!("{section}{to}") } else { section.replace(from, to) };
        let findings = case(&tls).load().expect_err(name);
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| (finding.code, finding.remedy.as_str()))
            .collect();
        let [(found, line)] = errors[..] else { panic!("{name}: {findings:#?}") };
        assert_eq!(found, code, "{name}: {findings:#?}");
        assert!(line == remedy || (remedy.ends_with(' ') && line.starts_with(remedy)), "{name}: {line}");
        assert!(reason::find(code).is_some(), "{code}");
    }
}

#[test]
fn a_key_that_others_can_read_is_worth_a_word() {
    let case = case(FILES);
    close(&case, "good.key", 0o644);
    assert_eq!(case.found(), [("config.file_permissions", Severity::Warning, "tls.key".to_owned())]);
}

#[test]
fn port_80_behind_loopback_is_worth_a_word() {
    let case = case(&format!("{ACME}acme_challenge = \"http-01\""));
    assert_eq!(case.found(), [("tls.acme_challenge", Severity::Warning, "tls.acme_challenge".to_owned())]);
}

#[test]
fn a_key_in_place_of_its_file_is_shown_to_nobody() {
    let case = case("listen = \"0.0.0.0:443\"\ncertificate = \"good.pem\"\n");
    let key = std::fs::read_to_string(case.path().join("good.key")).unwrap().replace('\n', "\\n");
    let toml = format!("[tls]\nlisten = \"127.0.0.1:443\"\ncertificate = \"good.pem\"\nkey = \"{key}\"");
    let findings = case.toml(&toml).load().unwrap_err();
    assert!(findings.iter().any(|finding| finding.code == "config.value_invalid"));
    assert!(!format!("{findings:?}").contains("BEGIN PRIVATE"), "{findings:#?}");
}
