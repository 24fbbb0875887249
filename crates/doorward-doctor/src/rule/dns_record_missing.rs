//! `dns.record_missing`: nobody knows an address for the name.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dns.record_missing", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let first = facts.asked(Role::System).find(|lookup| lookup.name == target.host)?;
    if !facts.addresses().is_empty() || !matches!(first.outcome, Outcome::Nxdomain | Outcome::Nodata) {
        return None;
    }
    let others = || {
        facts
            .lookups
            .iter()
            .filter(|lookup| matches!(lookup.role, Role::Authoritative | Role::Public) && lookup.name == target.host)
    };
    if others().any(|lookup| !lookup.addresses.is_empty()) {
        return None;
    }
    let is_gone = first.outcome == Outcome::Nxdomain;
    let code = if is_gone { "dns.nxdomain" } else { "dns.no_address" };
    let what = if is_gone { "does not exist" } else { "has no address" };
    let mut suspect = Suspect::new(code, format!("{} {what}, so no browser finds the way to it.", target.host));
    suspect = suspect.saw(
        format!("{:?} {}", first.record, target.host),
        format!("{:?}", first.outcome).to_lowercase(),
        first.server.clone(),
    );
    for lookup in others() {
        suspect = suspect.saw(
            format!("{:?} {}", lookup.record, lookup.name),
            format!("{:?}", lookup.outcome).to_lowercase(),
            lookup.server.clone(),
        );
    }
    let zone = crate::jar::site(&target.host);
    let label = target.host.strip_suffix(zone).unwrap_or_default().trim_end_matches('.');
    let label = if label.is_empty() { "@" } else { label };
    suspect = suspect.fix(format!("in the zone {zone}: {label} 300 IN A ADDRESS-OF-THE-SERVER"));
    Some(if others().any(|lookup| lookup.role == Role::Authoritative) {
        suspect.not("dns.rebind_filtered", "the zone's own servers give no address either")
    } else {
        suspect.likely()
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Lookup;

    fn said(outcome: Outcome) -> Facts {
        let mut facts = met(Tcp::Silent);
        facts.doors.clear();
        facts.lookups = vec![Lookup { name: "app.example.com".into(), outcome, ..Lookup::default() }];
        facts
    }

    #[test]
    fn a_name_that_nobody_knows_is_missing() {
        assert_eq!(code(&RULE, &said(Outcome::Nxdomain)), Some("dns.nxdomain"));
        assert_eq!(code(&RULE, &said(Outcome::Nodata)), Some("dns.no_address"));
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn a_name_that_the_zone_knows_is_not_missing() {
        let mut facts = said(Outcome::Nxdomain);
        facts.lookups.push(Lookup {
            role: Role::Authoritative,
            name: "app.example.com".into(),
            addresses: vec!["10.0.0.1".parse().unwrap()],
            ..Lookup::default()
        });
        assert_eq!(code(&RULE, &facts), None);
    }
}
