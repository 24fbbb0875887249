//! Passkeys over HTTP: what signs in, and every answer that does not.

mod enrol;
mod others;
mod race;
mod refused;

use serde_json::{Value, json};

use crate::it::harness::authenticator::{Key, Said};
use crate::it::harness::{Answer, Client, Server};

pub(crate) const NEW: &str = "/api/v1/auth/2fa/passkeys/new";
pub(crate) const PROOF: &str = "/api/v1/auth/2fa/passkeys";
pub(crate) const SIGN_IN: &str = "/api/v1/auth/passkey";

/// Asks a question, which must be answered.
pub(crate) fn ask(client: &mut Client, path: &str) -> Value {
    let asked = client.call("POST", &format!("{path}/begin"), &Value::Null);
    assert_eq!(asked.status, 200, "{}", asked.body);
    asked.json()
}

/// Answers a question.
pub(crate) fn finish(client: &mut Client, path: &str, question: &Value, credential: &Value) -> Answer {
    let body = json!({"challenge": question["challenge"], "credential": credential});
    client.call("POST", &format!("{path}/finish"), &body)
}

/// Enrols a key in a session, saying whatever `lie` makes of the truth.
fn enrol_with(client: &mut Client, key: &mut Key, lie: impl Fn(&mut Said)) -> Answer {
    let question = ask(client, NEW);
    let mut said = Said::truth(&question["options"], &client.origin(), "webauthn.create");
    lie(&mut said);
    let made = key.made(&question["options"], &said);
    finish(client, NEW, &question, &made)
}

/// Enrols a key in a session.
pub(crate) fn enrol(client: &mut Client, key: &mut Key) {
    let answer = enrol_with(client, key, |_| ());
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("signed_in")), "{}", answer.body);
}

/// Proves a key at one of the two places, saying whatever `lie` makes of the truth.
fn prove_with(client: &mut Client, path: &str, key: &mut Key, lie: impl Fn(&mut Said)) -> Answer {
    let question = ask(client, path);
    let mut said = Said::truth(&question["options"], &client.origin(), "webauthn.get");
    lie(&mut said);
    let proven = key.proven(&said);
    finish(client, path, &question, &proven)
}

/// Proves a key, and counts on.
fn prove(client: &mut Client, path: &str, key: &mut Key) -> Answer {
    key.counter += u32::from(key.counter > 0);
    prove_with(client, path, key, |_| ())
}

/// A server whose administrator has this key, and the session in which it was enrolled.
fn with(key: &mut Key) -> (Server, Client) {
    let server = Server::start();
    let mut client = server.signed_in();
    enrol(&mut client, key);
    (server, client)
}

fn strength(client: &mut Client) -> (Value, Value) {
    let me = client.get("/api/v1/auth/me").json();
    (me["acr"].clone(), me["amr"].clone())
}

#[test]
fn a_passkey_signs_in_alone_and_is_two_factors() {
    for (mut key, amr) in [(Key::synced(), json!(["swk", "mfa"])), (Key::bound(), json!(["hwk", "mfa"]))] {
        let (server, _) = with(&mut key);
        let mut other = server.client();
        // Two requests after the page, which has brought the token.
        let page = other.page("/.doorward/sign-in");
        let token = crate::it::harness::hidden_token(&page.body).unwrap().to_owned();
        let origin = other.origin();
        let headers = [("X-CSRF-TOKEN", &*token), ("Origin", &*origin)];
        let question = other.call_with("POST", &format!("{SIGN_IN}/begin"), &headers, &Value::Null);
        let question = question.json();
        assert_eq!(question["options"]["allowCredentials"], json!([]), "nobody is named");
        assert_eq!(question["options"]["userVerification"], "required");
        key.counter += u32::from(key.counter > 0);
        let proven = key.proven(&Said::truth(&question["options"], &origin, "webauthn.get"));
        let body = json!({"challenge": question["challenge"], "credential": proven});
        let answer = other.call_with("POST", &format!("{SIGN_IN}/finish"), &headers, &body);
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("signed_in")), "{}", answer.body);
        assert_eq!(strength(&mut other), (json!("aal2"), amr));
    }
}

#[test]
fn a_passkey_is_asked_for_after_the_password() {
    let mut key = Key::bound();
    let (server, _) = with(&mut key);
    let (email, password) = server.administrator();
    let mut other = server.client();
    let half = other.sign_in(&email, &password).json();
    assert_eq!((&half["status"], &half["methods"]), (&json!("second_factor_required"), &json!(["passkey"])));
    let answer = prove(&mut other, PROOF, &mut key);
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("signed_in")), "{}", answer.body);
    assert_eq!(strength(&mut other), (json!("aal2"), json!(["pwd", "hwk", "mfa"])));
    // The same proves once more who it is, in the session that stands.
    assert_eq!(prove(&mut other, PROOF, &mut key).status, 200);
}

#[test]
fn a_key_without_a_pin_is_a_second_factor_and_no_sign_in() {
    let mut key = Key::bound();
    key.flags = super::harness::authenticator::UP;
    let (server, _) = with(&mut key);
    let mut other = server.client();
    assert_eq!(prove(&mut other, SIGN_IN, &mut key).reason(), "factor.passkey_unverified");
    let (email, password) = server.administrator();
    other.sign_in(&email, &password);
    assert_eq!(prove(&mut other, PROOF, &mut key).status, 200);
}

#[test]
fn several_keys_are_named_and_shown_with_their_last_use() {
    let (mut first, mut second) = (Key::synced(), Key::bound());
    let (_server, mut client) = with(&mut first);
    let question = ask(&mut client, NEW);
    let excluded = question["options"]["excludeCredentials"].as_array().unwrap();
    assert_eq!(excluded[0]["id"], super::harness::authenticator::text(&first.id), "a device is not asked twice");
    let said = Said::truth(&question["options"], &client.origin(), "webauthn.create");
    let made = second.made(&question["options"], &said);
    let body = json!({"challenge": question["challenge"], "credential": made, "name": "The blue one"});
    assert_eq!(client.call("POST", &format!("{NEW}/finish"), &body).status, 200);
    let named = |client: &mut Client, name: &str| {
        let status = client.get("/api/v1/auth/2fa/status").json();
        status["factors"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    // Setting one up is its first use.
    let [first_used, second_used] = ["Passkey", "The blue one"].map(|name| {
        let shown = named(&mut client, name);
        assert_eq!((&shown["kind"], &shown["works_here"]), (&json!("passkey"), &json!(true)));
        shown["last_used_at"].as_i64().unwrap()
    });
    assert_eq!(prove(&mut client, PROOF, &mut second).status, 200);
    assert!(named(&mut client, "The blue one")["last_used_at"].as_i64().unwrap() >= second_used);
    assert_eq!(named(&mut client, "Passkey")["last_used_at"], first_used);
}
