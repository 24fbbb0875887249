//! More measurements, only where the first request stopped, and only at the link where it did.

use std::net::SocketAddr;
use std::time::Duration;

use doorward_core::Link;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::client::{Outgoing, Place};
use super::walk::Walk;
use crate::facts::{Door, Facts, Fault, Knock, Step, Tcp, Trust, Via};
use crate::stop;

/// A port on which next to nobody listens: a machine that is up refuses it, one that is not is silent.
const NEIGHBOUR: u16 = 9;

pub(crate) async fn doubt(walk: &mut Walk<'_>, facts: &mut Facts, progress: &mut dyn FnMut(&str)) {
    let stop = stop::find(facts);
    let link = stop.as_ref().map(|stop| stop.link);
    if facts.arrival().is_some_and(|visit| visit.field("cf-mitigated").is_some()) {
        front_page(walk, facts).await;
    }
    if stop.is_some() {
        progress("looking closer at where it stopped");
    }
    if link.is_some_and(|link| matches!(link, Link::Net | Link::Listen | Link::Tls)) && facts.arrival().is_none() {
        own(walk, facts).await;
        let name = walk.target.host.clone();
        super::resolve::others(walk.request, &name, facts).await;
    }
    match link {
        Some(Link::Net | Link::Listen) if facts.arrival().is_none() => connection(walk, facts).await,
        Some(Link::Tls) => handshake(walk, facts).await,
        Some(Link::Proxy | Link::App) => variants(walk, facts).await,
        _ => {}
    }
    if !facts.addresses().is_empty() {
        records(walk, facts).await;
    }
    if let Some(door) = stop::entrance(facts).cloned()
        && door.tcp == Tcp::Open
        && walk.target.is_https()
    {
        certificate(walk, facts, &door).await;
        if link.is_none_or(|link| link > Link::Tls) {
            large(walk, facts, &door).await;
        }
    }
    if facts.arrival().and_then(|visit| visit.field("alt-svc")).is_some_and(|value| value.contains("h3=")) {
        quic(walk, facts).await;
    }
}

/// Is the site at its host's own address, where the record holds another?
async fn own(walk: &mut Walk<'_>, facts: &mut Facts) {
    let (Some(host), Some(door)) = (&facts.host, stop::entrance(facts)) else { return };
    let is_public = |ip: &std::net::IpAddr| match ip {
        std::net::IpAddr::V4(v4) => !v4.is_private() && !v4.is_loopback() && !v4.is_link_local(),
        std::net::IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unique_local() && !v6.is_unicast_link_local(),
    };
    if host.addresses.contains(&door.address.ip()) {
        return;
    }
    let is_v4 = door.address.is_ipv4();
    let Some(ip) = host.addresses.iter().find(|ip| ip.is_ipv4() == is_v4 && is_public(ip)) else { return };
    let place = Place { via: Via::Inside, address: SocketAddr::new(*ip, walk.target.port), ..walk.place.clone() };
    let door = walk.client.open(&place, "own").await;
    facts.doors.push(door);
}

/// Do the addresses that only one of the zone's servers gives lead to the site too?
async fn records(walk: &mut Walk<'_>, facts: &mut Facts) {
    let known = facts.addresses();
    let mut others: Vec<_> = facts
        .asked(crate::facts::Role::Authoritative)
        .flat_map(|lookup| lookup.addresses.iter().copied())
        .filter(|address| !known.contains(address))
        .collect();
    others.sort();
    others.dedup();
    for ip in others.into_iter().take(2) {
        let address = SocketAddr::new(ip, walk.target.port);
        let place = Place { via: Via::Inside, address, ..walk.place.clone() };
        let door = walk.client.open(&place, "record").await;
        facts.doors.push(door);
    }
}

