//! What connections, handshakes and requests showed.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Which way a request took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// As a visitor comes.
    #[default]
    Public,
    /// To the origin itself, past a CDN or router.
    Origin,
    /// To the app itself, past the proxy.
    App,
    /// From the host itself, to its own addresses.
    Inside,
}

/// What a connection attempt met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tcp {
    /// Connected.
    #[default]
    Open,
    /// Refused at once.
    Refused,
    /// Prohibited or unreachable, as a router or firewall said.
    Prohibited,
    /// No answer within the time.
    Silent,
    /// The machine here has no way there (for example no IPv6 at all).
    Noroute,
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// It is.
    #[default]
    Good,
    /// Past its end.
    Expired,
    /// Before its beginning.
    Early,
    /// For other names.
    Name,
    /// It signed itself.
    Selfsigned,
    /// Only the server's own certificate came, and its issuer is not known here.
    Incomplete,
    /// From an authority that is not known.
    Unknown,
    /// It cannot be read, or its signature is wrong.
    Bad,
}

/// How a TLS handshake ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Knock {
    /// Done.
    #[default]
    Done,
    /// The server said no, with an alert.
    Alert,
    /// The server closed the connection.
    Closed,
    /// No answer to the greeting.
    Silent,
    /// What came was not TLS.
    Plain,
    /// No common version.
    Version,
}

/// A certificate, as far as it is shown to everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names it covers.
    pub names: Vec<String>,
    /// Unix seconds.
    pub not_before: i64,
    /// Unix seconds.
    pub not_after: i64,
    /// The first 16 hex digits of its SHA-256.
    pub fingerprint: String,
}

/// A TLS handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handshake {
    /// How it ended.
    pub knock: Knock,
    /// The alert's name, where one came.
    pub alert: String,
    /// The name that was asked for; empty without one.
    pub sni: String,
    /// `1.2` or `1.3`.
    pub version: String,
    /// The server's own certificate.
    pub certificate: Option<Certificate>,
    /// How many certificates came.
    pub chain: usize,
    /// Whether the certificate is trusted here.
    pub trust: Trust,
    /// The greeting was larger than one packet.
    pub is_large: bool,
}

/// One attempt to connect, with the handshake that followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// Which way.
    pub via: Via,
    /// Where to.
    pub address: SocketAddr,
    /// What it met.
    pub tcp: Tcp,
    /// Milliseconds until then.
    #[serde(default)]
    pub ms: u64,
    /// The handshake, where TLS was spoken.
    #[serde(default)]
    pub tls: Option<Handshake>,
    /// What the connection was for: `main`, `family`, `neighbour`, `small`, `large`, `nosni`, `port80`,
    /// `verified` (by the authorities that the proxy was given).
    #[serde(default)]
    pub purpose: String,
}

/// Which step of the examination a request belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The first page, with its redirects.
    #[default]
    First,
    /// The first page once more, as a stranger.
    Again,
    /// The first page under another name, scheme or without a header, to see what it depends on.
    Variant,
    /// What hands out the CSRF token.
    Bootstrap,
    /// The question before a request across origins.
    Preflight,
    /// The request after it.
    Across,
    /// A sign-in.
    SignIn,
    /// A page that needs a session, after a sign-in.
    After,
    /// A request with a large body.
    LargeBody,
    /// A request with a large head.
    LargeHead,
    /// An upgrade to a WebSocket.
    Socket,
    /// The challenge path of certificates.
    Challenge,
    /// The app's echo of what it received.
    Echo,
    /// A file that the page names: a script, a worker.
    Asset,
    /// Where a health check asks.
    Health,
    /// An OAuth or `OpenID` Connect address.
    Provider,
    /// What an issuer of tokens publishes.
    Keys,
    /// Options for a passkey.
    Passkey,
    /// A path that other programs call.
    Hook,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The name has no address.
    Name,
    /// No connection.
    Connect,
    /// No handshake.
    Tls,
    /// The server wants a certificate of whoever connects.
    Certificate,
    /// The connection ended before the answer's head.
    Closed,
    /// No answer within the time.
    Silent,
    /// Not HTTP.
    Malformed,
}

