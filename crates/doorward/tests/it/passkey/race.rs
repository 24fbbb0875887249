//! Answers that come at once: each challenge and each counter is good for one.

use std::sync::Barrier;

use serde_json::json;

use super::{NEW, PROOF, SIGN_IN, ask, with};
use crate::it::harness::authenticator::{Key, Said};
use crate::it::harness::{Answer, Client};

const AT_ONCE: usize = 16;
const ROUNDS: usize = 12;

/// Sends the same request from many threads at once.
fn at_once(clients: Vec<(Client, serde_json::Value)>, path: &str) -> Vec<Answer> {
    let barrier = Barrier::new(clients.len());
    let send = |mut client: Client, body: serde_json::Value| {
        let (token, origin) = (client.token(), client.origin());
        barrier.wait();
        client.call_with("POST", path, &[("X-CSRF-TOKEN", &token), ("Origin", &origin)], &body)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients.into_iter().map(|(client, body)| scope.spawn(|| send(client, body))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[test]
fn one_of_many_answers_to_one_question_signs_in() {
    let mut key = Key::synced();
    let (server, _) = with(&mut key);
    let (email, password) = server.administrator();
    for round in 0..ROUNDS {
        let path = if round % 2 == 0 { SIGN_IN } else { PROOF };
        let mut client = server.client();
        if path == PROOF {
            client.sign_in(&email, &password);
        }
        let question = ask(&mut client, path);
        let proven = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
        let body = json!({"challenge": question["challenge"], "credential": proven});
        let answers = at_once(vec![(client, body); AT_ONCE], &format!("{path}/finish"));
        assert_eq!(count(&answers), 1, "{answers:?}");
    }
}

#[test]
fn one_of_many_answers_with_one_counter_signs_in() {
    let mut key = Key::bound();
    let (server, _) = with(&mut key);
    for _ in 0..ROUNDS {
        key.counter += 1;
        let ask_once = |_| {
            let mut client = server.client();
            let question = ask(&mut client, SIGN_IN);
            let proven = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
            (client, json!({"challenge": question["challenge"], "credential": proven}))
        };
        let clients: Vec<_> = (0..4).map(ask_once).collect();
        let answers = at_once(clients, &format!("{SIGN_IN}/finish"));
        assert_eq!(count(&answers), 1, "a copied key: {answers:?}");
        let refused = answers.iter().filter(|answer| answer.status != 200);
        assert!(refused.clone().all(|answer| answer.reason() == "factor.passkey_copied"), "{answers:?}");
    }
}

#[test]
fn one_of_many_enrolments_by_one_answer_is_stored() {
    let (_server, mut client) = with(&mut Key::synced());
    for round in 0..ROUNDS {
        let question = ask(&mut client, NEW);
        let said = Said::truth(&question["options"], &client.origin(), "webauthn.create");
        let made = Key::synced().made(&question["options"], &said);
        let body = json!({"challenge": question["challenge"], "credential": made});
        let answers = at_once(vec![(client.clone(), body); AT_ONCE], &format!("{NEW}/finish"));
        assert_eq!(count(&answers), 1, "{answers:?}");
        let done = answers.iter().find(|answer| answer.status == 200).unwrap();
        for cookie in done.cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            client.jar.insert(name.to_owned(), value.to_owned());
        }
        let factors = client.get("/api/v1/auth/2fa/status").json()["factors"].as_array().unwrap().len();
        assert_eq!(factors, round + 2);
    }
}
