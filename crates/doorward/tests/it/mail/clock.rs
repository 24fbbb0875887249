//! What is good for a while, under a clock that goes on, and under one that goes back.

use serde_json::{Value, json};

use super::prove_address;
use crate::it::harness::authenticator::{Key, Said};
use crate::it::harness::{MailServer, Server};
use crate::it::passkey::{SIGN_IN, ask, enrol as enrol_key, finish};
use crate::it::story::factor::{Phone, enrol, now, post};

fn with_clock(mail: &MailServer) -> Server {
    let settings = mail.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    Server::start_with_clock(&settings)
}

fn line(letter: &str, is_wanted: impl Fn(&&str) -> bool) -> String {
    letter.lines().map(str::trim).find(is_wanted).unwrap_or_else(|| panic!("{letter}")).to_owned()
}

fn code(letter: &str) -> String {
    line(letter, |line| line.len() == 9 && line.chars().all(|one| one.is_ascii_digit() || one == ' '))
}

#[test]
fn what_comes_too_late_is_void_and_says_so() {
    let mail = MailServer::start("starttls");
    let server = with_clock(&mail);
    let (email, password) = server.administrator();
    let mut key = Key::synced();
    let mut ada = server.signed_in();
    prove_address(&mail, &mut ada);
    enrol_key(&mut ada, &mut key);
    // All of these are asked for now.
    let offer = post(&mut ada, "totp/begin", &Value::Null).json();
    assert_eq!(post(&mut ada, "email/begin", &Value::Null).status, 204);
    let mut stranger = server.client();
    let question = ask(&mut stranger, SIGN_IN);
    let request = json!({"email": "ada@example.com"});
    assert_eq!(server.client().call("POST", "/api/v1/auth/recovery/request", &request).status, 202);
    server.wait_until("the letters", || {
        let letters = mail.letters();
        letters.iter().any(|letter| letter.content.contains("dwp_"))
            && letters.iter().any(|letter| letter.header("Subject").contains("Your code"))
    });
    let letters = mail.letters();
    let first = code(&letters.iter().find(|letter| letter.header("Subject").contains("Your code")).unwrap().text());
    let secret = letters.iter().find(|letter| letter.content.contains("dwp_")).unwrap().secret();

    server.set_clock(301);
    let proven = key.proven(&Said::truth(&question["options"], &stranger.origin(), "webauthn.get"));
    assert_eq!(finish(&mut stranger, SIGN_IN, &question, &proven).reason(), "factor.challenge_void");
    server.set_clock(601);
    let phone = Phone::of(offer["secret"].as_str().unwrap());
    let confirmation = json!({"challenge": offer["challenge"], "code": phone.at(now() + 601), "name": "Telephone"});
    let late = post(&mut ada, "totp/confirm", &confirmation);
    assert_eq!(late.reason(), "factor.challenge_void");
    assert!(!late.json()["detail"].as_str().unwrap().is_empty());
    assert_eq!(post(&mut ada, "email/confirm", &json!({"code": first})).reason(), "factor.code_void");
    server.set_clock(1_801);
    let body = json!({"code": secret, "new": "another long phrase of mine"});
    let reset = server.client().call("POST", "/api/v1/auth/password/reset", &body);
    assert_eq!((reset.status, reset.reason().as_str()), (410, "user.link_invalid"));
    let page = server.client().page(&format!("/.doorward/reset?token={secret}"));
    assert_eq!(page.status, 410);
    assert!(page.body.contains("user.link_invalid") && page.body.contains("/.doorward/"), "it leads on: {}", page.body);
    assert_eq!(server.client().sign_in(&email, &password).status, 200, "and nothing has changed");
}

// PATTERN-CLOCK-BACK: a clock that goes back makes nothing good again, keeps nobody out for long, and ends nothing.
#[test]
fn a_clock_that_goes_back_makes_nothing_good_again() {
    let mail = MailServer::start("starttls");
    let server = with_clock(&mail);
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    let phone = enrol(&mut ada);
    let sheet = post(&mut ada, "recovery-codes", &Value::Null).json()["codes"].clone();
    let (mut half, at) = (server.client(), now());
    half.sign_in(&email, &password);
    assert_eq!(post(&mut half, "totp/verify", &json!({"code": phone.at(at)})).status, 200);
    let request = json!({"email": "ada@example.com"});
    assert_eq!(server.client().call("POST", "/api/v1/auth/recovery/request", &request).status, 202);
    let secret = mail.letter(1).secret();
    server.set_clock(1_801);
    let body = json!({"code": secret, "new": "another long phrase of mine"});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &body).status, 410);

    for back in [-60, -3_600] {
        server.set_clock(back);
        assert_eq!(ada.get("/api/v1/auth/me").status, 200, "a session outlives {back}");
        let mut third = server.client();
        let answer = third.sign_in(&email, &password);
        assert_eq!(answer.json()["status"], "second_factor_required", "{back}: {}", answer.body);
        for code in [phone.at(at), phone.at(at - 30), phone.at(now() + back)] {
            let answer = post(&mut third, "totp/verify", &json!({"code": code}));
            let reason = answer.reason();
            assert!(["factor.code_used", "factor.code_wrong", "factor.wait"].contains(&reason.as_str()), "{reason}");
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        }
    }
    // In a browser that is known, the sheet still leads in.
    assert_eq!(ada.sign_in(&email, &password).json()["status"], "second_factor_required");
    let used = post(&mut ada, "recovery-codes/verify", &json!({"code": sheet[0]}));
    assert_eq!(used.json()["status"], "recovery_required", "{}", used.body);
    assert_eq!(post(&mut ada, "recovery/keep", &Value::Null).json()["status"], "signed_in");
}
