//! `tls.origin_cert_invalid`: expired, self-signed, without its chain, or not there.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.origin_cert_invalid", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let status = facts.arrival().map_or(0, |visit| visit.status);
    let tls = origin_handshake(facts);
    if tls.is_none() && status == 526 {
        return Some(
            Suspect::new(
                "tls.origin.untrusted",
                "The CDN reached the origin and does not accept its certificate (526).",
            )
            .likely()
            .saw("GET", "526", "the CDN")
            .fix("doorward doctor URL --origin HOST:443   # shows which certificate the origin has"),
        );
    }
    let tls = tls?;
    let is_cdn = facts.arrival().is_some_and(Visit::is_from_cdn);
    if is_cdn && !matches!(status, 525 | 526) {
        return None;
    }
    if tls.knock == Knock::Done { certificate(facts, tls) } else { missing(facts, tls) }
}

fn missing(facts: &Facts, tls: &Handshake) -> Option<Suspect> {
    let is_ours = matches!(
        tls.alert.as_str(),
        "internal_error" | "handshake_failure" | "no_certificate" | "certificate_unobtainable" | "access_denied"
    );
    let is_first = facts.arrival().is_some_and(|visit| visit.status == 525)
        && matches!(tls.alert.as_str(), "unrecognized_name" | "unrecognised_name")
        && is_without_certificate(facts);
    if tls.knock != Knock::Alert || tls.sni.is_empty() || tls.sni.parse::<IpAddr>().is_ok() || !(is_ours || is_first) {
        return None;
    }
    if super::tls_wrong_cert_served::is_without_site(facts, &tls.sni) {
        return None;
    }
    // A name that lies deep below its zone is the mark of an edge's own certificate.
    if tls.alert == "handshake_failure" && super::tls_wrong_cert_served::is_edge_without(facts) {
        return None;
    }
    Some(
        Suspect::new("tls.origin.no_certificate", format!("The server breaks the handshake for {} off ({}): it has no certificate to show.", tls.sni, tls.alert))
            .likely()
            .saw(format!("handshake for {}", tls.sni), tls.alert.clone(), "here")
            .not("tls.version_unsupported", "that would be the alert protocol_version")
            .fix("issue one by DNS-01, or install the CDN's origin certificate; HTTP-01 cannot arrive while the edge redirects to https"),
    )
}

/// The server shows no certificate for any name.
fn is_without_certificate(facts: &Facts) -> bool {
    facts
        .doors
        .iter()
        .filter(|door| door.purpose == "nosni")
        .all(|door| door.tls.as_ref().is_some_and(|tls| tls.certificate.is_none()))
        && facts.host.as_ref().is_none_or(|host| host.certificates.is_empty())
}

