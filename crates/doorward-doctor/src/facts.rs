//! What was seen, as plain data: the only thing that rules read, and what `--facts` reads and writes.
//!
//! Secrets are taken out before anything becomes a fact: a cookie, a token or a password stands here as a
//! [`Mark`], and texts are cleaned by [`crate::redact`].

pub(crate) mod age;
mod browser;
mod host;
mod installation;
mod name;
mod signin;
mod wire;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use browser::{Browser, Call, Echoed, Told};
pub use host::{
    Container, Database, Disk, Firewall, Host, Inner, Line, Listener, Process, Router, Setting, Source, Value,
};
pub use installation::{Complaint, Installation, Mail, Phone};
pub use name::{Lookup, Outcome, Record, Role};
pub use signin::{Answer, Attempt, Cookie, Form, SignIn, Token, Trouble, Variant};
pub use wire::{Certificate, Door, Echo, Fault, Handshake, Knock, Step, Tcp, Trust, Via, Visit};

/// What stands for a secret in facts and reports: how long it is, a fingerprint under a salt of this run, and what
/// its characters say about its encoding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Bytes.
    pub length: usize,
    /// The first 8 hex digits of a salted SHA-256; equal values have equal prints within one run.
    pub print: String,
    /// What is odd about its characters: `quoted`, `percent`, `plus`, `base64`, `dollar`, `command`, `placeholder`, `empty`.
    pub quirks: Vec<String>,
}

impl Mark {
    /// Whether the value has this quirk.
    #[must_use]
    pub fn is(&self, quirk: &str) -> bool {
        self.quirks.iter().any(|known| known == quirk)
    }
}

/// The address that people open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, in lower case, without brackets.
    pub host: String,
    /// The port, also where it is the scheme's own.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// The origin as browsers write it: the scheme's own port is left out.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    /// The Host field as browsers write it.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.is_default_port() { host } else { format!("{host}:{}", self.port) }
    }

    /// Whether the port is the one of the scheme.
    #[must_use]
    pub fn is_default_port(&self) -> bool {
        self.port == if self.is_https() { 443 } else { 80 }
    }

    /// Whether the address begins with https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// The host as an address, where it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether browsers treat the host as this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.address().is_some_and(|address| address.is_loopback())
    }
}

/// How much was sent in one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Requests over HTTP.
    pub http: usize,
    /// Connections that were tried.
    pub connections: usize,
    /// Questions to DNS servers.
    pub dns: usize,
}

/// From where the facts were gathered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vantage {
    /// Another network, not behind the same address translation.
    #[default]
    Outside,
    /// The same local network.
    Lan,
    /// The host of the site itself.
    Origin,
}

/// Everything that was seen in one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What was asked for; none where only files and host were examined.
    pub target: Option<Target>,
    /// From where.
    pub vantage: Vantage,
    /// Unix seconds of the doctor's clock.
    pub now: i64,
    /// What DNS servers said.
    pub lookups: Vec<Lookup>,
    /// Addresses that the operator says the name should have.
    pub expected: Vec<IpAddr>,
    /// Attempts to connect.
    pub doors: Vec<Door>,
    /// Requests and their answers, in order.
    pub visits: Vec<Visit>,
    /// What a provider of identities answered to what the app asks of it: another site, whose answers say nothing of
    /// this one's CDN, cookies or sizes.
    pub at_provider: Vec<Visit>,
    /// What the app says it received.
    pub echo: Option<Echo>,
    /// The origin of the front end, where it is another one.
    pub page: String,
    /// The sign-in.
    pub signin: SignIn,
    /// The host, where it was examined.
    pub host: Option<Host>,
    /// What the program says of its installation, where the doctor stands on it.
    pub installation: Option<Installation>,
    /// What a phone showed, where somebody opened the page for it.
    pub phone: Option<Phone>,
    /// What a browser recorded.
    pub browser: Option<Browser>,
    /// The profile of the app, if it was recognised or named.
    pub profile: String,
    /// The proxy that answers in front: `nginx`, `caddy`, `traefik`, `haproxy`, `apache`, `cloudflare`, or empty.
    pub proxy: String,
    /// The CDN or proxy address given with `--origin` was asked too.
    pub has_origin: bool,
    /// The app's own address given with `--app` was asked too.
    pub has_app: bool,
    /// Addresses of this machine.
    pub own: Vec<IpAddr>,
    /// Whether the name works from another network, where somebody looked.
    pub outside_works: Option<bool>,
    /// What was sent.
    pub spent: Spent,
    /// What could not be probed, and why.
    pub skipped: Vec<String>,
}

