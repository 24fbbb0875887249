//! `net.rejected`: somebody says at once that the connection is prohibited.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "net.rejected", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let port = entry_port(facts);
    let door = stop::entrance(facts)?;
    let rule = facts.host.as_ref().and_then(|host| firewall_stops(host, port)).filter(|(_, is_reject)| *is_reject);
    let is_said = door.tcp == Tcp::Prohibited && door.ms < 1_000
        || facts.arrival().is_some_and(|visit| visit.status == 523) && rule.is_some();
    let is_reset = door.tcp == Tcp::Refused && rule.is_some();
    // Behind a router it is the router that speaks, where the host has no such rule.
    let is_router = rule.is_none()
        && facts.host.as_ref().is_some_and(|host| host.firewall.is_readable && is_translated(facts, host));
    if !is_said && !is_reset || is_router {
        return None;
    }
    let mut suspect = Suspect::new(
        "firewall.rejected_icmp",
        format!("{} answers at once that the connection is prohibited: a rule rejects it.", door.address),
    )
    .at(if is_reset { Link::Net } else { ends_at(facts, Link::Net) })
    .deep(3)
    .saw(format!("connect {}", door.address), format!("{:?} after {} ms", door.tcp, door.ms).to_lowercase(), "here")
    .not("listen.refused", "a closed port would be reset, not prohibited")
    .not("firewall.dropped", "a dropped packet would get no answer");
    if let (Some((line, _)), Some(host)) = (rule, &facts.host) {
        return Some(suspect.saw("the firewall", line, "the host").fixes(super::net_dropped::opening(host, port)));
    }
    suspect = suspect.fix(format!("on the host: insert an accept rule for TCP {port} before the one that rejects (iptables -I INPUT -p tcp --dport {port} -j ACCEPT), and save it"));
    Some(suspect)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_prompt_prohibition_is_a_reject_rule() {
        assert_eq!(code(&RULE, &met(Tcp::Prohibited)), Some("firewall.rejected_icmp"));
        assert_eq!(code(&RULE, &met(Tcp::Refused)), None);
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn a_slow_one_is_a_machine_that_is_not_there() {
        let mut facts = met(Tcp::Prohibited);
        facts.doors[0].ms = 3_100;
        assert_eq!(code(&RULE, &facts), None);
    }
}
