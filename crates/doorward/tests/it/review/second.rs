//! Second factors over HTTP: what a device, a half sign-in and a policy must not do.

use serde_json::{Value, json};

use crate::it::harness::Server;
use crate::it::story::factor::{enrol, post};

// PATTERN-DEVICE-SURVIVES: a stolen device and the password are one factor, and must not become the account.
#[test]
fn a_trusted_device_sets_no_password_and_ends_with_its_trust() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    let mut phone = enrol(&mut ada);
    let mut device = server.client();
    device.sign_in(&email, &password);
    let proven = post(&mut device, "totp/verify", &json!({"code": phone.code(), "trust_device": true}));
    assert_eq!(proven.json()["status"], "signed_in", "{}", proven.body);
    assert_eq!(device.call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    assert_eq!(device.sign_in(&email, &password).json()["status"], "signed_in");
    assert_eq!(device.get("/api/v1/auth/me").json()["acr"], "aal1");
    let change = json!({"current": password, "new": "another long phrase of mine"});
    let refused = device.call("POST", "/api/v1/auth/password/change", &change);
    assert_eq!((refused.status, refused.reason()), (403, "authorization.confirmation_required".to_owned()));
    let fields = [("current_password", password.as_str()), ("new_password", "another long phrase of mine")];
    let page = device.submit("/.doorward/account", "/.doorward/account/password", &fields);
    assert!(page.location().starts_with("/.doorward/confirm"), "{} {}", page.location(), page.body);
    // The owner changes the second factor: trust ends, and so does what rested on it.
    enrol(&mut ada);
    assert_eq!(device.get("/api/v1/auth/me").reason(), "session.factor_removed");
    assert_eq!(ada.call("POST", "/api/v1/auth/password/change", &change).status, 200);
}

#[test]
fn half_a_sign_in_looks_like_half_of_one() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    enrol(&mut ada);
    assert!(!ada.page("/.doorward/account").body.contains("waits for the next step"));
    server.client().sign_in(&email, &password);
    let me = ada.get("/api/v1/auth/me").json();
    let person = format!("/.doorward/admin/users/{}", me["user"]["id"].as_str().unwrap());
    for page in ["/.doorward/account", &person] {
        let page = ada.page(page);
        let count = page.body.matches("waits for the next step").count();
        assert_eq!(count, 1, "the other one, not this one: {}", page.body);
    }
}

#[test]
fn whoever_needs_a_key_is_offered_nothing_else() {
    let server = Server::start_with(&[("DOORWARD_SECOND_FACTOR__HARDWARE_GROUPS", "admins")]);
    let mut ada = server.signed_in();
    let page = ada.page("/.doorward/account/security");
    assert!(page.body.contains("Your account needs a security key"), "{}", page.body);
    assert!(page.body.contains("data-passkey=\"new\"") && !page.body.contains("/security/totp"), "{}", page.body);
    assert!(ada.page("/.doorward/apps").body.contains("needs a security key"));
    let server = Server::start_with(&[
        ("DOORWARD_SECOND_FACTOR__HARDWARE_GROUPS", "admins"),
        ("DOORWARD_SECOND_FACTOR__GRACE_DAYS", "0"),
    ]);
    let (email, password) = server.administrator();
    let mut half = server.client();
    assert_eq!(half.sign_in(&email, &password).json()["status"], "enrolment_required");
    let page = half.page("/.doorward/finish/enrolment");
    assert!(page.body.contains("Your account needs a security key") && !page.body.contains("/security/totp"));
    assert_eq!(post(&mut half, "email/begin", &Value::Null).reason(), "factor.way_closed");
}
