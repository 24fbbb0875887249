//! The section `[server]`: where Doorward listens, under which name, behind which proxies, with which limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use super::Environment;
use super::check::Check;
use super::domain::{self, Domain, DomainError};
use super::forwarding::{self, Forwarding};
use super::network::{self, Cidr, CidrError};
use super::origin::PublicUrl;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("server.environment", Kind::Word(&["production", "development"]), "", "Whether people depend on this server. `production` requires HTTPS. May only be left out where nothing but this machine can reach Doorward.").variable("ENVIRONMENT").restart(),
    Key::new("server.public_url", Kind::Text, "", "The address that people type, such as `https://login.example.com`: the issuer of tokens and the origin of the pages. By default made from `domain`, otherwise from the first listener.").restart(),
    Key::new("server.domain", Kind::Text, "", "The domain of this installation, without scheme and port. Makes `public_url` where that is not written.").variable("DOMAIN").restart(),
    Key::new("server.listen", Kind::List, "127.0.0.1:8000,[::1]:8000", "Addresses with ports to listen on. `[::1]` of the default is left out where it cannot be bound.").restart(),
    Key::new("server.private_listen", Kind::Text, "127.0.0.1:9180", "Where `/metrics` is served, or `off`.").restart(),
    Key::new("server.trusted_proxies", Kind::List, "", "Addresses or blocks (`10.0.0.0/8`) of the proxies in front, whose forwarded headers are believed. Nobody's are by default."),
    Key::new("server.asking_proxies", Kind::List, "", "Which of `trusted_proxies` may ask whether a request may enter (forward auth). By default those on this machine or in a private network. A proxy that only hands requests on must not be one of them, or its visitors could ask in its name; `none` for nobody."),
    forwarding::HEADER,
    forwarding::CLIENT_IP_HEADER,
    forwarding::CLIENT_IP_PROXIES,
    Key::new("server.insecure_allow_http", Kind::Bool, "false", "Serve private addresses without TLS, under a banner. Everybody on that network can read along.").restart(),
    Key::new("server.header_limit", Kind::Size, "32KiB", "The largest header of a request.").restart(),
    Key::new("server.body_limit", Kind::Size, "64KiB", "The largest body of a request to Doorward itself.").restart(),
    Key::new("server.header_timeout", Kind::Duration, "10s", "How long a client may take to send its headers.").restart(),
    Key::new("server.body_timeout", Kind::Duration, "30s", "How long a client may take to send a body.").restart(),
    Key::new("server.connections", Kind::Integer(16, 1_000_000), "4096", "Connections that are open at the same time.").restart(),
    Key::new("server.connections_per_network", Kind::Integer(1, 1_000_000), "512", "Connections from one network (/24 of IPv4, /64 of IPv6). Trusted proxies are not counted.").restart(),
    Key::new("server.shutdown_timeout", Kind::Duration, "10s", "How long requests may take to finish when Doorward stops.").restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    environment: Option<String>,
    public_url: Option<String>,
    domain: Option<String>,
    listen: Option<Vec<String>>,
    private_listen: Option<String>,
    trusted_proxies: Option<Vec<String>>,
    asking_proxies: Option<Vec<String>>,
    forwarded_header: Option<String>,
    client_ip_header: Option<String>,
    client_ip_proxies: Option<Vec<String>>,
    insecure_allow_http: Option<bool>,
    header_limit: Option<u32>,
    body_limit: Option<u32>,
    header_timeout: Option<u32>,
    body_timeout: Option<u32>,
    connections: Option<u32>,
    connections_per_network: Option<u32>,
    shutdown_timeout: Option<u32>,
}

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether it is left out, with a line in the log, where it cannot be bound.
    pub is_optional: bool,
}

