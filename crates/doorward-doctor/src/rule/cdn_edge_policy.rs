//! `cdn.edge_policy`: the edge or the origin's demands on it stop the request.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cdn.edge_policy", judge };

/// Whether the edge asks for a proof that somebody is a person.
pub(super) fn is_challenge(visit: &Visit) -> bool {
    visit.field("cf-mitigated").is_some_and(|value| value.contains("challenge"))
        || visit.status == 403 && visit.is_from_cdn() && visit.says("just a moment...")
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let public = || facts.visits.iter().filter(|visit| visit.via == Via::Public && visit.status > 0);
    if let Some(visit) = public().find(|visit| {
        matches!(visit.status, 400 | 495 | 496)
            && (visit.says("no required ssl certificate was sent") || visit.says("ssl certificate error"))
    }) {
        return Some(
            Suspect::new("cdn.client_cert_required", "The origin demands a client certificate, and what comes to it has none.")
                .at(Link::Edge)
                .saw(visit.method.clone(), visit.told(), visit.url.clone())
                .not("config.allowed_hosts", "the answer is made before any app")
                .fix("at the CDN: switch on authenticated origin pulls for this zone; at the origin: ssl_client_certificate with the CDN's authority"),
        );
    }
    let is_stopped = facts.arrival().is_some_and(|visit| matches!(visit.status, 0 | 520 | 525));
    if let Some(visit) =
        facts.visits.iter().find(|visit| visit.fault == Some(Fault::Certificate)).filter(|_| is_stopped)
    {
        return Some(
            Suspect::new("cdn.client_cert_required", "The origin demands a client certificate, and what comes to it has none.")
                .at(Link::Edge)
                .saw(visit.method.clone(), "alert: certificate required", visit.url.clone())
                .not("tls.origin.no_certificate", "the origin shows its own certificate, and asks for another")
                .fix("at the CDN: switch on authenticated origin pulls for this zone; at the origin: demand the certificate of the CDN's authority alone"),
        );
    }
    // Where other requests of ours pass, it is this path that is challenged, for every program.
    let challenged = public().find(|visit| is_challenge(visit))?;
    let passed = public().any(|visit| !is_challenge(visit) && visit.is_well() && visit.is_from_cdn());
    passed.then(|| {
        Suspect::new("cdn.challenge", format!("The edge answers {} {} with a challenge that no program can solve.", challenged.method, challenged.url))
            .at(Link::Edge)
            .saw(format!("{} {}", challenged.method, challenged.url), challenged.told(), "cf-mitigated: challenge")
            .not("csrf.token_missing", "the edge answers, not the app")
            .fix("at the CDN: a rule that skips challenges for this path (for example: URI path starts with /api/ → skip bot rules)")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_demand_for_a_client_certificate_is_named() {
        let mut facts = answered(400);
        facts.visits[0] = saying(visit(400), "<title>400 No required SSL certificate was sent</title>");
        assert_eq!(code(&RULE, &facts), Some("cdn.client_cert_required"));
    }

    #[test]
    fn an_alert_for_want_of_a_certificate_explains_what_the_edge_cannot_read() {
        for (status, expected) in [(520, Some("cdn.client_cert_required")), (200, None)] {
            let mut facts = answered(status);
            let origin = Visit { via: Via::Origin, fault: Some(Fault::Certificate), ..Visit::default() };
            facts.visits.push(origin);
            assert_eq!(code(&RULE, &facts), expected, "{status}");
        }
    }

    #[test]
    fn a_challenge_of_one_path_is_the_edges_policy() {
        let mut facts = healthy();
        facts.visits[0] = with(visit(200), "server", "cloudflare");
        let challenged = with(with(visit(403), "server", "cloudflare"), "cf-mitigated", "challenge");
        facts.visits.push(Visit { step: Step::SignIn, ..challenged });
        assert_eq!(code(&RULE, &facts), Some("cdn.challenge"));
        facts.visits.remove(0);
        assert_eq!(code(&RULE, &facts), None);
    }
}
