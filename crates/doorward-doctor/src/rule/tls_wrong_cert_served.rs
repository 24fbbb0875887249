//! `tls.wrong_cert_served`: a certificate for another name, or none for this one.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.wrong_cert_served", judge };

/// An edge that refuses a name which lies deeper than its certificate covers.
pub(super) fn is_edge_without(facts: &Facts) -> bool {
    let Some(target) = &facts.target else { return false };
    let zone = crate::jar::site(&target.host);
    let depth = target.host.strip_suffix(zone).unwrap_or_default().matches('.').count();
    facts.addresses().iter().any(is_cdn) || depth > 1
}

/// Ranges that a large CDN publishes for its edges.
pub(super) fn is_cdn(address: &IpAddr) -> bool {
    const RANGES: &[([u8; 4], u32)] = &[
        ([173, 245, 48, 0], 20),
        ([103, 21, 244, 0], 22),
        ([103, 22, 200, 0], 22),
        ([103, 31, 4, 0], 22),
        ([141, 101, 64, 0], 18),
        ([108, 162, 192, 0], 18),
        ([190, 93, 240, 0], 20),
        ([188, 114, 96, 0], 20),
        ([197, 234, 240, 0], 22),
        ([198, 41, 128, 0], 17),
        ([162, 158, 0, 0], 15),
        ([104, 16, 0, 0], 13),
        ([104, 24, 0, 0], 14),
        ([172, 64, 0, 0], 13),
        ([131, 0, 72, 0], 22),
    ];
    match address {
        IpAddr::V4(v4) => {
            RANGES.iter().any(|(net, bits)| u32::from(*v4) >> (32 - bits) == u32::from_be_bytes(*net) >> (32 - bits))
        }
        IpAddr::V6(v6) => {
            [0x2606_4700_u32, 0x2400_cb00, 0x2803_f800, 0x2405_b500, 0x2405_8100, 0x2c0f_f248]
                .contains(&(u32::from(v6.segments()[0]) << 16 | u32::from(v6.segments()[1])))
                || v6.segments()[0] == 0x2a06 && v6.segments()[1] & 0xfff8 == 0x98c0
        }
    }
}

/// Whether a certificate that nobody vouches for names only others: what a proxy shows where it has none for this name.
pub(super) fn is_own_of_another(tls: &Handshake, name: &str) -> bool {
    let Some(shown) = tls.certificate.as_ref().filter(|shown| !shown.names.is_empty()) else { return false };
    let covers = |known: &String| {
        known.eq_ignore_ascii_case(name)
            || known
                .strip_prefix("*.")
                .is_some_and(|zone| name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(zone)))
    };
    tls.knock == Knock::Done && shown.subject == shown.issuer && !shown.names.iter().any(covers)
}

