//! `listen.nothing`: nobody listens where people come in.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "listen.nothing", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let port = entry_port(facts);
    let mut at_host = None;
    // Of a host of which only logs are here it is not known who listens.
    if let Some(host) = facts.host.as_ref().filter(|host| !host.addresses.is_empty() || !host.listeners.is_empty()) {
        at_host = Some(listens(
            host,
            port,
            stop::entrance(facts).map(|door| door.address.ip()).filter(|_| !facts.is_behind_cdn()),
        ));
        if let Some(suspect) = flexible(facts, host) {
            return Some(suspect);
        }
        let is_rejected = || firewall_stops(host, port).is_some_and(|(_, is_reject)| is_reject);
        let is_lost = facts.arrival().is_some_and(|visit| visit.status == 523);
        if is_refused(facts) && (at_host != Some(Listens::Nobody) || is_rejected()) || is_lost && is_rejected() {
            return None;
        }
    }
    if let Some(arrival) = facts.arrival().filter(|visit| matches!(visit.status, 521 | 523)) {
        let is_refused = arrival.status == 521;
        let code = if is_refused { "cdn.origin_refused" } else { "cdn.origin_unreachable" };
        let why = if is_refused {
            "The CDN connects to the origin and is refused: nothing listens there on the port that its TLS mode uses."
        } else {
            "The CDN finds no way to the origin's address."
        };
        let suspect = Suspect::new(code, why)
            .saw("GET", arrival.told(), arrival.url.clone())
            .not("firewall.dropped", "then the CDN would wait and say 522")
            .not("tls.origin.untrusted", "that would be 525 or 526");
        // Without a way to the address nothing is known of what listens there.
        let suspect = if is_refused { suspect } else { suspect.at(Link::Net).likely() };
        return Some(with_host(suspect, at_host.as_ref(), port, facts));
    }
    let door = stop::entrance(facts).filter(|door| door.tcp == Tcp::Refused)?;
    let suspect =
        Suspect::new("listen.refused", format!("{} refuses the connection: nothing listens there.", door.address))
            .saw(format!("connect {}", door.address), format!("refused after {} ms", door.ms), "here")
            .not("firewall.dropped", "a dropped packet would get no answer");
    let suspect = with_host(suspect, at_host.as_ref(), port, facts);
    Some(if at_host.is_none() { suspect.likely() } else { suspect })
}

/// Whether a log shows that requests of the CDN reached this very host.
fn is_reached(host: &Host) -> bool {
    let is_edge =
        |word: &str| word.parse::<IpAddr>().is_ok_and(|address| super::tls_wrong_cert_served::is_cdn(&address));
    host.past.iter().chain(&host.log).any(|line| {
        let mut words = line.text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':');
        // Programs write the port behind the address.
        words.any(|word| is_edge(word) || word.rsplit_once(':').is_some_and(|(address, _)| is_edge(address)))
    })
}

/// The CDN is refused, and of the two ports that its TLS modes use the host has only the other one.
fn flexible(facts: &Facts, host: &Host) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| visit.status == 521)?;
    let is_open = |port| listens(host, port, None) == Listens::Here && firewall_stops(host, port).is_none();
    let (asked, other) = match (is_open(80), is_open(443)) {
        (false, true) => (80, 443),
        (true, false) => (443, 80),
        _ => return None,
    };
    if listens(host, asked, None) != Listens::Nobody {
        return None;
    }
    let mode = if asked == 80 { "plain HTTP (\"Flexible\")" } else { "TLS (\"Full\")" };
    // A host that listens where it should may be none that the CDN knows, or have a firewall of the provider in front.
    let is_proved = asked == entry_port(facts) || is_reached(host);
    let suspect = Suspect::new(
        "cdn.origin_refused",
        format!(
            "The CDN comes with {mode} and is refused: the host listens on port {other}, and nobody on port {asked}."
        ),
    )
    .saw("GET", arrival.told(), arrival.url.clone())
    .saw("ss -ltn", format!("{other}, not {asked}"), "the host")
    .not("firewall.dropped", "then the CDN would wait and say 522")
    .fix(if asked == 80 {
        "at the CDN: set the TLS mode to Full (strict), so that it comes by port 443"
    } else {
        "let the proxy listen on port 443 with a certificate for this name"
    })
    .fix(format!("ss -ltnp 'sport = :{asked}'   # shows whether it listens now"));
    Some(if is_proved { suspect.likely() } else { suspect.possible() })
}

