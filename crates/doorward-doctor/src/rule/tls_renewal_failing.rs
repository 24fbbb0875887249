//! `tls.renewal_failing`: the challenge of the issuer cannot be answered.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.renewal_failing", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    // A failure that a later success has overtaken is over.
    let line = log_line(facts, |text| is_failure(text) || is_success(text)).filter(|line| !is_success(&line.text));
    let challenge = facts.visits(Step::Challenge).next();
    let certificate = stop::entrance(facts).and_then(|door| door.tls.as_ref()).and_then(|tls| tls.certificate.as_ref());
    let days = certificate.map_or(i64::MAX, |certificate| (certificate.not_after - facts.now) / 86_400);
    // A certificate that lives for days is renewed in its last third.
    let is_due = certificate.is_some_and(|certificate| {
        let lifetime = certificate.not_after - certificate.not_before;
        certificate.not_before == 0 || certificate.not_after - facts.now <= lifetime / 3
    });
    let told = |suspect: Suspect| {
        suspect.at(Link::Tls).deep(3).fixes(mend::lines(
        facts,
        &[("nginx", "location ^~ /.well-known/acme-challenge/ { root /var/www/acme; }   # in the server on port 80, before the redirect"), ("apache", "RedirectMatch 301 ^/(?!\\.well-known/acme-challenge/)(.*)$ https://NAME/$1"), ("haproxy", "use_backend acme if { path_beg /.well-known/acme-challenge/ }"), ("traefik", "leave the entry point web to the resolver: redirections.entryPoint with a lower priority")],
    )).fix("certbot renew --dry-run")
    };
    if let Some(visit) = challenge.filter(|visit| {
        days <= 20
            && is_due
            && (matches!(visit.status, 301 | 302 | 303 | 307 | 308)
                || visit.is_well() && visit.body_bytes > 0
                || visit.status == 404 && !visit.cookies.is_empty()
                || visit.status == 401
                || visit.status == 403)
    }) {
        let when = if days < 0 { format!("ended {} days ago", -days) } else { format!("ends in {days} days") };
        let suspect = Suspect::new(
            "tls.cert_renewal_failing",
            format!(
                "The certificate {when}, and the path of the issuer's challenge is answered by somebody else ({}).",
                visit.told()
            ),
        )
        .likely()
        .saw("GET /.well-known/acme-challenge/…", visit.told(), "port 80")
        .not("tls.cert_expired_in_memory", "no fresh certificate waits on the disk");
        return Some(told(suspect)).filter(|_| !has_fresh(facts));
    }
    let line = line?;
    (days <= 30 && is_due || !has_good_tls(facts)).then(|| {
        told(quoted(Suspect::new("tls.cert_renewal_failing", "The issuer refuses to renew the certificate."), line))
    })
}

/// What programs that renew certificates say of themselves.
const RENEWAL: &[&str] = &["acme", "certbot", "letsencrypt", "let's encrypt", "renew", "challenge"];

fn is_failure(text: &str) -> bool {
    let failed: &[&str] = &[
        "unauthorized",
        "invalid response",
        "challenge failed",
        "challenges have failed",
        "ratelimited",
        "rate limited",
        "too many certificates",
        "too many failed authorizations",
        "renewal failed",
        "failed to renew",
        "error renew",
        "verify error",
        "could not get certificate",
        "unable to obtain",
        "timeout during connect",
        "error getting validation data",
    ];
    has_each(text, &[RENEWAL, failed]) && !text.contains("csrf")
}

fn is_success(text: &str) -> bool {
    let done: &[&str] = &[
        "renewed successfully",
        "obtained successfully",
        "renewals succeeded",
        "congratulations",
        "responded with a certificate",
        "cert success",
        "successfully received certificate",
        "installed certificate",
    ];
    has_each(text, &[done])
}

fn has_fresh(facts: &Facts) -> bool {
    facts
        .host
        .iter()
        .flat_map(|host| &host.certificates)
        .any(|(_, certificate)| certificate.not_after > facts.now + 21 * 86_400)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn ending(days: i64, status: u16) -> Facts {
        let mut facts = healthy();
        let certificate = crate::facts::Certificate { not_after: facts.now + days * 86_400, ..Default::default() };
        facts.doors[0].tls = Some(Handshake { certificate: Some(certificate), ..Handshake::default() });
        facts.visits.push(Visit { step: Step::Challenge, ..visit(status) });
        facts
    }

    #[test]
    fn a_log_of_renewals_is_read_to_its_end() {
        let failure = "app.test:Verify error:203.0.113.10: Fetching http://app.test/.well-known/acme-challenge/t: Timeout during connect";
        for (lines, expected) in [
            (vec![failure], Some("tls.cert_renewal_failing")),
            (
                vec!["Failed to renew certificate app.test with error: Some challenges have failed."],
                Some("tls.cert_renewal_failing"),
            ),
            (vec![failure, "Congratulations, all renewals succeeded"], None),
            (vec!["the session could not be renewed"], None),
        ] {
            let mut facts = ending(4, 200);
            facts.visits.retain(|visit| visit.step != Step::Challenge);
            let log = &mut facts.host.get_or_insert_default().log;
            log.extend(lines.iter().map(|text| Line { text: (*text).to_owned(), ..Line::default() }));
            assert_eq!(code(&RULE, &facts), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_challenge_that_is_redirected_cannot_be_met() {
        assert_eq!(code(&RULE, &ending(5, 301)), Some("tls.cert_renewal_failing"));
        assert_eq!(code(&RULE, &ending(-2, 301)), Some("tls.cert_renewal_failing"));
        assert_eq!(code(&RULE, &ending(60, 301)), None);
        assert_eq!(code(&RULE, &ending(5, 404)), None);
        let mut short = ending(5, 301);
        let now = short.now;
        let shown = short.doors[0].tls.as_mut().unwrap().certificate.as_mut().unwrap();
        shown.not_before = now - 86_400;
        assert_eq!(code(&RULE, &short), None, "a certificate that lives for six days is fresh with five to go");
    }
}
