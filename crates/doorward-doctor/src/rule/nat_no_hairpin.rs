//! `nat.no_hairpin`: from outside the name works, from inside the same address does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "nat.no_hairpin", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let door = stop::entrance(facts)?;
    if door.tcp == Tcp::Open
        || facts.vantage == Vantage::Outside
        || is_private(&door.address.ip()) && facts.outside_works.is_none()
    {
        return None;
    }
    // Only a look from another network tells a missing loop from a missing forward.
    if facts.outside_works != Some(true) {
        return None;
    }
    let inside = facts
        .doors(Via::Origin)
        .chain(facts.doors(Via::App))
        .chain(facts.doors(Via::Inside))
        .any(|door| door.tcp == Tcp::Open)
        || facts.host.as_ref().is_some_and(|host| listens(host, entry_port(facts), None) == Listens::Here);
    (inside || facts.vantage == Vantage::Lan).then(|| {
        let suspect = Suspect::new("nat.no_hairpin", format!("{} works from outside and the service runs inside; only the way from inside to the public address is missing.", door.address))
            .at(Link::Net)
            .deep(4)
            .saw(format!("connect {}", door.address), format!("{:?}", door.tcp).to_lowercase(), "inside")
            .saw("the same from another network", "open", "outside")
            .not("nat.no_port_forward", "it works from outside");
        if inside { suspect } else { suspect.likely() }
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn only_a_look_from_outside_decides() {
        let mut facts = met(Tcp::Silent);
        facts.vantage = Vantage::Lan;
        facts.doors.push(Door { via: Via::Origin, ..door(Tcp::Open) });
        assert_eq!(code(&RULE, &facts), None);
        facts.outside_works = Some(true);
        assert_eq!(code(&RULE, &facts), Some("nat.no_hairpin"));
        facts.vantage = Vantage::Outside;
        assert_eq!(code(&RULE, &facts), None);
    }
}
