//! `redirect.host_loop`: two layers send people to each other's host.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "redirect.host_loop", judge };

/// Hosts of the way of redirects.
fn hosts(facts: &Facts) -> Vec<String> {
    let mut hosts: Vec<_> = facts
        .visits(Step::First)
        .filter(|visit| visit.via == Via::Public)
        .filter_map(|visit| host_of(&visit.url))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Whether the loop is about the host: it changes on the way, or the app is well as soon as it gets the right one.
pub(super) fn is_about_host(facts: &Facts) -> bool {
    if hosts(facts).len() > 1 {
        return true;
    }
    let at_app = |note: &str| facts.visits(Step::Variant).find(|visit| visit.via == Via::App && visit.note == note);
    // Behind a CDN the proxy stands between, and may be the one that redirects an app which is well.
    let is_cdn = facts.arrival().is_some_and(Visit::is_from_cdn);
    let plain = !is_cdn
        && at_app("nothing forwarded")
            .is_some_and(|visit| !matches!(visit.status, 300..400) && visit.status > 0 && visit.status < 500);
    let is_plain_site = facts.target.as_ref().is_some_and(|target| !target.is_https());
    let is_rewritten = facts.host.as_ref().is_some_and(crate::host::upstream::changes_host);
    plain || is_plain_site && facts.inner(Via::Origin).is_none() || is_rewritten
}

fn judge(facts: &Facts) -> Option<Suspect> {
    if !stop::is_loop(facts) || !is_about_host(facts) {
        return None;
    }
    let last = facts.arrival()?;
    let names = hosts(facts).join(" and ");
    let (why, fix) = if hosts(facts).len() > 1 {
        (format!("{names} redirect to each other, so the page never comes."), vec!["keep the rule for the right host in one place: the proxy or the app, not both; set the app's site URL to the same host".to_owned()])
    } else {
        (
            "The app redirects to the very address that was asked, because the Host it gets is another.".to_owned(),
            mend::host(facts),
        )
    };
    Some(
        Suspect::new("redirect.canonical_host_loop", why)
            .at(Link::Proxy)
            .deep(3)
            .saw("GET", last.told(), last.url.clone())
            .not("redirect.xfp_loop", "the host is what differs, not the scheme")
            .fixes(fix),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn two_hosts_in_turn_are_a_host_loop() {
        let at = |from: &str, to: &str| Visit { url: from.into(), ..with(visit(301), "location", to) };
        let (www, apex) = ("https://www.example.com/", "https://example.com/");
        let mut facts = healthy();
        facts.visits = vec![at(www, apex), at(apex, www), at(www, apex)];
        assert_eq!(code(&RULE, &facts), Some("redirect.canonical_host_loop"));
        facts.visits = vec![at(www, www), at(www, www)];
        assert_eq!(code(&RULE, &facts), None);
        assert_eq!(code(&RULE, &healthy()), None);
    }
}
