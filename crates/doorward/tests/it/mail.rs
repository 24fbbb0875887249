//! Mail against a real server: what people ask for by mail, and what becomes of letters when the server is not well.

mod budget;
mod clock;
mod factor;
mod join;
mod notice;
mod recovery;
mod server;

use serde_json::json;

use crate::it::harness::{Client, MailServer, Server};

/// Doorward with this mail server and these further settings.
fn doorward(mail: &MailServer, more: &[(&str, &str)]) -> Server {
    let settings = mail.settings();
    let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    settings.extend_from_slice(more);
    Server::start_with(&settings)
}

/// Proves the administrator's own address by the first letter, so that notices have somewhere to go.
fn prove_address(mail: &MailServer, client: &mut Client) {
    let asked = client.call("POST", "/api/v1/auth/email/request", &json!({"email": "ada@example.com"}));
    assert_eq!(asked.status, 202, "{}", asked.body);
    let verified = client.call("POST", "/api/v1/auth/email/verify", &json!({"code": mail.letter(1).secret()}));
    assert_eq!(verified.status, 200, "{}", verified.body);
}
