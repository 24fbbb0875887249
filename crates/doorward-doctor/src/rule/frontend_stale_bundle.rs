//! `frontend.stale_bundle`: a service worker shows a page whose scripts are gone.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "frontend.stale_bundle", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let calls = || facts.browser.iter().flat_map(|browser| &browser.calls);
    let worker = calls().any(|call| call.is_from_worker);
    let is_file = |url: &str| [".js", ".css"].iter().any(|end| url.to_ascii_lowercase().ends_with(end));
    let gone = calls().find(|call| call.status == 404 && is_file(&call.url));
    if let Some(gone) = gone.filter(|_| worker) {
        return Some(
            Suspect::new(
                "frontend.stale_service_worker",
                format!("A service worker shows an old page, whose script {} is gone.", gone.url),
            )
            .saw("the page", "out of the service worker", "browser")
            .saw(format!("GET {}", gone.url), "404", "browser"),
        );
    }
    let script = facts
        .visits(Step::Asset)
        .find(|visit| visit.via == Via::Public && visit.url.ends_with("sw.js") && visit.status == 200)?;
    let listed = script.body.clone();
    let page = facts.visits(Step::Asset).find(|visit| {
        visit.via == Via::Public
            && visit.status == 404
            && url::Url::parse(&visit.url)
                .is_ok_and(|url| listed.contains(url.path().rsplit('/').next().unwrap_or("?")))
    });
    let keeps =
        script.field("cache-control").is_some_and(|value| value.contains("max-age") && !value.contains("max-age=0"))
            || script.is_cached();
    (page.is_some() || keeps && script.says("caches.match")).then(|| Suspect::new("frontend.stale_service_worker", "The service worker answers from its cache first and is itself kept by browsers, so an old page outlives each release.").likely().saw(format!("GET {}", script.url), script.field("cache-control").unwrap_or_default().to_owned(), "the server").fix("Cache-Control: no-cache   # for sw.js and index.html").fix("in the worker: skipWaiting, clients.claim, delete old caches on activate, network first for pages"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_worker_that_keeps_itself_and_the_page_is_stale() {
        let mut facts = healthy();
        let worker = with(
            saying(visit(200), "self.addEventListener('fetch', e => e.respondWith(caches.match(e.request)))"),
            "cache-control",
            "max-age=86400",
        );
        facts.visits.push(Visit { step: Step::Asset, url: "https://app.example.com/sw.js".into(), ..worker });
        assert_eq!(code(&RULE, &facts), Some("frontend.stale_service_worker"));
        facts.visits[1].fields.clear();
        assert_eq!(code(&RULE, &facts), None);
    }
}
