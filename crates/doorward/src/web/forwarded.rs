//! What a listed proxy says of its client. Nobody is believed who is not listed.
//!
//! Trusted proxies speak in one kind of field, which the configuration names: `X-Forwarded-*` or `Forwarded`. The other
//! kind never counts, not even where it stands alone: a proxy that writes one passes the other on as its client sent it.
//! A CDN is believed in one thing only, the address of its client in the one field that it sets with every request.

use std::net::IpAddr;

use doorward_csrf::{RequestView, Scheme};
use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::config::{ForwardedHeader, Server};

mod element;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The nearest address that is no trusted proxy.
///
/// The field of the trusted proxies is walked from its right end, where the nearest proxy writes, to the first address
/// that is not trusted; whatever stands left of it came from outside. Where the walk meets the CDN, at the peer or
/// later, the CDN's own field tells the rest.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, server: &Server) -> IpAddr {
    let peer = peer.to_canonical();
    if let Some(client) = named(peer, headers, server) {
        return client;
    }
    if !server.is_trusted_proxy(peer) {
        return peer;
    }
    match server.forwarding.header {
        ForwardedHeader::XForwarded => walk(peer, hops(headers).rev().map(parse_hop), headers, server),
        ForwardedHeader::Forwarded => {
            let fields = headers.get_all(FORWARDED).iter().rev();
            walk(peer, fields.flat_map(element::backwards).map(|element| parse_hop(element.client)), headers, server)
        }
    }
}

/// Lets a trusted proxy say under which scheme and host its client came.
#[must_use]
pub fn believed<'a>(view: RequestView<'a>, peer: IpAddr, headers: &'a HeaderMap, server: &Server) -> RequestView<'a> {
    if !server.is_trusted_proxy(peer) {
        return view;
    }
    if server.forwarding.header == ForwardedHeader::XForwarded {
        return view.trust_forwarded();
    }
    // The last element is the one that the peer itself has written.
    let last = headers.get_all(FORWARDED).iter().next_back().map(element::backwards).and_then(|mut all| all.next());
    let Some(last) = last else { return view };
    let view = match last.scheme {
        "https" | "wss" => view.scheme(Scheme::Https),
        "http" | "ws" => view.scheme(Scheme::Http),
        _ => view,
    };
    if last.host.is_empty() { view } else { view.target_authority(last.host) }
}

/// The address in the CDN's field, where this hop is the CDN and the field is one address.
fn named(hop: IpAddr, headers: &HeaderMap, server: &Server) -> Option<IpAddr> {
    let client_ip = server.forwarding.client_ip.as_ref().filter(|client_ip| client_ip.is_from(hop))?;
    let mut fields = headers.get_all(&client_ip.header).iter();
    let field = fields.next().filter(|_| fields.next().is_none())?;
    field.to_str().ok()?.trim().parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn walk(peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>, headers: &HeaderMap, server: &Server) -> IpAddr {
    let mut address = peer;
    for hop in hops {
        // What is no address ends the walk: everything left of it is hearsay.
        let Some(next) = hop else { break };
        if let Some(client) = named(next, headers, server) {
            return client;
        }
        address = next;
        if !server.is_trusted_proxy(next) {
            break;
        }
    }
    address
}

/// The comma-separated values of all fields, in order. A field that cannot be read holds no address.
fn hops(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    headers
        .get_all(&FOR)
        .iter()
        .flat_map(|value: &HeaderValue| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// An address with or without brackets and port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