fn with_host(suspect: Suspect, at_host: Option<&Listens>, port: u16, facts: &Facts) -> Suspect {
    let mut suspect = suspect;
    if at_host == Some(&Listens::Nobody) {
        suspect = suspect.saw(format!("ss -ltn, port {port}"), "nobody", "the host");
    }
    let status = facts
        .log_lines()
        .filter(|line| line.text.contains("[emerg]") || line.text.contains("Address already in use"))
        .last();
    if let Some(line) = status {
        suspect = quoted(suspect, line);
    }
    suspect
        .fixes(mend::lines(
            facts,
            &[
                ("nginx", "nginx -t && systemctl restart nginx"),
                ("caddy", "caddy validate --config /etc/caddy/Caddyfile && systemctl restart caddy"),
                ("haproxy", "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl restart haproxy"),
                ("apache", "apachectl configtest && systemctl restart apache2"),
            ],
        ))
        .fix(format!("ss -ltnp 'sport = :{port}'   # shows whether it listens now"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_refused_port_is_nothing_listening() {
        assert_eq!(code(&RULE, &met(Tcp::Refused)), Some("listen.refused"));
        assert_eq!(code(&RULE, &answered(521)), Some("cdn.origin_refused"));
        assert_eq!(code(&RULE, &answered(523)), Some("cdn.origin_unreachable"));
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn a_port_where_somebody_listens_is_another_matter() {
        let mut facts = met(Tcp::Refused);
        facts.host = Some(host(&["127.0.0.1:443"]));
        assert_eq!(code(&RULE, &facts), None);
        facts.host = Some(host(&["0.0.0.0:80"]));
        assert_eq!(code(&RULE, &facts), Some("listen.refused"));
    }

    #[test]
    fn an_edge_that_is_refused_asks_the_port_that_nobody_has() {
        let mut facts = answered(521);
        for (listeners, expected) in [
            (&["0.0.0.0:443"][..], Some("cdn.origin_refused")),
            (&["0.0.0.0:80"], Some("cdn.origin_refused")),
            (&["0.0.0.0:80", "0.0.0.0:443"], None),
            (&["0.0.0.0:443", "127.0.0.1:80"], None),
        ] {
            facts.host = Some(host(listeners));
            assert_eq!(code(&RULE, &facts), expected, "{listeners:?}");
        }
    }

    #[test]
    fn a_host_that_listens_is_to_blame_only_where_the_edge_was_seen_at_it() {
        let mut facts = answered(521);
        facts.host = Some(host(&["0.0.0.0:443"]));
        let sure = |facts: &Facts| judge(facts).map(|suspect| suspect.confidence);
        assert_eq!(sure(&facts), Some(crate::suspect::Confidence::Possible));
        let stranger =
            logged(facts.clone(), "198.51.100.7 - - [30/Nov/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 612");
        assert_eq!(sure(&stranger), Some(crate::suspect::Confidence::Possible));
        for line in [
            "104.16.0.7 - - [30/Nov/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 612",
            "104.16.0.7:40312 web app/app1 200",
        ] {
            assert_eq!(sure(&logged(facts.clone(), line)), Some(crate::suspect::Confidence::Likely), "{line}");
        }
        facts.host = Some(host(&["0.0.0.0:80"]));
        assert_eq!(sure(&facts), Some(crate::suspect::Confidence::Likely));
    }

    #[test]
    fn an_origin_without_a_way_shows_on_the_way() {
        let suspect = (RULE.judge)(&answered(523)).unwrap();
        assert_eq!((suspect.code, suspect.shows_at), ("cdn.origin_unreachable", Link::Net));
    }
}
