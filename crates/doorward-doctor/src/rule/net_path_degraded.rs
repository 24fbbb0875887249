//! `net.path_degraded`: small things pass and large ones vanish, or HTTP/3 is announced and closed.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "net.path_degraded", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let shake = |purpose: &'static str| {
        facts
            .doors(Via::Public)
            .filter(move |door| door.purpose == purpose)
            .find_map(|door| door.tls.as_ref().map(|tls| (door, tls)))
    };
    if let (Some((_, small)), Some((door, large))) = (shake("main").or_else(|| shake("family")), shake("large"))
        && small.knock == Knock::Done
        && matches!(large.knock, Knock::Silent)
    {
        return Some(
            Suspect::new("net.pmtu_blackhole", format!("A small TLS greeting to {} is answered, one that is larger than a packet is not: large packets vanish on the way, and browsers send large ones.", door.address))
                .saw("a small greeting", "answered", "here")
                .saw("a greeting of 1,700 bytes", "silence", "here")
                .not("tls.version_unsupported", "the same server answers the small greeting")
                .fix("ip link set dev TUNNEL mtu 1280   # or the MTU that the path carries")
                .fix("nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu"),
        );
    }
    if let Some(suspect) = swallowed(facts).or_else(|| idle(facts)).or_else(|| bridge(facts)) {
        return Some(suspect);
    }
    quic(facts)
}

/// Connections open, and what the server says at the handshake, several packets full, comes through on the host alone.
/// That a few bytes of an alert do come back tells it from a balancer that takes connections and leads nowhere, and from
/// a filter that swallows the site's name.
fn swallowed(facts: &Facts) -> Option<Suspect> {
    let door = stop::entrance(facts).filter(|door| door.tcp == Tcp::Open)?;
    door.tls.as_ref().filter(|tls| tls.knock == Knock::Silent)?;
    facts
        .doors(Via::Inside)
        .find(|door| door.purpose == "here" && door.tls.as_ref().is_some_and(|tls| tls.knock == Knock::Done))?;
    let is_alert = |tls: &Handshake| tls.knock == Knock::Alert;
    facts.doors(Via::Public).find(|door| door.purpose == "small" && door.tls.as_ref().is_some_and(is_alert))?;
    Some(
        Suspect::new(
            "net.pmtu_blackhole",
            format!("Connections to {} open, and the server's part of the TLS handshake does not come back, though the same handshake succeeds on the host: large packets vanish on the way.", door.address),
        )
        .likely()
        .at(Link::Tls)
        .deep(3)
        .saw(format!("handshake with {}", door.address), "silence", "here")
        .saw("a greeting that is answered with a few bytes", "answered", "here")
        .saw("the same handshake", "done", "the host")
        .not("tls.version_unsupported", "the same server shakes hands on the host")
        .fix("nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu   # on every router with a tunnel")
        .fix("ip link set dev TUNNEL mtu 1280   # or the MTU that the path carries; and let ICMP \"fragmentation needed\" pass"),
    )
}

fn quic(facts: &Facts) -> Option<Suspect> {
    let quic = facts.doors.iter().find(|door| door.purpose == "quic" && door.tcp != Tcp::Open)?;
    // Browsers fall back to TCP: where that way ends, it ends for another reason.
    if stop::find(facts).is_some_and(|stop| !stop.is_mild) {
        return None;
    }
    let suspect = Suspect::new(
        "net.udp443_blocked",
        format!(
            "The site announces HTTP/3, and {} over UDP gets no answer: browsers wait for it before they fall back.",
            quic.address
        ),
    )
    .at(Link::Net)
    .saw("a QUIC packet", "silence", quic.address.to_string())
    .not("net.tcp.syn_dropped", "TCP is open")
    .fix("open UDP 443 where TCP 443 is open, or stop announcing it: remove `h3` from Alt-Svc");
    // Caddy announces it unasked, and routers and firewalls let in what they were told to, which is TCP: nobody misses
    // anything where nobody asked for it.
    let is_asked = |line: &Line| {
        let text = line.text.trim_start();
        text.starts_with("protocols ") && text.split_whitespace().any(|word| word == "h3")
    };
    let is_unasked = facts.arrival().is_some_and(|visit| mend::proxy_of(visit) == "caddy")
        && !facts.host.as_ref().is_some_and(|host| host.proxy.iter().any(is_asked));
    Some(if is_unasked { suspect.warning() } else { suspect })
}

/// Words of a connection that was reset instead of answered.
const RESET: &[&str] = &["connection reset by peer", "econnreset", "broken pipe", "(104:", "connection was reset"];

/// The line that tells how long a connection had been idle, and whether that is longer than apps keep one and as long
/// as routers remember one.
fn idled(facts: &Facts) -> Option<&Line> {
    facts.log_lines().find(|line| {
        let text = line.text.to_lowercase();
        let Some(at) = text.find("idle") else { return false };
        let number = text[at..].split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
        number.and_then(|number| number.parse::<u64>().ok()).is_some_and(|seconds| (120..100_000).contains(&seconds))
    })
}

/// Whether a log shows that somebody between proxy and app forgets connections.
pub(super) fn is_flow_lost(facts: &Facts) -> bool {
    facts.log_any(RESET).is_some() && idled(facts).is_some()
}

