//! `dns.split_view`: inside and outside, the name leads to different places.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dns.split_view", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let here = facts.addresses();
    let other = facts.lookups.iter().find(|lookup| {
        matches!(lookup.role, Role::Public | Role::Authoritative)
            && lookup.name == target.host
            && !lookup.addresses.is_empty()
    })?;
    let there = &other.addresses;
    let system = facts.asked(Role::System).find(|lookup| lookup.name == target.host)?;
    let addresses: Vec<_> = there.iter().map(ToString::to_string).collect();
    let told = addresses.join(", ");
    if here.is_empty() && system.outcome != Outcome::Servfail {
        if !there.iter().all(is_private) {
            return None;
        }
        let suspect = Suspect::new(
            "dns.rebind_filtered",
            format!(
                "The record of {} holds the private address {told}, and the resolver here keeps such answers back.",
                target.host
            ),
        );
        return Some(
            suspect
                .saw(
                    format!("A {}", target.host),
                    format!("{:?}", system.outcome).to_lowercase(),
                    system.server.clone(),
                )
                .saw(format!("A {}", target.host), told, other.server.clone())
                .not("dns.nxdomain", "another server gives an address")
                .fix(format!(
                    "dnsmasq: rebind-domain-ok=/{0}/   unbound: private-domain: \"{0}\"",
                    crate::jar::site(&target.host)
                )),
        );
    }
    let is_other = !here.is_empty() && here.iter().all(|address| !there.contains(address));
    let is_closed = stop::entrance(facts).is_some_and(|door| door.tcp != Tcp::Open)
        || stop::entrance(facts).and_then(|door| door.tls.as_ref()).is_some_and(|tls| tls.trust == Trust::Name);
    let mine: Vec<_> = here.iter().map(ToString::to_string).collect();
    (is_other && is_closed).then(|| {
        Suspect::new(
            "dns.split_horizon_mismatch",
            format!(
                "Here {} leads to {}, elsewhere to {told}, and the service does not answer at the former.",
                target.host,
                mine.join(", ")
            ),
        )
        .likely()
        .at(Link::Dns)
        .saw(format!("A {}", target.host), mine.join(", "), system.server.clone())
        .saw(format!("A {}", target.host), told.clone(), other.server.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Lookup;

    fn seen(here: &[&str], there: &str) -> Facts {
        let mut facts = met(Tcp::Silent);
        let lookup = |role, addresses: &[&str]| Lookup {
            role,
            name: "app.example.com".into(),
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            ..Lookup::default()
        };
        facts.lookups = vec![lookup(Role::System, here), lookup(Role::Public, &[there])];
        facts.lookups[0].outcome = if here.is_empty() { Outcome::Nodata } else { Outcome::Answered };
        facts
    }

    #[test]
    fn a_private_address_that_is_kept_back_is_rebinding_protection() {
        assert_eq!(code(&RULE, &seen(&[], "192.168.1.5")), Some("dns.rebind_filtered"));
        assert_eq!(code(&RULE, &seen(&[], "192.0.2.5")), None);
    }

    #[test]
    fn two_views_of_which_ours_is_dead_are_a_mismatch() {
        assert_eq!(code(&RULE, &seen(&["10.0.0.5"], "192.0.2.5")), Some("dns.split_horizon_mismatch"));
        assert_eq!(code(&RULE, &seen(&["192.0.2.5"], "192.0.2.5")), None);
    }
}
