//! Links that are handed over: for new passwords, lost factors, invitations, emergencies and the first set-up.

use serde_json::{Value, json};

use super::{house, visitor};
use crate::it::harness::{Client, Server, Volley};

pub(super) const FACTORS: usize = 20;
pub(super) const PASSWORDS: usize = 8;
pub(super) const INVITATIONS: usize = 6;
pub(super) const EMERGENCIES: usize = 2;

const RESET: &str = "/api/v1/auth/password/reset";

fn secret(url: &Value) -> String {
    url.as_str().unwrap().split_once("token=").unwrap().1.to_owned()
}

fn words(racer: usize) -> String {
    format!("the long phrase of racer {racer}")
}

/// Which racer's password it is now; nobody has another one.
fn chosen(server: &Server, email: &str, racer: usize) {
    assert_eq!(visitor(server).sign_in(email, &words(racer)).status, 200);
    assert_eq!(visitor(server).sign_in(email, &words(racer + 1)).status, 401);
}

/// Races for a new password. The answer holds no word of it, so each racer's own words are asked for afterwards.
fn for_a_password(volley: &mut Volley, server: &Server, email: &str, code: &str) {
    let mut client = visitor(server);
    let (token, origin) = (client.token(), client.origin());
    let headers = [("Content-Type", "application/json"), ("X-CSRF-TOKEN", &*token), ("Origin", &*origin)];
    let body = |racer| json!({"code": code, "new": words(racer)}).to_string();
    let answers = volley.fire(|racer| client.written(("POST", RESET), &headers, &body(racer)));
    let won: Vec<usize> = (0..answers.len()).filter(|racer| answers[*racer].status == 204).collect();
    assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        let allowed = ["user.link_invalid", "user.link_wait", "signin.busy"];
        assert!(allowed.contains(&answer.reason().as_str()), "{answer:?}");
    }
    chosen(server, email, won[0]);
}

fn signed_in(server: &Server) -> Client {
    let (email, password) = server.administrator();
    let mut admin = visitor(server);
    assert_eq!(admin.sign_in(&email, &password).status, 200);
    admin
}

#[test]
fn one_of_two_hundred_uses_of_a_link_succeeds() {
    let server = house(&[]);
    let mut admin = signed_in(&server);
    let mut volley = Volley::at(&server);
    for number in 0..INVITATIONS {
        let email = format!("new{number}@example.com");
        let made = admin.call("POST", "/api/v1/admin/invitations", &json!({"email": email, "groups": []}));
        let code = secret(&made.json()["url"]);
        let body = |racer| json!({"code": code, "name": "New", "password": words(racer)});
        volley.race(&visitor(&server), "/api/v1/auth/invitations/accept", body);
        assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), number + 2);
    }
    let users = admin.get("/api/v1/admin/users").json();
    let user = users["users"].as_array().unwrap().iter().find(|user| user["email"] == "new0@example.com").unwrap();
    let path = format!("/api/v1/admin/users/{}", user["id"].as_str().unwrap());
    for _ in 0..PASSWORDS {
        let made = admin.call("POST", &format!("{path}/reset"), &Value::Null);
        for_a_password(&mut volley, &server, "new0@example.com", &secret(&made.json()["url"]));
    }
    for _ in 0..FACTORS {
        let made = admin.call("POST", &format!("{path}/reset-factors"), &Value::Null);
        let code = json!({"code": secret(&made.json()["link"]["url"])});
        volley.race(&visitor(&server), "/api/v1/auth/recovery/factors", |_| code.clone());
    }
    for _ in 0..EMERGENCIES {
        let made = server.json(&["user", "recover", "new1@example.com"]);
        for_a_password(&mut volley, &server, "new1@example.com", &secret(&made["url"]));
    }
}

#[test]
fn one_of_two_hundred_makes_the_first_account() {
    let server = house(&[("DOORWARD_ADMIN__SET_UP", "link")]);
    let link = std::fs::read_to_string(server.data().join("set-up-link.txt")).unwrap();
    let code = link.trim().split_once("token=").unwrap().1;
    let mut client = visitor(&server);
    let page = client.page(&format!("/.doorward/set-up?token={code}"));
    let token = crate::it::harness::hidden_token(&page.body).unwrap().to_owned();
    let origin = client.origin();
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "text/html"),
        ("Origin", &*origin),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "navigate"),
    ];
    let body = |racer: usize| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &token).append_pair("token", code).append_pair("name", "Ada");
        form.append_pair("email", &format!("ada{racer}@example.com")).append_pair("new_password", &words(racer));
        form.finish()
    };
    let answers =
        Volley::at(&server).fire(|racer| client.written(("POST", "/.doorward/set-up"), &headers, &body(racer)));
    let won = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(won, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), 1);
}
