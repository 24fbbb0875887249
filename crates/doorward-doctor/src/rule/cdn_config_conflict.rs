//! `cdn.config_conflict`: the CDN meets itself, or a port that it does not serve.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cdn.config_conflict", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    if [1000, 1001, 1002, 1003].iter().any(|code| says_code(arrival, *code)) {
        return Some(
            Suspect::new("cdn.prohibited_headers_or_loop", "The CDN refuses the request as one that it made itself, or that carries fields only it may set (error 1000).")
                .at(Link::Edge)
                .saw("GET", arrival.told(), arrival.url.clone())
                .not("cdn.origin_dns_unresolvable", "that is error 1016")
                .fix("let the proxy forward to the origin's own address instead of the public name, and set Host by hand")
                .fixes(mend::lines(facts, &[("nginx", "proxy_set_header CF-Connecting-IP \"\"; proxy_set_header X-Forwarded-For $remote_addr;"), ("caddy", "header_up -CF-Connecting-IP"), ("haproxy", "http-request del-header CF-Connecting-IP")])),
        );
    }
    if let Some(suspect) = elsewhere(facts).filter(|_| arrival.status == 522) {
        return Some(suspect);
    }
    let open = facts.doors(Via::Origin).find(|door| door.tcp == Tcp::Open && !SUPPORTED.contains(&door.address.port()));
    if let Some(door) = open.filter(|_| arrival.status == 522) {
        let port = door.address.port();
        return Some(
            Suspect::new(
                "cdn.unsupported_port",
                format!("Port {port} is open at the origin, and the CDN never connects to it (522)."),
            )
            .at(Link::Edge)
            .deep(3)
            .saw(format!("connect the origin's port {port}"), "open", "here")
            .not("firewall.dropped", "the same port answers a direct connection"),
        );
    }
    None
}

/// The origin serves on a port of its own only, and no rule there would swallow a connection to the usual ones.
fn elsewhere(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref().filter(|host| host.firewall.is_readable)?;
    if SUPPORTED.iter().any(|port| host.on_port(*port).any(|listener| !listener.address.ip().is_loopback())) {
        return None;
    }
    if [80, 443].iter().any(|port| firewall_stops(host, *port).is_some()) {
        return None;
    }
    let proxies = ["nginx", "caddy", "haproxy", "traefik", "apache2", "httpd"];
    let served = host
        .listeners
        .iter()
        .find(|listener| proxies.contains(&listener.owner.as_str()) && !listener.address.ip().is_loopback())?;
    let port = served.address.port();
    Some(
        Suspect::new(
            "cdn.unsupported_port",
            format!("The origin serves on port {port} alone, to which the CDN never connects (522)."),
        )
        .at(Link::Edge)
        .deep(3)
        .likely()
        .saw("ss -ltn", format!("{} listens on {port}", served.owner), "the host")
        .not("cdn.origin_refused", "a connection to a closed port would be refused (521)"),
    )
}

/// Ports to which a CDN connects.
const SUPPORTED: &[u16] = &[80, 443, 8080, 8443, 8880, 2052, 2053, 2082, 2083, 2086, 2087, 2095, 2096];

/// Whether the page of a CDN names this number of its own.
pub(super) fn says_code(visit: &Visit, code: u16) -> bool {
    visit.status >= 400
        && visit.is_from_cdn()
        && (visit.says(&format!("error code: {code}"))
            || visit.says(&format!("error {code}"))
            || visit.says(&format!("{code}:")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn error_1000_is_a_loop() {
        let mut facts = answered(403);
        facts.visits[0] = saying(with(visit(403), "server", "cloudflare"), "Error 1000 DNS points to prohibited IP");
        assert_eq!(code(&RULE, &facts), Some("cdn.prohibited_headers_or_loop"));
        facts.visits[0].body.clear();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn an_open_port_that_the_cdn_does_not_reach_is_unsupported() {
        let mut facts = answered(522);
        facts.target.as_mut().unwrap().port = 5065;
        facts.doors.push(Door { via: Via::Origin, address: "192.0.2.10:5065".parse().unwrap(), ..door(Tcp::Open) });
        assert_eq!(code(&RULE, &facts), Some("cdn.unsupported_port"));
    }
}
