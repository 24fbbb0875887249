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
    "no resolver defined to resolve",
    "dns lookup failure for",
];

fn judge(facts: &Facts) -> Option<Suspect> {
    shadowed(facts).or_else(|| led_astray(facts)).or_else(|| unresolved(facts))
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

/// The proxy's own log shows that it asks a stranger for a service whose container is somewhere else.
fn led_astray(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref().filter(|_| is_gateway_error(facts))?;
    let (place, port, line) = crate::host::upstream::failed(facts)?;
    let address: IpAddr = place.parse().ok()?;
    if is_private(&address) || host.addresses.contains(&address) {
        return None;
    }
    let is_elsewhere = |name: &str| {
        let own = host.containers.iter().find(|container| container.service == name && !container.addresses.is_empty());
        own.is_some_and(|own| own.addresses.iter().all(|(_, known)| *known != address && is_private(known)))
    };
    let all = crate::host::upstream::all(host);
    let (name, _) = all.iter().find(|(name, at)| *at == port && !name.contains('.') && is_elsewhere(name))?;
    let suspect = Suspect::new(
        "dns.search_domain_shadow",
        format!("The proxy's upstream `{name}` becomes {address} where the proxy runs: a stranger, not its container."),
    )
    .at(shows_at(facts, Link::Dns))
    .deep(7)
    .not("proxy.upstream_unroutable", "the address is not one of this network at all");
    Some(quoted(suspect, line).fix(format!(
        "remove `search` from the resolv.conf of the proxy's container (compose: dns_search: .), or give the service a name that nobody else has; getent hosts {name}   # in the proxy's container"
    )))
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
    // Where these are the last words of what goes up and down, they say why; a service that is down has no name, though.
    let all = || facts.host.iter().flat_map(|host| &host.containers);
    let is_named = |one: &Container| {
        let words = line.text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
        words.into_iter().any(|word| word == one.name || (word == one.service && !word.is_empty()))
    };
    let is_away = |one: &Container| one.state != "running" && one.name != line.source && is_named(one);
    let is_reason = all().any(|one| one.name == line.source && is_restless(facts, one)) && !all().any(is_away);
    Some(
        quoted(suspect, line)
            .at(ends_at(facts, Link::Dns))
            .deep(if is_reason { 6 } else { 4 })
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
    fn last_words_of_what_goes_up_and_down_say_why() {
        let mut facts = logged(answered(502), "could not resolve address 'desk-app'.");
        let depth = |facts: &Facts| (RULE.judge)(facts).map(|suspect| suspect.depth);
        assert_eq!(depth(&facts), Some(4));
        let web = Container { name: "error.log".into(), state: "restarting".into(), ..Container::default() };
        facts.host.as_mut().unwrap().containers.push(web);
        assert_eq!(depth(&facts), Some(6));
        let down = Container {
            name: "desk-1".into(),
            service: "desk-app".into(),
            state: "exited".into(),
            ..Container::default()
        };
        facts.host.as_mut().unwrap().containers.push(down);
        assert_eq!(depth(&facts), Some(4));
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

    #[test]
    fn a_stranger_in_the_proxys_log_is_no_container() {
        let text = |address: &str| {
            format!(
                "upstream timed out (110: Connection timed out) while connecting to upstream, upstream: \"http://{address}:8000/login\""
            )
        };
        for (address, expected) in
            [("203.0.113.200", Some("dns.search_domain_shadow")), ("172.18.0.9", None), ("192.0.2.10", None)]
        {
            let mut facts = answered(504);
            let host = facts.host.insert(host(&["0.0.0.0:443"]));
            host.proxy.push(Line { text: "proxy_pass http://app:8000;".into(), ..Line::default() });
            let addresses = vec![("shop_default".to_owned(), "172.18.0.3".parse().unwrap())];
            host.containers.push(Container { service: "app".into(), addresses, ..Container::default() });
            assert_eq!(code(&RULE, &logged(facts, &text(address))), expected, "{address}");
        }
    }
}
