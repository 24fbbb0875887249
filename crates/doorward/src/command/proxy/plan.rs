//! What a proxy in front must know, whichever it is: hosts, what on them is whose, and which fields are removed and set.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use doorward_core::Finding;

use super::Proxy;
use crate::config::{AppConfig, Config};
use crate::web::cookie;
use crate::web::door::table::{OPEN, PAGES};
use crate::web::route::{AUTH_REQUEST, FORWARD_AUTH};

/// Where an app stands in for one whose address we do not know.
const STAND_IN: &str = "127.0.0.1:3000";

/// The fields that tell where a request comes from and what it asked for; the proxy sets some and clears the rest.
pub(super) const FORWARDED: [&str; 12] = [
    "Forwarded",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Original-URL",
    "X-Original-Method",
    "X-Rewrite-URL",
];

/// Fields by which apps and other login proxies name somebody. A proxy that cannot remove by pattern removes these, beside
/// the ones that are set.
pub(super) const OTHER_NAMES: [&str; 14] = [
    "Remote-User",
    "Remote-Groups",
    "Remote-Name",
    "Remote-Email",
    "Remote-Id",
    "Remote-Role",
    "Remote-Roles",
    "X-Remote-User",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Webauth-User",
    "X-User",
    "X-Email",
];

/// Cookies that prove something to us alone, as a regular expression of their names.
pub(super) fn own_cookies(is_https: bool) -> String {
    let bind = if is_https { "__Host-Http-csrf_bind" } else { "csrf_bind" };
    format!("{}(?:-entry|-device)?|{bind}", cookie::name(is_https))
}

/// Everything that a configuration is filled in from.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the proxy reaches us.
    pub(super) doorward: SocketAddr,
    /// Whether people come over https.
    pub(super) is_https: bool,
    /// The port that people come to.
    pub(super) port: u16,
    /// What stands before the paths at which proxies ask.
    prefix: String,
    /// One for each host, that of the pages first.
    pub(super) sites: Vec<Site>,
    is_listed: bool,
}

/// One host.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) host: String,
    pub(super) is_portal: bool,
    /// Below which paths everything is ours.
    pub(super) own: Vec<String>,
    /// The apps, the longest path first.
    pub(super) parts: Vec<Part>,
    /// The fields that tell an app who asks, of all its apps.
    pub(super) identity: Vec<String>,
}

/// One app on a host.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// `/`, or without a slash at the end.
    pub(super) path: String,
    pub(super) upstream: Address,
    is_known: bool,
}

/// Where an app listens.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Tcp(String),
    Unix(String),
}

impl Plan {
    /// Reads a configuration.
    pub(super) fn of(config: &Config) -> Result<Self, Finding> {
        let Some(url) = &config.server.public_url else {
            let why = "The proxy is what people come to, so their address must be known.";
            return Err(Finding::error("config.public_url_missing", "server.public_url", why)
                .with_remedy("public_url = \"https://login.example.com\"  # in [server]"));
        };
        let prefix = config.portal.prefix.as_deref().unwrap_or_default().to_owned();
        let own = OPEN.iter().filter(|path| **path != "/api/authz").map(|path| format!("{prefix}{path}"));
        let own: Vec<String> = std::iter::once(PAGES.to_owned()).chain(own).collect();
        let mut sites = vec![Site::of(url.host().to_owned(), true, own)];
        for app in &config.apps {
            let host = app.host.as_deref().unwrap_or(url.host());
            let site = match sites.iter().position(|site| site.host == host) {
                Some(at) => &mut sites[at],
                None => sites.push_mut(Site::of(host.to_owned(), false, vec![PAGES.to_owned()])),
            };
            site.take(app);
        }
        for site in &mut sites {
            site.parts.sort_by_key(|part| std::cmp::Reverse(part.path.len()));
        }
        let doorward = config.server.listen.first().map_or(([127, 0, 0, 1], 8_000).into(), |listen| listen.address);
        let doorward = reachable(doorward);
        Ok(Self {
            doorward,
            is_https: url.is_https(),
            port: url.port(),
            prefix,
            sites,
            is_listed: !config.server.trusted_proxies.is_empty(),
        })
    }