/// Bounds of what a client can make Doorward spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the largest header of a request.
    pub header_bytes: usize,
    /// Bytes of the largest body of a request to Doorward's own routes.
    pub body_bytes: usize,
    /// How long the headers may take.
    pub header_timeout: Duration,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections from one network.
    pub connections_per_network: usize,
    /// How long requests may take to finish at a stop.
    pub shutdown_timeout: Duration,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Server {
    /// What was written; [`super::Config::environment`] is what holds.
    pub environment: Option<Environment>,
    /// The written public URL, or the one made from the domain.
    pub public_url: Option<PublicUrl>,
    /// The domain of the installation.
    pub domain: Option<Domain>,
    /// Where to listen; never empty.
    pub listen: Vec<Listen>,
    /// Where HTTPS is spoken, as `[tls]` says.
    pub tls_listen: Vec<SocketAddr>,
    /// Where to serve metrics.
    pub private_listen: Option<SocketAddr>,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Which of them may ask for forward auth; nothing where that was not written.
    pub asking_proxies: Option<Vec<Cidr>>,
    /// In which fields proxies and a CDN say who their client is.
    pub forwarding: Forwarding,
    /// Whether private addresses are served without TLS, under a banner.
    pub insecure_allow_http: bool,
    /// Bounds for clients.
    pub limits: Limits,
}

impl Server {
    /// Whether the forwarded headers of this peer are believed.
    #[must_use]
    pub fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|block| block.contains(peer))
    }

    /// Whether this peer may ask for forward auth. One that only hands requests on would let its visitors ask in its name,
    /// so where nothing is written no CDN may: whoever asks stands beside us.
    #[must_use]
    pub fn may_ask(&self, peer: IpAddr) -> bool {
        let is_asking = match &self.asking_proxies {
            Some(blocks) => blocks.iter().any(|block| block.contains(peer)),
            None => network::is_private(peer),
        };
        self.is_trusted_proxy(peer) && is_asking
    }

    /// Every proxy that is written: each brings the connections of many clients.
    #[must_use]
    pub fn proxies(&self) -> Vec<Cidr> {
        let of_cdn = self.forwarding.client_ip.iter().flat_map(|client_ip| &client_ip.proxies);
        self.trusted_proxies.iter().chain(of_cdn).copied().collect()
    }

    /// Whether this client may be served over plain http under `insecure_allow_http`.
    #[must_use]
    pub fn may_be_served_plainly(&self, client: IpAddr) -> bool {
        self.insecure_allow_http && network::is_private(client)
    }

    /// Every address that visitors can reach, plain or with TLS.
    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listen.iter().map(|listen| listen.address).chain(self.tls_listen.iter().copied())
    }

    /// Whether HTTPS is spoken here: then plain listeners only lead to it.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        !self.tls_listen.is_empty()
    }

    /// Whether every listener is on the loopback interface.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.addresses().all(|address| address.ip().to_canonical().is_loopback())
    }
}

/// Seconds of a duration or bytes of a size, or the default of the registry.
fn number(value: Option<u32>, default: u32) -> u32 {
    value.unwrap_or(default)
}