fn idle(facts: &Facts) -> Option<Suspect> {
    let line = facts.log_any(RESET).filter(|_| is_flow_lost(facts))?;
    let suspect = quoted(
        Suspect::new(
            "net.idle_flow_dropped",
            "Connections that were idle for minutes are reset at their next request: a router or balancer between proxy and app has forgotten them.",
        ),
        line,
    )
    .not("proxy.keepalive_mismatch", "the connection was idle for longer than apps keep one open, and was reset, not closed")
    .fix("keep them awake: proxy_socket_keepalive on; and net.ipv4.tcp_keepalive_time=60 (nginx), option tcpka (HAProxy)")
    .fix("or let the proxy give them up sooner than the router does: keepalive_timeout 60s;   # in upstream { }");
    heard(facts, idled(facts).map_or(suspect.clone(), |line| quoted(suspect, line)))
}

/// Words of an app whose own calls do not come through.
const STALLED: &[&str] =
    &["timed out", "timeout", "tls handshake timeout", "etimedout", "deadline exceeded", "und_err_connect_timeout"];

/// The network of the containers carries larger packets than the way out, and large answers get lost.
fn bridge(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let (out, least) = host.interfaces.first()?;
    let is_bridge = |name: &str| {
        name.starts_with("docker") || name.starts_with("br-") || name.starts_with("cni") || name.starts_with("podman")
    };
    let (name, mtu) = host.interfaces.iter().find(|(name, mtu)| is_bridge(name) && mtu > least)?;
    let line = facts
        .log_lines()
        .filter(|line| {
            let text = line.text.to_lowercase();
            let is_call = ["https://", "tls", "ssl", "handshake", "smtp", "fetch", "connect"]
                .iter()
                .any(|word| text.contains(word));
            is_call && STALLED.iter().any(|word| text.contains(word)) && !text.contains("upstream")
        })
        .last()?;
    let suspect = Suspect::new(
        "net.pmtu_blackhole",
        format!("Containers send packets of {mtu} bytes ({name}), the way out carries {least} ({out}), and the app's own calls time out: what is too large is lost on the way."),
    )
    .saw(format!("ip link show {name}"), format!("mtu {mtu}"), "the host")
    .saw(format!("ip link show {out}"), format!("mtu {least}"), "the host")
    .fix(format!("networks: default: driver_opts: com.docker.network.driver.mtu: \"{least}\"   # in the compose file; for all: {{\"mtu\": {least}}} in /etc/docker/daemon.json"))
    .fix("nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu");
    let suspect = quoted(suspect, line);
    if is_failing_inside(facts) { Some(suspect.likely().at(shows_at(facts, Link::Net))) } else { heard(facts, suspect) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_large_greeting_that_vanishes_is_a_black_hole() {
        let mut facts = healthy();
        facts.doors.push(Door {
            purpose: "large".into(),
            tls: Some(Handshake { knock: Knock::Silent, ..Handshake::default() }),
            ..door(Tcp::Open)
        });
        assert_eq!(code(&RULE, &facts), Some("net.pmtu_blackhole"));
        facts.doors[1].tls.as_mut().unwrap().knock = Knock::Done;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn announced_http3_without_an_answer_is_blocked() {
        let mut facts = healthy();
        facts.doors.push(Door { purpose: "quic".into(), ..door(Tcp::Silent) });
        assert_eq!(code(&RULE, &facts), Some("net.udp443_blocked"));
        facts.visits[0].status = 502;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn http3_that_nobody_asked_for_breaks_nothing() {
        let mut facts = healthy();
        facts.doors.push(Door { purpose: "quic".into(), ..door(Tcp::Silent) });
        facts.host.insert(host(&["0.0.0.0:443"])).addresses = vec!["192.168.1.10".parse().unwrap()];
        let severity = |facts: &Facts| judge(facts).map(|suspect| suspect.severity);
        assert_eq!(severity(&facts), Some(doorward_core::Severity::Error));
        facts.visits[0] = with(facts.visits[0].clone(), "via", "1.1 Caddy");
        assert_eq!(severity(&facts), Some(doorward_core::Severity::Warning));
        let asked = Line { text: "protocols h1 h2 h3".into(), ..Line::default() };
        facts.host.as_mut().unwrap().proxy.push(asked);
        assert_eq!(severity(&facts), Some(doorward_core::Severity::Error));
    }

    #[test]
    fn a_handshake_that_succeeds_on_the_host_alone_is_lost_on_the_way() {
        let mut facts = healthy();
        let tls = |knock| Some(Handshake { knock, ..Handshake::default() });
        facts.doors[0].tls = tls(Knock::Silent);
        facts.visits.clear();
        assert_eq!(code(&RULE, &facts), None);
        let here = Door { via: Via::Inside, purpose: "here".into(), tls: tls(Knock::Silent), ..door(Tcp::Open) };
        facts.doors.push(here);
        assert_eq!(code(&RULE, &facts), None);
        facts.doors[1].tls = tls(Knock::Done);
        // So it looks behind a balancer whose way to the host is shut, too.
        assert_eq!(code(&RULE, &facts), None);
        facts.doors.push(Door { purpose: "small".into(), tls: tls(Knock::Silent), ..door(Tcp::Open) });
        assert_eq!(code(&RULE, &facts), None);
        facts.doors[2].tls = tls(Knock::Alert);
        assert_eq!(code(&RULE, &facts), Some("net.pmtu_blackhole"));
    }
}
