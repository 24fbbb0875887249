//! `tls.version_unsupported`: the two sides share no version of TLS.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.version_unsupported", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let door = facts.doors.iter().find(|door| door.tls.as_ref().is_some_and(|tls| tls.knock == Knock::Version));
    let line = facts.log_any(&[
        "unsupported protocol",
        "tlsv1 alert protocol version",
        "no protocols available",
        "sslv3 alert handshake failure (version)",
        "unsupported_protocol",
        "protocol version not supported",
        "legacy sigalg disallowed",
    ]);
    let status = facts.arrival().map_or(0, |visit| visit.status);
    let is_main = door.is_some_and(|door| door.via == Via::Public);
    if !(is_main
        || door.is_some() && matches!(status, 525 | 502)
        || line.is_some() && (is_gateway_error(facts) || matches!(status, 525)))
    {
        return None;
    }
    let mut suspect =
        Suspect::new("tls.version_unsupported", "One side speaks only TLS versions that the other has given up.")
            .at(ends_at(facts, Link::Tls))
            .deep(5)
            .not("tls.origin.no_certificate", "the versions are refused before any certificate")
            .fixes(mend::lines(
                facts,
                &[
                    ("nginx", "ssl_protocols TLSv1.2 TLSv1.3;"),
                    ("apache", "SSLProtocol -all +TLSv1.2 +TLSv1.3"),
                    ("haproxy", "ssl-min-ver TLSv1.2"),
                ],
            ));
    if let Some(door) = door {
        let alert = door.tls.as_ref().map(|tls| tls.alert.clone()).unwrap_or_default();
        suspect = suspect.saw(format!("handshake with {}, TLS 1.2 and 1.3", door.address), alert, "here");
    }
    Some(match line {
        Some(line) => quoted(suspect, line),
        None => suspect,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_handshake_without_a_common_version_is_named() {
        let mut facts = healthy();
        facts.visits.clear();
        facts.doors[0].tls = Some(Handshake { knock: Knock::Version, ..Handshake::default() });
        assert_eq!(code(&RULE, &facts), Some("tls.version_unsupported"));
        assert_eq!(
            code(
                &RULE,
                &logged(
                    answered(502),
                    "SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol)"
                )
            ),
            Some("tls.version_unsupported")
        );
        assert_eq!(code(&RULE, &healthy()), None);
    }
}
