//! `dns.zone_broken`: signatures that do not fit, or servers that do not know their zone.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dns.zone_broken", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    bogus(facts).or_else(|| lame(facts))
}

fn bogus(facts: &Facts) -> Option<Suspect> {
    let failed = facts.lookups.iter().find(|lookup| lookup.outcome == Outcome::Servfail && !lookup.is_unchecked)?;
    let unchecked = facts
        .lookups
        .iter()
        .find(|lookup| lookup.is_unchecked && lookup.server == failed.server && lookup.outcome == Outcome::Answered)?;
    Some(
        Suspect::new(
            "dns.dnssec_bogus",
            format!(
                "{} refuses {} as wrongly signed, and gives its address as soon as it is asked not to check.",
                failed.server, failed.name
            ),
        )
        .saw(format!("A {}", failed.name), "servfail", failed.server.clone())
        .saw(format!("A {} +cd", failed.name), "answered", unchecked.server.clone())
        .not("dns.nxdomain", "the name has an address")
        .fix("at the registrar: remove the DS record, wait for its TTL, sign the zone anew, then enter the new DS"),
    )
}

fn lame(facts: &Facts) -> Option<Suspect> {
    let own: Vec<_> = facts.asked(Role::Authoritative).collect();
    let is_lame = |outcome| matches!(outcome, Outcome::Refused | Outcome::Servfail);
    // Where the resolver fails too, whether it checks signatures or not, silence is theirs and not the way's to them.
    let is_failed = |lookup: &&crate::facts::Lookup| lookup.outcome == Outcome::Servfail;
    let resolver = facts.asked(Role::System).filter(|lookup| own.first().is_some_and(|own| own.name == lookup.name));
    let is_mute = own.len() > 1
        && own.iter().all(|lookup| lookup.outcome == Outcome::Silent)
        && resolver.filter(is_failed).count() > 1;
    let lame = own.iter().find(|lookup| is_lame(lookup.outcome) || is_mute)?;
    let is_all = own.iter().all(|lookup| is_lame(lookup.outcome) || lookup.outcome == Outcome::Silent);
    let why = if is_all {
        "None of its name servers answers for the zone."
    } else {
        "One of its name servers does not answer for the zone, so some visitors fail by chance."
    };
    let mut suspect = Suspect::new("dns.lame_delegation", format!("{}: {why}", lame.name));
    for lookup in &own {
        suspect = suspect.saw(
            format!("A {}", lookup.name),
            format!("{:?}", lookup.outcome).to_lowercase(),
            lookup.server.clone(),
        );
    }
    Some(suspect.not("dns.dnssec_bogus", "the server itself refuses, with or without checking"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Lookup;

    fn lookup(role: Role, outcome: Outcome, is_unchecked: bool) -> Lookup {
        Lookup {
            role,
            outcome,
            is_unchecked,
            server: "192.0.2.53:53".into(),
            name: "app.example.com".into(),
            ..Lookup::default()
        }
    }

    #[test]
    fn an_answer_that_comes_only_unchecked_is_bogus() {
        let mut facts = healthy();
        facts.lookups =
            vec![lookup(Role::System, Outcome::Servfail, false), lookup(Role::System, Outcome::Answered, true)];
        assert_eq!(code(&RULE, &facts), Some("dns.dnssec_bogus"));
        facts.lookups[1].outcome = Outcome::Servfail;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_server_that_refuses_its_own_zone_is_lame() {
        let mut facts = healthy();
        facts.lookups.push(lookup(Role::Authoritative, Outcome::Refused, false));
        assert_eq!(code(&RULE, &facts), Some("dns.lame_delegation"));
    }
}
