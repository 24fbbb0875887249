//! The way of the first request: name, connections, handshake, redirects; then the same past the proxy.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::client::{Client, Incoming, Outgoing, Place};
use super::phone;
use super::{Request, resolve};
use crate::facts::{Facts, Fault, Step, Target, Tcp, Vantage, Via, Visit};
use crate::jar::{Jar, Start};

/// Redirects that are followed.
const REDIRECTS: usize = 10;
/// Requests that a healthy chain may cost.
const BUDGET: usize = 9;
/// How long what was silent once is waited for.
const SHORT: Duration = Duration::from_secs(2);

/// What later steps go on with.
pub(crate) struct Walk<'a> {
    pub(crate) request: &'a Request,
    pub(crate) client: Client,
    pub(crate) target: Target,
    /// Where a visitor's requests go.
    pub(crate) place: Place,
    /// The visitor's cookies.
    pub(crate) jar: Jar,
    /// Where the redirects led.
    pub(crate) url: String,
    /// The page there.
    pub(crate) page: Incoming,
    /// Places of other hosts on the way.
    /// The answer to the last attempt to sign in.
    pub(crate) answer: Incoming,
    pub(crate) places: Vec<(String, u16, Place)>,
    /// Questions about the names of other hosts.
    asked: usize,
}

impl<'a> Walk<'a> {
    fn new(request: &'a Request, client: Client, target: Target, address: IpAddr) -> Self {
        let address = SocketAddr::new(address, target.port);
        let place = Place { via: Via::Public, is_tls: target.is_https(), host: target.host.clone(), address };
        let url = format!("{}{}", target.origin(), target.path);
        Self {
            request,
            client,
            target,
            place,
            jar: Jar::default(),
            url,
            page: Incoming::default(),
            answer: Incoming::default(),
            places: Vec::new(),
            asked: 0,
        }
    }

    /// Whether as much was asked as a healthy chain may cost, and what is left to ask can be done without.
    pub(crate) fn is_dear(&self) -> bool {
        self.client.spent().1 >= BUDGET
    }
}

/// The host's part of an examination that runs elsewhere: what it shows, and the inner ways from there.
pub(crate) async fn host_part(
    request: &Request,
    client: Client,
    stopped: Option<doorward_core::Link>,
    facts: &mut Facts,
) {
    let Some(target) = request.target.clone() else { return super::elsewhere::host(request, facts).await };
    let mut walk = Walk::new(request, client, target, IpAddr::from([127, 0, 0, 1]));
    walk.client.timeout = walk.client.timeout.min(SHORT);
    super::elsewhere::host(request, facts).await;
    if stopped.is_some_and(is_on_the_way) {
        super::road::look(request, &walk.target.host, facts).await;
    }
    if stopped == Some(doorward_core::Link::Tls) {
        walk.shake_here(facts).await;
    }
    super::elsewhere::inside(&mut walk, facts).await;
    if stopped.is_some_and(|link| link >= doorward_core::Link::Proxy) {
        super::doubt::at_app(&mut walk, facts).await;
    }
}

/// Walks.
pub(crate) async fn walk(request: &Request, client: Client, facts: &mut Facts, progress: &mut dyn FnMut(&str)) {
    let Some(target) = request.target.clone() else { return };
    progress(&format!("asking for the address of {}", target.host));
    let addresses = resolve::resolve(request, &target.host, facts).await;
    facts.vantage = request
        .vantage
        .unwrap_or_else(|| if request.is_host_here { Vantage::Origin } else { vantage(&addresses, facts) });
    // The address is found by connecting.
    let mut walk = Walk::new(request, client, target, IpAddr::from([0, 0, 0, 0]));
    let mut is_in = false;
    if !addresses.is_empty() {
        progress("connecting");
        is_in = walk.connect(&addresses, facts).await;
    }
    if is_in {
        progress("opening the page");
        walk.follow(facts).await;
    }
    progress("looking at the host");
    super::elsewhere::host(request, facts).await;
    if request.via.is_empty() && crate::stop::find(facts).is_some_and(|stop| is_on_the_way(stop.link)) {
        super::road::look(request, &walk.target.host, facts).await;
    }
    super::elsewhere::inside(&mut walk, facts).await;
    walk.inner(facts, progress).await;
    super::doubt::doubt(&mut walk, facts, progress).await;
    if is_in {
        super::page::page(&mut walk, facts, progress).await;
        super::elsewhere::logs(request, facts).await;
        super::insider::story(request, facts).await;
    }
    phone::wait(request, &mut walk.client, facts).await;
    let (connections, http) = walk.client.spent();
    let dns = facts.lookups.len() + walk.asked;
    facts.spent = crate::facts::Spent { http, connections, dns };
    progress(&format!("{dns} DNS questions, {connections} connections, {http} requests"));
}

