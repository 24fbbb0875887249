//! `dns.aaaa_dead`: IPv4 works and the published IPv6 address does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dns.aaaa_dead", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    if target.is_loopback() {
        return None;
    }
    let doors = || facts.doors(Via::Public).filter(|door| door.purpose == "main" || door.purpose == "family");
    let four = doors().find(|door| door.address.is_ipv4() && door.tcp == Tcp::Open)?;
    let six = doors().find(|door| door.address.is_ipv6())?;
    if doors().any(|door| door.address.is_ipv6() && door.tcp == Tcp::Open) || six.tcp == Tcp::Noroute {
        return None;
    }
    let is_refused = six.tcp == Tcp::Refused;
    let code = if is_refused { "dns.aaaa_no_listener" } else { "dns.aaaa_dead" };
    let what = if is_refused { "refuses connections" } else { "does not answer" };
    let suspect = Suspect::new(
        code,
        format!("{} has the IPv6 address {}, which {what}, while IPv4 works.", target.host, six.address.ip()),
    );
    let suspect = suspect
        .saw(format!("connect {}", four.address), "open", "here")
        .saw(format!("connect {}", six.address), format!("{:?}", six.tcp).to_lowercase(), "here")
        .not("listen.refused", "the same port is open over IPv4");
    Some(if is_refused {
        suspect
            .fixes(mend::lines(
                facts,
                &[
                    ("nginx", "listen [::]:443 ssl;"),
                    ("haproxy", "bind :::443 v4v6 ssl crt …"),
                    ("apache", "Listen [::]:443"),
                    ("caddy", "bind tcp4/0.0.0.0 tcp6/[::]   # or remove the bind line"),
                ],
            ))
            .fix(format!("or remove the AAAA record of {}", target.host))
    } else {
        suspect.fix(format!("remove the AAAA record of {}, or set it to the server's present address", target.host))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn six(tcp: Tcp) -> Facts {
        let mut facts = healthy();
        facts.doors.push(Door {
            address: "[2001:db8::10]:443".parse().unwrap(),
            purpose: "family".into(),
            ..door(tcp)
        });
        facts
    }

    #[test]
    fn tells_a_dead_address_from_a_missing_listener() {
        assert_eq!(code(&RULE, &six(Tcp::Silent)), Some("dns.aaaa_dead"));
        assert_eq!(code(&RULE, &six(Tcp::Refused)), Some("dns.aaaa_no_listener"));
        assert_eq!(code(&RULE, &six(Tcp::Open)), None);
    }

    #[test]
    fn says_nothing_where_this_machine_has_no_ipv6() {
        assert_eq!(code(&RULE, &six(Tcp::Noroute)), None);
    }
}
