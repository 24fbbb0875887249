//! Attacks on products of this kind, by the names under which they were published.
//!
//! `attack/attack.tsv` lists every known case with the test that holds it here, or the later feature it belongs to.

mod factor;
mod list;
mod message;

use serde_json::json;

use crate::it::harness::{Server, raw};

const NEW: &str = "another long phrase of mine";

// CVE-2023-26481: a reset link serves the user that it was made for, whoever is named beside it.
#[test]
fn a_reset_link_cannot_be_turned_on_another_user() {
    let server = Server::start();
    server.json(&["user", "add", "bob@example.com"]);
    let mut admin = server.signed_in();
    let users = admin.get("/api/v1/admin/users").json();
    let id = |email: &str| {
        let users = users["users"].as_array().unwrap();
        users.iter().find(|user| user["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/api/v1/admin/users/{}/reset", id("bob@example.com"));
    let made = admin.call("POST", &path, &json!(null)).json();
    let code = made["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    for (field, value) in [("email", "admin@localhost".to_owned()), ("user", id("admin@localhost"))] {
        let body = json!({"code": code, "new": NEW, field: value});
        let answer = server.client().call("POST", "/api/v1/auth/password/reset", &body);
        assert_eq!((answer.status, answer.reason().as_str()), (422, "http.body_invalid"));
    }
    let body = json!({"code": code, "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &body).status, 204);
    assert_eq!(server.client().sign_in("admin@localhost", NEW).status, 401);
    assert_eq!(server.client().sign_in("bob@example.com", NEW).status, 200);
}

// CVE-2026-115770: what was made before a change does not serve after it.
#[test]
fn a_second_reset_link_dies_with_the_first_ones_use() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let invited = admin.call("POST", "/api/v1/admin/invitations", &json!({"email": "bob@example.com", "groups": []}));
    let token = invited.json()["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let body = json!({"code": token, "name": "Bob", "password": "a long phrase of the first day"});
    assert_eq!(server.client().call("POST", "/api/v1/auth/invitations/accept", &body).status, 200);
    let users = admin.get("/api/v1/admin/users").json();
    let users = users["users"].as_array().unwrap();
    let id = users.iter().find(|user| user["email"] == "bob@example.com").unwrap()["id"].as_str().unwrap();
    let own = admin.get("/api/v1/auth/me").json()["user"]["id"].as_str().unwrap().to_owned();
    let answer = admin.call("POST", &format!("/api/v1/admin/users/{own}/reset"), &json!(null));
    assert_eq!(answer.reason(), "user.not_for_oneself", "nobody sets a password without the present one");
    let path = format!("/api/v1/admin/users/{id}/reset");
    let mut code = || {
        let made = admin.call("POST", &path, &json!(null)).json();
        made["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned()
    };
    let (older, newer) = (code(), code());
    let used = |code: &str| {
        server.client().call("POST", "/api/v1/auth/password/reset", &json!({"code": code, "new": NEW})).status
    };
    assert_eq!((used(&older), used(&newer), used(&newer)), (410, 204, 410));
}

// CVE-2026-42849, GO-2026-4861: what stands in an address is shown as text or not at all.
#[test]
fn pages_show_no_markup_of_others() {
    let server = Server::start();
    let payload = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22%3E%3Cscript%3E";
    for path in [
        format!("/.doorward/sign-in?return_to={payload}&reason={payload}&done={payload}"),
        format!("/.doorward/error?reason={payload}"),
        format!("/.doorward/signed-out?reason={payload}"),
        format!("/.doorward/reset?token={payload}"),
        format!("/.doorward/assets/{payload}"),
    ] {
        let page = server.client().page(&path);
        assert!(page.status < 500 && !page.body.contains("<img src=x") && !page.body.contains("><script>"), "{path}");
        assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    }
}

// CVE-2026-49443, CVE-2026-94218: an empty or odd form moves nobody on, and starting again skips nothing.
#[test]
fn a_step_is_not_passed_by_saying_nothing() {
    let server = Server::start();
    let made = server.json(&["user", "add", "bob@example.com"]);
    let password = made["password"].as_str().unwrap();
    let mut bob = server.client();
    bob.sign_in("bob@example.com", password);
    for body in [json!(null), json!({}), json!([]), json!({"new": null}), json!({"new": ""}), json!({"new": password})]
    {
        let answer = bob.call("POST", "/api/v1/auth/password/new", &body);
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.status);
        assert_eq!(bob.get("/api/v1/auth/me").reason(), "signin.password_change_pending", "{body}");
    }
    let form = bob.submit("/.doorward/finish/password", "/.doorward/finish/password", &[]);
    assert!((400..500).contains(&form.status));
    assert_eq!(bob.sign_in("bob@example.com", password).json()["status"], "password_change_required");
}

// CVE-2026-33544, GHSA-9v87-664x-72qc: under load everybody is who they are.
#[test]
fn many_at_once_are_never_mixed_up() {
    let server = Server::start();
    let mut people: Vec<_> = (0..4)
        .map(|number| {
            let email = format!("user{number}@example.com");
            let made = server.json(&["user", "add", &email]);
            let mut client = server.client();
            client.sign_in(&email, made["password"].as_str().unwrap());
            client.call("POST", "/api/v1/auth/password/new", &json!({"new": format!("{NEW} {number}")}));
            (email, client)
        })
        .collect();
    std::thread::scope(|scope| {
        for (email, client) in &mut people {
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(client.get("/api/v1/auth/me").json()["user"]["email"], json!(email));
                }
            });
        }
    });
}

// KANIDM-PR3226: cookies of another installation keep nobody out.
#[test]
fn cookies_of_another_installation_are_replaced_by_signing_in() {
    let (old, new) = (Server::start(), Server::start());
    let stranger = old.signed_in();
    let (email, password) = new.administrator();
    let mut client = new.client();
    client.jar = stranger.jar;
    assert_eq!(client.get("/api/v1/auth/me").reason(), "session.unknown");
    assert_eq!(client.sign_in(&email, &password).status, 200);
    assert_eq!(client.get("/api/v1/auth/me").status, 200);
}

// GO-2026-4807: a cursor is a value, never text of a query.
#[test]
fn a_forged_cursor_reads_nothing_else() {
    let server = Server::start();
    let mut admin = server.signed_in();
    for query in ["after=%27%20OR%201%3D1--", "after=%00", "after=\u{27}%3BDROP%20TABLE%20users"] {
        let answer = admin.get(&format!("/api/v1/admin/users?{query}").replace('\u{27}', "%27"));
        assert!(answer.status < 500, "{query}: {}", answer.body);
    }
    for query in ["before=x", "before=1%20OR%201", "user=%27", "request=1"] {
        let answer = admin.get(&format!("/api/v1/admin/audit?{query}"));
        assert_eq!((answer.status, answer.reason().as_str()), (422, "http.body_invalid"), "{query}");
    }
    assert_eq!(admin.get("/api/v1/admin/users").json()["users"].as_array().unwrap().len(), 1);
}

// GO-2024-2965, CVE-2026-40166: no answer about people or sessions holds what proves anything.
#[test]
fn answers_about_people_hold_no_secret() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let id = admin.get("/api/v1/auth/me").json()["user"]["id"].as_str().unwrap().to_owned();
    for path in [
        "/api/v1/auth/me".to_owned(),
        "/api/v1/auth/sessions".to_owned(),
        "/api/v1/admin/users".to_owned(),
        format!("/api/v1/admin/users/{id}"),
        format!("/api/v1/admin/users/{id}/sessions"),
        "/api/v1/admin/audit".to_owned(),
        "/api/v1/admin/config".to_owned(),
        "/demo/echo".to_owned(),
    ] {
        let answer = admin.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        for secret in ["dws_", "dwr_", "dwp_", "argon2", "eyJ", &admin.jar["csrf_bind"].clone()] {
            assert!(!answer.body.contains(secret), "{path} holds {secret}");
        }
    }
}

