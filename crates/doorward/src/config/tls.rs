//! The section `[tls]`: where HTTPS is spoken, and where its certificates come from.

use std::net::SocketAddr;
use std::path::PathBuf;

use doorward_core::user::Email;
use doorward_core::{Clock as _, Finding};
use doorward_edge::acme::{Challenge, LETS_ENCRYPT, LETS_ENCRYPT_STAGING};
use doorward_edge::tls::Pair;
use serde::Deserialize;
use url::Url;

use super::check::Check;
use super::domain::{self, host_name};
use super::registry::{Key, Kind};
use super::server::Server;
use super::source::read;
use crate::system::SystemClock;

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("tls.listen", Kind::List, "", "Addresses with ports to speak HTTPS on, such as `0.0.0.0:443`. Where there are any, the listeners of `server.listen` only lead to HTTPS and prove hosts to `acme`.").restart(),
    Key::new("tls.certificate", Kind::Paths, "", "PEM files with a certificate and its chain, the server's own first. Read anew when they change.").restart(),
    Key::new("tls.key", Kind::Paths, "", "PEM files with the keys, in the order of `certificate`, without a passphrase.").restart(),
    Key::new("tls.acme", Kind::Text, "off", "Who issues certificates by ACME: `letsencrypt`, `letsencrypt-staging`, the URL of a directory, or `off`.").restart(),
    Key::new("tls.acme_email", Kind::Text, "", "Where the issuer may write to. May be left out.").restart(),
    Key::new("tls.acme_hosts", Kind::List, "", "Hosts that need a certificate by ACME. By default the host of `server.public_url` and those of the apps.").restart(),
    Key::new("tls.acme_ca", Kind::Path, "", "A PEM file with the root that a directory of one's own is trusted by. By default the roots that browsers trust.").restart(),
    Key::new("tls.acme_challenge", Kind::Word(&["tls-alpn-01", "http-01"]), "tls-alpn-01", "How hosts are proved: over port 443, or over port 80.").restart(),
    Key::new("tls.hsts", Kind::Duration, "365d", "How long browsers shall use nothing but HTTPS (Strict-Transport-Security), in production. `0` says nothing."),
    Key::new("tls.hsts_subdomains", Kind::Bool, "false", "Whether that binds every name below the host as well. Each of them needs HTTPS then."),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    listen: Option<Vec<String>>,
    certificate: Option<Vec<String>>,
    key: Option<Vec<String>>,
    acme: Option<String>,
    acme_email: Option<String>,
    acme_hosts: Option<Vec<String>>,
    acme_ca: Option<String>,
    acme_challenge: Option<String>,
    hsts: Option<u32>,
    hsts_subdomains: Option<bool>,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where HTTPS is spoken; empty where it is not.
    pub listen: Vec<SocketAddr>,
    /// Certificates from files.
    pub pairs: Vec<Pair>,
    /// Certificates by ACME.
    pub acme: Option<Acme>,
    /// Seconds of Strict-Transport-Security; 0 says nothing.
    pub hsts: u32,
    /// Whether that speaks for the names below the host too.
    pub hsts_subdomains: bool,
}

/// Certificates by ACME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The URL of the directory.
    pub directory: String,
    /// Where the issuer may write to.
    pub email: Option<String>,
    /// The hosts, each of which gets a certificate of its own, so that one that cannot be proved holds up no other.
    pub hosts: Vec<String>,
    /// The root that the directory is trusted by; the usual ones otherwise.
    pub ca: Option<PathBuf>,
    /// How hosts are proved.
    pub challenge: Challenge,
}

impl Tls {
    /// Whether HTTPS is spoken here.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.listen.is_empty()
    }
}

