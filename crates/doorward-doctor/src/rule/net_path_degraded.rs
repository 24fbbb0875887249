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
    if let Some(line) = facts
        .log_with(&["connection reset by peer", "while reading response header from upstream"])
        .filter(|_| facts.log_with(&["idle"]).is_some())
    {
        return Some(quoted(
            Suspect::new("net.idle_flow_dropped", "Connections that were idle are reset on the way.").possible(),
            line,
        ));
    }
    let quic = facts.doors.iter().find(|door| door.purpose == "quic" && door.tcp != Tcp::Open)?;
    Some(
        Suspect::new("net.udp443_blocked", format!("The site announces HTTP/3, and {} over UDP gets no answer: browsers wait for it before they fall back.", quic.address))
            .at(Link::Net)
            .saw("a QUIC packet", "silence", quic.address.to_string())
            .not("net.tcp.syn_dropped", "TCP is open")
            .fix("open UDP 443 where TCP 443 is open, or stop announcing it: remove `h3` from Alt-Svc"),
    )
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
    }
}
