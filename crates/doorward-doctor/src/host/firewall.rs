//! Reads the listing of a firewall: does it stop connections to a port?

use std::net::IpAddr;

use super::ruleset;
use crate::facts::Firewall;

/// Chains that are followed into one another.
const DEPTH: usize = 6;

/// Words for the first packet of a connection, the longer ones first.
const FIRST_PACKET: &[&str] = &[
    "tcp flags & (fin | syn | rst | ack) == syn ",
    "tcp flags & (syn | ack) == syn ",
    "tcp flags syn / fin,syn,rst,ack ",
    "tcp flags syn / syn,ack ",
    "tcp flags syn / syn,rst,ack ",
    "tcp flags == syn ",
    "tcp flags syn ",
];

/// Whose connections are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Anybody's, who comes by the way out.
    Outside,
    /// A container's at this address, which comes by a bridge of the host.
    Container(IpAddr),
    /// Anybody's from outside who is led on to a container.
    Led,
    /// Those of this address outside.
    Visitor(IpAddr),
}

/// The rule that stops new connections from anywhere to this TCP port, and whether it rejects rather than drops.
#[must_use]
pub fn stops(firewall: &Firewall, port: u16) -> Option<(String, bool)> {
    stops_from(firewall, port, From::Outside)
}

/// Where a port of the host is led to before any rule for incoming packets, as published ports of containers are.
#[must_use]
pub fn led_to(firewall: &Firewall, port: u16) -> Option<u16> {
    firewall.rules.iter().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "dnat" || *word == "DNAT")?;
        if !names_port(line, port) {
            return None;
        }
        let target =
            words[at..].iter().rfind(|word| word.contains(':') && word.ends_with(|c: char| c.is_ascii_digit()));
        target.map_or(Some(port), |target| target.rsplit(':').next()?.parse().ok())
    })
}

/// The rule that stops what is led to a container at this port of its own.
#[must_use]
pub fn stops_forward(firewall: &Firewall, inner: u16) -> Option<(String, bool)> {
    if !firewall.is_readable {
        return None;
    }
    let whom = (inner, From::Led);
    if firewall.rules.iter().any(|line| line.starts_with("-P ") || line.starts_with("-A ")) {
        return iptables(&firewall.rules, "FORWARD", whom, 0).unwrap_or(None);
    }
    let rules = ruleset::plain(&firewall.rules);
    base_chains(&rules, "hook forward").iter().find_map(|chain| nft(&rules, chain, whom, 0).unwrap_or(None))
}

/// The same for connections from here.
#[must_use]
pub fn stops_from(firewall: &Firewall, port: u16, from: From) -> Option<(String, bool)> {
    if !firewall.is_readable {
        return None;
    }
    if firewall.rules.iter().any(|line| line.starts_with("-P ") || line.starts_with("-A ")) {
        return iptables(&firewall.rules, "INPUT", (port, from), 0).unwrap_or(None);
    }
    // What stops packets before they are sorted stops these too.
    let rules = ruleset::plain(&firewall.rules);
    let early = base_chains(&rules, "type filter hook prerouting");
    for chain in early.into_iter().chain(base_chains(&rules, "hook input")) {
        if let Some(verdict) = nft(&rules, &chain, (port, from), 0).unwrap_or(None) {
            return Some(verdict);
        }
    }
    None
}

