//! Enrolling and removing passkeys: who may, what is refused, and what ends.

use serde_json::json;

use super::{NEW, PROOF, SIGN_IN, ask, enrol, enrol_with, finish, prove, with};
use crate::it::harness::Server;
use crate::it::harness::authenticator::{Key, Said, UV, ed25519, rs256, text};

type Lie = fn(&mut Said);

// CVE-2026-8830: what was not offered is not taken.
#[test]
fn no_lie_is_enrolled() {
    let server = Server::start();
    let mut client = server.signed_in();
    let lies: [(&str, Lie, &str); 11] = [
        ("another origin", |said| said.origin = "https://evil.example".into(), "factor.passkey_origin"),
        ("another domain", |said| said.rp_id = "evil.example".into(), "factor.passkey_origin"),
        ("a frame", |said| said.more = json!({"crossOrigin": true}), "factor.passkey_origin"),
        ("its own challenge", |said| said.challenge = text([7; 32]), "factor.challenge_void"),
        ("another ceremony", |said| said.kind = "webauthn.get", "factor.passkey_refused"),
        ("Ed25519", |said| said.public_key = Some(ed25519()), "factor.passkey_algorithm"),
        ("RS256", |said| said.public_key = Some(rs256()), "factor.passkey_algorithm"),
        ("no key", |said| said.public_key = Some(vec![0xa0]), "factor.passkey_malformed"),
        // CVE-2021-40818, CVE-2023-49208: lengths are looked at.
        ("a key cut off", |said| said.cut = 8, "factor.passkey_malformed"),
        ("a name cut off", |said| said.cut = 90, "factor.passkey_malformed"),
        ("too much", |said| said.public_key = Some(vec![0x9f; 30_000]), "factor.passkey_malformed"),
    ];
    for (name, lie, reason) in lies {
        let answer = enrol_with(&mut client, &mut Key::bound(), lie);
        assert_eq!(answer.reason(), reason, "{name}: {}", answer.body);
    }
    let mut absent = Key::bound();
    absent.flags = UV;
    assert_eq!(enrol_with(&mut client, &mut absent, |_| ()).reason(), "factor.passkey_unverified");
    assert_eq!(client.get("/api/v1/auth/2fa/status").json()["factors"], json!([]));
    enrol(&mut client, &mut Key::bound());
}

#[test]
fn a_key_is_enrolled_once() {
    let mut key = Key::synced();
    let (_server, mut client) = with(&mut key);
    assert_eq!(enrol_with(&mut client, &mut key, |_| ()).reason(), "factor.taken");
    // The answer to a question is good once.
    let question = ask(&mut client, NEW);
    let said = Said::truth(&question["options"], &client.origin(), "webauthn.create");
    let made = Key::synced().made(&question["options"], &said);
    assert_eq!(finish(&mut client, NEW, &question, &made).status, 200);
    assert_eq!(finish(&mut client, NEW, &question, &made).reason(), "factor.challenge_void");
}

// CVE-2026-111949: whoever has the password alone enrols nothing.
#[test]
fn half_a_sign_in_enrols_nothing() {
    let mut key = Key::bound();
    let (server, mut full) = with(&mut key);
    let (email, password) = server.administrator();
    let mut half = server.client();
    half.sign_in(&email, &password);
    for path in ["begin", "finish"] {
        let body = json!({"challenge": "dwc_x", "credential": {}});
        let answer = half.call("POST", &format!("{NEW}/{path}"), &body);
        assert_eq!(answer.reason(), "signin.second_factor_pending");
    }
    // Nor with a question that was asked in a whole session.
    let question = ask(&mut full, NEW);
    let said = Said::truth(&question["options"], &full.origin(), "webauthn.create");
    let made = Key::bound().made(&question["options"], &said);
    assert_eq!(finish(&mut half, NEW, &question, &made).reason(), "signin.second_factor_pending");
    assert_eq!(server.client().call("POST", &format!("{NEW}/begin"), &json!({})).status, 401);
}

// KANIDM-PR1386: a session ends with the passkey that signed it in.
#[test]
fn a_removed_passkey_signs_nobody_in_and_its_sessions_end() {
    let (mut kept, mut removed) = (Key::bound(), Key::bound());
    let (server, mut client) = with(&mut kept);
    let kept_id = client.get("/api/v1/auth/2fa/status").json()["factors"][0]["id"].clone();
    enrol(&mut client, &mut removed);
    let mut other = server.client();
    assert_eq!(prove(&mut other, SIGN_IN, &mut removed).status, 200);
    assert_eq!(prove(&mut client, PROOF, &mut kept).status, 200);
    let factors = client.get("/api/v1/auth/2fa/status").json()["factors"].clone();
    let mut ids = factors.as_array().unwrap().iter().map(|one| &one["id"]);
    let id = ids.find(|id| **id != kept_id).unwrap().as_str().unwrap();
    let gone = client.call("DELETE", &format!("/api/v1/auth/2fa/factors/{id}"), &json!(null));
    assert!(gone.status < 300, "{}", gone.body);
    assert_eq!(other.get("/api/v1/auth/me").status, 401);
    assert_eq!(client.get("/api/v1/auth/me").status, 200);
    let answer = prove(&mut server.client(), SIGN_IN, &mut removed);
    assert_eq!((answer.status, &*answer.reason()), (401, "factor.passkey_unknown"));
    assert_eq!(prove(&mut server.client(), SIGN_IN, &mut kept).status, 200);
}

#[test]
fn where_hardware_is_needed_a_key_that_can_be_copied_is_not_taken() {
    let server = Server::start_with(&[("DOORWARD_SECOND_FACTOR__HARDWARE_GROUPS", "admins")]);
    let mut client = server.signed_in();
    assert_eq!(enrol_with(&mut client, &mut Key::synced(), |_| ()).reason(), "factor.passkey_synced");
    assert_eq!(ask(&mut client, NEW)["options"]["hints"], json!(["security-key"]));
    let mut key = Key::bound();
    enrol(&mut client, &mut key);
    assert_eq!(prove(&mut server.client(), SIGN_IN, &mut key).status, 200);
}

#[test]
fn a_changed_domain_is_explained() {
    let mut key = Key::bound();
    let (mut server, _) = with(&mut key);
    let (email, password) = server.administrator();
    server.stop();
    server.set("DOORWARD_SERVER__PUBLIC_URL", &format!("http://portal.localhost:{}", server.port));
    server.run();
    let mut client = server.client();
    client.host = format!("portal.localhost:{}", server.port);
    let half = client.sign_in(&email, &password).json();
    // The password alone is not enough, and nothing else can be proven here.
    assert_eq!(half["status"], "second_factor_required", "{half}");
    assert!(half.get("methods").is_none(), "{half}");
    let asked = client.call("POST", &format!("{PROOF}/begin"), &json!(null));
    assert_eq!((asked.status, &*asked.reason()), (409, "factor.passkey_elsewhere"), "{}", asked.body);
    assert_eq!(prove(&mut client, SIGN_IN, &mut key).reason(), "factor.passkey_unknown");
    server.logs("config.passkeys_elsewhere");
    let check = server.command_line(&["config", "check"]);
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(told.contains("config.passkeys_elsewhere") && told.contains("portal.localhost"), "{told}");
}
