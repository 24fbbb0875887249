//! `nat.inbound_unreachable`: the public address belongs to a router, and what comes to it does not reach the host.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "nat.inbound_unreachable", judge };

/// Words by which the administration pages of routers and firewalls are known.
const ROUTERS: &[&str] = &[
    "fritz!box",
    "fritz.box",
    "myfritz",
    "openwrt",
    "luci",
    "dd-wrt",
    "mikrotik",
    "routeros",
    "unifi",
    "edgeos",
    "ubiquiti",
    "pfsense",
    "opnsense",
    "speedport",
    "livebox",
    "tp-link",
    "netgear",
    "asuswrt",
    "router",
    "draytek",
    "zyxel",
    "vodafone station",
    "sophos",
];

/// Ports at which no site is served under another number.
const OTHERS: &[u16] =
    &[22, 25, 53, 80, 111, 123, 139, 443, 445, 465, 587, 631, 993, 2049, 3306, 5353, 5432, 6379, 9100];

fn judge(facts: &Facts) -> Option<Suspect> {
    shared(facts).or_else(|| carried(facts)).or_else(|| router(facts)).or_else(|| forward(facts))
}

fn shared(facts: &Facts) -> Option<Suspect> {
    let is_stopped = stop::entrance(facts).is_some_and(|door| door.tcp != Tcp::Open)
        || facts.arrival().is_some_and(|visit| matches!(visit.status, 522 | 523));
    // Networks of overlays use the same range: an address of the host itself counts where it has no other way out.
    let alone = facts.host.as_ref().filter(|host| host.addresses.iter().filter(|ip| ip.is_ipv4()).count() == 1);
    let all = facts
        .addresses()
        .into_iter()
        .chain(facts.expected.iter().copied())
        .chain(alone.into_iter().flat_map(|host| host.addresses.iter().copied()));
    let address = all.into_iter().find(is_shared).filter(|_| is_stopped)?;
    Some(
        Suspect::new("nat.cgnat", format!("{address} is an address that the provider shares among customers (100.64.0.0/10): no connection from outside can reach it."))
            .at(Link::Net)
            .deep(5)
            .saw("the address", address.to_string(), "shared address space, RFC 6598")
            .not("nat.no_port_forward", "a forward on the router cannot help behind a shared address"),
    )
}

/// Whether a router is the one of a network at home: its address lies beside one of the host's own. Hosts of a cloud
/// meet addresses of the shared range, or none, where a home has its router.
fn is_at_home(host: &Host, router: &IpAddr) -> bool {
    let IpAddr::V4(router) = router else { return false };
    let net = |ip: &std::net::Ipv4Addr| [ip.octets()[0], ip.octets()[1], ip.octets()[2]];
    let is_beside = |ip: &IpAddr| matches!(ip, IpAddr::V4(ip) if net(ip) == net(router) && ip != router);
    router.is_private() && host.addresses.iter().any(is_beside)
}

/// The router at home hands on what is meant for the site's address, into a network that the provider shares.
fn carried(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref().filter(|_| facts.outside_works != Some(true))?;
    let door = stop::entrance(facts).filter(|door| door.tcp != Tcp::Open)?;
    let own = host
        .routers
        .iter()
        .find(|router| router.is_to_site && router.distance == 1 && is_at_home(host, &router.address))?;
    let carrier = host.routers.iter().find(|router| !router.is_to_site && is_shared(&router.address))?;
    // Behind a public router the same range is the inside of a provider, who shares nothing there.
    if host.routers.iter().any(|router| router.distance < carrier.distance && !is_private(&router.address)) {
        return None;
    }
    Some(
        Suspect::new(
            "nat.cgnat",
            format!(
                "The router here ({}) does not have {}: behind it comes a network that the provider shares among customers ({}, 100.64.0.0/10), and no connection from outside gets through it.",
                own.address,
                door.address.ip(),
                carrier.address
            ),
        )
        .likely()
        .at(Link::Net)
        .deep(5)
        .saw(format!("a packet for {} with one hop to live", door.address.ip()), format!("ends at {}", own.address), "the host")
        .saw(format!("a packet with {} hops to live", carrier.distance), format!("ends at {}", carrier.address), "the host")
        .not("nat.no_port_forward", "a forward on the router cannot help behind a shared address")
        .fix("ask the provider for a public address of your own, use IPv6, or lead a tunnel from a host that has one"),
    )
}

