//! `listen.wrong_address`: it listens, at an address where nobody comes.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "listen.wrong_address", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    entrance(facts).or_else(|| app(facts))
}

fn entrance(facts: &Facts) -> Option<Suspect> {
    if !is_refused(facts) {
        return None;
    }
    let host = facts.host.as_ref()?;
    let port = entry_port(facts);
    let address = stop::entrance(facts).map(|door| door.address.ip()).filter(|_| !facts.is_behind_cdn());
    if let Some(suspect) = published(host, port, address) {
        return Some(suspect);
    }
    match listens(host, port, address) {
        Listens::LoopbackOnly => Some(said("app.bind.loopback_only", format!("The service listens on port {port} for the host itself only (127.0.0.1), so nobody else reaches it.")).saw(format!("ss -ltn, port {port}"), "127.0.0.1", "the host")
            .fix(format!("let it listen on 0.0.0.0:{port}, or put the proxy in front on the public address"))),
        Listens::Elsewhere(addresses) => {
            let told: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Some(said("port.bind_address_wrong", format!("The service listens on port {port} at {} only, and people come to another address.", told.join(", "))).saw(format!("ss -ltn, port {port}"), told.join(", "), "the host")
                .fix(format!("ports: [\"{port}:{port}\"]   # instead of an address of its own")))
        }
        _ => None,
    }
}

/// A container publishes the port for the host itself only.
fn published(host: &Host, port: u16, address: Option<IpAddr>) -> Option<Suspect> {
    if listens(host, port, address) != Listens::LoopbackOnly {
        return None;
    }
    let is_own = |at: &str| at.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let (container, (at, _, inner)) = host.containers.iter().find_map(|container| {
        let port = container.ports.iter().find(|(at, outer, _)| *outer == port && is_own(at))?;
        Some((container, port))
    })?;
    Some(
        said(
            "port.bind_address_wrong",
            format!("{} publishes port {port} at {at} only, so nobody but the host itself reaches it.", container.name),
        )
        .deep(5)
        .saw("docker inspect", format!("{at}:{port} to {inner}"), container.name.clone())
        .fix(format!("ports: [\"{port}:{inner}\"]   # in the compose file, without 127.0.0.1")),
    )
}

fn said(code: &'static str, why: String) -> Suspect {
    Suspect::new(code, why).deep(4).not("listen.refused", "it does listen")
}

/// The proxy is refused by an app that listens on its own loopback.
fn app(facts: &Facts) -> Option<Suspect> {
    if !is_gateway_error(facts) {
        return None;
    }
    let host = facts.host.as_ref()?;
    let (address, port) = crate::host::upstream::of(facts)?;
    let address: IpAddr = address.parse().ok().filter(|address: &IpAddr| !address.is_loopback())?;
    let is_loopback = host
        .inner_listeners(address)
        .any(|listener| listener.address.port() == port && listener.address.ip().is_loopback())
        && !host
            .inner_listeners(address)
            .any(|listener| listener.address.port() == port && !listener.address.ip().is_loopback());
    is_loopback.then(|| {
        said("app.bind.loopback_only", format!("The proxy asks for {address}:{port}, and the app listens there on 127.0.0.1 only, which is itself alone."))
            .at(Link::Proxy)
            .deep(6)
            .saw(format!("ss -ltn inside, port {port}"), format!("127.0.0.1:{port}"), "the app's network")
            .not("proxy.upstream_wrong_port", "the port is right")
            .fix("HOST=0.0.0.0 in the app's environment (or --host 0.0.0.0 on its command line), inside the container only")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn tells_loopback_from_another_address() {
        for (listener, expected) in [
            ("127.0.0.1:443", Some("app.bind.loopback_only")),
            ("172.18.0.6:443", Some("port.bind_address_wrong")),
            ("0.0.0.0:443", None),
        ] {
            let mut facts = met(Tcp::Refused);
            facts.host = Some(host(&[listener]));
            assert_eq!(code(&RULE, &facts), expected, "{listener}");
        }
    }

    #[test]
    fn a_port_that_is_published_for_the_host_alone_is_at_the_wrong_address() {
        let mut facts = met(Tcp::Refused);
        let mut host = host(&["127.0.0.1:443"]);
        host.containers = vec![Container { ports: vec![("127.0.0.1".into(), 443, 8443)], ..Container::default() }];
        facts.host = Some(host);
        assert_eq!(code(&RULE, &facts), Some("port.bind_address_wrong"));
    }
}
