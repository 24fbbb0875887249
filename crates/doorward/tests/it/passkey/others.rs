//! A client and an authenticator that others wrote (passkey-rs, in `tools/webauthn-client`) set a passkey up and sign in.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{NEW, PROOF, SIGN_IN, ask, finish, strength};
use crate::it::harness::{Client, Server};

/// The running program. It ends with its value.
struct Others {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Others {
    /// Builds it where that was not done yet, and starts it.
    fn start() -> Self {
        let place = concat!(env!("CARGO_TARGET_TMPDIR"), "/webauthn-client");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/webauthn-client/Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--manifest-path", source, "--target-dir", place]);
        assert!(cargo.status().unwrap().success(), "{cargo:?}");
        let mut command = Command::new(format!("{place}/debug/webauthn-client"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, questions, answers }
    }

    /// Has it answer a question that a page at this origin has asked.
    fn answer(&mut self, what: &str, origin: &str, options: &Value) -> Value {
        let question = json!({"do": what, "origin": origin, "options": options});
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no answer: {line:?} to {question}"))
    }

    /// Asks the server, has it answer, and gives the answer back to the server.
    fn run(&mut self, client: &mut Client, path: &str) -> (u16, Value) {
        let question = ask(client, path);
        let what = if path == NEW { "register" } else { "authenticate" };
        let credential = self.answer(what, &client.origin(), &question["options"]);
        let answer = finish(client, path, &question, &credential);
        (answer.status, answer.json())
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_client_by_others_signs_in_as_second_factor_and_alone() {
    let mut others = Others::start();
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    let (status, answer) = others.run(&mut owner, NEW);
    assert_eq!((status, &answer["status"]), (200, &json!("signed_in")), "{answer}");

    let mut second = server.client();
    assert_eq!(second.sign_in(&email, &password).json()["methods"], json!(["passkey"]));
    let (status, answer) = others.run(&mut second, PROOF);
    assert_eq!((status, &answer["status"]), (200, &json!("signed_in")), "{answer}");
    assert_eq!(strength(&mut second).0, "aal2");

    let mut alone = server.client();
    let (status, answer) = others.run(&mut alone, SIGN_IN);
    assert_eq!((status, &answer["status"]), (200, &json!("signed_in")), "{answer}");
    assert_eq!(answer["user"]["email"], json!(email));
    assert_eq!(strength(&mut alone).0, "aal2");

    // The same key, asked by a page of another site, has proven nothing.
    let mut elsewhere = server.client();
    let question = ask(&mut elsewhere, SIGN_IN);
    let stolen = others.answer("authenticate", "https://evil.example.com", &question["options"]);
    assert_eq!(finish(&mut elsewhere, SIGN_IN, &question, &stolen).reason(), "factor.passkey_origin", "{stolen}");
}