fn router(facts: &Facts) -> Option<Suspect> {
    let door = stop::entrance(facts).filter(|door| door.tcp == Tcp::Open)?;
    let certificate = door.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
    let name = certificate
        .map(|certificate| format!("{} {} {}", certificate.subject, certificate.issuer, certificate.names.join(" ")))
        .unwrap_or_default();
    let covered = |names: &[String]| {
        let own = facts.target.as_ref().map(|target| target.host.as_str()).unwrap_or_default();
        names.iter().any(|name| name.eq_ignore_ascii_case(own))
    };
    if certificate.is_some_and(|certificate| covered(&certificate.names)) {
        return None;
    }
    let text = facts
        .arrival()
        .map(|visit| {
            let field = |name: &str| visit.field(name).unwrap_or_default();
            format!("{} {} {}", field("server"), field("www-authenticate"), title(&visit.body))
        })
        .unwrap_or_default();
    let text = format!("{name} {text}").to_lowercase();
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric() && !"!-_.".contains(c)).collect();
    let is_said = |word: &&&str| {
        if word.contains(' ') { text.contains(**word) } else { words.iter().any(|known| known.starts_with(**word)) }
    };
    let word = ROUTERS.iter().find(is_said)?;
    // A site of that name shows a certificate that is trusted; a router's page has none.
    let is_foreign = match &door.tls {
        Some(tls) => tls.trust != Trust::Good,
        None => facts.host.is_some() || *word != "router",
    };
    let host = facts.host.as_ref();
    let is_other = host.is_none_or(|host| host.addresses.is_empty() || !host.addresses.contains(&door.address.ip()));
    (is_foreign && is_other).then(|| {
        Suspect::new("nat.port_taken_by_router", format!("At {} the router's own administration answers ({word}), not the site.", door.address))
            .at(Link::Net)
            .deep(5)
            .saw(format!("handshake with {}", door.address), name.clone(), "outside")
            .not("tls.default_cert_served", "the certificate is the router's, not the proxy's")
            .fix("on the router: move the administration to another port and off the public side, then forward 443 to the host")
    })
}

/// The host's address in its own network.
fn own(host: &Host) -> String {
    let address = host.addresses.iter().find(|address| !address.is_loopback() && address.is_ipv4());
    address.map_or_else(|| "the host".to_owned(), ToString::to_string)
}

/// What stands between the tags of the title, where there is one.
fn title(body: &str) -> String {
    let lower = body.to_lowercase();
    let Some(at) = lower.find("<title").and_then(|at| lower[at..].find('>').map(|end| at + end + 1)) else {
        return String::new();
    };
    lower[at..].split('<').next().unwrap_or_default().to_owned()
}

