//! What people, scripts and attackers meet behind each proxy.

use serde_json::json;

use super::{Site, header};
use crate::it::harness::{Answer, raw};

/// The same stories for each proxy.
macro_rules! behind {
    ($($proxy:ident),*) => { $(
        mod $proxy {
            use super::super::Site;

            fn site() -> Site {
                Site::start(stringify!($proxy))
            }

            #[test]
            fn a_stranger_signs_in_and_the_app_knows_who_it_is() {
                super::signs_in(&site());
            }

            #[test]
            fn what_a_client_says_of_itself_never_wins() {
                super::spoofs(&site());
            }

            #[test]
            fn a_client_without_pages_enters_with_an_app_password() {
                super::clients(&site());
            }

            #[test]
            fn no_trick_with_a_path_opens_what_is_protected() {
                super::tricks(&site());
            }

            #[test]
            fn scripts_and_forms_are_answered_as_they_can_use_it() {
                super::refuses(&site());
            }

            #[test]
            fn websockets_pass_for_whom_they_are() {
                super::sockets(&site());
            }

            #[test]
            fn signing_out_closes_and_a_loop_is_named() {
                super::ends(&site());
            }

            #[test]
            fn without_doorward_everything_is_closed() {
                super::closes(site());
            }
        }
    )* };
}

behind!(nginx, caddy, haproxy);