impl Raw {
    /// `known` are the hosts that visitors reach: what needs a certificate where nothing else is written.
    pub(super) fn check(self, server: &Server, known: &[String], check: &mut Check<'_>) -> Tls {
        let pairs = self.read_pairs(check);
        let acme = self.read_acme(server, known, check);
        let listen = read_listen(self.listen.unwrap_or_default(), server, check);
        let is_certified = !pairs.is_empty()
            || acme.is_some()
            || ["tls.certificate", "tls.key", "tls.acme"].iter().any(|path| check.is_written(path));
        if !listen.is_empty() && !is_certified {
            let why = "HTTPS needs a certificate, from a file or by ACME.";
            let finding = check
                .error("tls.certificate_missing", "tls.listen", why)
                .with_remedy(check.line("tls.acme", "letsencrypt"));
            check.report(finding);
        }
        if listen.is_empty() && !check.is_written("tls.listen") && (!pairs.is_empty() || acme.is_some()) {
            let path = if acme.is_some() { "tls.acme" } else { "tls.certificate" };
            let finding = check
                .error("config.conflict", path, "There would be a certificate, and nothing listens for HTTPS.")
                .with_remedy(check.line("tls.listen", "0.0.0.0:443"));
            check.report(finding);
        }
        Tls {
            listen,
            pairs,
            acme,
            hsts: self.hsts.unwrap_or(365 * 86_400),
            hsts_subdomains: self.hsts_subdomains.unwrap_or(false),
        }
    }

    /// Certificates and keys belong together by their place in the lists.
    fn read_pairs(&self, check: &mut Check<'_>) -> Vec<Pair> {
        let certificates = self.certificate.as_deref().unwrap_or_default();
        let keys = self.key.as_deref().unwrap_or_default();
        let is_text = |text: &String| text.contains("-----BEGIN");
        for (path, _) in
            [("tls.certificate", certificates), ("tls.key", keys)].iter().filter(|(_, list)| list.iter().any(is_text))
        {
            // The value is a key perhaps: no report may show it.
            let finding = Finding::error("config.value_invalid", check.subject(path), "The name of a file is needed.")
                .with_value("****")
                .with_remedy(check.line(path, "/etc/doorward/tls.pem"));
            check.report(finding);
        }
        if certificates.iter().chain(keys).any(is_text) {
            return Vec::new();
        }
        if certificates.len() != keys.len() {
            let (path, missing) = if certificates.len() > keys.len() {
                ("tls.certificate", "tls.key")
            } else {
                ("tls.key", "tls.certificate")
            };
            let why = format!("{} certificates and {} keys cannot be paired.", certificates.len(), keys.len());
            let finding =
                check.error("config.conflict", path, why).with_remedy(check.line(missing, "/etc/doorward/tls.pem"));
            check.report(finding);
            return Vec::new();
        }
        let pairs = certificates.iter().zip(keys).map(|(certificate, key)| Pair {
            certificate: check.file("tls.certificate", certificate),
            key: check.file("tls.key", key),
        });
        let pairs: Vec<Pair> = pairs.collect();
        for pair in &pairs {
            if let Err(finding) = pair.load(SystemClock.now()) {
                check.report(finding);
            }
            check.findings.extend(super::permission::readable_by_others(&pair.key, "tls.key"));
        }
        pairs
    }

    fn read_acme(&self, server: &Server, known: &[String], check: &mut Check<'_>) -> Option<Acme> {
        let directory = read_directory(self.acme.as_deref().unwrap_or("off").trim(), check)?;
        let is_public = [LETS_ENCRYPT, LETS_ENCRYPT_STAGING].contains(&directory.as_str());
        let challenge = match self.acme_challenge.as_deref() {
            Some("http-01") => Challenge::Http01,
            _ => Challenge::TlsAlpn01,
        };
        if challenge == Challenge::Http01
            && server.listen.iter().all(|one| one.address.ip().to_canonical().is_loopback())
        {
            let why = "The issuer asks on port 80, and every plain listener is on the loopback interface.";
            let finding = check
                .warning("tls.acme_challenge", "tls.acme_challenge", why)
                .with_remedy(check.line("server.listen", "0.0.0.0:80"));
            check.report(finding);
        }
        Some(Acme {
            email: self.acme_email.as_deref().and_then(|text| read_email(text.trim(), check)),
            hosts: read_hosts(self.acme_hosts.as_deref(), known, is_public, check),
            ca: self.acme_ca.as_deref().and_then(|text| read_ca(text, check)),
            directory,
            challenge,
        })
    }
}