impl Facts {
    /// The lookups of this kind by servers of this role.
    pub fn asked(&self, role: Role) -> impl Iterator<Item = &Lookup> {
        self.lookups.iter().filter(move |lookup| lookup.role == role)
    }

    /// The visits of this step.
    pub fn visits(&self, step: Step) -> impl Iterator<Item = &Visit> {
        self.visits.iter().filter(move |visit| visit.step == step)
    }

    /// The last visit of the first request's way, redirects followed, as a visitor comes.
    #[must_use]
    pub fn arrival(&self) -> Option<&Visit> {
        self.visits(Step::First).filter(|visit| visit.via == Via::Public).last()
    }

    /// The same request past what stands in front: at the origin (`--origin`) or the app (`--app`).
    #[must_use]
    pub fn inner(&self, via: Via) -> Option<&Visit> {
        self.visits(Step::First).filter(|visit| visit.via == via).last()
    }

    /// The doors through this way.
    pub fn doors(&self, via: Via) -> impl Iterator<Item = &Door> {
        self.doors.iter().filter(move |door| door.via == via)
    }

    /// Addresses of the name, as the system's resolver gives them.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.asked(Role::System).flat_map(|lookup| lookup.addresses.iter().copied()).collect()
    }

    /// Whether any request was answered by a CDN.
    #[must_use]
    pub fn is_behind_cdn(&self) -> bool {
        self.visits.iter().filter(|visit| visit.via == Via::Public).any(Visit::is_from_cdn)
    }

    /// The lines of every log that was read, newest last. Where something telling was written while the doctor signed
    /// in, what stood there before is about others, and is left out.
    pub fn log_lines(&self) -> impl Iterator<Item = &Line> {
        let told = |host: &Host| host.since.iter().any(Line::is_telling);
        self.host.iter().flat_map(move |host| if told(host) { host.since.iter() } else { host.log.iter() })
    }

    /// The newest line of a log that holds all these words, in any letter case.
    #[must_use]
    pub fn log_with(&self, words: &[&str]) -> Option<&Line> {
        let holds = |line: &&Line| {
            let text = line.text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        self.log_lines().filter(holds).last()
    }

    /// The newest line of all that holds one of these phrases, also one from before: what is said once, at the start.
    #[must_use]
    pub fn log_ever(&self, phrases: &[&str]) -> Option<&Line> {
        let holds = |line: &&Line| phrases.iter().any(|phrase| line.text.to_lowercase().contains(phrase));
        self.host.iter().flat_map(|host| host.past.iter().chain(&host.log)).rfind(holds)
    }

    /// The newest line that holds one of these phrases.
    #[must_use]
    pub fn log_any(&self, phrases: &[&str]) -> Option<&Line> {
        phrases.iter().find_map(|phrase| self.log_with(&[phrase]))
    }
}

/// What pages and scripts name under this mark, such as `login:`.
#[must_use]
pub fn named(facts: &Facts, mark: &str) -> Option<String> {
    let pages = facts.visits.iter().filter(|visit| matches!(visit.step, Step::First | Step::Asset));
    pages.flat_map(|visit| visit.note.split(' ')).find_map(|word| word.strip_prefix(mark)).map(str::to_owned)
}

/// The relying party that a script itself writes into the options for a passkey.
fn relying_party(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("rpId")?;
    let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim_start();
    let rest = rest.strip_prefix(['"', '\'', '`'])?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-:".contains(*c)).collect();
    (!id.is_empty()).then(|| format!("rpid:{id}"))
}

