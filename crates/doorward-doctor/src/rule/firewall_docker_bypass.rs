//! `firewall.docker_bypass`: a published port is open past the host's rules.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "firewall.docker_bypass", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let open = |(at, outer, inner): &(String, u16, u16)| {
        (at.is_empty() || at == "0.0.0.0" || at == "::")
            && !matches!(outer, 80 | 443)
            // The door of the site itself is meant to be open.
            && *outer != entry_port(facts)
            && crate::host::firewall::stops(&host.firewall, *outer).is_some()
            && crate::host::firewall::stops_forward(&host.firewall, *inner).is_none()
            && *inner > 0
    };
    let (name, port) = host.containers.iter().find_map(|container| {
        container.ports.iter().find(|port| open(port)).map(|port| (container.name.clone(), port.clone()))
    })?;
    Some(
        Suspect::new("firewall.docker_bypass", format!("Port {} of {name} is published on every address; Docker lets it in before the host's rules, which mean to stop it.", port.1))
            // It stops nobody's sign-in, so whatever does comes first.
            .at(Link::Browser)
            .likely()
            .saw(format!("published {}:{}", if port.0.is_empty() { "0.0.0.0" } else { &port.0 }, port.1), "before the input rules", "Docker")
            .fix(format!("ports: [\"127.0.0.1:{}:{}\"]", port.1, port.2))
            .fix("docker compose up -d"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_port_that_the_firewall_means_to_stop_is_open_by_docker() {
        let mut facts = healthy();
        let host = facts.host.insert(host(&["0.0.0.0:443"]));
        host.firewall = crate::facts::Firewall {
            is_readable: true,
            rules:
                "chain input {\ntype filter hook input priority 0; policy drop;\ntcp dport { 22, 80, 443 } accept\n}"
                    .lines()
                    .map(str::to_owned)
                    .collect(),
        };
        host.containers.push(Container {
            name: "app".into(),
            ports: vec![("0.0.0.0".into(), 8000, 8000)],
            ..Container::default()
        });
        assert_eq!(code(&RULE, &facts), Some("firewall.docker_bypass"));
        facts.host.as_mut().unwrap().containers[0].ports[0].0 = "127.0.0.1".into();
        assert_eq!(code(&RULE, &facts), None);
    }
}
