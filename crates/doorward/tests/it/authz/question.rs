//! The questions themselves, as a proxy asks them.

use super::header;
use crate::it::harness::{Answer, Client, Server, Upstream};

fn server(settings: &[(&str, &str)]) -> Server {
    let always = [
        ("ENVIRONMENT", "development"),
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("DOORWARD_APP__0__NAME", "notes"),
        ("DOORWARD_APP__0__HOST", "notes.localhost"),
        ("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*"),
    ];
    Server::start_with(&[&always[..], settings].concat())
}

fn forward(client: &mut Client, method: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let (proto, rest) = url.split_once("://").unwrap();
    let (host, uri) = rest.split_at(rest.find('/').unwrap());
    let told = [
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", proto),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Uri", uri),
    ];
    client.send("GET", "/api/authz/forward-auth", &[&told[..], more].concat(), "")
}

fn request(client: &mut Client, method: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let told = [("X-Original-Method", method), ("X-Original-URL", url)];
    client.send("GET", "/api/authz/auth-request", &[&told[..], more].concat(), "")
}

type Ask = fn(&mut Client, &str, &str, &[(&str, &str)]) -> Answer;
const BOTH: [Ask; 2] = [forward, request];
const IDENTITY: [&str; 8] = [
    "remote-user",
    "remote-groups",
    "remote-name",
    "remote-email",
    "remote-acr",
    "remote-amr",
    "remote-auth-time",
    "x-doorward-jwt",
];
const PAGE: [(&str, &str); 2] = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")];

