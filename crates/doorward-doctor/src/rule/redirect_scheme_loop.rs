//! `redirect.scheme_loop`: somebody always believes that the visitor comes by plain http.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "redirect.scheme_loop", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if !stop::is_loop(facts) || super::redirect_host_loop::is_about_host(facts) {
        return None;
    }
    let last = facts.arrival()?;
    let inner = facts.inner(Via::Origin);
    let origin_is_well = inner.is_some_and(|visit| {
        visit.status > 0 && visit.field("location").is_none_or(|to| to.split('?').next() != last.url.split('?').next())
    });
    let told = |suspect: Suspect| {
        let suspect = suspect
            .at(Link::Proxy)
            .deep(3)
            .saw(format!("GET {}", last.url), last.told(), "as a visitor")
            .not("redirect.canonical_host_loop", "the host stays the same");
        match inner {
            Some(inner) => suspect.saw("the same at the origin over https", inner.told(), "origin"),
            None => suspect,
        }
    };
    if last.is_from_cdn() && (inner.is_none() || origin_is_well) {
        let suspect = told(Suspect::new("redirect.flexible_ssl_loop", "The CDN fetches over plain http, the origin sends that to https, and the CDN fetches it over plain http again."))
            .fix("at the CDN: SSL mode Full (strict)")
            .fix("at the origin: a certificate for this name on port 443 (the CDN's origin certificate will do)");
        return Some(if inner.is_some() { suspect } else { suspect.likely() });
    }
    let mut suspect = told(Suspect::new(
        "redirect.xfp_loop",
        "The app redirects to the very https address that was asked: it takes the request for plain http.",
    ));
    let forwarded =
        facts.visits(Step::Variant).find(|visit| visit.via == Via::App && visit.note == "X-Forwarded-Proto: https");
    let is_shown = forwarded.is_some_and(|visit| !matches!(visit.status, 300..400));
    if let Some(forwarded) = forwarded {
        suspect = suspect.saw("at the app, with X-Forwarded-Proto: https", forwarded.told(), "app");
    }
    suspect = suspect.fixes(mend::forwarded_proto(facts)).fix("and let the app trust it from the proxy's address");
    Some(if is_shown { suspect } else { suspect.likely() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn round() -> Facts {
        let at = with(visit(301), "location", "https://app.example.com/");
        Facts { visits: vec![at.clone(), at], ..healthy() }
    }

    #[test]
    fn a_round_trip_without_a_cdn_is_the_forwarded_scheme() {
        assert_eq!(code(&RULE, &round()), Some("redirect.xfp_loop"));
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn behind_a_cdn_the_origin_decides() {
        let mut facts = round();
        for visit in &mut facts.visits {
            visit.fields.push(("server".into(), "cloudflare".into()));
        }
        assert_eq!(code(&RULE, &facts), Some("redirect.flexible_ssl_loop"));
        facts.visits.push(by(with(visit(301), "location", "https://app.example.com/"), Via::Origin));
        assert_eq!(code(&RULE, &facts), Some("redirect.xfp_loop"));
        facts.visits[2] = by(visit(200), Via::Origin);
        assert_eq!(code(&RULE, &facts), Some("redirect.flexible_ssl_loop"));
    }
}
