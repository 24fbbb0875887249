//! Accounts: one's own, and those that an administrator looks after.

use serde_json::json;

use crate::it::harness::{Client, Server};

const NEW: &str = "another long phrase of mine";

fn accept(server: &Server, url: &str, password: &str) -> u16 {
    let token = url.split_once("token=").unwrap().1;
    let body = json!({"code": token, "name": "Bob", "password": password});
    server.client().call("POST", "/api/v1/auth/invitations/accept", &body).status
}

fn invite(admin: &mut Client, email: &str) -> String {
    let answer = admin.call("POST", "/api/v1/admin/invitations", &json!({"email": email, "groups": ["ops"]}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["url"].as_str().unwrap().to_owned()
}

#[test]
fn an_invitation_makes_one_account_once() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let url = invite(&mut admin, "bob@example.com");
    assert!(url.starts_with(&format!("http://localhost:{}/.doorward/invitation?token=", server.port)), "{url}");
    // PATTERN-MAIL-PREFETCH: looking at a link uses nothing.
    let path = url.split_once(&server.port.to_string()).unwrap().1.to_owned();
    for _ in 0..3 {
        assert_eq!(server.client().page(&path).status, 200);
    }
    assert_eq!(accept(&server, &url, NEW), 200);
    assert_eq!(accept(&server, &url, NEW), 410);
    assert_eq!(server.client().page(&path).status, 410);
    let mut bob = server.client();
    assert_eq!(bob.sign_in("bob@example.com", NEW).status, 200);
    assert_eq!(bob.get("/api/v1/auth/me").json()["user"]["groups"], json!(["ops"]));
    // CVE-2024-3656: a user is no administrator.
    assert_eq!(bob.get("/api/v1/admin/users").reason(), "authorization.administrator_required");
}

// CVE-2022-23555, CVE-2026-19349: a token of one purpose serves no other.
#[test]
fn a_link_serves_its_own_purpose_only() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let url = invite(&mut admin, "bob@example.com");
    let code = url.split_once("token=").unwrap().1;
    let answer = server.client().call("POST", "/api/v1/auth/password/reset", &json!({"code": code, "new": NEW}));
    assert_eq!((answer.status, answer.reason().as_str()), (410, "user.link_invalid"));
    let mut thief = server.client();
    thief.jar.insert("doorward".to_owned(), code.to_owned());
    assert_eq!(thief.get("/api/v1/auth/me").status, 401);
}

#[test]
fn a_reset_link_changes_the_password_and_signs_nobody_in() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let url = invite(&mut admin, "bob@example.com");
    assert_eq!(accept(&server, &url, "a long phrase of the first day"), 200);
    let mut bob = server.client();
    assert_eq!(bob.sign_in("bob@example.com", "a long phrase of the first day").status, 200);
    let id = bob.get("/api/v1/auth/me").json()["user"]["id"].as_str().unwrap().to_owned();
    let made = admin.call("POST", &format!("/api/v1/admin/users/{id}/reset"), &json!(null)).json();
    let path = made["url"].as_str().unwrap().split_once(&server.port.to_string()).unwrap().1.to_owned();
    let token = path.split_once("token=").unwrap().1.to_owned();
    let mut other = server.client();
    let done = other.submit(&path, "/.doorward/reset", &[("token", &token), ("new_password", NEW)]);
    assert_eq!((done.status, done.location()), (303, "/.doorward/sign-in?done=password-chosen"));
    assert!(!other.jar.contains_key("doorward"), "a link signs nobody in");
    assert_eq!(bob.get("/api/v1/auth/me").reason(), "session.password_reset");
    assert_eq!(other.sign_in("bob@example.com", NEW).status, 200);
}

#[test]
fn a_lost_administrator_password_is_reset_on_the_host_while_the_server_runs() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let made = server.json(&["user", "reset-password", "admin@localhost"]);
    assert!(!server.data().join("initial-admin.txt").exists());
    server.wait_until("the end of the old session", || admin.get("/api/v1/auth/me").status == 401);
    let mut client = server.client();
    let answer = client.sign_in("admin@localhost", made["password"].as_str().unwrap());
    assert_eq!(answer.json()["status"], "password_change_required");
    // The half-finished sign-in can do nothing but finish.
    assert_eq!(client.get("/api/v1/auth/me").reason(), "signin.password_change_pending");
    assert_eq!(
        client.page("/.doorward/account").location(),
        "/.doorward/finish/password?return_to=%2F.doorward%2Faccount"
    );
    let half = client.jar["doorward"].clone();
    let weak = client.call("POST", "/api/v1/auth/password/new", &json!({"new": "password1234567"}));
    assert_eq!((weak.status, weak.reason().split('.').next()), (422, Some("password")), "{}", weak.body);
    let ours = client.call("POST", "/api/v1/auth/password/new", &json!({"new": "doorwarddoorward123"}));
    assert_eq!(ours.reason(), "password.context");
    let done = client.call("POST", "/api/v1/auth/password/new", &json!({"new": NEW}));
    assert_eq!((done.status, done.json()["status"].as_str()), (200, Some("signed_in")), "{}", done.body);
    assert_ne!(client.jar["doorward"], half, "each step up has a new identifier");
    assert_eq!(client.get("/api/v1/auth/me").status, 200);
    client.jar.insert("doorward".to_owned(), half);
    assert_eq!(client.get("/api/v1/auth/me").reason(), "session.stepped_up");
}