/// One request and its answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Visit {
    /// Which step.
    pub step: Step,
    /// Which way.
    pub via: Via,
    /// What about this request differs, in words: `Origin: null`, `Host: localhost`.
    pub note: String,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// Header fields that were sent, cleaned.
    pub sent: Vec<(String, String)>,
    /// The status; 0 where no answer came.
    pub status: u16,
    /// Header fields that came, cleaned, in order.
    pub fields: Vec<(String, String)>,
    /// Names of cookies that were set, with what was found about each.
    pub cookies: Vec<super::Cookie>,
    /// The beginning of the body, cleaned.
    pub body: String,
    /// Bytes of the body that came, at most what the doctor reads.
    pub body_bytes: usize,
    /// A fingerprint of the body.
    pub body_print: String,
    /// Why there is no answer.
    pub fault: Option<Fault>,
    /// Milliseconds to the head of the answer.
    pub ms: u64,
}

impl Visit {
    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// How many fields of this name came.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count()
    }

    /// Whether the body or its title holds this, in any letter case.
    #[must_use]
    pub fn says(&self, phrase: &str) -> bool {
        self.body.to_lowercase().contains(phrase)
    }

    /// Whether the answer was made by a CDN's edge, or passed one.
    #[must_use]
    pub fn is_from_cdn(&self) -> bool {
        self.field("cf-ray").is_some()
            || self.field("server").is_some_and(|server| server.eq_ignore_ascii_case("cloudflare"))
            || matches!(self.status, 520..=527 | 530)
    }

    /// Seconds that a cache has held the answer.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.field("age").and_then(|age| age.trim().parse().ok()).unwrap_or_default()
    }

    /// Whether a cache says that the answer is out of its store.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        let says = |name: &str| self.field(name).is_some_and(|value| value.to_ascii_lowercase().contains("hit"));
        self.age() > 0
            || says("cf-cache-status")
            || says("x-cache")
            || says("x-cache-status")
            || says("x-proxy-cache")
            || self.field("x-varnish").is_some_and(|ids| ids.split_whitespace().count() > 1)
    }

    /// Whether an answer came that says yes.
    #[must_use]
    pub fn is_well(&self) -> bool {
        (200..400).contains(&self.status)
    }

    /// The answer in few words: `403 nginx`, `no answer (silent)`.
    #[must_use]
    pub fn told(&self) -> String {
        match (self.status, self.fault) {
            (0, Some(fault)) => format!("no answer ({})", format!("{fault:?}").to_lowercase()),
            (0, None) => "nothing".to_owned(),
            (status, _) => {
                let server = self.field("server").map(|server| format!(" from {server}")).unwrap_or_default();
                let location = self.field("location").map(|to| format!(" to {to}")).unwrap_or_default();
                format!("{status}{server}{location}")
            }
        }
    }
}

/// What the app says it received, where it has an echo.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen or not")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Echo {
    /// Field names with hyphens arrive.
    pub has_hyphen: bool,
    /// Field names with underscores arrive.
    pub has_underscore: bool,
    /// `Authorization` arrives.
    pub has_authorization: bool,
    /// Cookies arrive.
    pub has_cookie: bool,
    /// The Host values that arrived.
    pub host: Vec<String>,
    /// `X-Forwarded-Proto` as it arrived.
    pub forwarded_proto: Vec<String>,
    /// `X-Forwarded-For` as it arrived.
    pub forwarded_for: Vec<String>,
    /// `X-Forwarded-Host` as it arrived.
    pub forwarded_host: Vec<String>,
    /// The scheme that the app derives, where it says so.
    pub scheme: String,
    /// The visitor's address that the app derives, where it says so.
    pub client: String,
    /// `Connection` and `Upgrade` as they arrived with an ordinary request.
    pub upgrade: Vec<String>,
}