// CVE-2026-34727, CVE-2024-47077: another way in is as strong as it says, and opens one app.
fn clients(site: &Site) {
    let (email, password) = site.server.administrator();
    let mut person = site.at("localhost");
    assert_eq!(person.sign_in(&email, &password).status, 200);
    let made = person.call("POST", "/api/v1/auth/app-passwords", &json!({"app": "notes", "name": "Phone"}));
    let secret = made.json()["password"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {secret}");
    let ask = |host: &str, path: &str, authorization: &str| {
        site.at(host).send("GET", path, &[("Authorization", authorization), ("Accept", "*/*")], "")
    };
    let answer = ask("notes.localhost", "/a", &bearer);
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = site.notes.seen().pop().unwrap();
    assert_eq!(header(&seen, "remote-user"), Some(email.as_str()));
    assert!(!seen.to_string().contains("dwk_"), "no app hears of one: {seen}");
    let wrong = ask("notes.localhost", "/a", &format!("Bearer dwk_{}", "A".repeat(43)));
    assert_eq!(wrong.status, 401, "{wrong:?}");
    assert_eq!(ask("notes.localhost", "/admin/a", &bearer).status, 403, "rules hold for it");
    let elsewhere = ask("other.localhost", "/a", &bearer);
    assert_ne!(elsewhere.status, 200);
    let public = ask("notes.localhost", "/open/a", "Basic YTpi");
    assert_eq!(public.status, 200);
}

fn signs_in(site: &Site) {
    let (email, _) = site.server.administrator();
    let start = format!("http://notes.localhost:{}/notes?x=1&y=%C3%A4", site.port);
    let mut stranger = vec![];
    let (answer, url) = site.follow(&mut stranger, &start);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(url.starts_with(&format!("http://localhost:{}/.doorward/sign-in?", site.port)), "{url}");
    assert_eq!(site.seen(), 0, "no app hears of a stranger");
    let [portal, mut notes] = site.signed_in();
    notes.jar.insert("theirs".to_owned(), "kept".to_owned());
    let answer = notes.page("/notes?x=1&y=%C3%A4");
    let seen = answer.json();
    assert_eq!((answer.status, seen["target"].as_str()), (200, Some("/notes?x=1&y=%C3%A4")), "{}", answer.body);
    assert_eq!(header(&seen, "remote-user"), Some(email.as_str()));
    assert_eq!(header(&seen, "remote-email"), Some(email.as_str()));
    assert_eq!(header(&seen, "remote-groups"), Some("admins"));
    assert!(header(&seen, "x-doorward-jwt").unwrap().starts_with("eyJ"));
    assert_eq!(header(&seen, "cookie").unwrap().trim_end_matches([';', ' ']), "theirs=kept", "and nothing of ours");
    assert_eq!(header(&seen, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(header(&seen, "x-forwarded-proto"), Some("http"));
    // A body arrives whole, and the form's own headers with it.
    let origin = notes.origin();
    let answer = notes.send("POST", "/save", &[("Origin", &origin), ("Content-Type", "text/plain")], "a long text");
    assert_eq!(answer.json()["body"], "a long text", "{}", answer.body);
    assert_eq!(notes.send("POST", "/save", &[("Origin", "https://evil.example")], "x").status, 403);
    // The other app on this host, and only below its path.
    assert_eq!(notes.page("/open/wiki/page").json()["target"], "/open/wiki/page");
    assert_eq!(site.wiki.seen().len(), 1);
    // A rule of groups, and another host, for which this session is none.
    assert_eq!(notes.get("/admin/x").status, 403);
    // CVE-2026-33496: nothing that was decided for one is taken for the other, however they alternate.
    let mut other = site.at("other.localhost");
    for jar in [notes.jar.clone(), portal.jar.clone()] {
        for _ in 0..10 {
            other.jar.clone_from(&jar);
            assert_eq!((other.get("/").status, notes.get("/").status), (401, 200));
        }
    }
    assert_eq!(site.other.seen().len(), 0);
}

// GHSA-w9mr-28mw-j8hg: a name in Connection removes no header of ours. CVE-2026-88011, CVE-2026-39858: aliases.
// CVE-2026-40575: the path that is asked about is the one that is asked for. CVE-2017-6413: claims of a client.
fn spoofs(site: &Site) {
    let (email, _) = site.server.administrator();
    let [_, mut notes] = site.signed_in();
    let spoofed = [
        ("Remote-User", "root"),
        ("remote_user", "root"),
        ("Remote_User", "root"),
        ("Remote.User", "root"),
        ("REMOTE-GROUPS", "root"),
        ("Remote-Name", "root"),
        ("Remote-Email", "root@example.com"),
        ("Remote-Role", "root"),
        ("X-Doorward-Jwt", "root"),
        ("X-Doorward_Jwt", "root"),
        ("OIDC_CLAIM_sub", "root"),
        ("X-Forwarded-User", "root"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X_Forwarded_For", "203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9;proto=https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Uri", "/open/evil"),
        ("X_Forwarded_Uri", "/open/evil"),
        ("X-Forwarded-Method", "EVIL"),
        ("X-Original-URL", "http://notes.localhost/open/evil"),
        ("X-Original-Method", "EVIL"),
        ("X-Rewrite-URL", "/open/evil"),
    ];
    let hidden =
        [("Connection", "close, remote-user, remote-groups, x-forwarded-for, x-forwarded-uri, x-original-url")];
    for more in [&[][..], &hidden] {
        let headers = [&spoofed[..], more].concat();
        let before = site.seen();
        let answer = site.notes().send("GET", "/secret", &headers, "");
        assert_eq!((answer.status, site.seen()), (401, before), "{}", answer.body);
        for (mut client, path, user) in
            [(notes.clone(), "/secret", Some(email.as_str())), (site.notes(), "/open/a", None)]
        {
            let answer = client.send("GET", path, &headers, "");
            assert_eq!(answer.status, 200, "{}", answer.body);
            let seen = site.notes.seen().pop().unwrap();
            let text = seen.to_string();
            assert!(
                !text.contains("root") && !text.contains("203.0.113.9") && !text.to_lowercase().contains("evil"),
                "{text}"
            );
            assert_eq!(header(&seen, "remote-user").filter(|value| !value.is_empty()), user, "{text}");
            assert_eq!(header(&seen, "x-forwarded-for"), Some("127.0.0.1"));
            let names = seen["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap());
            assert!(names.clone().all(|name| !name.contains(['_', '.'])), "{text}");
        }
    }
    // A rule by method is asked by the method that is sent.
    assert_eq!(site.notes().get("/feed").status, 200);
    for override_ in ["X-Forwarded-Method", "X-Original-Method"] {
        assert_eq!(site.notes().send("POST", "/feed", &[(override_, "GET")], "x").status, 401);
    }
    assert_eq!(notes.get("/start").status, 200);
}

// CVE-2021-32637 and CVE-2025-54576 behind the real proxies.
fn tricks(site: &Site) {
    for path in [
        "/open/../secret",
        "/open/..%2fsecret",
        "/open/%2e%2e/secret",
        "/open/%2e%2e%2fsecret",
        "/open/.%2e/secret",
        "/open/..;/secret",
        "/open/..\\secret",
        "/open/..%5csecret",
        "/open/%252e%252e/secret",
        "//open/../secret",
        "/secret/..%2fopen/a",
        "/secret%00/open/",
        "/secret?/open/a",
        "/secret?x=/open/a",
        "/secret#/open/a",
        "/secret;/open/a",
        "/OPEN%2f..%2fsecret",
        "/open/%c0%ae%c0%ae/secret",
        "/%6fpen/..%2fsecret",
        "/secret/.",
        "/./secret",
        "/Admin/x",
        "/admin",
        "/open/wiki",
        "/open/wiki/a",
        "/open//wiki/a",
        "/open/%77iki/a",
        "/open/WIKI/../wiki/a",
    ] {
        let request = |target: &str, host: &str| {
            format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n")
        };
        let host = format!("notes.localhost:{}", site.port);
        for target in [path.to_owned(), format!("http://{host}{path}")] {
            let answer = raw(site.port, request(&target, &host).as_bytes());
            assert!((400..=503).contains(&answer.status), "{target}: {} {}", answer.status, answer.body);
            assert_eq!(site.seen(), 0, "{target} reached an app");
        }
    }
    // Two hosts in one request: what is decided about is what is asked for.
    for (target, host) in
        [("http://other.localhost/open/a", "notes.localhost"), ("http://notes.localhost/secret", "other.localhost")]
    {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\n\r\n", site.port);
        let answer = raw(site.port, request.as_bytes());
        let is_public = answer.status == 200 && site.notes.seen().iter().all(|seen| seen["target"] == "/open/a");
        assert!(answer.status >= 400 || is_public, "{target}: {}", answer.status);
        assert!(site.other.seen().is_empty());
    }
    // Another letter case is another path: never the wiki under the rules of the notes.
    for path in ["/open/WIKI/a", "/open/wikix", "/open/wiki%41"] {
        site.notes().get(path);
        assert!(site.wiki.seen().is_empty(), "{path}");
    }
    assert!(site.notes.seen().iter().all(|seen| seen["target"].as_str().unwrap().starts_with("/open/")));
    // A host that nobody configured, and the questions themselves, from outside.
    for (host, path) in [
        ("unknown.localhost", "/open/a"),
        ("localhost", "/api/authz/forward-auth"),
        ("localhost", "/api/authz/auth-request"),
        ("notes.localhost", "/.doorward/authz"),
        ("notes.localhost", "/api/authz/forward-auth"),
    ] {
        let before = site.seen();
        let headers = [
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "notes.localhost"),
            ("X-Forwarded-Uri", "/open/a"),
        ];
        let answer = site.at(host).send("GET", path, &headers, "");
        // Caddy says 200 and nothing else of a host that it does not serve.
        let is_refused = answer.status != 200 || (host == "unknown.localhost" && answer.body.is_empty());
        assert!(is_refused && answer.header("remote-user").is_none(), "{host}{path}: {answer:?}");
        assert_eq!(site.seen(), before);
    }
}

fn refuses(site: &Site) {
    let script = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin"), ("Accept", "application/json")];
    for method in ["GET", "POST", "PUT"] {
        let answer = site.notes().send(method, "/data", &script, "");
        assert_eq!((answer.status, answer.reason().as_str()), (401, "session.missing"), "{method} {answer:?}");
        let login_url = answer.json()["login_url"].as_str().unwrap().to_owned();
        assert_eq!(login_url, format!("http://notes.localhost:{}/.doorward/sign-in", site.port));
        assert!(answer.header("x-request-id").is_some());
    }
    let origin = format!("http://notes.localhost:{}", site.port);
    let referer = format!("{origin}/notes/new");
    let form = [
        ("Accept", "text/html"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Origin", origin.as_str()),
        ("Referer", &referer),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let [mut portal, mut notes] = site.signed_in();
    let before = site.seen();
    assert_eq!(portal.call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    let answer = notes.send("POST", "/notes", &form, "text=long");
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.body.contains("session.form_not_sent"), "{}", answer.body);
    assert!(answer.body.contains("return_to=%2Fnotes%2Fnew"), "{}", answer.body);
    assert_eq!(site.seen(), before, "nothing was replayed");
    // Who is signed in and may not: a page for a person, a problem for a script.
    let [_, mut notes] = site.signed_in();
    let page = notes.page("/admin/x");
    assert!(page.status == 403 && page.body.contains("authorization.group_required"), "{page:?}");
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let answer = notes.send("GET", "/admin/x", &script, "");
    assert_eq!((answer.status, answer.reason().as_str()), (403, "authorization.group_required"));
    let id = answer.header("x-request-id").unwrap().to_owned();
    site.server.wait_until("the memory", || site.server.command_line(&["explain", &id]).status.success());
    let story = site.server.json(&["explain", &id]).to_string();
    assert!(story.contains("asked about GET http://notes.localhost") && story.contains("/admin/x"), "{story}");
    let tricked = notes.send("GET", "/open/..%2fadmin", &script, "");
    assert!([400, 500].contains(&tricked.status), "{tricked:?}");
    assert_eq!(site.notes().send("HEAD", "/data", &script, "").status, 401);
}

fn sockets(site: &Site) {
    use std::io::{Read as _, Write as _};
    let [_, notes] = site.signed_in();
    let (cookie, own) = (notes.jar["doorward"].clone(), notes.origin());
    let before = site.seen();
    assert!(
        site.socket("https://evil.example", &cookie).0.starts_with("HTTP/1.1 403"),
        "a foreign page cannot open it"
    );
    assert!(site.socket(&own, "dwa_none").0.starts_with("HTTP/1.1 401"));
    assert_eq!(site.seen(), before);
    let (head, mut stream) = site.socket(&own, &cookie);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    stream.write_all(b"over the wire").unwrap();
    let mut echo = [0; 13];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"over the wire");
}

fn ends(site: &Site) {
    let [mut portal, mut notes] = site.signed_in();
    assert_eq!(notes.get("/a").status, 200);
    assert_eq!(portal.call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    let before = site.seen();
    assert_eq!(notes.get("/a").status, 401);
    assert_eq!(site.seen(), before);
    // Each time as a browser that has forgotten everything.
    let mut target = "/notes".to_owned();
    for round in 1..=4 {
        let mut jars = vec![];
        let start = format!("http://notes.localhost:{}{target}", site.port);
        let answer: Answer = site.notes().page(&target);
        if round == 4 {
            let (last, _) = site.follow(&mut jars, &start);
            assert!(last.body.contains("session.loop"), "{last:?}");
            return;
        }
        assert_eq!(answer.status, 302, "round {round}: {answer:?}");
        let query = answer.location().split_once('?').unwrap().1;
        target = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "return_to").unwrap().1.into_owned();
    }
}

fn closes(mut site: Site) {
    let [_, mut notes] = site.signed_in();
    assert_eq!(notes.get("/open/a").status, 200);
    let before = site.seen();
    site.server.kill();
    for path in ["/a", "/open/a", "/open/wiki/a", "/.doorward/sign-in"] {
        let answer = notes.get(path);
        assert!((500..=504).contains(&answer.status), "{path}: {}", answer.status);
        assert!(answer.header("remote-user").is_none());
    }
    assert_eq!(site.seen(), before);
}