fn forward(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    // From inside, a router that does not lead back looks like one that does not forward.
    let is_outside = facts.vantage == Vantage::Outside || facts.outside_works == Some(false);
    if !is_translated(facts, host) || !is_outside || facts.outside_works == Some(true) {
        return None;
    }
    let port = entry_port(facts);
    let door = stop::entrance(facts)?;
    let here = listens(host, port, None);
    let others: Vec<_> = facts
        .doors(Via::Public)
        .filter(|door| door.purpose == "neighbour" && door.tcp == Tcp::Open)
        .map(|door| door.address.port())
        .collect();
    // Who filters one of the two web ports filters the other.
    let is_twin_open = facts.doors(Via::Public).any(|door| door.purpose == "twin" && door.tcp == Tcp::Open);
    let base = |code, why: String| {
        Suspect::new(code, why).at(Link::Net).deep(3).saw(
            format!("connect {}", door.address),
            format!("{:?}", door.tcp).to_lowercase(),
            "outside",
        )
    };
    match (door.tcp, here) {
        (Tcp::Refused, Listens::Nobody) => {
            // Only a service that may be the site speaks for a wrong target; a shell or a database does not.
            let is_service = |listener: &&Listener| {
                !listener.address.ip().is_loopback() && !OTHERS.contains(&listener.address.port()) && listener.owner != "sshd"
            };
            let ports: Vec<_> = host.listeners.iter().filter(is_service).map(|listener| listener.address.port().to_string()).collect();
            if ports.is_empty() {
                return None;
            }
            Some(base("nat.forward_target_mismatch", format!("The router forwards port {port} to a port of the host where nothing listens; the host listens on {}.", ports.join(", "))).likely()
                .not("listen.refused", "the service runs, on another port")
                .fix(format!("on the router: forward {port} to the port of the service ({})", ports.join(", "))))
        }
        (Tcp::Silent, Listens::Here) if firewall_stops(host, port).is_none() => Some(if others.is_empty() || is_twin_open {
            base("nat.no_port_forward", format!("The host listens on port {port} and lets it in, and nothing that is sent to {} arrives: the router does not forward it.", door.address.ip()))
                .likely()
                .not("firewall.dropped", "no rule of the host stops this port")
                .fix(format!("on the router: forward TCP {port} to {} port {port}", own(host)))
                .fix(format!("where its forward is there: is the router's own outer address (its status page) {}? Another one, such as 100.64.0.0/10, means that the provider shares the address, and no forward helps", door.address.ip()))
        } else {
            base("nat.isp_blocks_port", format!("Port {} of the same address is forwarded and answers, port {port} does not: the provider keeps it away.", others[0]))
                .saw(format!("connect {} port {}", door.address.ip(), others[0]), "open", "outside")
                .not("nat.no_port_forward", "the router forwards other ports to this host")
        }),
        (Tcp::Prohibited | Tcp::Noroute, Listens::Here) if firewall_stops(host, port).is_none() => {
            let is_late = door.ms >= 1_000;
            let (code, why) = if is_late {
                ("nat.forward_target_mismatch", format!("The router looks for a machine that is not there: it forwards port {port} to another address than this host's."))
            } else {
                ("nat.no_port_forward", format!("The router itself refuses port {port}: it does not forward it to this host."))
            };
            Some(base(code, why).likely()
                .not("firewall.rejected_icmp", "no rule of the host rejects this port")
                .fix(format!("on the router: forward TCP {port} to {} port {port}", own(host))))
        }
        (Tcp::Refused, Listens::Here) => Some(base("nat.forward_target_mismatch", format!("The host listens on port {port}, and {} refuses it: the router forwards it elsewhere, or answers itself.", door.address)).likely()
            .not("listen.refused", "the service runs and listens")
            .fix(format!("on the router: correct the target of the forward for port {port}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn home(tcp: Tcp, listeners: &[&str]) -> Facts {
        let mut facts = met(tcp);
        let host = facts.host.insert(host(listeners));
        host.addresses = vec!["192.168.1.10".parse().unwrap()];
        host.firewall.is_readable = true;
        facts
    }

    #[test]
    fn a_host_that_is_well_and_unreached_lacks_a_forward() {
        assert_eq!(code(&RULE, &home(Tcp::Silent, &["0.0.0.0:443"])), Some("nat.no_port_forward"));
        assert_eq!(code(&RULE, &home(Tcp::Open, &["0.0.0.0:443"])), None);
    }

    #[test]
    fn another_port_that_arrives_shows_that_the_provider_blocks() {
        let mut facts = home(Tcp::Silent, &["0.0.0.0:443"]);
        facts.doors.push(Door {
            purpose: "neighbour".into(),
            address: "192.0.2.10:8443".parse().unwrap(),
            ..door(Tcp::Open)
        });
        assert_eq!(code(&RULE, &facts), Some("nat.isp_blocks_port"));
        facts.doors.push(Door { purpose: "twin".into(), address: "192.0.2.10:80".parse().unwrap(), ..door(Tcp::Open) });
        assert_eq!(code(&RULE, &facts), Some("nat.no_port_forward"));
    }

    #[test]
    fn a_forward_to_an_empty_port_is_refused() {
        assert_eq!(code(&RULE, &home(Tcp::Refused, &["0.0.0.0:8443"])), Some("nat.forward_target_mismatch"));
    }

    #[test]
    fn from_inside_nothing_is_guessed() {
        let mut facts = home(Tcp::Silent, &["0.0.0.0:443"]);
        facts.vantage = Vantage::Lan;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_shared_address_cannot_be_reached() {
        let mut facts = home(Tcp::Silent, &["0.0.0.0:443"]);
        facts.lookups[0].addresses = vec!["100.64.0.9".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), Some("nat.cgnat"));
    }

    #[test]
    fn the_routers_page_is_known_by_its_certificate() {
        let mut facts = home(Tcp::Open, &["0.0.0.0:443"]);
        facts.doors[0].tls = Some(Handshake {
            trust: Trust::Selfsigned,
            certificate: Some(crate::facts::Certificate { subject: "CN=fritz.box".into(), ..Default::default() }),
            ..Handshake::default()
        });
        assert_eq!(code(&RULE, &facts), Some("nat.port_taken_by_router"));
    }

    #[test]
    fn a_router_that_hands_on_into_a_shared_network_tells_of_the_carrier() {
        let mut facts = met(Tcp::Silent);
        let router = |distance, address: &str, is_to_site| crate::facts::Router {
            distance,
            address: address.parse().unwrap(),
            is_to_site,
        };
        let seen = facts.host.insert(host(&["0.0.0.0:443"]));
        seen.addresses = vec!["192.168.1.10".parse().unwrap()];
        seen.routers = vec![router(2, "100.64.0.1", false)];
        assert_eq!(code(&RULE, &facts), Some("nat.no_port_forward"));
        // Only where the router does not hold the address itself.
        facts.host.as_mut().unwrap().routers.push(router(1, "192.168.1.1", true));
        assert_eq!(code(&RULE, &facts), Some("nat.cgnat"));
        facts.host.as_mut().unwrap().routers[0].address = "192.168.0.1".parse().unwrap();
        assert_eq!(code(&RULE, &facts), Some("nat.no_port_forward"));
        facts.host.as_mut().unwrap().routers =
            vec![router(1, "192.168.1.1", true), router(2, "198.51.100.1", false), router(3, "100.64.0.1", false)];
        assert_eq!(code(&RULE, &facts), Some("nat.no_port_forward"));
        // What a host of a cloud meets, whose own network uses the range.
        facts.host.as_mut().unwrap().addresses = vec!["172.31.5.10".parse().unwrap()];
        for first in ["100.65.1.1", "244.5.0.1", "172.16.0.1"] {
            facts.host.as_mut().unwrap().routers = vec![router(1, first, true), router(2, "100.66.8.1", false)];
            assert_eq!(code(&RULE, &facts), Some("nat.no_port_forward"), "{first}");
        }
    }
}