/// Is it this path that is challenged, or the doctor?
async fn front_page(walk: &mut Walk<'_>, facts: &mut Facts) {
    let url = format!("{}/", walk.target.origin());
    let out = Outgoing { step: Step::Variant, note: "front page".into(), ..walk.navigation(Step::Variant, &url) };
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// Is the machine there at all, and is its other web port open?
async fn connection(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(door) = stop::entrance(facts).cloned() else { return };
    let twin = if walk.target.port == 443 { 80 } else { 443 };
    let mut ports = vec![(twin, "twin"), (NEIGHBOUR, "closed")];
    if let Some(host) = &facts.host {
        let others = host
            .listeners
            .iter()
            .filter(|listener| !listener.address.ip().is_loopback())
            .map(|listener| listener.address.port());
        ports.extend(
            [8443, 8080]
                .into_iter()
                .chain(others)
                .filter(|port| *port != walk.target.port && *port != twin)
                .take(4)
                .map(|port| (port, "neighbour")),
        );
    }
    let ip = door.address.ip();
    let places = ports.into_iter().map(|(port, purpose)| (SocketAddr::new(ip, port), purpose)).collect();
    facts.doors.extend(walk.client.knock(places).await);
}

/// Does it help not to say the name?
async fn handshake(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(door) = stop::entrance(facts).cloned() else { return };
    if door.tcp != Tcp::Open || door.tls.is_none() {
        return;
    }
    let place = Place { address: door.address, ..walk.place.clone() };
    if door.tls.as_ref().is_some_and(|tls| tls.knock == Knock::Silent) {
        let small = super::greeting::small(&mut walk.client, &place).await;
        facts.doors.push(small);
    }
    let door = walk.client.open(&place, "nosni").await;
    facts.doors.push(door);
    let plain = Place { is_tls: false, ..place };
    let out = Outgoing {
        step: Step::Variant,
        note: "plain".into(),
        method: "GET".into(),
        url: walk.url.replacen("https:", "http:", 1),
        ..Outgoing::default()
    };
    let (visit, _) = walk.client.ask(&plain, &out, None).await;
    facts.visits.push(visit);
}

/// Can a certificate that ends soon be renewed by way of port 80?
async fn certificate(walk: &mut Walk<'_>, facts: &mut Facts, door: &Door) {
    let Some(tls) = &door.tls else { return };
    let days = tls.certificate.as_ref().map_or(i64::MAX, |certificate| (certificate.not_after - facts.now) / 86_400);
    if days > 20 && tls.trust == Trust::Good {
        return;
    }
    let url = format!("http://{}/.well-known/acme-challenge/doorward-doctor", walk.target.host);
    let place = Place {
        via: Via::Public,
        is_tls: false,
        host: walk.target.host.clone(),
        address: SocketAddr::new(door.address.ip(), 80),
    };
    let out = Outgoing { step: Step::Challenge, method: "GET".into(), url, ..Outgoing::default() };
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// Does a greeting of the size that browsers send pass?
async fn large(walk: &mut Walk<'_>, facts: &mut Facts, door: &Door) {
    let place = Place { host: walk.target.host.clone(), ..walk.place.clone() };
    let place = Place { address: door.address, ..place };
    let large = walk.client.open(&place, "large").await;
    facts.doors.push(large);
}

/// A first packet of QUIC in a version that nobody speaks: a server must answer with the ones it does (RFC 9000, 6.1).
async fn quic(walk: &mut Walk<'_>, facts: &mut Facts) {
    let address = walk.place.address;
    let here: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let mut packet = vec![0xC0, 0x1A, 0x2A, 0x3A, 0x4A, 8];
    packet.extend([0x5A; 8]);
    packet.extend([0]);
    packet.resize(1_200, 0);
    let answer = async {
        let socket = UdpSocket::bind(here).await?;
        socket.connect(address).await?;
        let mut buffer = [0; 1_500];
        for _ in 0..2 {
            socket.send(&packet).await?;
            if let Ok(got) = timeout(Duration::from_millis(400), socket.recv(&mut buffer)).await {
                return got.map(|_| Tcp::Open);
            }
        }
        Ok::<_, std::io::Error>(Tcp::Silent)
    };
    let tcp = answer.await.unwrap_or(Tcp::Refused);
    facts.doors.push(Door { via: Via::Public, address, tcp, ms: 0, tls: None, purpose: "quic".into() });
}

/// The page under other circumstances: what does its refusal depend on?
async fn variants(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(arrival) = facts.arrival().cloned() else { return };
    if matches!(arrival.status, 400 | 403 | 404 | 421 | 426) {
        let port = walk.target.port;
        let local = if walk.target.is_default_port() { "localhost".to_owned() } else { format!("localhost:{port}") };
        let out = Outgoing {
            step: Step::Variant,
            note: "Host: localhost".into(),
            method: "GET".into(),
            url: walk.url.clone(),
            fields: vec![("Host".into(), local)],
            ..Outgoing::default()
        };
        let place = walk.place.clone();
        let (visit, _) = walk.client.ask(&place, &out, None).await;
        facts.visits.push(visit);
    }
    if let Some((name, false)) = facts.host.as_ref().and_then(crate::host::upstream::development)
        && arrival.status >= 400
    {
        let out = Outgoing {
            step: Step::Variant,
            note: "Host: target".into(),
            method: "GET".into(),
            url: walk.url.clone(),
            fields: vec![("Host".into(), name)],
            ..Outgoing::default()
        };
        let place = walk.place.clone();
        let (visit, _) = walk.client.ask(&place, &out, None).await;
        facts.visits.push(visit);
    }
    if arrival.status >= 400 || stop::is_loop(facts) {
        at_app(walk, facts).await;
    }
}

/// The page at the app itself, with and without what a proxy adds.
pub(crate) async fn at_app(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(app) = walk.inner_place(Via::App) else { return };
    // Where it did not open, or kept silent, it will do so again.
    let is_closed = facts.doors(Via::App).any(|door| door.address == app.address && door.tcp != Tcp::Open);
    if is_closed || facts.inner(Via::App).is_some_and(|visit| visit.fault == Some(Fault::Silent)) {
        return;
    }
    let authority = walk.target.authority();
    let url = walk.url.replacen("https:", "http:", 1);
    let rows: [(&str, &[(&str, &str)]); 4] = [
        ("nothing forwarded", &[("Host", &authority)]),
        (
            "X-Forwarded-Proto: https",
            &[("Host", &authority), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.1")],
        ),
        ("Connection: upgrade", &[("Host", &authority), ("Connection", "upgrade")]),
        ("Host: localhost", &[("Host", "localhost")]),
    ];
    for (note, fields) in rows {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let out = Outgoing {
            step: Step::Variant,
            note: note.into(),
            method: "GET".into(),
            url: url.clone(),
            fields,
            ..Outgoing::default()
        };
        let (visit, _) = walk.client.ask(&app, &out, None).await;
        facts.visits.push(visit);
    }
}
