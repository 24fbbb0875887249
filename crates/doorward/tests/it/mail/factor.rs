//! Codes by mail in a sign-in and after a recovery code, and lost factors that are taken by a letter.

use serde_json::{Value, json};

use super::{doorward, prove_address};
use crate::it::harness::{Client, Delivered, MailServer, Server};
use crate::it::story::factor::{enrol, post};

/// The code of a letter: eight digits in two groups, on a line of their own.
fn code(letter: &str) -> String {
    let is_code = |line: &&str| line.len() == 9 && line.chars().all(|one| one.is_ascii_digit() || one == ' ');
    letter.lines().map(str::trim).find(is_code).unwrap_or_else(|| panic!("no code: {letter}")).to_owned()
}

/// The letter of this subject, in whatever order letters have come.
pub(super) fn about(server: &Server, mail: &MailServer, subject: &str) -> Delivered {
    let mut found = None;
    server.wait_until(subject, || {
        found = mail.letters().into_iter().find(|letter| letter.header("Subject").contains(subject));
        found.is_some()
    });
    found.unwrap()
}

/// Somebody who has proven the own address and set codes by mail up. Three letters have come.
pub(super) fn with_codes(mail: &MailServer, server: &Server) -> Client {
    let mut ada = server.signed_in();
    prove_address(mail, &mut ada);
    assert_eq!(post(&mut ada, "email/begin", &Value::Null).status, 204);
    let first = code(&mail.letter(2).text());
    let enrolled = post(&mut ada, "email/confirm", &json!({"code": first}));
    assert_eq!(enrolled.json()["status"], "signed_in", "{}", enrolled.body);
    assert!(mail.letter(3).header("Subject").contains("second factor was added"));
    ada
}

#[test]
fn a_code_by_mail_finishes_the_sign_in_that_asked_for_it_and_no_other() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    with_codes(&mail, &server);
    let (mut half, mut other) = (server.client(), server.client());
    for client in [&mut half, &mut other] {
        let answer = client.sign_in(&email, &password).json();
        assert_eq!((&answer["status"], &answer["methods"]), (&json!("second_factor_required"), &json!(["email"])));
    }
    assert_eq!(post(&mut half, "email/send", &Value::Null).status, 204);
    let letter = mail.letter(4);
    assert_eq!((letter.to.as_str(), letter.is_encrypted), ("ada@example.com", true));
    let sent = code(&letter.text());
    // Whoever reads it over a shoulder cannot use it elsewhere, nor without the password.
    assert_eq!(post(&mut other, "email/verify", &json!({"code": sent})).reason(), "factor.code_void");
    let stranger = post(&mut server.client(), "email/verify", &json!({"code": sent}));
    assert_eq!(stranger.status, 401);
    let whole = post(&mut half, "email/verify", &json!({"code": sent}));
    assert_eq!(whole.json()["status"], "signed_in", "{}", whole.body);
    let me = half.get("/api/v1/auth/me").json();
    assert_eq!(me["acr"], "aal1", "a mailbox is no second factor of full strength (NIST SP 800-63B-4, 3.1.3.1): {me}");
    assert!(me["amr"].as_array().unwrap().contains(&json!("email")), "{me}");
    assert!(mail.letter(5).header("Subject").contains("new device"));
    assert!(!server.log().contains(&sent), "no code stands in the log");
}

#[test]
fn a_code_by_mail_has_five_tries_and_the_next_one_five_more() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut known = with_codes(&mail, &server);
    assert_eq!(known.sign_in(&email, &password).json()["status"], "second_factor_required");
    assert_eq!(post(&mut known, "email/send", &Value::Null).status, 204);
    let sent = code(&mail.letter(4).text());
    for _ in 0..5 {
        let answer = post(&mut known, "email/verify", &json!({"code": "0000 0000"}));
        assert!(["factor.code_wrong", "factor.wait"].contains(&answer.reason().as_str()), "{}", answer.body);
    }
    let late = post(&mut known, "email/verify", &json!({"code": sent}));
    assert!(["factor.code_void", "factor.wait"].contains(&late.reason().as_str()), "{}", late.body);
    assert_ne!(known.get("/api/v1/auth/me").status, 200);
}

