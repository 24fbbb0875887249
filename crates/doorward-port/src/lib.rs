//! Ports for the programs that tests and benches start.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, PoisonError};

/// Below the ports that Linux hands out by itself (`ip_local_port_range`, 32768 and up): no connection and no listener on
/// port 0 comes in between, not even while the program that has the port starts again.
const PORTS: Range<u16> = 20_000..32_000;

/// Abstract names end with their process, however it ends, and belong to one network namespace, as ports do.
static LEASES: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 on which nothing listens, and which nobody else gets from here until this process ends.
///
/// Asking the system for a free port and closing it again is no such thing: of a thousand tests, some then meet the program
/// of another.
///
/// # Panics
///
/// When all ports are taken.
#[must_use]
pub fn lease() -> u16 {
    let mut leases = LEASES.lock().unwrap_or_else(PoisonError::into_inner);
    // Processes begin at different places, so that they seldom ask for the same one.
    let own =
        u16::try_from(std::process::id().wrapping_mul(31) % u32::from(PORTS.end - PORTS.start)).unwrap_or_default();
    for port in (PORTS.start + own..PORTS.end).chain(PORTS.start..PORTS.start + own) {
        let name = SocketAddr::from_abstract_name(format!("doorward port {port}"));
        let Some(lease) = name.and_then(|name| UnixDatagram::bind_addr(&name)).ok() else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            leases.push(lease);
            return port;
        }
    }
    panic!("every port from {} to {} is taken", PORTS.start, PORTS.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_port_twice() {
        let asking: Vec<_> =
            (0..8).map(|_| std::thread::spawn(|| (0..50).map(|_| lease()).collect::<Vec<_>>())).collect();
        let mut ports: Vec<u16> = asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 400);
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn a_port_in_use_is_passed_by() {
        let first = lease();
        let next = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert_ne!(lease(), next.local_addr().unwrap().port());
    }
}
