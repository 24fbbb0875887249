//! `frontend.api_call_wrong`: the page's script calls the wrong place, or without cookies.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "frontend.api_call_wrong", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let pages = || {
        facts.visits.iter().filter(|visit| visit.via == Via::Public && matches!(visit.step, Step::First | Step::Asset))
    };
    if !target.is_loopback()
        && let Some(visit) = pages().find(|visit| {
            ["http://localhost:", "http://127.0.0.1:", "https://localhost:"]
                .iter()
                .any(|place| visit.note.contains(place))
        })
    {
        let place = visit
            .note
            .split(' ')
            .find(|word| word.contains("localhost:") || word.contains("127.0.0.1:"))
            .unwrap_or_default()
            .to_owned();
        return Some(
            Suspect::new(
                "frontend.wrong_api_base",
                format!("The page's script calls {place}, which is the visitor's own machine."),
            )
            .at(Link::Browser)
            .saw(format!("GET {}", visit.url), place, "the script")
            .not("cors.origin_not_allowed", "the request never reaches this server")
            .fix("build with relative addresses (VITE_API_URL=/api), or with the public one"),
        );
    }
    if let Some(suspect) = recorded(facts) {
        return Some(suspect);
    }
    let omitted = (!facts.page.is_empty()
        || pages().any(|visit| visit.note.contains("fetch(") && visit.note.contains("http")))
    .then(|| {
        pages().find(|visit| {
            visit.step == Step::Asset
                && visit.note.contains("fetch(")
                && !visit.note.contains("credentials")
                && visit.note.split(' ').any(|word| {
                    word.starts_with("http://")
                        && !word.contains(&format!("//{}", target.host))
                        && !word.contains("w3.org")
                })
        })
    })
    .flatten();
    if let Some(visit) = omitted {
        return Some(
            Suspect::new(
                "frontend.credentials_omitted",
                "The script calls another origin and never says `credentials: include`.",
            )
            .at(Link::Browser)
            .likely()
            .saw(format!("GET {}", visit.url), "fetch without credentials", "the script"),
        );
    }
    let shell = |visit: &Visit| {
        visit.status == 200
            && visit.field("content-type").is_some_and(|kind| kind.contains("text/html"))
            && visit.says("<!doctype html")
    };
    let api = facts
        .visits
        .iter()
        .find(|visit| matches!(visit.step, Step::Bootstrap | Step::Across) && shell(visit))
        .or_else(|| {
            facts.visits(Step::SignIn).find(|visit| {
                visit.via == Via::Public
                    && visit.url.contains("/api/")
                    && (shell(visit) && !visit.says("password")
                        || visit.status == 405 && visit.field("server").is_some_and(|server| server.contains("nginx")))
            })
        })?;
    Some(
        Suspect::new(
            "frontend.api_hits_static_server",
            format!(
                "{} is answered with the page of the front end: the API's path leads to the static files.",
                api.url
            ),
        )
        .at(Link::Csrf)
        .deep(5)
        .saw(format!("{} {}", api.method, api.url), api.told(), "the server")
        .fixes(mend::lines(
            facts,
            &[
                ("nginx", "location /api/ { proxy_pass http://APP; }   # before try_files"),
                ("caddy", "handle /api/* { reverse_proxy APP:PORT }   # before file_server"),
                ("apache", "ProxyPass /api/ http://APP/api/   # before FallbackResource"),
                ("haproxy", "use_backend app if { path_beg /api/ }"),
                ("traefik", "rule: PathPrefix(`/api`) with a higher priority"),
            ],
        )),
    )
}

/// A request to another origin that lacks a cookie which that origin had set for it.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let is_in_frame = |call: &Call| call.sent("sec-fetch-dest") == Some("iframe");
    // With any cookie on it, the request was sent with credentials, and something else keeps this one away.
    let call = calls(facts).find(|call| {
        call.is_across()
            && call.cookies.is_empty()
            && !call.lacks.is_empty()
            && !is_in_frame(call)
            && call.method != "OPTIONS"
    })?;
    let name = call.lacks.first()?;
    Some(
        Suspect::new(
            "frontend.credentials_omitted",
            format!("The script calls another origin without credentials: its cookie `{name}` is neither kept nor sent."),
        )
        .likely()
        .deep(3)
        .saw(format!("{} {}", call.method, call.url), format!("{}, without cookies", call.status), "browser")
        .not("cookie.samesite_lax_cross_post", "the cookie's attributes let it come")
        .fix("fetch(url, { credentials: \"include\" }), axios withCredentials: true")
        .fix("on the API: Access-Control-Allow-Credentials: true, and the page's origin by name in Access-Control-Allow-Origin"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_script_that_calls_localhost_is_built_wrong() {
        let mut facts = healthy();
        facts.visits.push(Visit { step: Step::Asset, note: "http://localhost:8000 fetch(".into(), ..visit(200) });
        assert_eq!(code(&RULE, &facts), Some("frontend.wrong_api_base"));
        facts.visits[1].note = "fetch(".into();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_recorded_call_across_origins_without_its_cookie_omits_credentials() {
        let mut facts = healthy();
        let sent = vec![("origin".to_owned(), "https://app.example.com".to_owned())];
        let call = Call { url: "https://api.test/me".into(), sent, lacks: vec!["session".into()], ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("frontend.credentials_omitted"));
        facts.browser.as_mut().unwrap().calls[0].cookies = vec!["other".into()];
        assert_eq!(code(&RULE, &facts), None, "it was sent with credentials");
    }
}
