//! What a trusted proxy says of its client. Nobody is trusted who is not listed.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HeaderName;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The nearest address that is no trusted proxy.
///
/// `X-Forwarded-For` is walked from its right end, where the nearest proxy writes, to the first address
/// that is not trusted; whatever stands left of it came from outside. Scheme and host of a trusted proxy
/// are read by the CSRF rule, which decides about them.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer.to_canonical();
    if !is_trusted(address) {
        return address;
    }
    for hop in values(headers).rev() {
        // What is no address ends the walk: everything left of it is hearsay.
        let Some(next) = parse_hop(hop) else { break };
        address = next;
        if !is_trusted(next) {
            break;
        }
    }
    address
}

/// The comma-separated values of all fields, in order.
fn values(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    headers
        .get_all(&FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
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
mod tests {
    use super::*;

    const PROXY: [u8; 4] = [10, 0, 0, 1];
    const CDN: [u8; 4] = [10, 0, 0, 2];

    fn seen(peer: [u8; 4], value: &'static str) -> String {
        let headers = HeaderMap::from_iter([(FOR, value.parse().unwrap())]);
        client_address(peer.into(), &headers, |address| [PROXY, CDN].map(IpAddr::from).contains(&address)).to_string()
    }

    // CVE-2023-36456, CVE-2026-76835, PATTERN-XFF-RATE: client addresses taken from any peer.
    #[test]
    fn a_stranger_is_who_the_socket_says() {
        assert_eq!(seen([192, 0, 2, 9], "127.0.0.1"), "192.0.2.9");
    }

    #[test]
    fn a_listed_proxy_is_believed_from_the_right() {
        for (value, address) in [
            ("198.51.100.7", "198.51.100.7"),
            ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
            ("198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("198.51.100.7, nonsense", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(seen(PROXY, value), address, "{value}");
        }
    }
}