// CVE-2026-40575: whoever may ask can say for what, so nobody may who is not listed.
#[test]
fn nobody_may_ask_who_is_not_listed_and_the_log_has_the_line_to_add() {
    let server =
        Server::start_with(&[("DOORWARD_APP__0__HOST", "notes.localhost"), ("DOORWARD_APP__0__PUBLIC_PATHS", "/*")]);
    for host in ["localhost", "notes.localhost"] {
        let mut client = server.client();
        client.host = format!("{host}:{}", server.port);
        for ask in BOTH {
            let answer = ask(&mut client, "GET", "http://notes.localhost/open/a", &[]);
            assert_eq!((answer.status, answer.reason().as_str()), (403, "proxy.peer_untrusted"), "{host} {answer:?}");
            assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
        }
    }
    server.wait_until("the line", || server.log().contains(r#"trusted_proxies = [\"127.0.0.1\"]"#));
}

// CVE-2026-2836: an answer about one host is none about another, and no answer is kept by anybody.
#[test]
fn every_identity_header_is_in_every_yes() {
    let server = server(&[("DOORWARD_APP__1__HOST", "other.localhost"), ("DOORWARD_APP__1__PUBLIC_PATHS", "/none")]);
    let mut stranger = server.client();
    for ask in BOTH {
        let answer = ask(&mut stranger, "GET", "http://notes.localhost/open/a?b", &[("Remote-User", "root")]);
        assert_eq!(answer.status, 200, "{answer:?}");
        for name in IDENTITY {
            assert_eq!(answer.header(name), Some(""), "{name}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(ask(&mut stranger, "GET", "http://other.localhost/open/a?b", &[]).status, 401);
        for method in ["GET", "HEAD", "POST", "DELETE", "PROPFIND"] {
            assert_eq!(ask(&mut stranger, method, "http://notes.localhost/a", &[]).status, 401, "{method}");
        }
        let preflight = [("Origin", "https://other.example"), ("Access-Control-Request-Method", "PUT")];
        let answer = ask(&mut stranger, "OPTIONS", "http://notes.localhost/a", &preflight);
        assert_eq!((answer.status, answer.header("remote-user")), (200, Some("")));
        assert_eq!(ask(&mut stranger, "OPTIONS", "http://notes.localhost/a", &preflight[..1]).status, 401);
    }
}

#[test]
fn each_shape_refuses_as_its_proxy_can_use_it() {
    let server = server(&[]);
    let mut client = server.client();
    let page = "http://notes.localhost:9000/a?b=c";
    let sign_in = "http://notes.localhost:9000/.doorward/sign-in";
    for (ask, status) in BOTH.into_iter().zip([302, 401]) {
        for method in ["GET", "HEAD"] {
            let answer = ask(&mut client, method, page, &PAGE);
            assert_eq!(answer.status, status);
            assert!(
                answer.location().starts_with(&format!("{sign_in}?return_to=%2Fa%3Fb%3Dc%26dw_n%3D1.")),
                "{answer:?}"
            );
        }
    }
    // nginx follows every Location, so there only navigations have one.
    for (ask, location) in BOTH.into_iter().zip([sign_in, ""]) {
        let answer = ask(&mut client, "POST", page, &[("Accept", "application/json")]);
        assert_eq!((answer.status, answer.location()), (401, location));
        assert_eq!((answer.reason().as_str(), answer.json()["login_url"].as_str()), ("session.missing", Some(sign_in)));
        let answer = ask(&mut client, "POST", page, &PAGE);
        assert_eq!((answer.status, answer.location()), (401, location));
        assert!(answer.body.contains("session.form_not_sent"));
        for (url, status, reason) in [
            ("http://unknown.localhost/a", 403, "app.not_configured"),
            ("http://notes.localhost.evil.example/a", 403, "app.not_configured"),
            ("http://notes.localhost/.doorward/sign-in", 400, "proxy.question_unclear"),
            ("http://notes.localhost/open/..%2fsecret", 400, "http.path_not_canonical"),
            ("http://notes.localhost/open//a", 400, "http.path_not_canonical"),
            ("http://notes.localhost,evil.example/open/a", 400, "proxy.question_unclear"),
            ("gopher://notes.localhost/open/a", 400, "proxy.question_unclear"),
        ] {
            let answer = ask(&mut client, "GET", url, &[]);
            assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{url}");
        }
        for method in ["get", "GET,POST", "M-SEARCH", "G3T"] {
            assert_eq!(ask(&mut client, method, "http://notes.localhost/open/a", &[]).status, 400, "{method}");
        }
        let twice = [("X-Original-URL", "http://notes.localhost/open/a"), ("X-Forwarded-Uri", "/open/a")];
        assert_eq!(ask(&mut client, "GET", "http://notes.localhost/secret", &twice).status, 400);
        let alias = [("X_Original_URL", "http://notes.localhost/open/a"), ("X_Forwarded_Uri", "/open/a")];
        assert_eq!(ask(&mut client, "GET", "http://notes.localhost/secret", &alias).status, 401);
        assert_eq!(ask(&mut client, "GET", "http://notes.localhost/secret?/open/a", &[]).status, 401);
    }
    assert_eq!(client.send("GET", "/api/authz/forward-auth", &[], "").status, 400);
    assert_eq!(client.send("GET", "/api/authz/auth-request", &[], "").status, 400);
}

#[test]
fn people_depend_on_https_in_production() {
    let server = server(&[("ENVIRONMENT", "production"), ("DOORWARD_SERVER__PUBLIC_URL", "https://localhost")]);
    let mut client = server.client();
    client.always = vec![("X-Forwarded-For".to_owned(), "192.0.2.7".to_owned())];
    for ask in BOTH {
        let answer = ask(&mut client, "GET", "http://notes.localhost/open/a", &[]);
        assert_eq!((answer.status, answer.reason().as_str()), (403, "csrf.https_required"), "{answer:?}");
        assert_eq!(ask(&mut client, "GET", "https://notes.localhost/open/a", &[]).status, 200);
    }
}

// CVE-2025-71403: a host is compared whole, whatever else an address holds.
#[test]
fn a_sign_in_never_leads_elsewhere() {
    let server = server(&[]);
    let mut client = server.client();
    for ask in BOTH {
        for host in [
            "evil.com?.notes.localhost",
            "evil.com#.notes.localhost",
            "notes.localhost@evil.com",
            "evil.com\\.notes.localhost",
            "notes.localhost:80@evil.com",
            "notes.localhost.",
            "xnotes.localhost",
        ] {
            let answer = ask(&mut client, "GET", &format!("http://{host}/a"), &PAGE);
            let is_own = answer.location().starts_with("http://notes.localhost./.doorward/sign-in");
            assert!(answer.location().is_empty() || is_own, "{host}: {answer:?}");
        }
        for target in ["/\\evil.com", "/%0d%0aLocation:x", "//evil.com"] {
            let answer = ask(&mut client, "GET", &format!("http://notes.localhost{target}"), &PAGE);
            assert_eq!((answer.status, answer.location()), (400, ""), "{target}");
        }
    }
}

#[test]
fn the_question_of_another_proxy_is_never_an_apps_own_path() {
    let app = Upstream::start();
    let url = app.url();
    let server = server(&[("DOORWARD_APP__0__UPSTREAM", &url)]);
    let mut client = server.client();
    client.host = format!("notes.localhost:{}", server.port);
    client.always = vec![("X-Forwarded-Host".to_owned(), client.host.clone())];
    assert_eq!(client.get("/open/api/authz/forward-auth").status, 200, "an app may have such a path of its own");
    assert_eq!(header(&app.seen()[0], "remote-user"), None);
}