/// Whether an interface is one of this host's own networks, not the way out.
fn is_inner(name: &str) -> bool {
    ["lo", "docker", "br-", "veth", "cni", "podman", "virbr", "lxc", "lxd", "wg", "tailscale", "tun"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether connections from here come by this interface.
fn is_way_of(name: &str, from: From) -> bool {
    match from {
        From::Outside | From::Led | From::Visitor(_) => !is_inner(name),
        From::Container(_) => is_inner(name) && name != "lo",
    }
}

/// Whether a rule is about connections from here, as far as it names an interface or a source.
fn is_about(line: &str, from: From) -> bool {
    let words: Vec<_> = line.split_whitespace().map(|word| word.trim_matches(['"', ',', '{', '}'])).collect();
    let after = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(word))?;
        let is_negated = words.get(at + 1) == Some(&"!=") || at > 0 && words[at - 1] == "!";
        let value = words.get(at + 1 + usize::from(words.get(at + 1) == Some(&"!=")))?;
        Some((*value, is_negated))
    };
    if let Some((name, is_negated)) = after(&["oif", "oifname", "-o"])
        && (from != From::Led || is_inner(name) == is_negated)
    {
        return false;
    }
    if let Some((name, is_negated)) = after(&["iif", "iifname", "-i"])
        && is_way_of(name, from) == is_negated
    {
        return false;
    }
    match (after(&["saddr", "-s"]), from) {
        (None, _) => !line.contains("--match-set"),
        (Some(_), From::Outside | From::Led) => false,
        (Some((range, is_negated)), From::Container(address)) => holds(range, address) != is_negated,
        (Some((_, is_negated)), From::Visitor(address)) => {
            let is_of_family = line.contains("ip6 saddr") == address.is_ipv6();
            let held: Option<Vec<bool>> = sources(line).map(|range| is_held(range, address)).collect();
            is_of_family && held.is_some_and(|held| held.contains(&true) != is_negated)
        }
    }
}

/// The ranges of sources that a rule names.
fn sources(line: &str) -> impl Iterator<Item = &str> {
    let rest = line.split_once("saddr").or_else(|| line.split_once(" -s ")).map_or("", |(_, rest)| rest);
    let rest = rest.trim_start().trim_start_matches("!=").trim_start();
    let list = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
    list.unwrap_or_else(|| rest.split(' ').next().unwrap_or_default()).split(',').map(str::trim)
}

/// Whether a range holds an address; one that cannot be read does not.
fn holds(range: &str, address: IpAddr) -> bool {
    is_held(range, address).unwrap_or(false)
}

/// Whether a range holds an address, where it can be read.
fn is_held(range: &str, address: IpAddr) -> Option<bool> {
    let (net, bits) = range.split_once('/').unwrap_or((range, ""));
    let number = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let net: IpAddr = net.parse().ok()?;
    let ((first, most), (own, _)) = (number(net), number(address));
    let bits: u32 = if bits.is_empty() { most } else { bits.parse().ok().filter(|bits| *bits <= most)? };
    let is_same_kind = net.is_ipv4() == address.is_ipv4();
    Some(bits == 0 || is_same_kind && first >> (128 - bits) == own >> (128 - bits))
}

/// The first base chain for incoming packets, as `family table chain`.
#[must_use]
pub fn input_chain(firewall: &Firewall) -> Option<String> {
    chain_at(firewall, "hook input")
}

/// The first base chain at a hook, as `family table chain`.
#[must_use]
pub fn chain_at(firewall: &Firewall, hook: &str) -> Option<String> {
    let mut table = String::new();
    let mut chain = String::new();
    for line in firewall.rules.iter().map(|line| line.trim()) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("table") => table = words.take(2).collect::<Vec<_>>().join(" "),
            Some("chain") => words.next().unwrap_or_default().clone_into(&mut chain),
            _ if line.contains(hook) => return Some(format!("{table} {chain}")),
            _ => {}
        }
    }
    None
}

/// Whether the rule speaks of this port.
#[must_use]
pub fn names_port(rule: &str, port: u16) -> bool {
    let Some(at) = ["dport", "--dports", "--dport"].iter().find_map(|word| rule.find(word).map(|at| at + word.len()))
    else {
        return false;
    };
    let rest = rule[at..].trim_start_matches(['s', ' ']);
    let list = rest
        .strip_prefix('{')
        .and_then(|rest| rest.split('}').next())
        .unwrap_or_else(|| rest.split_whitespace().next().unwrap_or_default());
    list.split(',').any(|part| {
        let port_or_range = match part.trim() {
            "http" => "80",
            "https" => "443",
            other => other,
        };
        match port_or_range.split_once(['-', ':']) {
            Some((from, to)) => {
                from.parse().is_ok_and(|from: u16| from <= port) && to.parse().is_ok_and(|to: u16| port <= to)
            }
            None => port_or_range.parse() == Ok(port),
        }
    })
}

