//! `dns.record_wrong`: an old address, or name servers that contradict each other.

use super::basis::*;
use super::tls_wrong_cert_served::is_cdn;

pub(super) const RULE: Rule = Rule { family: "dns.record_wrong", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    inconsistent(facts).or_else(|| stale(facts))
}

fn inconsistent(facts: &Facts) -> Option<Suspect> {
    let own: Vec<_> = facts
        .asked(Role::Authoritative)
        .filter(|lookup| matches!(lookup.outcome, Outcome::Answered | Outcome::Nxdomain | Outcome::Nodata))
        .collect();
    let sorted = |lookup: &crate::facts::Lookup| {
        let mut addresses = lookup.addresses.clone();
        addresses.sort();
        addresses
    };
    let first = own.first()?;
    let other = own.iter().find(|lookup| lookup.outcome != first.outcome || sorted(lookup) != sorted(first))?;
    // Different addresses for different askers are how large sites spread their load; a missing name is not.
    if first.outcome == other.outcome && first.addresses.len() + other.addresses.len() > 4 {
        return None;
    }
    // Nor is it wrong where each of them leads to the site.
    let known = facts.addresses();
    let leads = |address: &IpAddr| {
        let is_shut = facts.doors(Via::Public).any(|door| door.address.ip() == *address && door.tcp != Tcp::Open);
        known.contains(address) && !is_shut
            || facts.doors.iter().any(|door| {
                door.purpose == "record"
                    && door.address.ip() == *address
                    && door.tcp == Tcp::Open
                    && door.tls.as_ref().is_none_or(|tls| tls.knock == Knock::Done && tls.trust == Trust::Good)
            })
    };
    if own.iter().all(|lookup| !lookup.addresses.is_empty() && lookup.addresses.iter().all(leads)) {
        return None;
    }
    let mut suspect = Suspect::new(
        "dns.authoritative_inconsistent",
        format!("The name servers of {} give different answers, so chance decides who gets in.", first.name),
    );
    for lookup in &own {
        let addresses: Vec<_> = lookup.addresses.iter().map(ToString::to_string).collect();
        let got =
            if addresses.is_empty() { format!("{:?}", lookup.outcome).to_lowercase() } else { addresses.join(", ") };
        suspect = suspect.saw(format!("A {}", lookup.name), got, lookup.server.clone());
    }
    Some(
        suspect.fix(
            "compare the serials (`dig SOA ZONE @SERVER`), then mend notify and zone transfer to the one that lags",
        ),
    )
}

fn stale(facts: &Facts) -> Option<Suspect> {
    let addresses = facts.addresses();
    let here = addresses.first()?;
    let target = facts.target.as_ref()?;
    if facts.arrival().is_some_and(Visit::is_from_cdn) && facts.expected.is_empty() {
        return None;
    }
    // Behind an address that many customers share, and behind a CDN, the record is meant to hold another.
    if addresses.iter().any(is_cdn) {
        return None;
    }
    let expected: Vec<_> = facts.expected.iter().filter(|address| !is_shared(address)).collect();
    if !facts.expected.is_empty() {
        if expected.is_empty()
            || expected.iter().any(|address| addresses.contains(address))
            || facts.arrival().is_some_and(|visit| visit.is_from_cdn() && visit.status < 520)
        {
            return None;
        }
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        return Some(said(target, here, &expected.join(", "), "--expect-address"));
    }
    if stop::find(facts).is_none_or(|stop| stop.link > Link::Tls) {
        return None;
    }
    // A host with a public address of its own has that one, and the record holds another.
    let host = facts.host.as_ref()?;
    let is_same_kind =
        |address: &&IpAddr| !is_private(address) && address.is_ipv4() == here.is_ipv4() && !address.is_loopback();
    let public = host.addresses.iter().find(is_same_kind)?;
    if is_private(here) || addresses.iter().any(|address| host.addresses.contains(address)) {
        return None;
    }
    let suspect = said(target, here, &public.to_string(), "the host's own addresses");
    // A balancer may hold the name's address; only the site itself at the host's own tells that nothing stands between.
    let moved = facts.doors.iter().find(|door| door.purpose == "own");
    Some(match moved {
        Some(door)
            if door.tcp == Tcp::Open
                && door.tls.as_ref().is_none_or(|tls| tls.trust == Trust::Good && tls.knock == Knock::Done) =>
        {
            suspect.saw(format!("connect {}", door.address), "open, and it shows the site's certificate", "here")
        }
        // A machine on which nothing waits for visitors is not where the record should lead.
        None if host.on_port(entry_port(facts)).next().is_some() => suspect.likely(),
        _ => suspect.possible(),
    })
}

fn said(target: &Target, here: &IpAddr, expected: &str, at: &str) -> Suspect {
    Suspect::new("dns.stale_a_record", format!("{} leads to {here}, and the site is at {expected}.", target.host))
        .at(Link::Dns)
        .saw(format!("A {}", target.host), here.to_string(), "DNS")
        .saw("the site's address", expected, at)
        .fix(format!("set the record of {} to {expected}, and look why its updater did not", target.host))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Lookup;

    fn own(addresses: &[&str]) -> Lookup {
        let outcome = if addresses.is_empty() { Outcome::Nxdomain } else { Outcome::Answered };
        Lookup {
            role: Role::Authoritative,
            outcome,
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            ..Lookup::default()
        }
    }

    #[test]
    fn servers_that_disagree_are_inconsistent() {
        let mut facts = healthy();
        facts.lookups.extend([own(&["192.0.2.10"]), own(&[])]);
        assert_eq!(code(&RULE, &facts), Some("dns.authoritative_inconsistent"));
        facts.lookups.pop();
        facts.lookups.push(own(&["192.0.2.10"]));
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn servers_that_spread_visitors_over_good_addresses_are_well() {
        let mut facts = healthy();
        facts.lookups.extend([own(&["192.0.2.10"]), own(&["192.0.2.11"])]);
        assert_eq!(code(&RULE, &facts), Some("dns.authoritative_inconsistent"));
        facts.doors.push(Door {
            address: "192.0.2.11:443".parse().unwrap(),
            purpose: "record".into(),
            ..facts.doors[0].clone()
        });
        assert_eq!(code(&RULE, &facts), None);
        // What the resolver says leads to nobody: the other server's answer is the good one.
        facts.doors[0].tcp = Tcp::Silent;
        facts.visits.clear();
        assert_eq!(code(&RULE, &facts), Some("dns.authoritative_inconsistent"));
    }

    #[test]
    fn an_address_that_is_not_the_expected_one_is_stale() {
        let mut facts = met(Tcp::Silent);
        facts.expected = vec!["198.51.100.7".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), Some("dns.stale_a_record"));
        facts.expected = vec!["192.0.2.10".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), None);
        facts.expected = vec!["100.64.0.10".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn the_hosts_own_public_address_tells_too() {
        let mut facts = met(Tcp::Silent);
        facts.host = Some(host(&["0.0.0.0:443"]));
        assert_eq!(code(&RULE, &facts), None);
        facts.host.as_mut().unwrap().addresses = vec!["198.51.100.7".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), Some("dns.stale_a_record"));
        facts.host.as_mut().unwrap().addresses = vec!["10.0.0.7".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), None);
        facts.host.as_mut().unwrap().addresses = vec!["198.51.100.7".parse().unwrap()];
        facts.doors.push(Door { purpose: "own".into(), ..door(Tcp::Silent) });
        let said = (RULE.judge)(&facts).unwrap();
        assert_eq!(said.confidence, crate::suspect::Confidence::Possible);
    }
}
