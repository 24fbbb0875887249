//! Answers that come at once with one counter: one is taken, and the others are copies.

use std::sync::Barrier;

use serde_json::json;

use super::{SIGN_IN, ask, with};
use crate::it::harness::authenticator::{Key, Said};
use crate::it::harness::{Answer, Client};

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
