//! A mailbox is one channel: what it proves, and what it proves no more.

use serde_json::{Value, json};

use crate::it::harness::{Client, MailServer, Server};
use crate::it::story::factor::{enrol, now, post};

const BOB: &str = "bob@example.com";
const FIRST: &str = "another long phrase of mine";
const SECOND: &str = "nine lanterns over the quay";

/// The eight digits of the first letter that has some; it waits for the letters before.
fn code(mail: &MailServer) -> String {
    let is_code = |line: &&str| {
        line.len() == 9 && line.as_bytes()[4] == b' ' && line.bytes().filter(u8::is_ascii_digit).count() == 8
    };
    let of = |text: &str| text.lines().map(str::trim).find(is_code).map(str::to_owned);
    (1..9).find_map(|count| of(&mail.letter(count).text())).expect("one of the letters holds a code")
}

fn sign_in(server: &Server, password: &str) -> (Client, Value) {
    let mut client = server.client();
    let answer = client.sign_in(BOB, password);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let methods = answer.json()["methods"].clone();
    (client, methods)
}

#[test]
fn after_a_mailed_reset_a_code_by_mail_waits_for_something_stronger() {
    let mail = MailServer::start("starttls");
    let settings = mail.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    let server = Server::start_with(&settings);
    let invited = json!({"email": BOB, "groups": []});
    assert_eq!(server.signed_in().call("POST", "/api/v1/admin/invitations", &invited).status, 200);
    let accept = json!({"code": mail.letter(1).secret(), "name": "Bob", "password": FIRST});
    let accepted = server.client().call("POST", "/api/v1/auth/invitations/accept", &accept);
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let (mut bob, _) = sign_in(&server, FIRST);
    let mut phone = enrol(&mut bob);
    // The mailed link has proven the address, so what changes is told there, and codes can be sent there.
    assert_eq!(mail.letter(2).to, BOB);
    let begun = post(&mut bob, "email/begin", &Value::Null);
    assert!((200..300).contains(&begun.status), "{}", begun.body);
    let confirmed = post(&mut bob, "email/confirm", &json!({"code": code(&mail)}));
    assert!((200..300).contains(&confirmed.status), "{}", confirmed.body);
    assert_eq!(sign_in(&server, FIRST).1, json!(["totp", "email"]));
    let sent = mail.letters().len();
    let asked = server.client().call("POST", "/api/v1/auth/recovery/request", &json!({"email": BOB}));
    assert_eq!(asked.status, 202);
    let link = (sent + 1..sent + 9).map(|count| mail.letter(count)).find(|letter| letter.text().contains("token=dwp_"));
    let chosen = json!({"code": link.unwrap().secret(), "new": SECOND});
    assert_eq!(server.client().call("POST", "/api/v1/auth/password/reset", &chosen).status, 204);
    // The same mailbox would be both factors.
    let (mut bob, methods) = sign_in(&server, SECOND);
    assert_eq!(methods, json!(["totp"]));
    assert_eq!(post(&mut bob, "email/send", &Value::Null).reason(), "factor.way_closed");
    let proven = post(&mut bob, "totp/verify", &json!({"code": phone.code()}));
    assert_eq!(proven.status, 200, "{} at {}", proven.body, now());
    assert_eq!(sign_in(&server, SECOND).1, json!(["totp", "email"]));
}
