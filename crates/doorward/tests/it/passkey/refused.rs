//! Answers of an authenticator that lie, come twice, come late, or come from somebody else.

use serde_json::{Value, json};

use super::{PROOF, SIGN_IN, ask, enrol, finish, prove, prove_with, with};
use crate::it::harness::authenticator::{BE, Key, Said, UP, UV, text};

type Lie = fn(&mut Said);
type Change = fn(&mut Key);

/// Each lie with its reason.
const LIES: &[(&str, Lie, &str)] = &[
    ("another origin", |said| said.origin = "https://evil.example".into(), "factor.passkey_origin"),
    ("a sibling", |said| said.origin = said.origin.replace("localhost", "app.localhost"), "factor.passkey_origin"),
    (
        "a name that ends alike",
        |said| said.origin = said.origin.replace("localhost", "evillocalhost"),
        "factor.passkey_origin",
    ),
    ("no origin", |said| said.origin = "null".into(), "factor.passkey_malformed"),
    ("another domain", |said| said.rp_id = "evil.example".into(), "factor.passkey_origin"),
    ("a frame", |said| said.more = json!({"crossOrigin": true}), "factor.passkey_origin"),
    ("a frame of somebody", |said| said.more = json!({"topOrigin": "https://evil.example"}), "factor.passkey_origin"),
    // CVE-2026-28787: the challenge is ours, whatever the answer says.
    ("its own challenge", |said| said.challenge = text([7; 32]), "factor.challenge_void"),
    ("another ceremony", |said| said.kind = "webauthn.create", "factor.passkey_refused"),
    ("a spoilt signature", |said| said.spoils_signature = true, "factor.passkey_refused"),
    ("authenticator data cut off", |said| said.cut = 1, "factor.passkey_malformed"),
    ("nearly no authenticator data", |said| said.cut = 36, "factor.passkey_malformed"),
];

/// Each lie of the key itself with its reason.
const KEYS: &[(&str, Change, &str)] = &[
    ("nobody was there", |key| key.flags = UV, "factor.passkey_unverified"),
    ("nobody was verified", |key| key.flags = UP, "factor.passkey_unverified"),
    ("it can be copied now", |key| key.flags |= BE, "factor.passkey_refused"),
    ("the counter stands", |key| key.counter -= 1, "factor.passkey_copied"),
    ("the counter went back", |key| key.counter = 1, "factor.passkey_copied"),
    ("there is no counter any more", |key| key.counter = 0, "factor.passkey_copied"),
    ("it is somebody else's", |key| key.handle = Some(vec![7; 16]), "factor.passkey_refused"),
    ("it is nobody's", |key| key.handle = None, "factor.passkey_refused"),
    ("nobody knows it", |key| key.id[0] ^= 1, "factor.passkey_unknown"),
];

// CVE-2026-8830, CVE-2026-28787.
#[test]
fn no_lie_signs_in_and_the_truth_still_does() {
    let mut key = Key::bound();
    let (server, _) = with(&mut key);
    let (email, password) = server.administrator();
    for (place, path) in [("alone", SIGN_IN), ("after the password", PROOF)] {
        let mut client = server.client();
        if path == PROOF {
            client.sign_in(&email, &password);
        }
        for (name, lie, reason) in LIES {
            key.counter += 1;
            let answer = prove_with(&mut client, path, &mut key, lie);
            assert_eq!(answer.reason(), *reason, "{place}, {name}: {}", answer.body);
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        }
        // The state of the key is as the server saw it last.
        assert_eq!(prove(&mut client, path, &mut key).status, 200, "{place}");
        let mut client = server.client();
        if path == PROOF {
            client.sign_in(&email, &password);
        }
        for (name, change, reason) in KEYS {
            let before = (key.id.clone(), key.handle.clone(), key.counter, key.flags);
            key.counter += 1;
            change(&mut key);
            let answer = prove_with(&mut client, path, &mut key, |_| ());
            let is_allowed = path == PROOF && *name == "it is nobody's";
            if is_allowed {
                assert_eq!(answer.status, 200, "whose it is was known already: {}", answer.body);
                client = server.client();
                client.sign_in(&email, &password);
            } else {
                assert_eq!(answer.reason(), *reason, "{place}, {name}: {}", answer.body);
            }
            let counter = before.2 + u32::from(is_allowed);
            (key.id, key.handle, key.counter, key.flags) = (before.0, before.1, counter, before.3);
        }
        assert_eq!(prove(&mut client, path, &mut key).status, 200, "{place}");
    }
}

