//! The mail server down, refusing, without encryption: each is named, and letters wait.

use serde_json::{Value, json};

use super::doorward;
use crate::it::harness::{MailServer, Server};

fn try_mail(server: &Server) -> (i32, Value) {
    let output = server.command_line(&["mail", "test", "ada@example.com", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} {output:?}"));
    (output.status.code().unwrap(), report)
}

#[test]
fn the_test_command_names_the_step_that_failed() {
    for (mode, step, reason) in [
        ("stripped", "tls", "mail.tls_failed"),
        ("refuse", "recipient", "mail.refused"),
        ("later", "recipient", "mail.refused"),
    ] {
        let mail = MailServer::start(mode);
        let server = doorward(&mail, &[]);
        let (code, report) = try_mail(&server);
        assert_eq!(code, 1, "{report}");
        assert_eq!(
            (&report["failed"]["step"], &report["failed"]["reason"]),
            (&json!(step), &json!(reason)),
            "{report}"
        );
        assert_eq!(mail.letters().len(), 0);
    }
    let mail = MailServer::down("starttls");
    let (_, report) = try_mail(&doorward(&mail, &[]));
    assert_eq!(report["failed"]["step"], "connect", "{report}");
    let mail = MailServer::start("starttls");
    let (_, report) = try_mail(&doorward(&mail, &[("DOORWARD_MAIL__PASSWORD", "another word")]));
    assert_eq!(report["failed"]["step"], "sign-in", "{report}");
    let (_, report) = try_mail(&doorward(&mail, &[("DOORWARD_MAIL__CA_FILE", "")]));
    assert_eq!(report["failed"]["step"], "tls", "a certificate that nobody vouches for: {report}");
}

#[test]
fn a_letter_arrives_encrypted_from_the_first_byte_or_by_starttls() {
    for mode in ["starttls", "implicit"] {
        let mail = MailServer::start(mode);
        let (code, report) = try_mail(&doorward(&mail, &[]));
        assert_eq!(code, 0, "{report}");
        let letter = mail.letter(1);
        assert!(letter.is_encrypted, "{mode}");
        assert_eq!(letter.header("From"), "Example <login@example.com>");
        assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
        assert_eq!(report["passed"].as_array().unwrap().last(), Some(&json!("letter")));
    }
}

#[test]
fn without_mail_nothing_that_needs_it_is_offered() {
    let server = Server::start();
    let mut client = server.client();
    assert!(!client.page("/.doorward/sign-in").body.contains("/.doorward/forgotten"));
    assert_eq!(client.page("/.doorward/forgotten").status, 404);
    let answer = client.call("POST", "/api/v1/auth/recovery/request", &json!({"email": "ada@example.com"}));
    assert_eq!((answer.status, answer.reason().as_str()), (404, "mail.off"));
    assert_eq!(server.command_line(&["mail", "test", "ada@example.com"]).status.code(), Some(1));
}

#[test]
fn a_letter_outlives_a_mail_server_that_is_down_and_a_power_cut_and_comes_once() {
    let mut mail = MailServer::down("starttls");
    let mut server = doorward(&mail, &[]);
    let answer = server.client().call("POST", "/api/v1/auth/recovery/request", &json!({"email": "ada@example.com"}));
    assert_eq!(answer.status, 202, "the answer does not wait for mail");
    server.logs("mail.unreachable");
    let health = server.client().get("/health").json();
    let state = health["checks"].as_array().unwrap().iter().find(|check| check["name"] == "mail").unwrap().clone();
    assert_eq!(state["state"], "degraded", "{health}");
    assert!(health["findings"].to_string().contains("mail.unreachable"), "{health}");
    server.kill();
    mail.run();
    server.run();
    let letter = mail.letter(1);
    assert_eq!(letter.to, "ada@example.com");
    assert!(!server.log().contains(&letter.secret()), "no link stands in the log");
    server.stop();
    server.run();
    assert_eq!(mail.letters().len(), 1);
}

/// Nobody waits for a mail server: not the page, not whoever signs in otherwise meanwhile.
#[test]
fn a_mail_server_that_is_slow_or_refuses_keeps_nobody_waiting() {
    for (mode, reason) in [("slow", ""), ("refuse", "mail.refused"), ("later", "mail.refused")] {
        let mail = MailServer::start(mode);
        let server = doorward(&mail, &[]);
        let (_, password) = server.administrator();
        let request = json!({"email": "ada@example.com"});
        for _ in 0..3 {
            let answer = server.client().call("POST", "/api/v1/auth/recovery/request", &request);
            assert_eq!(answer.status, 202, "{mode}");
        }
        let mut client = server.client();
        assert_eq!(client.sign_in("ada@example.com", &password).status, 200, "{mode}");
        // The slow one takes two seconds for each.
        assert!(mail.letters().len() < 3, "{mode}: everything was answered before the letters were taken");
        if reason.is_empty() {
            assert_eq!(mail.letter(3).to, "ada@example.com", "late is not lost");
            continue;
        }
        server.wait_until(reason, || server.log().contains(reason));
        // What was refused for good is given up, and whoever looks after it is told; what was put off is tried again.
        let is_told = || server.client().get("/health").json()["findings"].to_string().contains("mail.given_up");
        if mode == "refuse" {
            server.wait_until("the finding", is_told);
        } else {
            assert!(!is_told());
        }
    }
}

#[test]
fn in_development_letters_are_shown_on_this_machine_instead_of_sent() {
    let server = Server::start_with(&[("DOORWARD_MAIL__VIEWER", "true"), ("ENVIRONMENT", "development")]);
    let mut client = server.client();
    let sent = client.submit("/.doorward/forgotten", "/.doorward/forgotten", &[("email", "admin@localhost")]);
    assert_eq!(sent.status, 200, "{}", sent.body);
    server
        .wait_until("the letter", || server.client().page("/.doorward/mail").body.contains("/.doorward/reset?token="));
    let mut relayed = server.client();
    relayed.always.push(("X-Forwarded-For".to_owned(), "192.0.2.7".to_owned()));
    assert_eq!(relayed.page("/.doorward/mail").status, 403);
    assert_eq!(Server::start().client().page("/.doorward/mail").status, 404);
}
