//! Reads the listing of a firewall for what it does to answers, and in which rules the host names itself.

use std::net::IpAddr;

use super::{firewall, ruleset};
use crate::facts::Firewall;

/// The rule that keeps back what this TCP port answers. Where a rule cannot be judged, answers get out.
#[must_use]
pub fn stops(firewall: &Firewall, port: u16) -> Option<String> {
    if !firewall.is_readable {
        return None;
    }
    if firewall.rules.iter().any(|line| line.starts_with("-P ") || line.starts_with("-A ")) {
        let own = firewall.rules.iter().filter(|line| line.starts_with("-A OUTPUT "));
        let policy = firewall.rules.iter().find(|line| line.starts_with("-P OUTPUT DROP"));
        return decided(own.map(String::as_str), port).unwrap_or_else(|| policy.cloned());
    }
    let rules = ruleset::plain(&firewall.rules);
    let chains = firewall::base_chains(&rules, "type filter hook output");
    chains.iter().filter(|chain| !chain.starts_with("ip6:")).find_map(|chain| {
        let lines = || body(&rules, chain);
        let policy = lines().find(|line| line.starts_with("type ") && line.contains("policy drop"));
        decided(lines().filter(|line| !line.starts_with("type ")), port).unwrap_or_else(|| policy.map(str::to_owned))
    })
}

/// The listing without the host's own addresses as targets: what comes in is meant for one of them.
#[must_use]
pub fn own(firewall: &Firewall, addresses: &[IpAddr]) -> Firewall {
    let is_own = |word: &str| {
        let (address, bits) = word.split_once('/').unwrap_or((word, ""));
        ["", "32", "128"].contains(&bits) && address.parse().is_ok_and(|address| addresses.contains(&address))
    };
    let rules = firewall.rules.iter().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some(at) = words.windows(2).position(|pair| matches!(pair[0], "daddr" | "-d") && is_own(pair[1])) else {
            return line.clone();
        };
        // nft names the family before, iptables does not; `! -d` is about everybody else.
        let first = if words[at] == "daddr" { at.saturating_sub(1) } else { at };
        if words[at] == "-d" && at > 0 && words[at - 1] == "!" {
            return line.clone();
        }
        [&words[..first], &words[at + 2..]].concat().join(" ")
    });
    Firewall { is_readable: firewall.is_readable, rules: rules.collect() }
}

/// The lines of a chain.
fn body<'a>(rules: &'a [String], name: &str) -> impl Iterator<Item = &'a str> {
    let start = rules.iter().position(|line| {
        line.trim().strip_prefix("chain ").is_some_and(|rest| rest.split_whitespace().next() == Some(name))
    });
    let lines = rules.iter().skip(start.map_or(rules.len(), |start| start + 1));
    lines.map(|line| line.trim()).take_while(|line| *line != "}")
}

/// What the first rule says that decides about answers: let out, or stopped by this line.
#[expect(clippy::option_option, reason = "no verdict, let out, or stopped: three answers of a chain")]
fn decided<'a>(mut lines: impl Iterator<Item = &'a str>, port: u16) -> Option<Option<String>> {
    lines.find_map(|line| {
        let about = about(line, port)?;
        let has = |words: &[&str]| line.split_whitespace().any(|word| words.contains(&word));
        if has(&["drop", "reject", "DROP", "REJECT"]) {
            return (about == About::Answers).then(|| Some(line.to_owned()));
        }
        // Where it leads elsewhere, what is said there is not followed.
        has(&["accept", "ACCEPT", "jump", "goto", "return", "-j", "-g", "queue"]).then_some(None)
    })
}

/// Whether a rule is about answers from a port.
#[derive(Debug, PartialEq, Eq)]
enum About {
    /// It is.
    Answers,
    /// It may be about some of them.
    Some,
}

fn about(line: &str, port: u16) -> Option<About> {
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let is_of_state = has(&["ct state", "--state", "--ctstate"]);
    if has(&[
        "udp",
        "icmp",
        "dport",
        "igmp",
        "-o lo",
        "oif \"lo\"",
        "oifname \"lo\"",
        "-o docker",
        "oifname \"docker",
        "oifname \"br-",
    ]) || is_of_state && !line.to_lowercase().contains("established")
        || line.contains("sport") && !firewall::names_port(&line.replace("sport", "dport"), port)
    {
        return None;
    }
    let is_narrow = has(&[
        "daddr",
        "saddr",
        " -d ",
        " -s ",
        "!=",
        " ! ",
        "limit",
        "mark",
        "skuid",
        "skgid",
        "owner",
        "flags",
        "fib ",
        "recent",
        "time ",
        "match-set",
        "cgroup",
        "string",
        "hour",
        "ct count",
    ]);
    Some(if is_narrow { About::Some } else { About::Answers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &str) -> Firewall {
        Firewall { is_readable: true, rules: text.lines().map(str::to_owned).collect() }
    }

    #[test]
    fn answers_that_are_kept_back_are_seen() {
        let head = "table inet filter {\nchain input {\ntype filter hook input priority filter; policy accept;\n}\nchain output {\n";
        for (policy, rest, expected) in [
            ("accept", "tcp sport 443 drop", true),
            ("accept", "tcp sport { 80, 443 } counter packets 3 bytes 180 drop", true),
            ("accept", "tcp sport 25 drop", false),
            ("accept", "tcp dport 443 drop", false),
            ("accept", "ct state invalid drop", false),
            ("accept", "ip daddr 10.0.0.0/8 drop", false),
            ("accept", "oifname \"lo\" accept", false),
            ("drop", "ct state established,related accept", false),
            ("drop", "ct state new accept\nudp dport 53 accept", true),
            ("drop", "tcp sport 443 accept", false),
            ("drop", "jump out", false),
            ("drop", "meta skuid 0 accept", false),
        ] {
            let text = format!("{head}type filter hook output priority filter; policy {policy};\n{rest}\n}}\n}}");
            assert_eq!(stops(&listing(&text), 443).is_some(), expected, "{policy}: {rest}");
        }
        for (text, expected) in [
            ("-P INPUT ACCEPT\n-P OUTPUT DROP\n-A OUTPUT -o lo -j ACCEPT", true),
            ("-P INPUT ACCEPT\n-P OUTPUT DROP\n-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", false),
            ("-P OUTPUT ACCEPT\n-A OUTPUT -p tcp -m tcp --sport 443 -j DROP", true),
            ("-P OUTPUT DROP\n-A OUTPUT -j ufw-before-output", false),
        ] {
            assert_eq!(stops(&listing(text), 443).is_some(), expected, "{text}");
        }
        assert_eq!(stops(&Firewall::default(), 443), None);
    }

    #[test]
    fn the_hosts_own_address_narrows_nothing() {
        let addresses = ["203.0.113.10".parse().unwrap()];
        for (line, expected) in [
            ("ip daddr 203.0.113.10 tcp dport 443 drop", "tcp dport 443 drop"),
            ("-A INPUT -d 203.0.113.10/32 -p tcp -j DROP", "-A INPUT -p tcp -j DROP"),
            ("-A INPUT ! -d 203.0.113.10/32 -j DROP", "-A INPUT ! -d 203.0.113.10/32 -j DROP"),
            ("ip daddr 203.0.113.11 drop", "ip daddr 203.0.113.11 drop"),
            ("ip daddr 203.0.113.0/24 drop", "ip daddr 203.0.113.0/24 drop"),
        ] {
            assert_eq!(own(&listing(line), &addresses).rules, [expected]);
        }
    }
}
