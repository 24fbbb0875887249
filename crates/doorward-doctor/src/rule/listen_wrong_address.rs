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
}