fn certificate(facts: &Facts, tls: &Handshake) -> Option<Suspect> {
    let shown = tls.certificate.as_ref()?;
    let host = facts.target.as_ref().map(|target| target.host.as_str()).unwrap_or_default();
    let is_cdn = facts.arrival().is_some_and(Visit::is_from_cdn);
    if !is_cdn && super::tls_wrong_cert_served::is_own_of_another(tls, host) {
        return None;
    }
    let days = (facts.now - shown.not_after) / 86_400;
    let says = |code, why: String| {
        Suspect::new(code, why)
            .saw(
                format!("handshake for {}", tls.sni),
                format!("{}, issued by {}, {} in the chain", shown.subject, shown.issuer, tls.chain),
                "the server",
            )
            .deep(2)
    };
    Some(match tls.trust {
        Trust::Expired => {
            let renewed = facts.host.iter().flat_map(|host| &host.certificates).find(|(_, disk)| {
                disk.fingerprint != shown.fingerprint
                    && disk.not_after > facts.now
                    && disk.names.iter().any(|name| shown.names.contains(name))
            });
            match renewed {
                Some((path, _)) => says("tls.cert_expired_in_memory", format!("The certificate that is served ended {days} days ago; the one in {path} is fresh, and the server has not read it."))
                    .deep(4)
                    .saw(path.clone(), "a certificate that is valid", "the host")
                    .not("tls.expired", "it was renewed on disk")
                    .fix(mend::reload(facts))
                    .fix("let each renewal do so: certbot renew --deploy-hook \"nginx -s reload\""),
                None => says("tls.expired", format!("The certificate of {} ended {days} days ago.", tls.sni)).fix("certbot renew && nginx -s reload   # or what issues certificates there; see why it did not"),
            }
        }
        Trust::Early => {
            says("tls.not_yet_valid", format!("The certificate of {} is not valid yet; or a clock is wrong.", tls.sni))
        }
        Trust::Incomplete => says(
            "tls.origin.incomplete_chain",
            format!(
                "The server of {} sends its own certificate alone, without the intermediate one of {}.",
                tls.sni, shown.issuer
            ),
        )
        .likely()
        .not("tls.origin.untrusted", "it did not sign itself, and its issuer is missing from the chain")
        .fixes(mend::lines(
            facts,
            &[
                ("nginx", "ssl_certificate /etc/letsencrypt/live/NAME/fullchain.pem;"),
                ("apache", "SSLCertificateFile /etc/letsencrypt/live/NAME/fullchain.pem"),
                ("haproxy", "cat fullchain.pem privkey.pem > site.pem   # the file named by crt"),
                ("caddy", "tls /path/fullchain.pem /path/privkey.pem"),
            ],
        ))
        .fix(mend::reload(facts)),
        Trust::Selfsigned => says(
            "tls.origin.untrusted",
            format!("The server of {} shows a certificate that it signed itself.", tls.sni),
        )
        .not("tls.origin.incomplete_chain", "issuer and subject are the same"),
        Trust::Unknown | Trust::Bad => says(
            "tls.origin.untrusted",
            format!("The certificate of {} comes from {}, which is not trusted.", tls.sni, shown.issuer),
        ),
        Trust::Good | Trust::Name => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Certificate;

    fn shown(trust: Trust) -> Facts {
        let mut facts = healthy();
        let certificate = Certificate {
            names: vec!["app.example.com".into()],
            not_after: 1_799_000_000,
            fingerprint: "a".into(),
            ..Certificate::default()
        };
        facts.doors[0].tls = Some(Handshake {
            trust,
            sni: "app.example.com".into(),
            certificate: Some(certificate),
            chain: 1,
            ..Handshake::default()
        });
        facts
    }

    #[test]
    fn each_doubt_has_its_code() {
        for (trust, expected) in [
            (Trust::Good, None),
            (Trust::Expired, Some("tls.expired")),
            (Trust::Selfsigned, Some("tls.origin.untrusted")),
            (Trust::Incomplete, Some("tls.origin.incomplete_chain")),
            (Trust::Early, Some("tls.not_yet_valid")),
            (Trust::Name, None),
        ] {
            assert_eq!(code(&RULE, &shown(trust)), expected);
        }
    }

    #[test]
    fn a_fresh_certificate_on_disk_means_that_the_server_did_not_read_it() {
        let mut facts = shown(Trust::Expired);
        let fresh = Certificate {
            names: vec!["app.example.com".into()],
            not_after: 1_900_000_000,
            fingerprint: "b".into(),
            ..Certificate::default()
        };
        facts.host.get_or_insert_default().certificates.push(("/etc/cert.pem".into(), fresh));
        assert_eq!(code(&RULE, &facts), Some("tls.cert_expired_in_memory"));
    }

    #[test]
    fn behind_a_cdn_the_origins_certificate_counts() {
        let mut facts = answered(526);
        assert_eq!(code(&RULE, &facts), Some("tls.origin.untrusted"));
        let tls = shown(Trust::Incomplete).doors[0].tls.clone();
        facts.doors.push(Door { via: Via::Origin, tls, ..door(Tcp::Open) });
        assert_eq!(code(&RULE, &facts), Some("tls.origin.incomplete_chain"));
    }
}
