//! What the kernel's tables show: addresses, listeners, their owners, other networks.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::facts::Listener;

/// Processes that are looked at.
const PROCESSES: usize = 4_096;

/// Addresses of this machine's interfaces.
#[must_use]
pub fn own_addresses() -> Vec<IpAddr> {
    addresses(Path::new("/proc/net"))
}

fn addresses(net: &Path) -> Vec<IpAddr> {
    let mut own: Vec<IpAddr> = Vec::new();
    let text = std::fs::read_to_string(net.join("fib_trie")).unwrap_or_default();
    let mut last: Option<IpAddr> = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("|-- ") {
            last = rest.split('/').next().and_then(|word| word.parse().ok());
        } else if line.starts_with("/32 host LOCAL") {
            own.extend(last);
        }
    }
    for line in std::fs::read_to_string(net.join("if_inet6")).unwrap_or_default().lines() {
        let digits = line.split_whitespace().next().unwrap_or_default();
        own.extend(u128::from_str_radix(digits, 16).ok().map(|bits| IpAddr::from(bits.to_be_bytes())));
    }
    own.sort();
    own.dedup();
    own
}

/// A listener with the number of its socket.
pub(super) struct Socket {
    pub(super) listener: Listener,
    pub(super) inode: u64,
}

/// Sockets that listen, as one network's tables show them.
pub(super) fn listeners(net: &Path) -> Vec<Socket> {
    let mut all = Vec::new();
    for (file, is_v6) in [("tcp", false), ("tcp6", true)] {
        let text = std::fs::read_to_string(net.join(file)).unwrap_or_default();
        all.extend(text.lines().skip(1).filter_map(|line| socket(line, is_v6)));
    }
    for file in ["tcp", "tcp6"] {
        let text = std::fs::read_to_string(net.join(file)).unwrap_or_default();
        for port in text.lines().skip(1).filter_map(standing) {
            for socket in all.iter_mut().filter(|socket: &&mut Socket| socket.listener.address.port() == port) {
                socket.listener.busy += 1;
            }
        }
    }
    all
}

/// The local port of a line about a connection that stands, or that the app has not closed since the other side did.
fn standing(line: &str) -> Option<u16> {
    let mut words = line.split_whitespace();
    let local = words.nth(1)?;
    matches!(words.nth(1)?, "01" | "08").then(|| u16::from_str_radix(local.rsplit(':').next()?, 16).ok()).flatten()
}

fn socket(line: &str, is_v6: bool) -> Option<Socket> {
    let words: Vec<_> = line.split_whitespace().collect();
    if *words.get(3)? != "0A" {
        return None;
    }
    let (address, port) = words.get(1)?.split_once(':')?;
    let ip: IpAddr = if is_v6 {
        let mut bytes = [0; 16];
        for (at, piece) in bytes.chunks_mut(4).enumerate() {
            piece.copy_from_slice(&u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?.to_ne_bytes());
        }
        Ipv6Addr::from(bytes).into()
    } else {
        Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_ne_bytes()).into()
    };
    let waiting = words
        .get(4)?
        .split_once(':')
        .and_then(|(_, waiting)| u32::from_str_radix(waiting, 16).ok())
        .unwrap_or_default();
    let address = SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?);
    Some(Socket {
        listener: Listener { address, owner: String::new(), waiting, busy: 0, backlog: 0 },
        inode: words.get(9)?.parse().ok()?,
    })
}

/// Lengths of queues, where `ss` tells them.
pub(super) async fn queues(listeners: &mut [Socket]) {
    let Some(text) = super::gather::run(&["ss", "-Hltn"]).await else { return };
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (Some(backlog), Some(place)) = (words.get(2), words.get(3)) else { continue };
        let Some((host, port)) = place.rsplit_once(':') else { continue };
        let host = host.trim_matches(['[', ']']).split('%').next().unwrap_or_default();
        let ip = if host == "*" { Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) } else { host.parse().ok() };
        for socket in listeners.iter_mut() {
            if Some(socket.listener.address.ip()) == ip && port.parse() == Ok(socket.listener.address.port()) {
                socket.listener.backlog = backlog.parse().unwrap_or_default();
            }
        }
    }
}

