//! The command line beside a running server.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use crate::it::harness::{Server, program};

#[test]
fn a_refused_request_is_explained_by_its_id() {
    let server = Server::start();
    let answer = server.client().call_with("POST", "/api/v1/auth/jwt/login", &[], &json!({}));
    let id = answer.json()["request_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
    server.wait_until("the memory of the request", || server.command_line(&["explain", &id]).status.success());
    let text = String::from_utf8(server.command_line(&["explain", &id]).stdout).unwrap();
    assert!(text.contains("csrf.token_missing") && text.contains("hint:"), "{text}");
    let json = server.json(&["explain", &id]);
    assert_eq!((&json["is_known"], &json["request_id"]), (&json!(true), &json!(id)));
    let unknown = server.command_line(&["explain", "req_AAAAAAAAAAAAAAAAAAAAAA"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_csrf_token_tells_about_itself() {
    let server = Server::start();
    let token = server.client().token();
    let told = server.json(&["csrf", "explain", &token]);
    assert_eq!(
        (&told["is_signature_valid"], &told["is_anonymous"], &told["refusal"]),
        (&json!(true), &json!(true), &json!(null))
    );
    let forged = token.replace(&token[token.len() - 4..], "0000");
    assert_eq!(server.command_line(&["csrf", "explain", &forged]).status.code(), Some(1));
    assert_eq!(server.command_line(&["csrf", "explain", "x"]).status.code(), Some(1));
}

#[test]
fn a_backup_comes_back_with_its_keys_and_in_a_new_epoch() {
    let mut server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.signed_in();
    let file = server.directory().join("all.backup");
    let backup = server.command_line(&["backup", file.to_str().unwrap()]);
    assert_eq!(backup.status.code(), Some(0), "{}", String::from_utf8_lossy(&backup.stderr));
    server.json(&["user", "add", "later@example.com"]);
    server.stop();
    let refused = server.command_line(&["restore", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1), "what is there is not replaced by accident");
    let restored = server.command_line(&["restore", "--force", file.to_str().unwrap()]);
    assert_eq!(restored.status.code(), Some(0), "{}", String::from_utf8_lossy(&restored.stderr));
    server.run();
    assert_eq!(client.get("/api/v1/auth/me").reason(), "session.epoch_raised");
    assert_eq!(client.sign_in(&email, &password).status, 200);
    let users = server.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
}

#[test]
fn a_backup_that_comes_back_beneath_a_running_server_ends_every_session_there() {
    let server = Server::start();
    let mut client = server.signed_in();
    let file = server.directory().join("all.backup");
    assert!(server.command_line(&["backup", file.to_str().unwrap()]).status.success());
    // The log that comes back is shorter than the one that the server has read.
    for name in ["one", "two", "three"] {
        server.json(&["user", "add", &format!("{name}@example.com")]);
    }
    server.wait_until("the three users", || {
        client.get("/api/v1/admin/users").json()["users"].as_array().is_some_and(|users| users.len() == 4)
    });
    assert!(server.command_line(&["restore", "--force", file.to_str().unwrap()]).status.success());
    server.wait_until("the end of the session", || client.get("/api/v1/auth/me").reason() == "session.epoch_raised");
    // What happens in the new log is heard, though its numbers have been there before.
    let mut again = server.signed_in();
    server.json(&["session", "end-all", "admin@localhost"]);
    server.wait_until("the end of the new session", || again.get("/api/v1/auth/me").status == 401);
}

#[test]
fn a_command_that_cannot_be_done_says_why_and_what_to_do() {
    let server = Server::start();
    let output = server.command_line(&["user", "reset-password", "nobody@example.com"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("There is no such user (user.not_found)") && text.contains("hint: doorward user list"),
        "{text}"
    );
    let file = server.directory().join("all.backup");
    std::fs::write(&file, "").unwrap();
    let output = server.command_line(&["backup", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("a backup replaces none"), "{text}");
}

#[test]
fn a_start_tells_of_migrations_that_it_did_and_of_no_others() {
    let mut server = Server::start();
    let told = |server: &Server, starts: usize| {
        server.wait_until("the start", || server.log().matches("ready: open").count() == starts);
        server.log().matches("applied a migration").count()
    };
    let every = told(&server, 1);
    assert!(every > 0);
    server.stop();
    server.run();
    assert_eq!(told(&server, 2), every);
}

#[test]
fn a_damaged_backup_changes_nothing() {
    let mut server = Server::start();
    let file = server.directory().join("all.backup");
    server.command_line(&["backup", file.to_str().unwrap()]);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    server.stop();
    let output = server.command_line(&["restore", "--force", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("store.backup_damaged"));
    server.run();
    server.signed_in();
}

#[test]
fn a_reload_puts_good_settings_into_force_and_refuses_bad_ones() {
    let server = Server::start_with(&[("ENVIRONMENT", "development")]);
    let file = server.directory().join("doorward.toml");
    let preflight = [("Origin", "http://localhost:3000"), ("Access-Control-Request-Method", "POST")];
    let ask = || server.client().send("OPTIONS", "/api/v1/auth/me", &preflight, "").status;
    assert_eq!(ask(), 403);
    std::fs::write(&file, "[csrf]\ntrusted_origins = [\"http://localhost:3000\"]\n").unwrap();
    server.signal(Signal::HUP);
    server.wait_until("the new origin", || ask() == 204);
    std::fs::write(&file, "[csrf]\ntrusted_origin = []\n").unwrap();
    server.signal(Signal::HUP);
    server.logs("the old one stays in force");
    assert_eq!(ask(), 204);
}

#[test]
fn a_column_that_is_gone_stops_the_start_and_is_named() {
    let mut server = Server::start();
    server.stop();
    let python = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('ALTER TABLE users DROP COLUMN status')\nc.commit()";
    let database = server.data().join("doorward.db");
    let done = std::process::Command::new("python3").args(["-c", python]).arg(database).status().unwrap();
    assert!(done.success());
    let output = server.command_line(&["serve", "--listen", &format!("127.0.0.1:{}", server.port)]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("store.schema_altered") && text.contains("users.status"), "{text}");
}

#[test]
fn the_server_tells_its_health() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.get("/health/live").json()["status"], "up");
    assert_eq!(client.get("/health/ready").status, 200);
    assert_eq!(client.get("/health").json()["checks"].as_array().unwrap().len(), 4);
    // Whoever comes through a proxy, or calls us by another name, is no direct loopback peer.
    let through = client.send("GET", "/health", &[("X-Forwarded-For", "203.0.113.5")], "");
    assert_eq!((through.status, through.reason().as_str()), (403, "authorization.peer_not_local"));
    let url = format!("http://localhost:{}", server.port);
    assert_eq!(server.command_line(&["health", "--url", &url]).status.code(), Some(0));
    assert_eq!(server.command_line(&["health", "--url", "http://localhost:9"]).status.code(), Some(1));
}

#[test]
fn a_reader_that_has_gone_is_no_fault_of_the_command() {
    for arguments in [&["completions", "bash"][..], &["man"], &["config", "reference"]] {
        let mut command = program();
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true), "{arguments:?}");
    }
}

#[test]
fn usage_errors_and_completions_are_what_shells_expect() {
    let server = Server::start();
    assert_eq!(server.command_line(&["sevre"]).status.code(), Some(2));
    for shell in ["bash", "zsh", "fish"] {
        let output = server.command_line(&["completions", shell]);
        assert!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("reset-password"),
            "{shell}"
        );
    }
    assert!(String::from_utf8_lossy(&server.command_line(&["man"]).stdout).contains(".TH doorward"));
}

// Known sessions keep working and sign-ins get 503 while the database takes nothing; afterwards all is well.
#[test]
fn a_locked_database_keeps_nobody_out_who_is_in() {
    let server = Server::start();
    let mut inside = server.signed_in();
    let python = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\nc.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()";
    let mut holder = std::process::Command::new("python3")
        .args(["-c", python])
        .arg(server.data().join("doorward.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut line).unwrap();
    let (email, password) = server.administrator();
    let refused = server.client().sign_in(&email, &password);
    assert_eq!((refused.status, refused.reason().as_str()), (503, "store.unavailable"), "{}", refused.body);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(inside.get("/api/v1/auth/me").status, 200);
    // CVE-2020-15223: nobody is told that a session is over when that could not be written.
    assert_eq!(inside.call("POST", "/api/v1/auth/jwt/logout", &json!(null)).reason(), "store.unavailable");
    assert_eq!(inside.get("/api/v1/auth/me").status, 200);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    server.wait_until("the sign-in", || server.client().sign_in(&email, &password).status == 200);
}
