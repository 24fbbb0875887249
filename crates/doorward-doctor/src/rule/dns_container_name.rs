//! `dns.container_name`: the name of another service does not resolve, or leads to a stranger.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dns.container_name", judge };

const UNRESOLVED: &[&str] = &[
    "host not found in upstream",
    "could not be resolved",
    "name or service not known",
    "temporary failure in name resolution",
    "getaddrinfo enotfound",
    "getaddrinfo eai_again",
    "no such host",
    "could not resolve host",
    "nodename nor servname",
    "server can't find",
    "could not translate host name",
    "dial tcp: lookup",
    "unknownhostexception",
    "getaddrinfo failed",
    "name does not resolve",
    "could not resolve address",
    "no address associated with hostname",
    "unspecified dns error",
    "bad address '",
];

fn judge(facts: &Facts) -> Option<Suspect> {
    shadowed(facts).or_else(|| unresolved(facts))
}

fn shadowed(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let (name, addresses) = host.upstreams.iter().find(|(name, addresses)| {
        !name.contains('.')
            && name != "localhost"
            && !addresses.is_empty()
            && addresses.iter().all(|address| !is_private(address) && !host.addresses.contains(address))
    })?;
    let search = host.search_domains.join(" ");
    // Without a search domain it is a stranger all the same where the service of this name is somewhere else.
    let is_service = host.containers.iter().any(|container| container.service == *name);
    // A short name of another server of one's own is resolved in the same way, and is well where the app answers.
    if search.is_empty() && !is_service
        || !(is_app_down(facts) || facts.arrival().is_some_and(|visit| visit.status >= 400))
    {
        return None;
    }
    Some(
        Suspect::new(
            "dns.search_domain_shadow",
            format!(
                "The proxy's upstream `{name}` becomes {}{}: a stranger, not the app.",
                addresses[0],
                if search.is_empty() { String::new() } else { format!(" by the search domain `{search}`") }
            ),
        )
        .at(shows_at(facts, Link::Dns))
        .deep(7)
        .saw(format!("resolve {name}"), addresses[0].to_string(), "the host")
        .not("proxy.upstream_refused", "the address is not one of this network at all")
        .fix(if search.is_empty() {
            format!("give the service a name that nobody else has, and see who answers for it: getent hosts {name}")
        } else {
            format!("write the full name of the service, or remove `search {search}` from the resolver's configuration")
        }),
    )
}

fn unresolved(facts: &Facts) -> Option<Suspect> {
    if !is_app_down(facts) {
        return None;
    }
    let line = facts.log_any(UNRESOLVED)?;
    if line.text.to_lowercase().contains("could not translate host name") && line.text.contains('@') {
        return None;
    }
    let suspect = Suspect::new(
        "dns.container_name_unresolved",
        "The name of another service does not resolve where it is needed, so nothing behind it is reached.",
    );
    Some(
        quoted(suspect, line)
            .at(ends_at(facts, Link::Dns))
            .deep(4)
            .fix("put both services on one network: networks: [shared] under each of them, and use the service's name"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_log_that_cannot_resolve_tells() {
        let text = "nginx: [emerg] host not found in upstream \"api\" in /etc/nginx/conf.d/app.conf:3";
        assert_eq!(code(&RULE, &logged(answered(502), text)), Some("dns.container_name_unresolved"));
        assert_eq!(code(&RULE, &logged(healthy(), text)), None);
    }

    #[test]
    fn a_short_name_that_leads_outside_is_shadowed() {
        let mut facts = answered(502);
        let host = facts.host.get_or_insert_default();
        host.upstreams = vec![("api".into(), vec!["203.0.113.9".parse().unwrap()])];
        host.search_domains = vec!["corp.example".into()];
        assert_eq!(code(&RULE, &facts), Some("dns.search_domain_shadow"));
        facts.host.as_mut().unwrap().search_domains.clear();
        assert_eq!(code(&RULE, &facts), None);
        let service = Container { service: "api".into(), ..Container::default() };
        facts.host.as_mut().unwrap().containers.push(service);
        assert_eq!(code(&RULE, &facts), Some("dns.search_domain_shadow"));
        facts.host.as_mut().unwrap().upstreams[0].1 = vec!["172.18.0.4".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), None);
    }
}
