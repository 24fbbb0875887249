//! How many requests a sign-in takes after its first page.

use serde_json::{Value, json};

use super::factor::{Phone, enrol, now};
use crate::it::harness::authenticator::{Key, Said};
use crate::it::harness::{Answer, Client, Server, hidden_token};
use crate::it::passkey::enrol as enrol_key;

/// A browser that counts what it asks for.
struct Counted {
    client: Client,
    requests: usize,
}

impl Counted {
    /// Opens the first page, which is not counted, and gives back its token.
    fn open(server: &Server) -> (Self, String) {
        let mut client = server.client();
        let page = client.page("/.doorward/sign-in?return_to=%2Fdemo%2F");
        let token = hidden_token(&page.body).unwrap().to_owned();
        (Self { client, requests: 0 }, token)
    }

    fn page(&mut self, path: &str) -> Answer {
        self.requests += 1;
        self.client.page(path)
    }

    fn submit(&mut self, token: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.requests += 1;
        self.client.submit_with(token, action, fields)
    }

    fn call(&mut self, token: &str, path: &str, body: &Value) -> Answer {
        self.requests += 1;
        let origin = self.client.origin();
        self.client.call_with("POST", path, &[("X-CSRF-TOKEN", token), ("Origin", &origin)], body)
    }
}

#[test]
fn password_and_code_take_three_requests_after_the_first_page() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let phone: Phone = enrol(&mut server.signed_in());
    let (mut browser, token) = Counted::open(&server);
    let fields = [("email", email.as_str()), ("password", &password), ("return_to", "/demo/")];
    let half = browser.submit(&token, "/.doorward/sign-in", &fields);
    let challenge = browser.page(half.location());
    let token = hidden_token(&challenge.body).unwrap().to_owned();
    let fields = [("way", "totp"), ("code", &*phone.at(now())), ("return_to", "/demo/")];
    let whole = browser.submit(&token, "/.doorward/finish/second-factor", &fields);
    assert_eq!((whole.status, whole.location()), (303, "/demo/"), "{}", whole.body);
    assert!(browser.requests <= 3, "{}", browser.requests);
    assert_eq!(browser.client.page("/demo/").status, 200, "and one is where one wanted to be");
}

#[test]
fn password_and_code_take_two_requests_of_a_program_that_has_a_token() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let phone = enrol(&mut server.signed_in());
    let (mut browser, token) = Counted::open(&server);
    let half = browser.call(&token, "/api/v1/auth/jwt/login", &json!({"email": email, "password": password}));
    let next = half.json()["csrf_token"].as_str().unwrap().to_owned();
    let whole = browser.call(&next, "/api/v1/auth/2fa/totp/verify", &json!({"code": phone.at(now())}));
    assert_eq!(whole.json()["status"], "signed_in", "{}", whole.body);
    assert!(browser.requests <= 2, "{}", browser.requests);
}

#[test]
fn a_passkey_takes_two_requests_after_the_first_page() {
    let server = Server::start();
    let mut key = Key::synced();
    enrol_key(&mut server.signed_in(), &mut key);
    let (mut browser, token) = Counted::open(&server);
    let question = browser.call(&token, "/api/v1/auth/passkey/begin", &Value::Null).json();
    let proven = key.proven(&Said::truth(&question["options"], &browser.client.origin(), "webauthn.get"));
    let body = json!({"challenge": question["challenge"], "credential": proven});
    let whole = browser.call(&token, "/api/v1/auth/passkey/finish", &body);
    assert_eq!(whole.json()["status"], "signed_in", "{}", whole.body);
    assert!(browser.requests <= 2, "{}", browser.requests);
    assert_eq!(browser.client.page("/demo/").status, 200);
}