#[test]
fn changing_the_password_ends_the_other_sessions() {
    let server = Server::start();
    let (_, password) = server.administrator();
    let (mut here, mut there) = (server.signed_in(), server.signed_in());
    let fields = [("current_password", password.as_str()), ("new_password", NEW)];
    let done = here.submit("/.doorward/account", "/.doorward/account/password", &fields);
    assert_eq!((done.status, done.location()), (303, "/.doorward/account?done=password-changed"), "{}", done.body);
    assert_eq!(here.get("/api/v1/auth/me").status, 200);
    assert_eq!(there.get("/api/v1/auth/me").reason(), "session.password_changed");
    let led = there.page("/.doorward/account");
    assert!(led.location().contains("reason=session.password_changed"), "{}", led.location());
}

#[test]
fn sessions_are_listed_and_ended() {
    let server = Server::start();
    let (mut here, mut there) = (server.signed_in(), server.signed_in());
    let sessions = here.get("/api/v1/auth/sessions").json();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    let other = sessions.as_array().unwrap().iter().find(|session| session["is_current"] == false).unwrap();
    let path = format!("/api/v1/auth/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(here.call("DELETE", &path, &json!(null)).status, 204);
    assert_eq!(there.get("/api/v1/auth/me").reason(), "session.revoked");
    assert_eq!(here.call("DELETE", &path, &json!(null)).reason(), "session.not_found");
}

// CVE-2025-64521, CVE-2025-29928: a disabled account is over everywhere, at once.
#[test]
fn disabling_ends_everything_also_from_another_process() {
    let server = Server::start();
    let made = server.json(&["user", "add", "bob@example.com", "--group", "admins"]);
    let mut bob = server.client();
    bob.sign_in("bob@example.com", made["password"].as_str().unwrap());
    bob.call("POST", "/api/v1/auth/password/new", &json!({"new": NEW}));
    assert_eq!(bob.get("/api/v1/auth/me").status, 200);
    server.json(&["user", "disable", "bob@example.com"]);
    server.wait_until("the end of the session", || bob.get("/api/v1/auth/me").reason() == "session.user_disabled");
    assert_eq!(bob.sign_in("bob@example.com", NEW).reason(), "signin.credentials_wrong");
    let output = server.command_line(&["user", "disable", "admin@localhost"]);
    assert_eq!(output.status.code(), Some(1), "the last administrator stays");
    assert!(String::from_utf8_lossy(&output.stderr).contains("user.last_administrator"));
}

// CVE-2024-37905, CVE-2026-49448: what may not be written is refused, not ignored.
#[test]
fn a_body_that_does_not_fit_hears_which_field_and_never_a_value() {
    let server = Server::start();
    let mut client = server.client();
    for (body, hint) in [
        (json!({"email": "a@b.example"}), "missing field `password`"),
        (json!({"email": "a@b.example", "pasword": "secret"}), "unknown field `pasword`, expected"),
        (json!({"email": "a@b.example", "password": 5_318_008}), "line 1, column"),
    ] {
        let answer = client.call("POST", "/api/v1/auth/jwt/login", &body);
        assert_eq!(answer.reason(), "http.body_invalid");
        let told = answer.json()["hint"].as_str().unwrap().to_owned();
        assert!(told.starts_with(hint) && !answer.body.contains("5318008"), "{told}");
    }
}

#[test]
fn fields_that_nobody_may_write_are_refused() {
    let server = Server::start();
    let mut admin = server.signed_in();
    let id = admin.get("/api/v1/auth/me").json()["user"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/admin/users/{id}");
    for field in ["id", "email", "password", "must_change_password", "created_at", "is_administrator"] {
        let answer = admin.call("PATCH", &path, &json!({field: "x"}));
        assert_eq!((answer.status, answer.reason().as_str()), (422, "http.body_invalid"), "{field}");
    }
    let last = admin.call("PATCH", &path, &json!({"groups": []}));
    assert_eq!((last.status, last.reason().as_str()), (409, "user.last_administrator"));
}