/// Caddy has sites for other names, and none for this one.
pub(super) fn is_without_site(facts: &Facts, name: &str) -> bool {
    let Some(host) = &facts.host else { return false };
    let blocks = crate::host::block::blocks(&host.proxy);
    let is_caddy = host.proxy.iter().any(|line| line.text.starts_with("reverse_proxy"));
    let sites: Vec<_> = blocks
        .iter()
        .flat_map(|block| block.head.split([',', ' ']))
        .map(|place| place.trim_start_matches("https://").trim_start_matches("http://"))
        .map(|place| place.rsplit_once(':').map_or(place, |(name, _)| name))
        .filter(|place| place.contains('.') && !place.starts_with(['/', '.']) && !place.contains('/'))
        .collect();
    let covers = |site: &&str| {
        site.eq_ignore_ascii_case(name)
            || site.strip_prefix("*.").is_some_and(|zone| name.split_once('.').is_some_and(|(_, rest)| rest == zone))
    };
    let is_open =
        blocks.iter().any(|block| block.head.starts_with(':') || block.head.contains(" :") || block.head == "https://");
    is_caddy && !is_open && !sites.is_empty() && !sites.iter().any(covers)
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let edge = stop::entrance(facts).and_then(|door| door.tls.as_ref());
    if let Some(tls) =
        edge.filter(|tls| tls.knock == Knock::Alert && tls.alert == "handshake_failure" && !tls.sni.is_empty())
        && is_edge_without(facts)
    {
        return Some(
            Suspect::new(
                "tls.cdn_edge_no_cert",
                format!("The edge has no certificate for {} and breaks the handshake off.", tls.sni),
            )
            .likely()
            .saw(format!("handshake for {}", tls.sni), tls.alert.clone(), "the edge"),
        );
    }
    let status = facts.arrival().map_or(0, |visit| visit.status);
    let is_cdn = facts.arrival().is_some_and(Visit::is_from_cdn);
    let tls = origin_handshake(facts).filter(|_| !is_cdn || matches!(status, 525 | 526))?;
    let name = facts.target.as_ref().map(|target| target.host.clone()).unwrap_or_default();
    if tls.knock == Knock::Alert {
        let nameless = name.parse::<IpAddr>().is_ok();
        let is_unknown = tls.alert.starts_with("unrecogni")
            || tls.alert == "internal_error" && is_without_site(facts, &name)
            || nameless && matches!(tls.alert.as_str(), "internal_error" | "handshake_failure");
        return is_unknown.then(|| {
            let why = if nameless {
                format!(
                    "{name} is an address, so the greeting names no host, and the server demands a name that it knows."
                )
            } else {
                format!("The server does not know the name {name} and refuses the handshake.")
            };
            Suspect::new("tls.sni_unrecognized", why)
                .saw(format!("handshake for {name}"), tls.alert.clone(), "the server")
                .not("tls.version_unsupported", "that would be the alert protocol_version")
                .not("tls.origin.untrusted", "no certificate was shown at all")
                .fixes(
                    mend::lines(
                        facts,
                        &[
                            ("nginx", "server_name NAME;   # in the server with ssl_certificate"),
                            ("caddy", "NAME { … }   # a site of this name"),
                            ("traefik", "rule: Host(`NAME`)"),
                            ("haproxy", "crt /etc/haproxy/certs/   # with a certificate of this name"),
                            ("apache", "ServerAlias NAME"),
                        ],
                    )
                    .into_iter()
                    .map(|line| line.replace("NAME", &name)),
                )
        });
    }
    // A CDN that is strict asks who signed, and a name of its own is then the smaller fault.
    let is_self_signed = tls.certificate.as_ref().is_some_and(|shown| shown.subject == shown.issuer);
    if is_cdn && is_self_signed {
        return None;
    }
    (tls.trust == Trust::Name || is_own_of_another(tls, &name)).then(|| {
        let shown = tls.certificate.as_ref();
        let names = shown.map(|certificate| certificate.names.join(", ")).unwrap_or_default();
        Suspect::new(
            "tls.default_cert_served",
            format!(
                "The server shows a certificate for {}, not for {name}.",
                if names.is_empty() { "nobody" } else { &names }
            ),
        )
        .deep(2)
        .saw(format!("handshake for {name}"), names.clone(), "the server")
        .not("tls.origin.untrusted", "its names are the first that does not fit")
        .fix(format!("issue a certificate that names {name}: certbot --nginx -d {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn shaken(tls: Handshake) -> Facts {
        let mut facts = healthy();
        facts.doors[0].tls = Some(tls);
        facts.visits.clear();
        facts
    }

    #[test]
    fn tells_a_wrong_name_from_an_unknown_one() {
        assert_eq!(
            code(&RULE, &shaken(Handshake { trust: Trust::Name, ..Handshake::default() })),
            Some("tls.default_cert_served")
        );
        let alert = |alert: &str| Handshake {
            knock: Knock::Alert,
            alert: alert.into(),
            sni: "app.example.com".into(),
            ..Handshake::default()
        };
        assert_eq!(code(&RULE, &shaken(alert("unrecognised_name"))), Some("tls.sni_unrecognized"));
        assert_eq!(code(&RULE, &shaken(alert("internal_error"))), None);
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn an_edge_without_a_certificate_is_known_by_its_addresses() {
        let mut facts = shaken(Handshake {
            knock: Knock::Alert,
            alert: "handshake_failure".into(),
            sni: "app.example.com".into(),
            ..Handshake::default()
        });
        assert_eq!(code(&RULE, &facts), None);
        facts.lookups[0].addresses = vec!["104.16.0.10".parse().unwrap()];
        assert_eq!(code(&RULE, &facts), Some("tls.cdn_edge_no_cert"));
    }
}