/// Paths in quotes to which a script sends: a sign-in, options for a passkey, a token; and the token's header.
fn paths(text: &str) -> Vec<String> {
    let (mut login, mut passkey, mut token, mut header) = (None, None, None, None);
    for quoted in text.split(['"', '\'', '`']).take(20_000) {
        let is_name = quoted.len() < 40 && quoted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_name && quoted.contains('-') && crate::probe::signin::is_token_name(quoted) {
            header.get_or_insert_with(|| format!("header:{quoted}"));
        }
        let is_path = quoted.len() < 100
            && quoted.starts_with('/')
            && quoted.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        if !is_path {
            continue;
        }
        let lower = quoted.to_ascii_lowercase();
        let mut parts = lower.split('/').filter(|part| !part.is_empty());
        let is_login =
            |part: &str| ["login", "signin", "sign-in", "sign_in", "authenticate", "sessions"].contains(&part);
        if ["webauthn", "passkey"].iter().any(|word| lower.contains(word))
            && ["options", "begin", "challenge", "start"].iter().any(|word| lower.contains(word))
        {
            passkey.get_or_insert_with(|| format!("passkey:{quoted}"));
        } else if crate::probe::signin::is_token_name(quoted) && parts.clone().count() > 0 {
            token.get_or_insert_with(|| format!("token:{quoted}"));
        } else if parts.clone().count() > 1
            && parts.any(is_login)
            && std::path::Path::new(&lower).extension().is_none_or(|end| end != "js")
        {
            // An address of one part is a page; what scripts send to lies deeper.
            login.get_or_insert_with(|| format!("login:{quoted}"));
        }
    }
    login.into_iter().chain(passkey).chain(token).chain(header).collect()
}

/// What a page or script names that matters for a sign-in, in words: `http-own`, `localhost:8000`, `crypto.subtle`.
#[must_use]
pub fn marks(text: &str) -> String {
    let mut found = Vec::new();
    // A script that asks where it is, and takes this address on a developer's machine alone, calls nobody's own machine.
    let asks_where = text.contains("location.host")
        && ["\"localhost\"", "'localhost'", "`localhost`", "\"127.0.0.1\"", "'127.0.0.1'"]
            .iter()
            .any(|name| text.contains(name));
    let own = ["http://localhost:", "http://127.0.0.1:", "https://localhost:"];
    for place in own.into_iter().filter(|_| !asks_where) {
        if let Some(at) = text.find(place) {
            let port: String = text[at + place.len()..].chars().take_while(char::is_ascii_digit).collect();
            found.push(format!("{}{port}", place.trim_end_matches(':').to_owned() + ":"));
        }
    }
    for word in [
        "crypto.subtle",
        "document.cookie",
        "JSON.stringify",
        "serviceWorker",
        "withCredentials",
        "credentials:\"include\"",
        "credentials: \"include\"",
        "credentials: 'include'",
        "credentials:'include'",
        "fetch(",
        "XMLHttpRequest",
        "axios",
    ] {
        if text.contains(word) {
            found.push(word.to_owned());
        }
    }
    found.extend(paths(text));
    found.extend(relying_party(text));
    let mut rest = text;
    while let Some(at) = rest.find("http://") {
        let host: String =
            rest[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || ".-:".contains(*c)).collect();
        let place = format!("http://{host}");
        let is_own = own.iter().any(|own| place.starts_with(own));
        if !found.contains(&place) && found.len() < 24 && !(is_own && asks_where) {
            found.push(place);
        }
        rest = &rest[at + 7..];
    }
    found.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_where_it_signs_in() {
        let said =
            marks("const t = document.cookie; fetch('/api/v1/login', {}); go('/login'); get(\"/webauthn/begin\")");
        for word in ["document.cookie", "fetch(", "login:/api/v1/login", "passkey:/webauthn/begin"] {
            assert!(said.split(' ').any(|known| known == word), "{word} in {said}");
        }
        assert!(!marks("location = '/login'; import('/auth/login.js')").contains("login:"));
        let said =
            marks("get('/api/csrf').then(t => send('/api/login', {'X-CSRF-Token': t})); get({rpId: \"a.test\"})");
        for word in ["token:/api/csrf", "login:/api/login", "header:X-CSRF-Token", "rpid:a.test"] {
            assert!(said.split(' ').any(|known| known == word), "{word} in {said}");
        }
        let asks = "const api = location.hostname === 'localhost' ? 'http://localhost:3001' : '/api'";
        assert!(!marks(asks).contains("localhost:"), "{}", marks(asks));
        assert!(marks("const api = 'http://localhost:3001'").contains("http://localhost:3001"));
        assert!(!marks("options.rpId = location.hostname; post({ rpId: host })").contains("rpid:"));
    }
}