/// Ids of all processes.
pub(super) fn processes() -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut ids: Vec<u32> = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(PROCESSES).collect();
    ids.sort_unstable();
    ids
}

/// Which process holds which of these sockets: the one that was started first.
pub(super) fn owners(inodes: &HashSet<u64>, processes: &[u32]) -> HashMap<u64, u32> {
    let mut owners = HashMap::new();
    for pid in processes {
        let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        for file in files.flatten().take(2_048) {
            let Ok(target) = std::fs::read_link(file.path()) else { continue };
            let inode =
                target.to_str().and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode)) {
                owners.entry(inode).or_insert(*pid);
            }
        }
        if owners.len() == inodes.len() {
            break;
        }
    }
    owners
}

/// A network of other processes on this machine.
pub(super) struct Network {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) sockets: Vec<Socket>,
}

/// Networks of other processes on this machine.
pub(super) fn networks(processes: &[u32]) -> Vec<Network> {
    let own = std::fs::read_link("/proc/self/ns/net").ok();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for pid in processes {
        let Ok(network) = std::fs::read_link(format!("/proc/{pid}/ns/net")) else { continue };
        if Some(&network) == own.as_ref() || !seen.insert(network) || all.len() > 64 {
            continue;
        }
        let net = format!("/proc/{pid}/net");
        let net = Path::new(&net);
        all.push(Network {
            addresses: addresses(net).into_iter().filter(|address| !address.is_loopback()).collect(),
            sockets: listeners(net),
        });
    }
    all
}

/// Interfaces of this machine with the largest packet that each carries, loopback left out; the one of the default
/// route first.
pub(super) async fn interfaces() -> Vec<(String, u32)> {
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let default = routes.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        (words.next()? == "00000000").then(|| name.to_owned())
    });
    let text = super::gather::run(&["ip", "-o", "link"]).await.unwrap_or_default();
    let mut found: Vec<(String, u32)> = text.lines().filter_map(interface).filter(|(name, _)| name != "lo").collect();
    found.sort_by_key(|(name, _)| (Some(name) != default.as_ref(), name.clone()));
    found.truncate(64);
    found
}

/// Name and largest packet, as a line of `ip -o link` tells them.
fn interface(line: &str) -> Option<(String, u32)> {
    let mut words = line.split_whitespace();
    let name = words.nth(1)?.trim_end_matches(':').split('@').next()?.to_owned();
    let mtu = words.skip_while(|word| *word != "mtu").nth(1)?.parse().ok()?;
    Some((name, mtu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_listener_of_its_own_and_who_holds_it() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let all = listeners(Path::new("/proc/net"));
        let socket =
            all.iter().find(|socket| socket.listener.address == address).expect("the listener is in the table");
        let owners = owners(&HashSet::from([socket.inode]), &processes());
        assert_eq!(owners.get(&socket.inode), Some(&std::process::id()));
    }

    #[test]
    fn a_visitor_who_left_still_keeps_an_app_busy_that_has_not_noticed() {
        let line = |state: &str| format!("0: 0100007F:1F40 0100007F:C001 {state} 00000000:00000000");
        assert_eq!(standing(&line("01")), Some(8_000));
        assert_eq!(standing(&line("08")), Some(8_000));
        assert_eq!(standing(&line("06")), None);
        assert_eq!(standing(&line("0A")), None);
    }

    #[test]
    fn reads_interfaces() {
        let line = "3: eth0@if12: <BROADCAST,MULTICAST,UP> mtu 1420 qdisc noqueue state UP";
        assert_eq!(interface(line), Some(("eth0".to_owned(), 1_420)));
        assert_eq!(interface("nonsense"), None);
    }

    #[test]
    fn knows_its_own_loopback() {
        assert!(own_addresses().contains(&"127.0.0.1".parse::<IpAddr>().unwrap()));
    }
}
