//! One-time values over HTTP: two hundred requests at one moment, of which one succeeds; 500 races in all.

mod code;
mod link;
mod mail;
mod passkey;
mod token;

use std::sync::atomic::{AtomicU32, Ordering};

use crate::it::harness::{Client, Server};

/// The races of each kind of value.
const RACES: &[(&str, usize)] = &[
    ("proof of an address", mail::PEOPLE),
    ("first code by mail", mail::PEOPLE),
    ("code by mail", mail::PEOPLE),
    ("registration", mail::REGISTRATIONS),
    ("offer of a key", code::PEOPLE),
    ("code of an app", code::PEOPLE),
    ("recovery code", code::PEOPLE),
    ("challenge of a sign-in by passkey", passkey::SIGN_INS),
    ("challenge of a proof by passkey", passkey::PROOFS),
    ("challenge of a new passkey", passkey::ENROLMENTS),
    ("refresh token", token::REFRESHES),
    ("exchange code of an app", token::ENTRIES),
    ("link that takes factors", link::FACTORS),
    ("link for a new password", link::PASSWORDS),
    ("invitation", link::INVITATIONS),
    ("emergency access", link::EMERGENCIES),
    ("first set-up", 1),
];

/// Clients come from addresses of their own, through a proxy on this machine.
const BEHIND: [(&str, &str); 2] = [("ENVIRONMENT", "development"), ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")];

#[test]
fn there_are_five_hundred_races() {
    assert_eq!(RACES.iter().map(|(_, count)| count).sum::<usize>(), 500);
}

/// A server behind a proxy, with these further settings, whose data is in memory.
fn house(settings: &[(&str, &str)]) -> Server {
    Server::start_in_memory(&[&BEHIND[..], settings].concat())
}

/// A browser at an address where nobody was before.
fn visitor(server: &Server) -> Client {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, _, b, c] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut client = server.client();
    client.always.push(("X-Forwarded-For".to_owned(), format!("10.{b}.{c}.7")));
    client
}

const PASSWORD: &str = "correct horse battery staple";

/// Takes over people `u0@example.com`, `u1@…`, who have one cheap hash of one password.
fn people(server: &Server, count: usize) {
    let made = std::process::Command::new("htpasswd").args(["-nbB", "-C", "4", "u", PASSWORD]).output().unwrap();
    let line = String::from_utf8(made.stdout).unwrap();
    let hash = line.trim().strip_prefix("u:").unwrap();
    let file = server.directory().join("htpasswd");
    let lines: Vec<String> = (0..count).map(|number| format!("u{number}:{hash}")).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let told = server.json(&["user", "import", "--from", "htpasswd", file, "--domain", "example.com"]);
    assert_eq!(told["created"].as_array().unwrap().len(), count);
}

/// Signs one of them in, and gives back what the answer says of it.
fn sign_in(client: &mut Client, number: usize) -> String {
    let answer = client.sign_in(&format!("u{number}@example.com"), PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["status"].as_str().unwrap().to_owned()
}