#[test]
fn an_answer_is_good_once_and_in_its_browser() {
    let mut key = Key::bound();
    let (server, _) = with(&mut key);
    let (mut client, mut other) = (server.client(), server.client());
    let question = ask(&mut client, SIGN_IN);
    ask(&mut other, SIGN_IN);
    key.counter += 1;
    let proven = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
    // Whoever has seen an answer on its way cannot use it, and spoils it by trying.
    assert_eq!(finish(&mut other, SIGN_IN, &question, &proven).reason(), "factor.challenge_void");
    assert_eq!(finish(&mut client, SIGN_IN, &question, &proven).reason(), "factor.challenge_void");
    let question = ask(&mut client, SIGN_IN);
    let proven = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
    let mut thief = client.clone();
    assert_eq!(finish(&mut client, SIGN_IN, &question, &proven).status, 200);
    assert_eq!(finish(&mut thief, SIGN_IN, &question, &proven).reason(), "factor.challenge_void");
    // A newer question of the same browser ends the older one.
    let (old, _) = (ask(&mut thief, SIGN_IN), ask(&mut thief, SIGN_IN));
    key.counter += 1;
    let proven = key.proven(&Said::truth(&old["options"], &thief.origin(), "webauthn.get"));
    assert_eq!(finish(&mut thief, SIGN_IN, &old, &proven).reason(), "factor.challenge_void");
    for made_up in ["", "dwc_", &format!("dwc_{}", text([7; 32]))] {
        let answer = finish(&mut thief, SIGN_IN, &json!({"challenge": made_up}), &proven);
        assert_eq!(answer.reason(), "factor.challenge_void", "{made_up}");
    }
}

#[test]
fn a_challenge_of_one_place_serves_no_other() {
    let mut key = Key::bound();
    let (server, mut full) = with(&mut key);
    let (email, password) = server.administrator();
    let mut client = server.client();
    let nameless = ask(&mut client, SIGN_IN);
    client.sign_in(&email, &password);
    let said = Said::truth(&nameless["options"], &client.origin(), "webauthn.get");
    key.counter += 1;
    let proven = key.proven(&said);
    assert_eq!(finish(&mut client, PROOF, &nameless, &proven).reason(), "factor.challenge_void");
    let named = ask(&mut client, PROOF);
    let proven = key.proven(&Said::truth(&named["options"], &client.origin(), "webauthn.get"));
    assert_eq!(finish(&mut client, SIGN_IN, &named, &proven).reason(), "factor.challenge_void");
    // Another session of the very same user.
    let named = ask(&mut client, PROOF);
    let proven = key.proven(&Said::truth(&named["options"], &client.origin(), "webauthn.get"));
    assert_eq!(finish(&mut full, PROOF, &named, &proven).reason(), "factor.challenge_void");
}

#[test]
fn the_key_of_somebody_else_proves_nothing() {
    let (mut own, mut foreign) = (Key::bound(), Key::bound());
    let (server, mut client) = with(&mut own);
    let link = client.call("POST", "/api/v1/admin/invitations", &json!({"email": "bob@example.com", "groups": []}));
    let url = link.json()["url"].as_str().unwrap().to_owned();
    let code = url.split_once("token=").unwrap().1.to_owned();
    let mut bob = server.client();
    let account = json!({"code": code, "name": "Bob", "password": "another long phrase of mine"});
    let accepted = bob.call("POST", "/api/v1/auth/invitations/accept", &account);
    assert!(accepted.status < 300, "{}", accepted.body);
    bob.sign_in("bob@example.com", "another long phrase of mine");
    enrol(&mut bob, &mut foreign);
    let (email, password) = server.administrator();
    let mut half = server.client();
    half.sign_in(&email, &password);
    let answer = prove(&mut half, PROOF, &mut foreign);
    assert_eq!(answer.reason(), "factor.passkey_refused", "{}", answer.body);
    // With the handle of its victim it is no better.
    foreign.handle.clone_from(&own.handle);
    assert_eq!(prove(&mut half, PROOF, &mut foreign).reason(), "factor.passkey_refused");
    assert_eq!(prove(&mut server.client(), SIGN_IN, &mut foreign).reason(), "factor.passkey_refused");
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_falls_over() {
    let mut key = Key::bound();
    let (server, _) = with(&mut key);
    let mut client = server.client();
    let whole = key.proven(&Said::truth(&ask(&mut client, SIGN_IN)["options"], &client.origin(), "webauthn.get"));
    for (field, value) in [
        ("clientDataJSON", text("{}")),
        ("clientDataJSON", text([0xff; 64])),
        ("clientDataJSON", text("[".repeat(20_000))),
        ("authenticatorData", String::new()),
        ("signature", String::new()),
    ] {
        let question = ask(&mut client, SIGN_IN);
        let mut broken = whole.clone();
        broken["response"][field] = Value::from(value);
        let answer = finish(&mut client, SIGN_IN, &question, &broken);
        assert!((400..500).contains(&answer.status), "{field}: {}", answer.body);
        assert!(answer.reason().starts_with("factor."), "{field}: {}", answer.body);
    }
    for credential in [json!(null), json!({}), json!({"id": 7}), json!("x")] {
        let question = ask(&mut client, SIGN_IN);
        assert_eq!(finish(&mut client, SIGN_IN, &question, &credential).reason(), "http.body_invalid");
    }
}