// Another address takes the codes along: what was the only second factor must not be gone with the old mailbox.
#[test]
fn a_new_address_does_not_leave_the_password_alone() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (_, password) = server.administrator();
    let mut ada = with_codes(&mail, &server);
    let new = "ada@example.org";
    let asked = ada.call("POST", "/api/v1/auth/email/request", &json!({"email": new, "current": password}));
    assert_eq!(asked.status, 202, "{}", asked.body);
    let letter = about(&server, &mail, "Confirm your address");
    let is_new = |letter: &Delivered| letter.to == new;
    server.wait_until("the letter to the new address", || mail.letters().iter().any(is_new));
    assert_eq!(letter.to, "ada@example.com", "the first one was her own");
    let secret = mail.letters().into_iter().find(is_new).unwrap().secret();
    assert_eq!(ada.call("POST", "/api/v1/auth/email/verify", &json!({"code": secret})).status, 200);
    assert_eq!(about(&server, &mail, "address of your account").to, "ada@example.com", "the former mailbox is told");
    assert_eq!(ada.get("/api/v1/auth/me").json()["user"]["email"], new, "the session that opened the link goes on");
    let answer = server.client().sign_in(new, &password).json();
    assert_eq!((&answer["status"], &answer["methods"]), (&json!("second_factor_required"), &json!(["email"])));
    let mut half = server.client();
    half.sign_in(new, &password);
    assert_eq!(post(&mut half, "email/send", &Value::Null).status, 204);
    let letters = || mail.letters().into_iter().filter(|letter| letter.header("Subject").contains("Your code"));
    server.wait_until("the code", || letters().any(|letter| letter.to == new));
    let sent = code(&letters().find(|letter| letter.to == new).unwrap().text());
    assert_eq!(post(&mut half, "email/verify", &json!({"code": sent})).json()["status"], "signed_in");
}

// CVE-2026-105211: no caller gets a code in the answer, whatever is asked for.
#[test]
fn a_code_is_told_to_the_mailbox_alone() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    with_codes(&mail, &server);
    let mut half = server.client();
    half.sign_in(&email, &password);
    for body in [json!(null), json!({"return_code": true}), json!({"returnCode": {}}), json!({"delivery": "return"})] {
        let answer = post(&mut half, "email/send", &body);
        assert!(answer.status == 400 || (answer.status == 204 && answer.body.is_empty()), "{body}: {}", answer.body);
    }
    let asked = json!({"email": email, "return_code": true});
    assert!((400..500).contains(&half.call("POST", "/api/v1/auth/recovery/request", &asked).status));
    let plain = half.call("POST", "/api/v1/auth/recovery/request", &json!({"email": email}));
    assert_eq!((plain.status, plain.body.as_str()), (202, ""));
    let document = half.get("/api/openapi.json").body;
    for word in ["returnCode", "return_code", "verification_code"] {
        assert!(!document.contains(word), "{word}");
    }
    let sent = code(&about(&server, &mail, "Your code").text());
    assert!(!document.contains(&sent) && !half.get("/api/v1/auth/pending").body.contains(&sent));
}

// Trust rests on two factors of full strength, so it is offered by no way that has none.
#[test]
fn no_trust_is_offered_where_none_comes_of_it() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut ada = with_codes(&mail, &server);
    enrol(&mut ada);
    let mut half = server.client();
    half.sign_in(&email, &password);
    for (way, is_offered) in [("totp", true), ("email", false)] {
        let page = half.page(&format!("/.doorward/finish/second-factor?way={way}"));
        assert!(page.status == 200 && page.body.contains("name=\"code\""), "{}", page.body);
        assert_eq!(page.body.contains("name=\"trust\""), is_offered, "{way}");
    }
}