pub(super) fn base_chains(rules: &[String], hook: &str) -> Vec<String> {
    let mut chains = Vec::new();
    let mut chain = String::new();
    for line in rules.iter().map(|line| line.trim()) {
        if let Some(name) = line.strip_prefix("chain ") {
            name.split_whitespace().next().unwrap_or_default().clone_into(&mut chain);
        }
        if line.contains(hook) {
            chains.push(chain.clone());
        }
    }
    chains
}

/// `Ok(verdict)` where the chain decides, `Err` where it returns undecided.
fn nft(rules: &[String], name: &str, whom: (u16, From), depth: usize) -> Result<Option<(String, bool)>, ()> {
    let mut is_inside = false;
    let mut policy = None;
    for line in rules.iter().map(|line| line.trim()) {
        if line.starts_with("chain ") {
            is_inside = line.split_whitespace().nth(1) == Some(name);
        }
        if !is_inside || line.starts_with("chain ") || line == "}" {
            is_inside &= line != "}";
            continue;
        }
        if line.starts_with("type ") {
            policy = line.contains("policy drop").then(|| line.to_owned());
            continue;
        }
        if let Some(verdict) = rule(rules, line, whom, depth) {
            return Ok(verdict);
        }
    }
    match policy {
        Some(line) => Ok(Some((line, false))),
        None => Err(()),
    }
}

#[expect(clippy::option_option, reason = "no verdict, let in, or stopped: three answers of one line")]
fn rule(rules: &[String], line: &str, whom: (u16, From), depth: usize) -> Option<Option<(String, bool)>> {
    let (port, from) = whom;
    let is_about_others = [
        "udp ",
        "icmp",
        "ct state established",
        "ct state related",
        "ct state invalid",
        "ct state { established",
        "ct state vmap",
        "ct state { related",
        "limit rate",
        "meta l4proto { udp",
        "ip protocol icmp",
        "ct count",
        "tcp sport",
        "ct status",
        "ct mark",
        "meta mark",
        "fib ",
        "tcp flags",
        "pkttype",
        "xt match",
        "igmp",
        "ip protocol !=",
    ];
    if let Some(verdict) = ruleset::mapped(line, port, |name| is_way_of(name, from)) {
        return rule(rules, &verdict, whom, depth + 1);
    }
    let is_about_port = line.contains("dport");
    let matched = line.split("reject with").next().unwrap_or_default();
    // What is about the first packet of a connection is about the connection.
    let matched = FIRST_PACKET.iter().fold(matched.to_owned(), |text, words| text.replace(words, ""));
    let matched = matched.as_str();
    if !is_about(matched, from)
        || from != From::Led && matched.contains("ip daddr")
        || is_about_others.iter().any(|word| matched.contains(word))
        || is_about_port && !names_port(line, port) && !line.contains("dport !=")
    {
        return None;
    }
    if is_about_port && line.contains("dport !=") && names_port(&line.replace("dport != ", "dport "), port) {
        return None;
    }
    let words: Vec<_> = line.split_whitespace().collect();
    if words.contains(&"accept") {
        return Some(None);
    }
    if words.contains(&"drop") {
        return Some(Some((line.to_owned(), false)));
    }
    if words.contains(&"reject") {
        return Some(Some((line.to_owned(), true)));
    }
    let to = words.iter().position(|word| *word == "jump" || *word == "goto").and_then(|at| words.get(at + 1))?;
    if depth >= DEPTH {
        return None;
    }
    nft(rules, to, whom, depth + 1).ok()
}