fn read_listen(written: Vec<String>, server: &Server, check: &mut Check<'_>) -> Vec<SocketAddr> {
    let path = "tls.listen";
    let mut listen: Vec<SocketAddr> = Vec::with_capacity(written.len());
    for text in written {
        let Ok(address) = text.trim().parse::<SocketAddr>() else {
            let finding = check
                .error("config.value_invalid", path, "An address with a port is needed.")
                .with_value(&text)
                .with_remedy(check.line(path, "0.0.0.0:443"));
            check.report(finding);
            continue;
        };
        let is_taken = listen.contains(&address) || server.listen.iter().any(|plain| plain.address == address);
        if address.port() != 0 && is_taken {
            let finding = check
                .error("config.conflict", path, format!("{address} is listed twice, here or in server.listen."))
                .with_remedy(check.line(path, "0.0.0.0:443"));
            check.report(finding);
        }
        listen.push(address);
    }
    listen
}

/// The URL of the directory, or nothing where there is none to ask.
fn read_directory(text: &str, check: &mut Check<'_>) -> Option<String> {
    let (path, code) = ("tls.acme", "tls.acme_directory");
    let why = match text {
        "off" => return None,
        "letsencrypt" => return Some(LETS_ENCRYPT.to_owned()),
        "letsencrypt-staging" => return Some(LETS_ENCRYPT_STAGING.to_owned()),
        _ => match Url::parse(text) {
            Ok(url) if url.scheme() == "https" && url.host_str().is_some() => return Some(url.to_string()),
            Ok(url) if url.scheme() == "http" => "A directory over plain http could be anybody's.",
            _ => "It is neither an issuer that Doorward knows nor the https URL of a directory.",
        },
    };
    let instead = text.strip_prefix("http://").map(|rest| format!("https://{rest}"));
    let remedy = check.line(path, instead.as_deref().unwrap_or("letsencrypt"));
    let finding = check.error(code, path, why).with_remedy(remedy);
    check.report(finding);
    None
}

fn read_email(text: &str, check: &mut Check<'_>) -> Option<String> {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    match text.parse::<Email>() {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let path = "tls.acme_email";
            let finding = check
                .error("config.value_invalid", path, format!("Nobody can be written to there: {error}."))
                .with_remedy(check.line(path, "ada@example.com"));
            check.report(finding);
            None
        }
    }
}

fn read_ca(text: &str, check: &mut Check<'_>) -> Option<PathBuf> {
    let path = check.file("tls.acme_ca", text);
    match read(&path, "tls.acme_ca") {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => return Some(path),
        Ok(_) => {
            let finding = check
                .error("config.value_invalid", "tls.acme_ca", "The file holds no certificate in PEM.")
                .with_remedy(check.line("tls.acme_ca", "/etc/doorward/ca.pem"));
            check.report(finding);
        }
        Err(finding) => check.report(*finding),
    }
    None
}

/// The hosts that certificates are ordered for: what is written, or else those of the known ones that can have one.
fn read_hosts(written: Option<&[String]>, known: &[String], is_public: bool, check: &mut Check<'_>) -> Vec<String> {
    let path = "tls.acme_hosts";
    let mut hosts: Vec<String> = Vec::new();
    for text in written.unwrap_or_default() {
        let host = host_name(text.trim()).unwrap_or_default();
        if let Some(why) = obstacle(&host, is_public) {
            let finding = check
                .error("tls.acme_host", path, why)
                .with_value(text)
                .with_remedy(check.line(path, "login.example.com"));
            check.report(finding);
        } else if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if written.is_some_and(|written| !written.is_empty()) {
        return hosts;
    }
    hosts.extend(known.iter().filter(|host| obstacle(host, is_public).is_none()).cloned());
    if hosts.is_empty() {
        let why = match known.first().and_then(|host| obstacle(host, is_public)) {
            Some(why) => format!("No host is named, and that of the public URL will not do. {why}"),
            None => "Nothing says for which host.".to_owned(),
        };
        let finding = check.error("tls.acme_host", "tls.acme", why).with_remedy(check.line(path, "login.example.com"));
        check.report(finding);
    }
    hosts
}

/// Why no certificate can be had for a host, as a sentence.
fn obstacle(host: &str, is_public: bool) -> Option<&'static str> {
    if host.is_empty() {
        Some("This is no host name; a star, a scheme and a port do not belong here.")
    } else if domain::address(host).is_some() {
        Some("Certificates are ordered for names, and this is an address.")
    } else if domain::is_loopback(host) {
        Some("Every machine is called that, so nobody gets a certificate for it.")
    } else if is_public && !host.contains('.') {
        Some("A public issuer knows no names of a single label.")
    } else if is_public && domain::is_local(host) {
        Some("A public issuer knows no names of local networks.")
    } else {
        None
    }
}
