//! Letters and codes are counted so that nobody keeps another person from their own.

use serde_json::{Value, json};

use super::factor::{about, with_codes};
use super::{doorward, prove_address};
use crate::it::harness::{Client, MailServer, Server};
use crate::it::story::factor::post;

const NEW: &str = "another long phrase of mine";

fn forgotten(client: &mut Client) -> u16 {
    let body = json!({"email": "ada@example.com"});
    client.call("POST", "/api/v1/auth/recovery/request", &body).status
}

/// How many letters of this subject came.
fn letters(mail: &MailServer, subject: &str) -> usize {
    mail.letters().iter().filter(|letter| letter.header("Subject").contains(subject)).count()
}

fn wait_for(server: &Server, mail: &MailServer, subject: &str, count: usize) {
    server.wait_until(subject, || letters(mail, subject) == count);
}

#[test]
fn strangers_keep_an_owner_from_no_letter() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut ada = server.signed_in();
    let mut stranger = server.client();
    for _ in 0..6 {
        assert_eq!(forgotten(&mut stranger), 202);
    }
    wait_for(&server, &mail, "Choose a new password", 5);
    let own = json!({"email": "ada@example.com"});
    for _ in 0..5 {
        assert_eq!(ada.call("POST", "/api/v1/auth/email/request", &own).status, 202);
    }
    wait_for(&server, &mail, "Confirm your address", 5);
    let spent = ada.call("POST", "/api/v1/auth/email/request", &own);
    assert_eq!((spent.status, spent.reason()), (429, "mail.wait".to_owned()), "a session is told");
    // In a browser that was in there before, strangers stand in nobody's way; a page says what a spent count means.
    let page = ada.submit("/.doorward/forgotten", "/.doorward/forgotten", &[("email", "ada@example.com")]);
    assert!(page.status == 200 && page.body.contains("may still be good"), "{}", page.body);
    wait_for(&server, &mail, "Choose a new password", 6);
}

#[test]
fn somebody_with_the_password_uses_up_nobodys_codes() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut ada = with_codes(&mail, &server);
    let sheet = post(&mut ada, "recovery-codes", &Value::Null).json()["codes"].clone();
    let mut thief = server.client();
    thief.sign_in(&email, &password);
    for _ in 0..5 {
        assert_eq!(post(&mut thief, "email/send", &Value::Null).status, 204);
    }
    let spent = post(&mut thief, "email/send", &Value::Null);
    assert_eq!((spent.status, spent.reason()), (429, "factor.mail_wait".to_owned()));
    // In a browser that was in there before.
    assert_eq!(ada.sign_in(&email, &password).json()["status"], "second_factor_required");
    assert_eq!(post(&mut ada, "email/send", &Value::Null).status, 204);
    // In a new one, whoever has the sheet is asked for the letter that comes after it.
    let mut new = server.client();
    new.sign_in(&email, &password);
    let used = post(&mut new, "recovery-codes/verify", &json!({"code": sheet[0]})).json();
    assert_eq!(used["status"], "recovery_mail_required", "{used}");
    assert_eq!(post(&mut new, "email/send", &Value::Null).status, 204);
    let page = new.page("/.doorward/finish/recovery-mail?sent=1");
    assert!(page.body.contains("Nothing after a few minutes?"), "{}", page.body);
}

#[test]
fn a_right_password_for_another_address_is_no_wrong_guess() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    let body = json!({"email": "ada@example.org", "current": password});
    for _ in 0..4 {
        let asked = ada.call("POST", "/api/v1/auth/email/request", &body);
        assert_eq!(asked.status, 202, "{}", asked.body);
    }
    let answer = ada.sign_in(&email, &password);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_mailed_reset_proves_the_address_and_is_told_there() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    assert_eq!(forgotten(&mut server.client()), 202);
    let body = json!({"code": mail.letter(1).secret(), "new": NEW});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &body).status, 204);
    assert_eq!(about(&server, &mail, "Your password was changed").to, "ada@example.com");
    let mut ada = server.client();
    assert_eq!(ada.sign_in("ada@example.com", NEW).status, 200);
    let page = ada.page("/.doorward/account/email");
    assert!(page.body.contains("It is confirmed"), "{}", page.body);
    // A link that is spent leads to where a new one comes from.
    let spent = ada.page(&format!("/.doorward/reset?token={}", mail.letter(1).secret()));
    assert!(spent.status == 410 && spent.body.contains("/.doorward/forgotten"), "{}", spent.body);
}

fn from(address: &str) -> Vec<(String, String)> {
    [("X-Forwarded-For", address), ("X-Forwarded-Proto", "http")]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

#[test]
fn a_new_network_is_told_although_nothing_else_is_signed_in() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let (email, password) = server.administrator();
    let mut ada = server.client();
    ada.always = from("192.0.2.7");
    assert_eq!(ada.sign_in(&email, &password).status, 200);
    prove_address(&mail, &mut ada);
    for address in ["192.0.2.7", "198.51.100.9"] {
        assert_eq!(ada.call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
        ada.always = from(address);
        assert_eq!(ada.sign_in(&email, &password).status, 200);
    }
    let told = about(&server, &mail, "new device or network").text();
    assert!(told.contains("198.51.100.9"), "{told}");
    assert_eq!(letters(&mail, "new device or network"), 1);
}