fn iptables(rules: &[String], chain: &str, whom: (u16, From), depth: usize) -> Result<Option<(String, bool)>, ()> {
    let (port, from) = whom;
    for rule in rules.iter().filter(|line| line.starts_with(&format!("-A {chain} "))) {
        let is_of_others = rule.contains("! --tcp-flags");
        let first = rule.replace("--tcp-flags FIN,SYN,RST,ACK SYN ", "");
        let line = if is_of_others { rule } else { &first };
        let is_about_others = [
            "-p udp",
            "icmp",
            "ESTABLISHED",
            "INVALID",
            "-m limit",
            "hashlimit",
            "connlimit",
            "ADDRTYPE",
            "--dst-type",
            "-m recent",
            "-m time",
            "-m string",
            "--tcp-flags",
            "--pkt-type",
        ]
        .iter()
        .any(|word| line.contains(word))
            && !line.contains("--reject-with icmp")
            || line.contains("-p icmp")
            || from != From::Led && line.contains(" -d ")
            || !is_about(line, from);
        if is_about_others || line.contains("--dport") && !names_port(line, port) {
            continue;
        }
        let target = line.split("-j ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        match target {
            "ACCEPT" => return Ok(None),
            "DROP" => return Ok(Some((rule.clone(), false))),
            "REJECT" => return Ok(Some((rule.clone(), true))),
            "RETURN" => return Err(()),
            other if depth < DEPTH && !other.is_empty() => {
                if let Ok(verdict) = iptables(rules, other, whom, depth + 1) {
                    return Ok(verdict);
                }
            }
            _ => {}
        }
    }
    match rules.iter().find(|line| line.starts_with(&format!("-P {chain} DROP"))) {
        Some(line) => Ok(Some((line.clone(), false))),
        None => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &str) -> Firewall {
        Firewall { is_readable: true, rules: text.lines().map(|line| line.trim().to_owned()).collect() }
    }

    #[test]
    fn follows_order_policies_and_jumps() {
        let head = "table inet filter {\nchain input {\ntype filter hook input priority filter; policy drop;\niif \"lo\" accept\nct state established,related accept\n";
        for (rest, port, expected) in [
            ("tcp dport { 22, 80, 443 } accept\n}\n}", 443, None),
            ("tcp dport 22 accept\n}\n}", 443, Some(false)),
            ("tcp dport 443 drop\ntcp dport 443 accept\n}\n}", 443, Some(false)),
            ("jump web\n}\nchain web {\ntcp dport 443 accept\n}\n}", 443, None),
            ("tcp dport 1-1024 accept\n}\n}", 443, None),
            ("reject with icmpx admin-prohibited\n}\n}", 443, Some(true)),
            ("tcp dport vmap { 22 : accept, 443 : accept }\n}\n}", 443, None),
            ("tcp dport @web accept\n}\nset web {\ntype inet_service\nelements = { 80, 443 }\n}\n}", 443, None),
            ("fib saddr . iif oif missing drop\ntcp dport 443 accept\n}\n}", 443, None),
        ] {
            let firewall = listing(&format!("{head}{rest}"));
            assert_eq!(stops(&firewall, port).map(|(_, is_reject)| is_reject), expected, "{rest}");
            assert_eq!(input_chain(&firewall).as_deref(), Some("inet filter input"));
        }
    }

    #[test]
    fn reads_the_older_listing_too() {
        let rules = "-P INPUT ACCEPT\n-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited";
        assert_eq!(stops(&listing(rules), 443).map(|(_, is_reject)| is_reject), Some(true));
        assert_eq!(stops(&listing(rules), 22), None);
        assert_eq!(stops(&listing("-P INPUT DROP\n-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT"), 443), None);
    }

    #[test]
    fn the_first_packet_stands_for_the_connection() {
        let head = "table inet filter {\nchain input {\ntype filter hook input priority filter; policy accept;\n";
        for (rule, expected) in [
            ("tcp flags syn / fin,syn,rst,ack tcp dport 443 drop", true),
            ("tcp flags & (fin | syn | rst | ack) == syn tcp dport 443 counter packets 1 bytes 60 drop", true),
            ("tcp flags syn tcp dport 22 drop", false),
            ("tcp flags & (fin | syn | rst | ack) != syn ct state new drop", false),
            ("tcp flags & (fin | syn) == fin | syn drop", false),
        ] {
            assert_eq!(stops(&listing(&format!("{head}{rule}\n}}\n}}")), 443).is_some(), expected, "{rule}");
        }
        for (rule, expected) in [
            ("-A INPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", true),
            ("-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP", false),
            ("-A INPUT -d 224.0.0.251/32 -j DROP", false),
        ] {
            assert_eq!(stops(&listing(&format!("-P INPUT ACCEPT\n{rule}")), 443).is_some(), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_for_a_bridge_is_about_containers_alone() {
        let head = "table inet filter {\nchain input {\ntype filter hook input priority filter; policy accept;\niif \"lo\" accept\n";
        let container = From::Container("172.18.0.2".parse().unwrap());
        for (rule, outside, inside) in [
            ("iifname \"docker0\" tcp dport != 53 drop", false, true),
            ("iifname \"eth0\" tcp dport 8000 drop", true, false),
            ("iifname != \"docker0\" tcp dport 8000 drop", true, false),
            ("ip saddr 172.16.0.0/12 tcp dport 8000 accept\ntcp dport 8000 drop", true, false),
            ("ip saddr 10.0.0.0/8 tcp dport 8000 accept\ntcp dport 8000 drop", true, true),
            ("tcp dport 8000 drop", true, true),
        ] {
            let firewall = listing(&format!("{head}{rule}\n}}\n}}"));
            assert_eq!(stops(&firewall, 8000).is_some(), outside, "{rule}");
            assert_eq!(stops_from(&firewall, 8000, container).is_some(), inside, "{rule}");
        }
        let older = listing("-P INPUT DROP\n-A INPUT -s 172.16.0.0/12 -p tcp -m tcp --dport 8000 -j ACCEPT");
        assert_eq!(stops_from(&older, 8000, container), None);
        assert!(stops(&older, 8000).is_some());
    }

    #[test]
    fn what_is_led_on_meets_the_rules_for_forwarding() {
        let rules = "table ip nat {\nchain pre {\ntype nat hook prerouting priority dstnat;\nfib daddr type local tcp dport 80 dnat to 172.18.0.2:8080\n}\n}\ntable inet filter {\nchain forward {\ntype filter hook forward priority filter; policy accept;\ntcp dport 8080 ct state new drop\n}\n}";
        let firewall = listing(rules);
        assert_eq!(led_to(&firewall, 80), Some(8080));
        assert_eq!(led_to(&firewall, 443), None);
        assert!(stops_forward(&firewall, 8080).is_some());
        let docker = "table ip filter {\nchain FORWARD {\ntype filter hook forward priority filter; policy drop;\njump DOCKER-USER\noifname \"docker0\" ct state related,established accept\noifname \"docker0\" jump DOCKER\niifname \"docker0\" accept\n}\nchain DOCKER {\nip daddr 172.18.0.2 iifname != \"docker0\" oifname \"docker0\" tcp dport 8080 accept\n}\nchain DOCKER-USER {\nreturn\n}\n}";
        assert!(stops_forward(&listing(docker), 8080).is_none());
        assert!(stops_forward(&listing(docker), 9090).is_some());
        let user = docker.replace("\nreturn", "\niifname \"eth0\" tcp dport 8080 drop");
        assert!(stops_forward(&listing(&user), 8080).is_some());
        assert!(stops_forward(&firewall, 80).is_none());
    }

    #[test]
    fn says_nothing_of_what_it_could_not_read() {
        assert_eq!(stops(&Firewall::default(), 443), None);
    }

    #[test]
    fn a_visitor_meets_the_rules_about_where_visitors_come_from() {
        let text = "table inet geo {\nset here {\ntype ipv4_addr\nflags interval\nelements = { 192.0.2.0/24, 203.0.113.7 }\n}\nchain in {\ntype filter hook input priority filter; policy accept;\nip6 saddr != 2001:db8::/32 tcp dport 443 drop\nip saddr != @here tcp dport { 80, 443 } drop\n}\n}";
        let firewall = listing(text);
        assert_eq!(stops(&firewall, 443), None);
        for (visitor, port, expected) in [
            ("192.0.2.9", 443, false),
            ("203.0.113.7", 443, false),
            ("198.51.100.10", 443, true),
            ("198.51.100.10", 22, false),
            ("2001:db8::7", 443, false),
            ("2001:db9::7", 443, true),
        ] {
            let verdict = stops_from(&firewall, port, From::Visitor(visitor.parse().unwrap()));
            assert_eq!(verdict.is_some(), expected, "{visitor} {port}");
        }
        let odd = listing(&text.replace("203.0.113.7", "somewhere"));
        assert_eq!(stops_from(&odd, 443, From::Visitor("198.51.100.10".parse().unwrap())), None);
    }
}
