//! What comes by mail: links that prove an address, codes, and registrations.

use serde_json::{Value, json};

use super::{PASSWORD, house, people, sign_in, visitor};
use crate::it::harness::{Client, Server, Volley};
use crate::it::story::factor::post;

/// Each proves an address, sets codes by mail up and signs in with one.
pub(super) const PEOPLE: usize = 60;

pub(super) const REGISTRATIONS: usize = 3;

/// Waits for a letter to this address in which something else than `known` is found, and gives that back.
fn letter(server: &Server, to: &str, known: &str, find: fn(&str) -> Option<&str>) -> String {
    let mut found = None;
    server.wait_until("the letter", || {
        let page = server.client().page("/.doorward/mail").body;
        let mut letters = page.split("<article>").filter(|letter| letter.contains(&format!(">{to},")));
        found = letters.find_map(find).filter(|newest| *newest != known).map(str::to_owned);
        found.is_some()
    });
    found.unwrap()
}

fn secret(letter: &str) -> Option<&str> {
    letter.split_once("token=")?.1.split(|end: char| end.is_whitespace() || "\"<&".contains(end)).next()
}

fn code(letter: &str) -> Option<&str> {
    let is_code = |line: &&str| line.len() == 9 && line.chars().all(|one| one.is_ascii_digit() || one == ' ');
    letter.lines().map(str::trim).find(is_code)
}

/// Somebody whose letters are raced for.
struct Person {
    number: usize,
    email: String,
    own: Client,
    other: Client,
    code: String,
}

impl Person {
    fn new(server: &Server, number: usize) -> Self {
        let (own, other) = (visitor(server), visitor(server));
        Self { number, email: format!("u{number}@example.com"), own, other, code: String::new() }
    }

    fn race_for_the_address(&mut self, server: &Server, volley: &mut Volley) {
        let link = json!({"code": letter(server, &self.email, "", secret)});
        volley.race(&self.own, "/api/v1/auth/email/verify", |_| link.clone());
    }

    fn race_for_the_first_code(&mut self, server: &Server, volley: &mut Volley) {
        self.code = letter(server, &self.email, "", code);
        let first = json!({"code": self.code});
        let won = volley.race(&self.own, "/api/v1/auth/2fa/email/confirm", |_| first.clone());
        self.own.keep(&won);
        let factors = self.own.get("/api/v1/auth/2fa/status").json()["factors"].clone();
        assert_eq!(factors.as_array().unwrap().len(), 1, "{factors}");
    }

    fn race_for_a_code(&mut self, server: &Server, volley: &mut Volley) {
        let next = json!({"code": letter(server, &self.email, &self.code, code)});
        let won = volley.race(&self.other, "/api/v1/auth/2fa/email/verify", |_| next.clone());
        assert_eq!(won.json()["status"], "signed_in");
    }
}

/// Letters are taken up once a second, so a dozen of them are asked for together.
#[test]
fn one_of_two_hundred_uses_of_a_letter_succeeds() {
    let server = house(&[("DOORWARD_MAIL__VIEWER", "true")]);
    people(&server, PEOPLE);
    let mut volley = Volley::at(&server);
    for start in (0..PEOPLE).step_by(12) {
        let mut people: Vec<Person> = (start..start + 12).map(|number| Person::new(&server, number)).collect();
        for person in &mut people {
            assert_eq!(sign_in(&mut person.own, person.number), "signed_in");
            let asked = person.own.call("POST", "/api/v1/auth/email/request", &json!({"email": person.email}));
            assert_eq!(asked.status, 202, "{}", asked.body);
        }
        for person in &mut people {
            person.race_for_the_address(&server, &mut volley);
        }
        for person in &mut people {
            assert_eq!(post(&mut person.own, "email/begin", &Value::Null).status, 204);
        }
        for person in &mut people {
            person.race_for_the_first_code(&server, &mut volley);
        }
        for person in &mut people {
            assert_eq!(sign_in(&mut person.other, person.number), "second_factor_required");
            assert_eq!(post(&mut person.other, "email/send", &Value::Null).status, 204);
        }
        for person in &mut people {
            person.race_for_a_code(&server, &mut volley);
        }
    }
}

#[test]
fn one_of_two_hundred_registrations_by_one_letter_makes_an_account() {
    let server = house(&[("DOORWARD_MAIL__VIEWER", "true"), ("DOORWARD_REGISTRATION__ENABLED", "true")]);
    let mut volley = Volley::at(&server);
    for number in 0..REGISTRATIONS {
        let email = format!("new{number}@example.com");
        let mut client = visitor(&server);
        assert_eq!(client.call("POST", "/api/v1/auth/registration/request", &json!({"email": email})).status, 202);
        let secret = letter(&server, &email, "", secret);
        let body = |racer| json!({"code": secret, "name": format!("Racer {racer}"), "password": PASSWORD});
        volley.race(&client, "/api/v1/auth/invitations/accept", body);
        assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), number + 2);
    }
}
