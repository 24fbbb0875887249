//! A front end on another port, a proxy in front, and plain http in a private network.

use serde_json::json;

use crate::it::harness::Server;

const FRONT: &str = "http://localhost:3000";
const LOGIN: &str = "/api/v1/auth/jwt/login";
const DEVELOPMENT: [(&str, &str); 2] = [("ENVIRONMENT", "development"), ("CORS_ALLOWED_ORIGINS", FRONT)];

#[test]
fn a_listed_front_end_signs_in_and_reads_the_answer() {
    let server = Server::start_with(&DEVELOPMENT);
    let (email, password) = server.administrator();
    let mut client = server.client();
    let preflight = [
        ("Origin", FRONT),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-csrf-token"),
    ];
    let asked = client.send("OPTIONS", LOGIN, &preflight, "");
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some(FRONT)));
    assert_eq!(asked.header("access-control-allow-credentials"), Some("true"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("X-CSRF-TOKEN"));
    let token = client.token();
    for headers in [vec![("Origin", FRONT)], vec![("Origin", FRONT), ("Sec-Fetch-Site", "same-site")]] {
        let headers = [headers, vec![("X-CSRF-TOKEN", token.as_str())]].concat();
        let answer = client.call_with("POST", LOGIN, &headers, &json!({"email": email, "password": password}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT));
        client.jar.remove("doorward");
    }
}

#[test]
fn an_unlisted_front_end_is_refused_and_the_log_has_the_line_to_add() {
    let server = Server::start_with(&[("ENVIRONMENT", "development")]);
    let mut client = server.client();
    let token = client.token();
    let body = json!({"email": "a@example.com", "password": "x"});
    for (headers, reason) in [
        (vec![("Origin", FRONT), ("Sec-Fetch-Site", "same-site")], "csrf.same_site_untrusted"),
        (vec![("Origin", FRONT)], "csrf.origin_port_mismatch"),
    ] {
        let headers = [headers, vec![("X-CSRF-TOKEN", token.as_str())]].concat();
        let answer = client.call_with("POST", LOGIN, &headers, &body);
        assert_eq!((answer.status, answer.reason().as_str()), (403, reason));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    // The log names the origin to add.
    server.logs(FRONT);
    let preflight = [("Origin", FRONT), ("Access-Control-Request-Method", "POST")];
    assert_eq!(client.send("OPTIONS", LOGIN, &preflight, "").status, 403);
    // Through a development proxy that keeps Sec-Fetch-Site the browser's own word counts.
    let headers = [("Origin", FRONT), ("Sec-Fetch-Site", "same-origin"), ("X-CSRF-TOKEN", token.as_str())];
    let (email, password) = server.administrator();
    let answer = client.call_with("POST", LOGIN, &headers, &json!({"email": email, "password": password}));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn behind_a_proxy() -> Server {
    Server::start_with(&[
        ("ENVIRONMENT", "production"),
        ("DOORWARD_SERVER__PUBLIC_URL", "https://login.example.com"),
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ])
}

#[test]
fn behind_a_listed_proxy_cookies_are_secure_and_clients_have_their_address() {
    let server = behind_a_proxy();
    let (email, password) = server.administrator();
    let mut client = server.client();
    client.host = "login.example.com".to_owned();
    client.always = vec![
        ("X-Forwarded-Proto".to_owned(), "https".to_owned()),
        ("X-Forwarded-For".to_owned(), "203.0.113.5, 198.51.100.7".to_owned()),
        ("Origin".to_owned(), "https://login.example.com".to_owned()),
    ];
    let token = client.token();
    let answer =
        client.call_with("POST", LOGIN, &[("X-CSRF-TOKEN", &token)], &json!({"email": email, "password": password}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(client.jar.contains_key("__Host-doorward") && client.jar.contains_key("__Host-Http-csrf_bind"));
    assert!(answer.cookies().iter().all(|cookie| cookie.contains("; Secure")), "{:?}", answer.cookies());
    assert!(answer.header("strict-transport-security").is_some());
    let me = client.get("/api/v1/auth/me").json();
    assert_eq!(me["session"]["address"], "198.51.100.7", "what the client wrote itself counts for nothing");
}

#[test]
fn in_production_plain_http_signs_nobody_in() {
    let server = behind_a_proxy();
    let mut client = server.client();
    client.host = "login.example.com".to_owned();
    client.always = vec![("X-Forwarded-Proto".to_owned(), "http".to_owned())];
    let answer = client.call_with("POST", LOGIN, &[], &json!({"email": "a@example.com", "password": "x"}));
    assert_eq!((answer.status, answer.reason().as_str()), (403, "csrf.https_required"));
}

#[test]
fn plain_http_by_name_serves_private_addresses_under_a_banner() {
    let server = Server::start_with(&[
        ("ENVIRONMENT", "production"),
        ("DOORWARD_SERVER__PUBLIC_URL", "http://login.test"),
        ("DOORWARD_SERVER__INSECURE_ALLOW_HTTP", "true"),
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let mut client = server.client();
    client.host = "login.test".to_owned();
    client.always = vec![("X-Forwarded-For".to_owned(), "192.168.1.5".to_owned())];
    let page = client.page("/.doorward/sign-in");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("class=\"banner"), "the page says that the way is open to listeners");
    client.always = vec![("X-Forwarded-For".to_owned(), "203.0.113.5".to_owned())];
    assert_eq!(client.get("/health/live").reason(), "csrf.https_required");
}
