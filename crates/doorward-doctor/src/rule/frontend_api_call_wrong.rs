//! `frontend.api_call_wrong`: the page's script calls the wrong place, or without cookies.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "frontend.api_call_wrong", judge };

/// How the API's path is led to the app, before the files of the front end.
const TO_THE_APP: &[(&str, &str)] = &[
    ("nginx", "location /api/ { proxy_pass http://APP; }   # before try_files"),
    ("caddy", "handle /api/* { reverse_proxy APP:PORT }   # before file_server"),
    ("apache", "ProxyPass /api/ http://APP/api/   # before FallbackResource"),
    ("haproxy", "use_backend app if { path_beg /api/ }"),
    ("traefik", "rule: PathPrefix(`/api`) with a higher priority"),
];

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
    if let Some(suspect) =
        inner_name(facts, target).or_else(|| recorded_base(facts, target)).or_else(|| recorded(facts))
    {
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
        .fixes(mend::lines(facts, TO_THE_APP)),
    )
}

/// A script that calls a name without a dot, at a port: a container's, which the visitor's machine does not know.
fn inner_name(facts: &Facts, target: &Target) -> Option<Suspect> {
    let is_inner = |word: &&str| {
        let Some((host, port)) = word.strip_prefix("http://").and_then(|place| place.split_once(':')) else {
            return false;
        };
        host.len() > 1
            && !host.contains('.')
            && host != "localhost"
            && host != target.host
            && port.parse::<u16>().is_ok()
    };
    let pages =
        facts.visits.iter().filter(|visit| visit.via == Via::Public && matches!(visit.step, Step::First | Step::Asset));
    let (visit, place) = pages
        .filter(|_| target.host.contains('.'))
        .find_map(|visit| Some((visit, visit.note.split(' ').find(is_inner)?)))?;
    Some(
        Suspect::new("frontend.wrong_api_base", format!("The page's script calls {place}, a name that is known inside of the server alone."))
            .at(Link::Browser)
            .saw(format!("GET {}", visit.url), place.to_owned(), "the script")
            .not("cors.origin_not_allowed", "the request never reaches this server")
            .fix("build with relative addresses (VITE_API_URL=/api), or with the public one; names of containers are for calls between servers"),
    )
}

/// What a browser recorded of a script whose idea of where the API is, is wrong.
fn recorded_base(facts: &Facts, target: &Target) -> Option<Suspect> {
    let told = |code, why: String, call: &Call| {
        Suspect::new(code, why).likely().deep(3).at(Link::Browser).saw(
            format!("{} {}", call.method, call.url),
            call.status.to_string(),
            "browser",
        )
    };
    let path = |call: &Call| url::Url::parse(&call.url).map(|url| url.path().to_owned()).unwrap_or_default();
    let host = |call: &Call| host_of(&call.url).unwrap_or_default();
    let unset = calls(facts).find(|call| {
        let is_unset = path(call)
            .split('/')
            .any(|part| matches!(part, "undefined" | "null" | "%7B%7BAPI_URL%7D%7D" | "[object%20Object]"));
        is_unset && host(call) == target.host && (matches!(call.status, 0 | 400..=599) || call.is_change())
    });
    if let Some(call) = unset {
        let why = "A setting of the front end is empty where its address of the API is put together.".to_owned();
        return Some(told("frontend.wrong_api_base", why, call).fix(
            "set the API's base when the front end is built (VITE_API_URL=/api, NEXT_PUBLIC_API_URL), and build again",
        ));
    }
    let own = calls(facts).find(|call| {
        let is_own = matches!(host(call).as_str(), "localhost" | "127.0.0.1");
        is_own
            && !target.is_loopback()
            && call.status == 0
            && call.sent("origin").is_none_or(|origin| origin.contains(&target.host))
    });
    if let Some(call) = own {
        let why = format!("The page's script calls {}, which is the visitor's own machine.", host(call));
        return Some(
            told("frontend.wrong_api_base", why, call)
                .fix("build with relative addresses (VITE_API_URL=/api), or with the public one"),
        );
    }
    let is_api = |call: &Call| {
        path(call).split('/').any(|part| part == "api")
            || call.sent("accept").is_some_and(|kind| kind.starts_with("application/json"))
    };
    let fixed = calls(facts).filter(|call| host(call) == target.host && is_api(call)).find(|call| {
        let is_page = call.status == 200
            && call.got("content-type").is_none_or(|kind| kind.contains("text/html"))
            && call.sent("sec-fetch-mode") != Some("navigate")
            && call.sent("accept").is_some_and(|kind| kind.starts_with("application/json"))
            && call.says("<!doctype html");
        let is_files = call.status == 405
            && call.is_change()
            && call.got("server").is_some_and(|name| name.to_lowercase().contains("nginx"));
        is_page || is_files
    })?;
    let why = format!(
        "{} is answered by the server of the front end's files: the API's path does not lead to the app.",
        path(fixed)
    );
    Some(told("frontend.api_hits_static_server", why, fixed).fixes(mend::lines(facts, TO_THE_APP)))
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
            && super::cookie_withheld_cross_site::keeps_away(facts, call).is_none()
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
    fn a_script_that_calls_a_container_is_built_wrong() {
        let mut facts = healthy();
        facts.visits.push(Visit { step: Step::Asset, note: "axios http://backend:4000".into(), ..visit(200) });
        assert_eq!(code(&RULE, &facts), Some("frontend.wrong_api_base"));
        for note in ["http://a", "http://www.w3.org", "http://app.example.com:8080"] {
            facts.visits[1].note = note.into();
            assert_eq!(code(&RULE, &facts), None, "{note}");
        }
    }

    #[test]
    fn recorded_calls_tell_where_the_front_end_looks_for_its_api() {
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let nginx = || pair("server", "nginx/1.27");
        for (method, url, status, sent, got, expected) in [
            (
                "POST",
                "https://app.example.com/undefined/api/login",
                405,
                vec![],
                nginx(),
                Some("frontend.wrong_api_base"),
            ),
            ("POST", "http://localhost:3001/api/login", 0, vec![], vec![], Some("frontend.wrong_api_base")),
            (
                "POST",
                "https://app.example.com/api/login",
                405,
                vec![],
                nginx(),
                Some("frontend.api_hits_static_server"),
            ),
            (
                "GET",
                "https://app.example.com/api/me",
                200,
                pair("accept", "application/json"),
                vec![],
                Some("frontend.api_hits_static_server"),
            ),
            ("GET", "https://app.example.com/login", 200, vec![], vec![], None),
        ] {
            let body = "<!doctype html><div>".to_owned();
            let call = Call { method: method.into(), url: url.into(), status, sent, got, body, ..Call::default() };
            let mut facts = healthy();
            facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
            assert_eq!(code(&RULE, &facts), expected, "{method} {url}");
        }
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