/// Whether a way that ends there may end at a router.
fn is_on_the_way(link: doorward_core::Link) -> bool {
    matches!(link, doorward_core::Link::Net | doorward_core::Link::Listen)
}

fn vantage(addresses: &[IpAddr], facts: &Facts) -> Vantage {
    let is_own = |address: &IpAddr| address.is_loopback() || facts.own.contains(address);
    let is_private = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    if addresses.iter().any(is_own) {
        Vantage::Origin
    } else if !addresses.is_empty() && addresses.iter().all(is_private) {
        Vantage::Lan
    } else {
        Vantage::Outside
    }
}

impl Walk<'_> {
    /// Tries one or two addresses of each family; the first that opens is used. Whether any did.
    async fn connect(&mut self, addresses: &[IpAddr], facts: &mut Facts) -> bool {
        let mut is_in = false;
        for is_v6 in [false, true] {
            let mut own = addresses.iter().filter(|address| address.is_ipv6() == is_v6).take(2);
            for address in &mut own {
                let place = Place { address: SocketAddr::new(*address, self.target.port), ..self.place.clone() };
                let door = self.client.open(&place, if is_in { "family" } else { "main" }).await;
                let (is_open, is_shaken) =
                    (door.tcp == Tcp::Open, door.tls.as_ref().is_none_or(|tls| tls.knock == crate::facts::Knock::Done));
                facts.doors.push(door);
                if is_open && is_shaken && !is_in {
                    is_in = true;
                    self.place = place;
                }
                if is_open {
                    break;
                }
            }
        }
        is_in
    }

    /// A GET as a browser navigates.
    pub(crate) fn navigation(&self, step: Step, url: &str) -> Outgoing {
        let mut fields = vec![];
        if url.starts_with("https:") {
            for (name, value) in
                [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
            {
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Ok(url) = Url::parse(url) {
            let (cookie, _) = self.jar.send(&url, Start::SameSite);
            if !cookie.is_empty() {
                fields.push(("Cookie".into(), cookie));
            }
        }
        Outgoing { step, method: "GET".into(), url: url.into(), fields, ..Outgoing::default() }
    }

    async fn follow(&mut self, facts: &mut Facts) {
        let mut seen: Vec<(String, String)> = Vec::new();
        for _ in 0..REDIRECTS {
            let out = self.navigation(Step::First, &self.url);
            let Some(place) = self.place_of(&self.url.clone(), facts).await else {
                let visit = Visit {
                    step: Step::First,
                    method: "GET".into(),
                    url: crate::redact::address(&self.url),
                    fault: Some(Fault::Name),
                    ..Visit::default()
                };
                facts.visits.push(visit);
                return;
            };
            let (mut visit, mut incoming) = self.client.ask(&place, &out, Some(&mut self.jar)).await;
            // An app that has just been started, or was asleep, answers the second time.
            if visit.fault == Some(Fault::Silent) && facts.visits.is_empty() {
                let patience = self.client.timeout;
                self.client.timeout = patience.min(SHORT);
                let again = self.client.ask(&place, &out, Some(&mut self.jar)).await;
                self.client.timeout = patience;
                if again.0.fault.is_none() {
                    (visit, incoming) = again;
                }
            }
            let next = redirect(&visit, &incoming, &self.url);
            facts.visits.push(visit);
            self.page = incoming;
            let Some(next) = next else { return };
            // The same address with the same cookies is asked once more at most.
            let state = (next.clone(), self.jar.names().join(","));
            if seen.iter().filter(|known| **known == state).count() > 0 {
                return;
            }
            seen.push(state);
            if is_elsewhere(&next, &self.target) {
                // Another site, such as a provider of identities.
                facts.signin.authorize.push(crate::redact::address(&next));
                if let Some(url) = Url::parse(&next)
                    .ok()
                    .filter(|url| url.query().is_some_and(|query| query.contains("redirect_uri=")))
                {
                    super::provider::at_provider(self, facts, &url).await;
                }
                return;
            }
            self.url = next;
        }
    }

    /// Where a request for this address goes: the place of the target, or of another host of the same site.
    pub(crate) async fn place_of(&mut self, url: &str, facts: &mut Facts) -> Option<Place> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default()?;
        let is_tls = url.scheme() == "https";
        if host == self.target.host && port == self.target.port && is_tls == self.target.is_https() {
            return Some(self.place.clone());
        }
        if let Some((_, _, place)) =
            self.places.iter().find(|(known, at, place)| *known == host && *at == port && place.is_tls == is_tls)
        {
            return Some(place.clone());
        }
        let address = if host == self.target.host {
            self.place.address.ip()
        } else {
            // Questions about other hosts are not facts about this name, and nobody doubts the answers.
            let (addresses, asked) = resolve::plain(self.request, &host).await;
            self.asked += asked;
            *addresses.first()?
        };
        let place = Place { via: Via::Public, is_tls, host: host.clone(), address: SocketAddr::new(address, port) };
        let _ = facts;
        self.places.push((host, port, place.clone()));
        Some(place)
    }

    /// The same request at the origin and at the app, where they were named.
    async fn inner(&mut self, facts: &mut Facts, progress: &mut dyn FnMut(&str)) {
        for (via, at, is_tls) in
            [(Via::Origin, self.request.origin.clone(), None), (Via::App, self.request.app.clone(), Some(false))]
        {
            let Some((host, port)) = at else { continue };
            let is_tls = is_tls.unwrap_or(port != 80 && (self.target.is_https() || port == 443));
            progress(&format!("asking {host}:{port} past what stands in front"));
            match via {
                Via::Origin => facts.has_origin = true,
                _ => facts.has_app = true,
            }
            let mut aside = Facts::default();
            let addresses = resolve::resolve(self.request, &host, &mut aside).await;
            let Some(address) = addresses.first() else {
                facts.skipped.push(format!("{host} has no address here"));
                continue;
            };
            let place = Place { via, is_tls, host: self.target.host.clone(), address: SocketAddr::new(*address, port) };
            self.look(place, facts).await;
        }
    }

    /// The handshake that got no end outside, on the host itself: with nothing in between.
    async fn shake_here(&mut self, facts: &mut Facts) {
        let port = self.target.port;
        let listener = facts.host.as_ref().and_then(|host| host.on_port(port).next()).map(|known| known.address.ip());
        let Some(ip) = listener.filter(|_| self.target.is_https()) else { return };
        let ip = if ip.is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { ip };
        let place = Place { via: Via::Inside, address: SocketAddr::new(ip, port), ..self.place.clone() };
        let door = self.client.open(&place, "here").await;
        facts.doors.push(door);
    }

    /// The first request at an inner place.
    pub(crate) async fn look(&mut self, place: Place, facts: &mut Facts) {
        let url = format!("{}{}", self.target.origin(), self.target.path);
        let door = self.client.open(&place, "main").await;
        let is_open = door.tcp == Tcp::Open;
        facts.doors.push(door);
        if is_open {
            let mut out = self.navigation(Step::First, &url);
            out.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
            if place.via == Via::App {
                out.fields.push(("X-Forwarded-Proto".into(), self.target.scheme.clone()));
                out.fields.push(("X-Forwarded-Host".into(), self.target.authority()));
            }
            let (visit, _) = self.client.ask(&place, &out, None).await;
            // An app that hangs up on plain words may be one that expects TLS.
            let is_deaf = matches!(visit.fault, Some(Fault::Closed | Fault::Malformed));
            facts.visits.push(visit);
            if place.via == Via::App && !place.is_tls && is_deaf {
                let secure = Place { is_tls: true, ..place.clone() };
                facts.doors.push(self.client.open(&secure, "secure").await);
            }
        }
        self.places.push((format!("{:?}", place.via), place.address.port(), place));
    }

    /// The place past what stands in front, where it was named.
    pub(crate) fn inner_place(&self, via: Via) -> Option<Place> {
        self.places.iter().find(|(_, _, place)| place.via == via).map(|(_, _, place)| place.clone())
    }
}

/// Where an answer leads.
pub(super) fn redirect(visit: &Visit, incoming: &Incoming, from: &str) -> Option<String> {
    if !matches!(visit.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = incoming.field("location")?;
    Url::parse(from).ok()?.join(&location).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from)
}

fn is_elsewhere(url: &str, target: &Target) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    crate::jar::site(&host) != crate::jar::site(&target.host)
}
