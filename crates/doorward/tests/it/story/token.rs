//! API clients: access and refresh tokens.

use serde_json::{Value, json};

use crate::it::harness::{Answer, Client, Server};

fn tokens(server: &Server) -> (Client, Value) {
    let (email, password) = server.administrator();
    let mut client = server.client();
    let body = json!({"email": email, "password": password, "tokens": true});
    let answer = client.call("POST", "/api/v1/auth/jwt/login", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!client.jar.contains_key("doorward"), "who asks for tokens gets no cookie");
    (client, answer.json())
}

fn me(server: &Server, token: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    server.client().send("GET", "/api/v1/auth/me", &[("Authorization", &bearer)], "")
}

fn refresh(client: &mut Client, token: &Value) -> Answer {
    client.call("POST", "/api/v1/auth/jwt/refresh", &json!({"refresh_token": token}))
}

#[test]
fn browsers_get_no_tokens() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let answer = server.client().sign_in(&email, &password).json();
    assert!(answer.get("access_token").is_none() && answer.get("refresh_token").is_none());
}

#[test]
fn tokens_lead_in_and_are_exchanged() {
    let server = Server::start();
    let (mut client, first) = tokens(&server);
    assert_eq!(me(&server, &first["access_token"]).status, 200);
    let second = refresh(&mut client, &first["refresh_token"]);
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(me(&server, &second.json()["access_token"]).status, 200);
}

#[test]
fn a_refresh_token_that_two_parties_hold_ends_the_session() {
    let server = Server::start();
    let (mut client, first) = tokens(&server);
    let second = refresh(&mut client, &first["refresh_token"]).json();
    assert_eq!(me(&server, &second["access_token"]).status, 200);
    let replay = refresh(&mut client, &first["refresh_token"]);
    assert_eq!((replay.status, replay.reason().as_str()), (401, "token.reuse"));
    assert_eq!(me(&server, &second["access_token"]).status, 401);
    assert_eq!(refresh(&mut client, &second["refresh_token"]).status, 401);
}

#[test]
fn an_answer_that_was_lost_can_be_asked_for_again() {
    let server = Server::start();
    let (mut client, first) = tokens(&server);
    refresh(&mut client, &first["refresh_token"]);
    let again = refresh(&mut client, &first["refresh_token"]);
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(me(&server, &again.json()["access_token"]).status, 200);
}

// CVE-2026-25537, CVE-2021-44878, PATTERN-KID: the signature and the kind of a token are what they are.
#[test]
fn an_altered_token_leads_nowhere() {
    let server = Server::start();
    let (_, first) = tokens(&server);
    let token = first["access_token"].as_str().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    for altered in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}.{}", "A".repeat(signature.len())),
        format!("{head}.{claims}"),
        first["refresh_token"].as_str().unwrap().to_owned(),
        String::from("x"),
        "a.".repeat(5_000),
    ] {
        let answer = me(&server, &json!(altered));
        assert_eq!(answer.status, 401, "{altered}");
    }
    let keys = server.client().get("/.well-known/jwks.json").json();
    assert_eq!(keys["keys"][0]["alg"], "EdDSA");
    assert!(keys["keys"][0].get("d").is_none(), "only the public half is published");
}
