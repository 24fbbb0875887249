//! The way in and back, as a person goes it.

use serde_json::json;

use super::{header, shared};
use crate::it::harness::hidden_token;

#[test]
fn a_stranger_is_led_to_sign_in_and_comes_back() {
    let (server, app) = shared(&[]);
    let (email, password) = server.administrator();
    let mut client = server.client();
    let answer = client.page("/notes?page=2");
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert!(answer.location().starts_with("/.doorward/sign-in?return_to=%2Fnotes%3Fpage%3D2"), "{}", answer.location());
    assert!(app.seen().is_empty(), "the app hears of nobody");
    let page = client.page(answer.location());
    let form = |name: &str| {
        let after = page.body.split(&format!("name=\"{name}\"")).nth(1).unwrap();
        after.split("value=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&")
    };
    let fields = [
        ("email", email.as_str()),
        ("password", &password),
        ("return_to", &form("return_to")),
        ("csrf_token", hidden_token(&page.body).unwrap()),
    ];
    let body = form_urlencoded_of(&fields);
    let headers =
        [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", &client.origin()), ("Accept", "text/html")]
            .map(|(name, value)| (name, value.to_owned()));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = client.send("POST", "/.doorward/sign-in", &headers, &body);
    assert!((302..=303).contains(&answer.status), "{} {}", answer.status, answer.body);
    // The mark of the loop breaker goes once the sign-in holds.
    let answer = client.page(answer.location());
    assert_eq!((answer.status, answer.location()), (302, "/notes?page=2"));
    let answer = client.page("/notes?page=2");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["target"], "/notes?page=2");
    assert_eq!(header(&answer.json(), "remote-user"), Some(email.as_str()));
}

fn form_urlencoded_of(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[test]
fn a_script_is_told_where_to_sign_in() {
    let (server, app) = shared(&[]);
    let mut client = server.client();
    for method in ["GET", "POST"] {
        let answer = client.send(method, "/data", &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")], "");
        assert_eq!((answer.status, answer.reason().as_str()), (401, "session.missing"), "{}", answer.body);
        let login_url = answer.json()["login_url"].as_str().unwrap().to_owned();
        assert_eq!(login_url, format!("{}/.doorward/sign-in", client.origin()));
        assert_eq!(client.page("/.doorward/sign-in").status, 200);
    }
    assert!(app.seen().is_empty());
}

#[test]
fn a_form_whose_session_has_ended_is_not_lost_silently() {
    let (server, app) = shared(&[]);
    let mut client = server.signed_in();
    let mut other = client.clone();
    assert_eq!(other.call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    let origin = client.origin();
    let referer = format!("{origin}/notes/new");
    let headers = [
        ("Accept", "text/html"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Referer", referer.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let answer = client.send("POST", "/notes", &headers, "text=long");
    assert_eq!(answer.status, 401);
    assert!(
        answer.body.contains("session.signed_out") || answer.body.contains("session.form_not_sent"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("return_to=%2Fnotes%2Fnew"), "{}", answer.body);
    assert!(app.seen().is_empty(), "nothing was replayed");
}

#[test]
fn a_browser_that_keeps_no_cookies_is_told_so_after_three_returns() {
    let (server, _app) = shared(&[]);
    let mut target = "/notes".to_owned();
    for round in 1..=4 {
        // Each time as a browser that has forgotten everything.
        let answer = server.client().page(&target);
        if round == 4 {
            assert_eq!(answer.status, 401, "{}", answer.body);
            assert!(answer.body.contains("session.loop"), "{}", answer.body);
            assert!(answer.body.contains("no cookie at all"), "{}", answer.body);
            return;
        }
        assert_eq!(answer.status, 302, "round {round}: {}", answer.body);
        let query = answer.location().split_once('?').unwrap().1;
        target = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "return_to").unwrap().1.into_owned();
    }
}

#[test]
fn nobody_can_forge_the_count_of_returns() {
    let (server, _app) = shared(&[]);
    for count in ["3", "3.", "9.AAAAAAAAAAAAAAAA", "255.x"] {
        let answer = server.client().page(&format!("/notes?dw_n={count}"));
        assert_eq!(answer.status, 302, "{count}");
        assert!(answer.location().contains("dw_n%3D1."), "{}", answer.location());
    }
}

#[test]
fn a_preflight_reaches_the_app_with_nothing_of_its_sender() {
    let (server, app) = shared(&[]);
    let mut client = server.signed_in();
    let headers = [
        ("Origin", "https://other.example"),
        ("Access-Control-Request-Method", "PUT"),
        ("Authorization", "Bearer x"),
        ("Remote-User", "root"),
    ];
    let answer = client.send("OPTIONS", "/data", &headers, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let seen = app.seen().pop().unwrap();
    for name in ["cookie", "authorization", "remote-user", "x-doorward-jwt"] {
        assert_eq!(header(&seen, name), None, "{name}");
    }
    // Every other OPTIONS needs a session.
    assert_eq!(server.client().send("OPTIONS", "/data", &[("Origin", "https://other.example")], "").status, 401);
}

#[test]
fn no_other_host_and_no_endless_path_reach_the_app() {
    let (server, app) = shared(&[("DOORWARD_APP__0__PUBLIC_PATHS", "/*")]);
    let mut client = server.client();
    client.host = format!("evil.test:{}", server.port);
    assert_eq!(client.get("/reset").reason(), "csrf.host_not_allowed");
    // A path in thousands of layers of encoding costs no more than any other.
    let layers = format!("/%2f/%{}zz", "25".repeat(12_000));
    let began = tokio::time::Instant::now();
    assert!(server.client().get(&layers).status >= 400);
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(app.seen().is_empty());
}

#[test]
fn an_app_that_is_down_is_named_as_the_side_that_failed() {
    let server = crate::it::harness::Server::start_with(&[("DOORWARD_APP__0__UPSTREAM", "http://127.0.0.1:1")]);
    let mut client = server.signed_in();
    let answer = client.get("/x");
    assert_eq!((answer.status, answer.reason().as_str()), (502, "upstream.connect_refused"), "{}", answer.body);
    let page = client.page("/x");
    assert_eq!(page.status, 502);
    assert!(page.body.contains("upstream.connect_refused"));
    let id = answer.header("x-request-id").unwrap().to_owned();
    server.wait_until("the memory of the request", || server.command_line(&["explain", &id]).status.success());
    let told = server.json(&["explain", &id]).to_string();
    assert!(told.contains("upstream.connect_refused") && told.contains("127.0.0.1:1"), "{told}");
}