    /// The address at which people open a host.
    pub(super) fn origin(&self, site: &Site) -> String {
        let (scheme, standard) = if self.is_https { ("https", 443) } else { ("http", 80) };
        if self.port == standard {
            format!("{scheme}://{}", site.host)
        } else {
            format!("{scheme}://{}:{}", site.host, self.port)
        }
    }

    /// Host and port as browsers name them.
    pub(super) fn authority(&self, site: &Site) -> String {
        self.origin(site).split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned())
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Where proxies ask that pass our whole answer on.
    pub(super) fn forward_auth(&self) -> String {
        format!("{}{FORWARD_AUTH}", self.prefix)
    }

    /// Where nginx asks.
    pub(super) fn auth_request(&self) -> String {
        format!("{}{AUTH_REQUEST}", self.prefix)
    }

    /// Below which path nobody but the proxy itself may ask.
    pub(super) fn questions(&self) -> String {
        format!("{}/api/authz/", self.prefix)
    }

    pub(super) fn hosts(&self) -> String {
        self.sites.iter().map(|site| site.host.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What is still to be done by whoever asked.
    pub(super) fn notes(&self, proxy: Proxy) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.is_listed {
            let address = self.doorward.ip();
            notes.push(format!("nobody may ask yet: add `trusted_proxies = [\"{address}\"]` to [server], or the address of the proxy where it is on another machine"));
        }
        let parts = self.sites.iter().flat_map(|site| &site.parts);
        for part in parts.clone().filter(|part| !part.is_known) {
            notes.push(format!(
                "{STAND_IN} stands in for the address of the app {}, which has no `upstream`",
                part.name
            ));
        }
        if parts.clone().count() == 0 {
            notes.push("no app is configured: add an [[app]] for each".to_owned());
        }
        let has_socket = parts.clone().any(|part| matches!(part.upstream, Address::Unix(_)));
        if proxy == Proxy::Traefik && has_socket {
            notes.push("Traefik cannot reach an app by a Unix socket: let it listen on a port".to_owned());
        }
        if self.is_https && proxy != Proxy::Caddy {
            notes.push("the paths of the certificates are examples".to_owned());
        }
        notes
    }
}

impl Site {
    fn of(host: String, is_portal: bool, own: Vec<String>) -> Self {
        Self { host, is_portal, own, parts: Vec::new(), identity: Vec::new() }
    }

    fn take(&mut self, app: &AppConfig) {
        let upstream = app.upstream.as_ref().map(|url| match (url.socket(), url.host_and_port()) {
            (Some(socket), _) => Address::Unix(socket.display().to_string()),
            (None, Some((host, port))) if host.contains(':') => Address::Tcp(format!("[{host}]:{port}")),
            (None, Some((host, port))) => Address::Tcp(format!("{host}:{port}")),
            (None, None) => Address::Tcp(STAND_IN.to_owned()),
        });
        let names = &app.identity;
        for name in [&names.user, &names.groups, &names.name, &names.email] {
            self.add(written(name.as_str()));
        }
        // How strongly the session was proven: who could write these would be stronger than they are.
        for name in ["Remote-Acr", "Remote-Amr", "Remote-Auth-Time"] {
            self.add(name.to_owned());
        }
        self.add("X-Doorward-Jwt".to_owned());
        self.parts.push(Part {
            name: app.name.to_string(),
            path: app.path.to_string(),
            is_known: upstream.is_some(),
            upstream: upstream.unwrap_or_else(|| Address::Tcp(STAND_IN.to_owned())),
        });
    }

    /// The fields of the request that are those of our answer. `Authorization` is one of them: the answer has it where it
    /// held no app password, and no app hears of one, whatever app it was sent to.
    pub(super) fn copied(&self) -> Vec<String> {
        self.identity.iter().cloned().chain(["Authorization".to_owned()]).collect()
    }

    fn add(&mut self, name: String) {
        if !self.identity.contains(&name) {
            self.identity.push(name);
        }
    }

    /// Whether everything on this host is ours.
    pub(super) fn is_ours_alone(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether what no app has is ours: the start page.
    pub(super) fn has_rest(&self) -> bool {
        self.is_portal && !self.parts.iter().any(|part| part.path == "/")
    }
}

/// A name as people write it: `Remote-User`.
fn written(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// The address of a listener, from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}
