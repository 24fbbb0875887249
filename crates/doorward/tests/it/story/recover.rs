//! Getting back in: emergency access from the host, lost factors, and the last administrator, who stays one.

use serde_json::json;

use super::factor::enrol;
use crate::it::harness::{Client, Server};

const NEW: &str = "another long phrase of mine";

fn id_of(admin: &mut Client, email: &str) -> String {
    let users = admin.get("/api/v1/admin/users").json();
    let user = users["users"].as_array().unwrap().iter().find(|user| user["email"] == email).unwrap().clone();
    user["id"].as_str().unwrap().to_owned()
}

/// The path and query of an address.
fn local(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    rest[rest.find('/').unwrap()..].to_owned()
}

fn code(url: &str) -> String {
    url.split_once("token=").unwrap().1.to_owned()
}

#[test]
fn the_host_helps_whoever_lost_everything_beside_a_running_server() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut before = server.signed_in();
    enrol(&mut before);
    let made = server.json(&["user", "recover", &email]);
    let url = made["url"].as_str().unwrap();
    // PATTERN-MAIL-PREFETCH: looking at it changes nothing, neither does having made it.
    let mut stranger = server.client();
    for _ in 0..3 {
        assert_eq!(stranger.page(&local(url)).status, 200);
    }
    assert_eq!(before.get("/api/v1/auth/me").status, 200);
    let weak = stranger.submit(&local(url), "/.doorward/reset", &[("token", &code(url)), ("new_password", "x")]);
    assert_eq!(weak.status, 422, "a weak password uses nothing up");
    let done = stranger.submit(&local(url), "/.doorward/reset", &[("token", &code(url)), ("new_password", NEW)]);
    assert_eq!((done.status, done.location()), (303, "/.doorward/sign-in?done=password-chosen"));
    assert_eq!(before.get("/api/v1/auth/me").status, 401, "every session has ended");
    assert_eq!(server.client().sign_in(&email, &password).status, 401);
    let mut after = server.client();
    // The lost phone is not asked for, and without another one there is no way on: no second days of grace.
    assert_eq!(after.sign_in(&email, NEW).status, 200);
    assert_eq!(after.get("/api/v1/auth/me").reason(), "signin.enrolment_pending");
    enrol(&mut after);
    assert_eq!(after.get("/api/v1/auth/me").json()["acr"], "aal2");
    let again = json!({"code": code(url), "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &again).reason(), "user.link_invalid");
    let records = after.get("/api/v1/admin/audit").body;
    for word in ["emergency access", "password.reset", "factor.reset"] {
        assert!(records.contains(word), "{word}");
    }
    assert!(!records.contains("dwy_"));
    // CVE-2025-53942: no link opens an account that is disabled.
    server.json(&["user", "add", "bob@example.com"]);
    server.json(&["user", "disable", "bob@example.com"]);
    let refused = server.command_line(&["user", "recover", "bob@example.com"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("user.disabled"));
}

// CVE-2022-23555: a link of one purpose serves no other.
#[test]
fn lost_factors_are_taken_by_a_link_that_signs_nobody_in() {
    let server = Server::start();
    let made = server.json(&["user", "add", "bob@example.com"]);
    let mut bob = server.client();
    bob.sign_in("bob@example.com", made["password"].as_str().unwrap());
    bob.call("POST", "/api/v1/auth/password/new", &json!({"new": NEW}));
    enrol(&mut bob);
    let mut admin = server.signed_in();
    let (own, other) = (id_of(&mut admin, "admin@localhost"), id_of(&mut admin, "bob@example.com"));
    let path = |id: &str| format!("/api/v1/admin/users/{id}/reset-factors");
    assert_eq!(admin.call("POST", &path(&own), &json!({})).reason(), "user.not_for_oneself");
    // CVE-2024-3656: it is the administrators' alone.
    assert_eq!(bob.call("POST", &path(&own), &json!({})).reason(), "authorization.administrator_required");
    let made = admin.call("POST", &path(&other), &json!({})).json();
    assert_eq!(made["is_mailed"], json!(false), "{made}");
    let url = made["link"]["url"].as_str().unwrap().to_owned();
    let misused = json!({"code": code(&url), "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &misused).reason(), "user.link_invalid");
    let mut stranger = server.client();
    assert!(stranger.page(&local(&url)).body.contains("bob@example.com"));
    assert_eq!(bob.get("/api/v1/auth/me").status, 200);
    let taken = stranger.submit(&local(&url), "/.doorward/reset-factors", &[("token", &code(&url))]);
    assert_eq!((taken.status, taken.location()), (303, "/.doorward/sign-in?done=factors-reset"));
    assert_eq!(bob.get("/api/v1/auth/me").status, 401);
    assert_eq!(stranger.get("/api/v1/auth/me").status, 401, "a link signs nobody in");
    // The password is asked for as ever, and what was lost no more.
    let mut back = server.client();
    assert_eq!(back.sign_in("bob@example.com", NEW).status, 200);
    assert_eq!(back.get("/api/v1/auth/me").reason(), "signin.enrolment_pending");
    enrol(&mut back);
    let again = stranger.call("POST", "/api/v1/auth/recovery/factors", &json!({"code": code(&url)}));
    assert_eq!((again.status, again.reason().as_str()), (410, "user.link_invalid"));
    // The page of a person does the same.
    let page = format!("/.doorward/admin/users/{other}");
    let handed = admin.submit(&page, &format!("{page}/reset-factors"), &[]);
    assert!(handed.status == 200 && handed.body.contains("dwf_"), "{}", handed.body);
}

// CVE-2024-3656, GHSA-4r87-w2cx-fr3f: no way leaves nobody in charge.
#[test]
fn the_last_administrator_stays_one() {
    let server = Server::start();
    let (email, password) = server.administrator();
    server.json(&["user", "add", "bob@example.com", "--group", "admins"]);
    server.json(&["user", "disable", "bob@example.com"]);
    let mut admin = server.signed_in();
    let id = id_of(&mut admin, &email);
    let path = format!("/api/v1/admin/users/{id}");
    for body in [json!({"status": "disabled"}), json!({"groups": []}), json!({"groups": ["staff"], "name": "X"})] {
        let refused = admin.call("PATCH", &path, &body);
        assert_eq!((refused.status, refused.reason().as_str()), (409, "user.last_administrator"), "{body}");
    }
    let page = format!("/.doorward/admin/users/{id}");
    assert_eq!(admin.submit(&page, &format!("{page}/groups"), &[("groups", "staff")]).status, 409);
    let token = admin.token();
    let form = format!("csrf_token={token}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-CSRF-TOKEN", token.as_str())];
    let origin = admin.origin();
    let headers = [&headers[..], &[("Origin", origin.as_str())]].concat();
    assert_eq!(admin.send("POST", &format!("{page}/disable"), &headers, &form).status, 409);
    for arguments in [&["user", "disable", email.as_str()][..], &["user", "groups", &email, "staff"]] {
        let refused = server.command_line(arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("user.last_administrator"));
    }
    // An import changes nobody who is there.
    let file = server.directory().join("users_database.yml");
    let hash = "$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O";
    std::fs::write(&file, format!("users:\n  a:\n    email: {email}\n    disabled: true\n    password: '{hash}'\n"))
        .unwrap();
    let told = server.json(&["user", "import", "--from", "authelia", file.to_str().unwrap()]);
    assert_eq!(told["skipped"][0]["reason"], "import.user_exists");
    // Whoever loses everything gets back in from the host, and administrates as before.
    let url = server.json(&["user", "recover", &email])["url"].as_str().unwrap().to_owned();
    let body = json!({"code": code(&url), "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &body).status, 204);
    assert_eq!(server.client().sign_in(&email, &password).status, 401);
    let mut again = server.client();
    again.sign_in(&email, NEW);
    enrol(&mut again);
    assert_eq!(again.get("/api/v1/admin/users").status, 200);
}

#[test]
fn an_administrator_comes_back_out_of_a_backup() {
    let mut server = Server::start();
    let (email, password) = server.administrator();
    let file = server.directory().join("all.backup");
    assert!(server.command_line(&["backup", file.to_str().unwrap()]).status.success());
    let url = server.json(&["user", "recover", &email])["url"].as_str().unwrap().to_owned();
    server.json(&["user", "add", "bob@example.com", "--group", "admins"]);
    server.json(&["user", "groups", &email]);
    server.stop();
    assert!(server.command_line(&["restore", "--force", file.to_str().unwrap()]).status.success());
    server.run();
    let mut admin = server.client();
    admin.sign_in(&email, &password);
    assert_eq!(admin.get("/api/v1/admin/users").status, 200);
    // CVE-2026-115770: what was made in the other past serves no more.
    let body = json!({"code": code(&url), "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &body).reason(), "user.link_invalid");
}