fn seconds(value: Option<u32>, default: u32) -> Duration {
    Duration::from_secs(u64::from(number(value, default)))
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Server {
        let environment = self
            .environment
            .as_deref()
            .map(|word| if word == "production" { Environment::Production } else { Environment::Development });
        let insecure_allow_http = self.insecure_allow_http.unwrap_or(false);
        let domain = self.domain.and_then(|text| read_domain(&text, environment, check));
        let written_url = self.public_url.and_then(|text| read_public_url(&text, check));
        let is_https = !insecure_allow_http;
        let public_url =
            written_url.or_else(|| domain.as_ref().and_then(|domain| PublicUrl::of_host(is_https, domain.as_str())));
        Server {
            environment,
            public_url,
            domain,
            listen: read_listen(self.listen, check),
            tls_listen: Vec::new(),
            private_listen: read_private_listen(self.private_listen, check),
            trusted_proxies: read_blocks("server.trusted_proxies", self.trusted_proxies.unwrap_or_default(), check),
            asking_proxies: self.asking_proxies.map(|mut blocks| {
                blocks.retain(|block| block.trim() != "none");
                read_blocks("server.asking_proxies", blocks, check)
            }),
            forwarding: forwarding::check(
                self.forwarded_header.as_deref(),
                (self.client_ip_header, self.client_ip_proxies),
                check,
            ),
            insecure_allow_http,
            limits: Limits {
                header_bytes: number(self.header_limit, 32 << 10) as usize,
                body_bytes: number(self.body_limit, 64 << 10) as usize,
                header_timeout: seconds(self.header_timeout, 10),
                body_timeout: seconds(self.body_timeout, 30),
                connections: number(self.connections, 4_096) as usize,
                connections_per_network: number(self.connections_per_network, 512) as usize,
                shutdown_timeout: seconds(self.shutdown_timeout, 10),
            },
        }
    }
}

fn read_domain(text: &str, environment: Option<Environment>, check: &mut Check<'_>) -> Option<Domain> {
    let path = "server.domain";
    let error = match text.trim().parse::<Domain>() {
        Ok(domain) => return Some(domain),
        Err(error) => error,
    };
    if error == DomainError::SingleLabel
        && text.eq_ignore_ascii_case("localhost")
        && environment == Some(Environment::Development)
    {
        let why = "`localhost` is served without this setting; browsers refuse a cookie domain of a single label.";
        let finding =
            check.warning(error.code(), path, why).with_remedy(format!("# remove the line {}", check.line(path, text)));
        check.report(finding);
        return None;
    }
    let finding = check.error(error.code(), path, format!("This is no domain for cookies: {error}."));
    let instead = match error {
        DomainError::Port => {
            text.rsplit_once(':').map(|(host, _)| host.to_owned()).filter(|host| host.parse::<Domain>().is_ok())
        }
        DomainError::Malformed => {
            let host = text.split_once("://").map_or(text, |(_, rest)| rest);
            let host = host.trim_start_matches('.').split(['/', ':']).next().unwrap_or_default();
            Some(host.to_owned()).filter(|host| host.parse::<Domain>().is_ok())
        }
        _ => None,
    };
    let remedy = match (instead, error) {
        (Some(host), _) => check.line(path, &host),
        (None, DomainError::Address) => check.line("server.public_url", &format!("http://{text}:8000")),
        (None, _) => check.line(path, "login.example.com"),
    };
    check.report(finding.with_remedy(remedy));
    None
}

fn read_public_url(text: &str, check: &mut Check<'_>) -> Option<PublicUrl> {
    match PublicUrl::parse(text.trim()) {
        Ok(url) => Some(url),
        Err(problem) => {
            let instead = problem.instead.as_deref().unwrap_or("https://login.example.com");
            let finding = check.error(problem.code, "server.public_url", problem.why);
            let remedy = check.line("server.public_url", instead);
            check.report(finding.with_remedy(remedy));
            None
        }
    }
}

const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

fn both_loopbacks(port: u16) -> [Listen; 2] {
    LOOPBACK.map(|ip| Listen { address: SocketAddr::new(ip, port), is_optional: ip.is_ipv6() })
}

fn read_listen(written: Option<Vec<String>>, check: &mut Check<'_>) -> Vec<Listen> {
    let mut listen: Vec<Listen> = Vec::new();
    for text in written.unwrap_or_default() {
        let text = text.trim();
        let port = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        match (port, text.parse()) {
            (Some(port), _) => listen.extend(both_loopbacks(port)),
            (None, Ok(address)) => listen.push(Listen { address, is_optional: false }),
            (None, Err(_)) => {
                let finding = check
                    .error("config.value_invalid", "server.listen", "An address with a port is needed.")
                    .with_value(text)
                    .with_remedy(check.line("server.listen", "127.0.0.1:8000"));
                check.report(finding);
            }
        }
    }
    for (at, one) in listen.iter().enumerate() {
        if one.address.port() != 0 && listen[..at].iter().any(|other| other.address == one.address) {
            let finding = check
                .error("config.conflict", "server.listen", format!("{} is listed twice.", one.address))
                .with_remedy(check.line("server.listen", &one.address.to_string()));
            check.report(finding);
        }
    }
    if listen.is_empty() { both_loopbacks(8_000).to_vec() } else { listen }
}

