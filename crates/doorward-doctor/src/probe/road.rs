//! The first routers on the way out of a host behind address translation: do they hold the address of the site?

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::{Request, resolve};
use crate::facts::{Facts, Router};

/// An address that nobody has (RFC 5737): what is sent there ends at the first routers, and is not meant to go further.
const BEYOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
/// A port on which nobody listens; traceroute begins with it.
const PORT: u16 = 33_434;
/// How long all answers are waited for.
const PATIENCE: Duration = Duration::from_millis(600);

/// Asks the first routers, where the site's public address is none of this host's. Needs the right to hear ICMP, and
/// says nothing without it.
pub(crate) async fn look(request: &Request, name: &str, facts: &mut Facts) {
    let known = facts.addresses();
    let Some(host) = facts.host.as_mut() else { return };
    let is_private = |address: &&IpAddr| matches!(address, IpAddr::V4(v4) if v4.is_private());
    if !host.addresses.iter().any(|address| is_private(&address)) {
        return;
    }
    // The system's own way to a name has no end that could be set.
    let found = if known.is_empty() { resolve::plain(request, name).await.0 } else { known };
    let public = found.into_iter().find_map(|address| match address {
        IpAddr::V4(v4) if !v4.is_private() && !v4.is_loopback() => Some(v4),
        _ => None,
    });
    let Some(public) = public.filter(|public| !host.addresses.contains(&IpAddr::V4(*public))) else { return };
    let asked = [(public, 1), (BEYOND, 2), (BEYOND, 3)];
    host.routers = ask(&asked, public).await.unwrap_or_default();
}

/// Sends one packet for each pair of address and distance, and gives the routers at which they ended.
async fn ask(asked: &[(Ipv4Addr, u32)], site: Ipv4Addr) -> std::io::Result<Vec<Router>> {
    let ear = rustix::net::socket_with(
        AddressFamily::INET,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(ipproto::ICMP),
    )?;
    let ear = UdpSocket::from_std(std::net::UdpSocket::from(ear))?;
    let mut sent = Vec::new();
    for (address, distance) in asked {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        socket.set_ttl(*distance)?;
        // Where there is no way at all, there is nobody to answer.
        let _ = socket.send_to(&[0], SocketAddr::from((*address, PORT))).await;
        sent.push((socket.local_addr()?.port(), *address, *distance, socket));
    }
    let until = Instant::now() + PATIENCE;
    let mut routers = Vec::new();
    let mut buffer = [0; 1_500];
    while let Ok(heard) = timeout_at(until, ear.recv_from(&mut buffer)).await {
        let Some((from, to, port)) = heard.ok().and_then(|(length, _)| expired(&buffer[..length])) else { continue };
        if let Some((_, _, distance, _)) = sent.iter().find(|(own, address, ..)| *own == port && *address == to) {
            routers.push(Router { distance: *distance, address: from.into(), is_to_site: to == site });
        }
        if routers.len() == asked.len() {
            break;
        }
    }
    Ok(routers)
}

/// Who says that a packet went no further, where it was meant to go, and from which port it came (RFC 792).
fn expired(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr, u16)> {
    let header = |packet: &[u8]| Some(usize::from(packet.first()? & 15) * 4);
    let address = |packet: &[u8], at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let message = packet.get(header(packet)?..).filter(|message| message.first() == Some(&11))?;
    let inner = message.get(8..)?;
    let ports = inner.get(header(inner)?..).filter(|_| inner.get(9) == Some(&17))?;
    Some((address(packet, 12)?, address(inner, 16)?, u16::from_be_bytes(ports.get(..2)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_who_let_a_packet_go_no_further() {
        let ip = |protocol: u8, from: [u8; 4], to: [u8; 4]| {
            let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 1, protocol, 0, 0];
            header.extend(from);
            header.extend(to);
            header
        };
        let mut packet = ip(1, [100, 64, 0, 1], [192, 168, 1, 10]);
        packet.extend([11, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend(ip(17, [192, 168, 1, 10], [192, 0, 2, 1]));
        packet.extend([0x9C, 0x40, 0x82, 0x9A, 0, 9, 0, 0]);
        let expected = ([100, 64, 0, 1].into(), [192, 0, 2, 1].into(), 40_000);
        assert_eq!(expired(&packet), Some(expected));
        for end in 0..packet.len() - 6 {
            assert_eq!(expired(&packet[..end]), None, "{end}");
        }
        packet[20] = 3;
        assert_eq!(expired(&packet), None);
    }
}