#[test]
fn a_lost_phone_is_mended_by_a_code_of_the_sheet_and_one_by_mail() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut ada = server.signed_in();
    prove_address(&mail, &mut ada);
    enrol(&mut ada);
    let sheet = post(&mut ada, "recovery-codes", &Value::Null).json()["codes"].clone();
    for subject in ["second factor was added", "New recovery codes"] {
        about(&server, &mail, subject);
    }
    let mut half = server.client();
    half.sign_in(&email, &password);
    let used = post(&mut half, "recovery-codes/verify", &json!({"code": sheet[0]})).json();
    assert_eq!((&used["status"], &used["methods"]), (&json!("recovery_mail_required"), &json!(["email"])), "{used}");
    about(&server, &mail, "recovery code was used");
    // The sheet alone opens nothing, changes nothing, and no other way leads around the letter.
    assert_eq!(half.get("/api/v1/auth/me").reason(), "signin.recovery_mail_pending");
    for path in ["totp/begin", "recovery/keep", "recovery-codes"] {
        assert_eq!(post(&mut half, path, &Value::Null).reason(), "signin.recovery_mail_pending", "{path}");
    }
    let again = post(&mut half, "recovery-codes/verify", &json!({"code": sheet[1]}));
    assert_eq!(again.reason(), "factor.way_closed", "{}", again.body);
    assert_eq!(half.page("/.doorward/apps").location().split('?').next(), Some("/.doorward/finish/recovery-mail"));
    assert_eq!(post(&mut half, "email/send", &Value::Null).status, 204);
    let sent = code(&about(&server, &mail, "Your code").text());
    let proven = post(&mut half, "email/verify", &json!({"code": sent}));
    assert_eq!(proven.json()["status"], "recovery_required", "{}", proven.body);
    enrol(&mut half);
    let me = half.get("/api/v1/auth/me");
    assert_eq!(me.status, 200, "{}", me.body);
}

#[test]
fn lost_factors_are_taken_by_a_letter_that_no_administrator_sees() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut admin = server.signed_in();
    let invited = json!({"email": "bob@example.com", "groups": []});
    assert_eq!(admin.call("POST", "/api/v1/admin/invitations", &invited).status, 200);
    let (mut bob, password) = (server.client(), "another long phrase of mine");
    let body = json!({"code": mail.letter(1).secret(), "name": "Bob", "password": password});
    assert_eq!(bob.call("POST", "/api/v1/auth/invitations/accept", &body).status, 200);
    assert_eq!(bob.sign_in("bob@example.com", password).status, 200);
    enrol(&mut bob);
    let users = admin.get("/api/v1/admin/users").json();
    let user = users["users"].as_array().unwrap().iter().find(|user| user["email"] == "bob@example.com").unwrap();
    let path = format!("/api/v1/admin/users/{}/reset-factors", user["id"].as_str().unwrap());
    let before = mail.letters().len();
    let made = admin.call("POST", &path, &json!({}));
    assert_eq!(made.json()["is_mailed"], json!(true), "{}", made.body);
    assert!(!made.body.contains("dwf_"), "nobody but its reader sees the link: {}", made.body);
    let letter = mail.letter_with(before, "dwf_");
    assert_eq!(letter.to, "bob@example.com");
    let link = letter.link();
    let page = link.split_once("/.doorward/").unwrap().1;
    let mut stranger = server.client();
    let shown = stranger.page(&format!("/.doorward/{page}"));
    assert!(shown.body.contains("Have you lost your second factor?"), "{}", shown.body);
    assert_eq!(bob.get("/api/v1/auth/me").status, 200, "looking at it takes nothing");
    let secret = letter.secret();
    let taken =
        stranger.submit(&format!("/.doorward/{page}"), "/.doorward/reset-factors", &[("token", secret.as_str())]);
    assert_eq!(taken.location(), "/.doorward/sign-in?done=factors-reset", "{}", taken.body);
    assert_eq!(bob.get("/api/v1/auth/me").status, 401);
    // The password alone does not open the account: what was lost has to be set up anew, at once.
    let mut back = server.client();
    assert_eq!(back.sign_in("bob@example.com", password).json()["status"], "enrolment_required");
}

#[test]
fn a_start_without_mail_says_who_has_nothing_but_codes_by_mail() {
    let mail = MailServer::start("starttls");
    let mut server = doorward(&mail, &[]);
    with_codes(&mail, &server);
    let said = |server: &Server| server.log().contains("config.mail_needed");
    server.stop();
    server.run();
    server.wait_until("the second start", || server.log().matches("ready: open").count() == 2);
    assert!(!said(&server), "with mail there is nothing to say");
    server.stop();
    server.unset("DOORWARD_MAIL__");
    server.run();
    server.wait_until("the finding", || said(&server));
    server.logs("One person has codes by mail for a second factor and nothing else");
    let check = server.command_line(&["config", "check"]);
    let text = String::from_utf8_lossy(&check.stdout).into_owned() + &String::from_utf8_lossy(&check.stderr);
    assert!(text.contains("config.mail_needed") && text.contains("doorward user recover"), "{text}");
}