fn read_private_listen(written: Option<String>, check: &mut Check<'_>) -> Option<SocketAddr> {
    let path = "server.private_listen";
    let text = written.unwrap_or_else(|| "127.0.0.1:9180".to_owned());
    if text == "off" {
        return None;
    }
    let Ok(address) = text.parse::<SocketAddr>() else {
        let finding = check
            .error("config.value_invalid", path, "An address with a port is needed, or `off`.")
            .with_remedy(check.line(path, "127.0.0.1:9180"));
        check.report(finding);
        return None;
    };
    if !network::is_private(address.ip()) {
        let why = "Metrics are readable for everybody who reaches this address.";
        let finding = check.warning("config.private_listen_open", path, why);
        let remedy = check.line(path, "127.0.0.1:9180");
        check.report(finding.with_remedy(remedy));
    }
    Some(address)
}

pub(super) fn read_blocks(path: &'static str, written: Vec<String>, check: &mut Check<'_>) -> Vec<Cidr> {
    let mut proxies = Vec::with_capacity(written.len());
    for text in written {
        match text.trim().parse::<Cidr>() {
            Ok(block) => proxies.push(block),
            Err(error) => {
                let instead = match &error {
                    CidrError::HostBits(block) => block.to_string(),
                    _ => "192.0.2.10/32".to_owned(),
                };
                let finding = check
                    .error("config.value_invalid", path, format!("This is no proxy to trust: {error}."))
                    .with_value(&text)
                    .with_remedy(check.line(path, &instead));
                check.report(finding);
            }
        }
    }
    proxies
}

impl Server {
    /// The hosts that this section makes Doorward answer to.
    pub(super) fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        hosts.extend(self.public_url.as_ref().map(|url| url.host().to_owned()));
        hosts.extend(self.domain.as_ref().map(ToString::to_string));
        let has_loopback = |address: &SocketAddr| address.ip().is_loopback() || address.ip().is_unspecified();
        if self.addresses().any(|address| has_loopback(&address)) {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        for address in self.addresses().filter(|address| !has_loopback(address)) {
            hosts.push(match address.ip() {
                IpAddr::V4(four) => four.to_string(),
                IpAddr::V6(six) => format!("[{six}]"),
            });
        }
        let mut seen = std::collections::HashSet::new();
        hosts.retain(|host| seen.insert(host.clone()));
        hosts
    }

    /// What makes Doorward reachable from outside, in words, or nothing.
    pub(super) fn exposure(&self, check: &Check<'_>) -> Option<String> {
        if let Some(address) = self.addresses().find(|address| !address.ip().to_canonical().is_loopback()) {
            return Some(format!("it listens on {address}"));
        }
        let path = if check.is_written("server.public_url") { "server.public_url" } else { "server.domain" };
        if let Some(url) = self.public_url.as_ref().filter(|url| !domain::is_loopback(url.host())) {
            return Some(format!("{} names {}", check.subject(path), url.host()));
        }
        // A domain that was refused still says that somebody means to be reached.
        if check.is_written("server.domain") && self.environment.is_none() {
            return Some(format!("{} is set", check.subject("server.domain")));
        }
        ["server.trusted_proxies", "server.client_ip_proxies"]
            .into_iter()
            .find(|path| check.is_written(path))
            .map(|path| format!("{} is set", check.subject(path)))
    }
}