// CVE-2025-61928: naming a user in the body makes nobody that user.
#[test]
fn a_user_in_the_body_is_no_sign_in() {
    let server = Server::start();
    let id = server.signed_in().get("/api/v1/auth/me").json()["user"]["id"].clone();
    let mut stranger = server.client();
    for (method, path) in [
        ("POST", "/api/v1/auth/password/change"),
        ("DELETE", "/api/v1/auth/sessions"),
        ("POST", "/api/v1/admin/invitations"),
    ] {
        let answer = stranger.call(method, path, &json!({"userId": id, "user": id, "email": "a@example.com"}));
        assert_eq!((answer.status, answer.reason().as_str()), (401, "session.missing"), "{path}");
    }
}

// CVE-2026-55106: what the gateway derives is for nobody but an administrator with a fresh second factor.
#[test]
fn the_debug_endpoint_is_closed() {
    let server = Server::start();
    let path = "/api/v1/auth/debug/csrf";
    assert_eq!(server.client().get(path).status, 401);
    assert_eq!(server.signed_in().get(path).reason(), "authorization.strength_required");
    let open = Server::start_with(&[("CSRF_DEBUG", "true"), ("ENVIRONMENT", "development")]);
    let mut client = open.client();
    client.token();
    let told = client.get(path);
    assert_eq!((told.status, told.json()["target"].as_str()), (200, Some(client.origin().as_str())));
    assert!(!told.body.contains(&client.jar["csrf_bind"]), "names of cookies, never values");
}

// CVE-2017-12161, GHSA-2wmj-46rj-qm2w, CVE-2026-57209: links are made with the configured origin.
#[test]
fn a_link_never_leads_where_a_client_wishes() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let (token, origin) = (admin.token(), admin.origin());
    let headers = [
        ("X-CSRF-TOKEN", token.as_str()),
        ("Origin", &origin),
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example;proto=https"),
    ];
    let body = json!({"email": "bob@example.com"});
    let answer = admin.call_with("POST", "/api/v1/admin/invitations", &headers, &body);
    assert!(answer.json()["url"].as_str().unwrap().starts_with(&origin), "{}", answer.body);
}

// PATTERN-LOGINJ: whatever a client calls itself, one request is one line.
#[test]
fn no_client_writes_lines_of_the_log() {
    let server = Server::start();
    let port = server.port;
    let request = format!(
        "GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: a\x1b[2J\"}}\tb\u{85}{{\"level\":\"forged\"\r\nConnection: close\r\n\r\n"
    );
    raw(port, request.as_bytes());
    raw(port, format!("GET /%0d%0aforged HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").as_bytes());
    server.logs("path_not_canonical");
    for line in server.log().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert_ne!(value["level"], "forged");
    }
}
