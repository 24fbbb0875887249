//! A notice of every change of an account, to its proven address, with what happened and what to do.

use serde_json::{Value, json};

use super::{doorward, prove_address};
use crate::it::harness::{Client, MailServer, Server, Upstream};
use crate::it::story::factor::{enrol, now, post};

const NEW: &str = "another long phrase of mine";

/// The letters that came since `seen`, once one with this subject is among them.
fn told(server: &Server, mail: &MailServer, seen: &mut usize, subject: &str) {
    let mut letters = Vec::new();
    server.wait_until(&format!("the notice \"{subject}\""), || {
        letters = mail.letters().split_off(*seen);
        letters.iter().any(|letter| letter.header("Subject").contains(subject))
    });
    for letter in &letters {
        assert_eq!(letter.to, "ada@example.com");
        for secret in ["dws_", "dwr_", "dwk_", NEW] {
            assert!(!letter.content.contains(secret), "a notice tells no secret: {}", letter.content);
        }
    }
    let notice = letters.iter().find(|letter| letter.header("Subject").contains(subject)).unwrap();
    let text = notice.text();
    assert!(text.contains("/.doorward/account") || text.contains("please"), "it says what to do: {text}");
    *seen += letters.len();
}

fn factor(client: &mut Client) -> String {
    let status = client.get("/api/v1/auth/2fa/status").json();
    let factors = status["factors"].as_array().unwrap();
    format!("/api/v1/auth/2fa/factors/{}", factors[0]["id"].as_str().unwrap())
}

#[test]
fn every_change_of_an_account_is_told_to_its_owner() {
    let (mail, app) = (MailServer::start("starttls"), Upstream::start());
    let url = app.url();
    let more = [
        ("DOORWARD_APP__0__UPSTREAM", url.as_str()),
        ("DOORWARD_APP__0__NAME", "notes"),
        ("DOORWARD_APP__0__HOST", "notes.localhost"),
        ("DOORWARD_APP__0__APP_PASSWORDS", "true"),
    ];
    let server = doorward(&mail, &more);
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    prove_address(&mail, &mut ada);
    let mut seen = 1;
    let tell = |seen: &mut usize, subject: &str| told(&server, &mail, seen, subject);

    let phone = enrol(&mut ada);
    tell(&mut seen, "A second factor was added");
    let sheet = post(&mut ada, "recovery-codes", &Value::Null).json()["codes"].clone();
    tell(&mut seen, "New recovery codes were made");
    assert_eq!(ada.call("POST", "/api/v1/auth/devices", &json!({"name": "Mine"})).status, 204);
    tell(&mut seen, "A device is trusted");
    let made = ada.call("POST", "/api/v1/auth/app-passwords", &json!({"app": "notes", "name": "Phone"}));
    assert_eq!(made.status, 200, "{}", made.body);
    tell(&mut seen, "An app password was made");

    let mut other = server.client();
    other.sign_in(&email, &password);
    assert_eq!(post(&mut other, "totp/verify", &json!({"code": phone.at(now())})).status, 200);
    tell(&mut seen, "A sign-in from a new device or network");
    let mut third = server.client();
    third.sign_in(&email, &password);
    assert_eq!(post(&mut third, "recovery-codes/verify", &json!({"code": sheet[0]})).status, 200);
    tell(&mut seen, "A recovery code was used");

    let first = factor(&mut ada);
    enrol(&mut ada);
    tell(&mut seen, "A second factor was added");
    assert_eq!(ada.call("DELETE", &first, &Value::Null).status, 204);
    tell(&mut seen, "A second factor was removed");
    let change = json!({"current": password, "new": NEW});
    assert_eq!(ada.call("POST", "/api/v1/auth/password/change", &change).status, 200);
    tell(&mut seen, "Your password was changed");

    server.json(&["user", "recover", &email]);
    tell(&mut seen, "Your account was opened on the host");
    server.json(&["user", "reset-password", &email]);
    tell(&mut seen, "Your password was changed");
}
