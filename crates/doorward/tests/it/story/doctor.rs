//! What the doctor says of an installation of ours: its database, its sign-in, its past.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::factor::enrol;
use crate::it::harness::{Server, program};

/// A report, whatever it finds.
fn examined(server: &Server, arguments: &[&str]) -> Value {
    let output = server.command_line(&[&["doctor", "--json"], arguments].concat());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The same without a URL, in a network of its own: what else listens on this machine is no part of the installation.
fn examined_alone(folder: &Path, data: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new("unshare");
    command.env_clear().envs(settings.iter().copied()).current_dir(folder).args(["-Urn", "--"]);
    command.arg(program().get_program()).args(["doctor", "--json"]).args(arguments).arg("--data").arg(data);
    let output = command.output().unwrap();
    let (text, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!text.contains("SEKRET") && !complaint.contains("SEKRET"), "{text}{complaint}");
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no report: {complaint}"));
    (output.status.code(), report)
}

/// Changes the database behind the program's back.
fn alter(server: &Server, statement: &str) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}/doorward.db", server.data().display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut hand = url.parse::<AnyConnectOptions>().unwrap().connect().await.unwrap();
        hand.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
        hand.close().await.unwrap();
    });
}

fn link_of<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["chain"].as_array().unwrap().iter().find(|link| link["link"] == name).unwrap()
}

#[test]
fn a_missing_column_is_named_and_remembered_when_it_comes_back() {
    let mut server = Server::start();
    server.stop();
    let look = || examined_alone(server.directory(), &server.data(), &[], &[]).1;
    let well = look();
    assert_eq!(well["root_cause"], Value::Null, "{well:#}");
    assert!(link_of(&well, "db")["evidence"].to_string().contains("a write was taken back"), "{well:#}");
    alter(&server, "ALTER TABLE users DROP COLUMN status");
    let sick = look();
    assert_eq!(sick["root_cause"]["code"], "db.schema_drift", "{sick:#}");
    assert!(sick["findings"][0]["evidence"].to_string().contains("users.status"), "{sick:#}");
    assert_eq!(sick["findings"][0]["seen_before"], Value::Null);
    alter(&server, "ALTER TABLE users ADD COLUMN status TEXT NOT NULL DEFAULT 'active'");
    assert_eq!(look()["root_cause"], Value::Null);
    alter(&server, "ALTER TABLE users DROP COLUMN status");
    let again = look();
    let story = again["findings"][0]["seen_before"].as_str().unwrap();
    assert!(
        story.starts_with("Seen before, on ") && story.contains("database lacking: users.status is gone"),
        "{story}"
    );
    let journal = server.data().join("doctor.jsonl");
    assert_eq!(journal.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // Two reports tell what changed between them.
    let (one, other) = (server.directory().join("a.json"), server.directory().join("b.json"));
    std::fs::write(&one, well.to_string()).unwrap();
    std::fs::write(&other, again.to_string()).unwrap();
    let differing = server.command_line(&["doctor", "diff", one.to_str().unwrap(), other.to_str().unwrap()]);
    let text = String::from_utf8(differing.stdout).unwrap();
    assert_eq!(differing.status.code(), Some(1), "{text}");
    assert!(text.contains("+ db.schema_drift") && text.contains("+ users.status"), "{text}");
    let same = server.command_line(&["doctor", "diff", one.to_str().unwrap(), one.to_str().unwrap(), "--json"]);
    assert_eq!(
        (same.status.code(), serde_json::from_slice::<Value>(&same.stdout).unwrap()["differences"].clone()),
        (Some(0), json!([]))
    );
}

#[test]
fn a_gateway_that_runs_is_judged_by_what_it_was_started_with() {
    let server =
        Server::start_with(&[("ENVIRONMENT", "production"), ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let file = server.directory().join("doorward.toml");
    std::fs::write(file, "[server]\npublic_url = \"https://app.example\"\n").unwrap();
    // Whoever asks has none of these variables: with the file alone, the configuration could not be used.
    let look = |server: &Server| -> Value {
        let mut command = program();
        command.current_dir(server.directory()).args(["doctor", "--json", "--no-journal", "--data"]).arg(server.data());
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    };
    let report = look(&server);
    assert_eq!(report["measured"]["configuration ENVIRONMENT"], Value::Null, "{report:#}");
    assert!(link_of(&report, "db")["evidence"].to_string().contains("a write was taken back"), "{report:#}");
    let mut stopped = server;
    stopped.stop();
    let report = look(&stopped);
    assert!(report["measured"]["configuration ENVIRONMENT"].is_string(), "{report:#}");
}

#[test]
fn what_another_program_calls_its_domain_is_no_configuration_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "ENVIRONMENT=production\nDOMAIN=app.example\n").unwrap();
    let (url, resolve) = ("https://app.example/", "app.example:443:127.0.0.1");
    let mut command = program();
    command.current_dir(folder.path()).args(["doctor", url, "--resolve", resolve, "--json", "--no-journal"]);
    let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert!(!report["measured"].to_string().contains("configuration "), "{report:#}");
}

#[test]
fn another_gateway_on_the_same_machine_is_left_alone() {
    let own = Server::start_with(&[("MARK_OF_THIS", "1")]);
    let _other = Server::start_with(&[("MARK_OF_ANOTHER", "1")]);
    let measured = examined(&own, &["--no-journal"])["measured"].to_string();
    assert!(measured.contains("MARK_OF_THIS") && !measured.contains("MARK_OF_ANOTHER"), "{measured}");
}

#[test]
fn signs_in_with_a_code_and_tells_what_was_sent() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.signed_in();
    let secret = enrol(&mut client).secret();
    let write = |name: &str, text: &str| {
        let path = server.directory().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (password, totp) = (write("password", &password), write("totp", &format!("{secret}\n")));
    let url = format!("http://localhost:{}/.doorward/", server.port);
    let arguments = [url.as_str(), "--login", email.as_str(), "--password-file", &password, "--no-journal"];
    let report = examined(&server, &[&arguments[..], &["--totp-file", &totp]].concat());
    assert_eq!(report["root_cause"], Value::Null, "{report:#}");
    assert!(report["measured"]["sign-in code"].as_str().unwrap().contains("welcome"), "{report:#}");
    assert!(link_of(&report, "session")["evidence"].to_string().contains("next request 200"), "{report:#}");
    for kind in ["http", "connections", "dns"] {
        assert!(report["requests"][kind].is_u64(), "{report:#}");
    }
    assert!(report["requests"]["http"].as_u64().unwrap() <= 13, "{}", report["requests"]);
    let told = report.to_string();
    assert!(!told.contains(&secret) && !told.contains(&std::fs::read_to_string(&password).unwrap()));
    // A secret of somebody else makes no session, and is said to.
    let other = write("other", "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let report = examined(&server, &[&arguments[..], &["--totp-file", &other]].concat());
    assert!(report["measured"]["sign-in code"].as_str().unwrap().contains("credentials"), "{report:#}");
    let no_secret = write("none", "an 018 that base32 does not know");
    let broken = server.command_line(&[&["doctor"], &arguments[..], &["--totp-file", &no_secret]].concat());
    assert_eq!(broken.status.code(), Some(2));
    assert!(!server.data().join("doctor.jsonl").exists());
}

#[test]
fn a_database_that_is_away_and_a_setting_that_is_wrong_are_named_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let run = |settings: &[(&str, &str)]| {
        examined_alone(folder.path(), &folder.path().join("data"), settings, &["--no-journal"])
    };
    let (code, report) = run(&[("DATABASE_URL", "postgres://ada:SEKRET@127.0.0.1:1/doorward")]);
    assert_eq!((code, &report["root_cause"]["code"]), (Some(1), &json!("db.unreachable")), "{report:#}");
    let (code, report) = run(&[("DATABASE_URL", "postgres://ada:SEK#RET@[bad/doorward"), ("LOG_LEVEL", "loud")]);
    assert_eq!((code, &report["root_cause"]["link"]), (Some(1), &json!("config")), "{report:#}");
    assert!(report["root_cause"]["fix"].to_string().contains("LOG_LEVEL"), "{report:#}");
    let (code, report) = run(&[("ENVIRONMENT", "development")]);
    assert_eq!((code, &report["root_cause"]), (Some(0), &Value::Null), "{report:#}");
}

#[test]
fn the_refused_request_is_told_as_the_gateway_saw_it_and_two_sites_are_compared() {
    let open = Server::start();
    let port = open.port;
    let url = format!("http://localhost:{port}/.doorward/");
    // Under another name than the one that people use, the sign-in is refused.
    let strange = format!("http://other.localhost:{port}/.doorward/");
    let resolve = format!("other.localhost:{port}:127.0.0.1");
    let output = open.command_line(&["doctor", &url, "--compare", &strange, "--resolve", &resolve, "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told:#}");
    assert!(told["differences"].as_array().unwrap().iter().any(|one| one["kind"] == "link"), "{told:#}");
    let (email, _) = open.administrator();
    let wrong = open.directory().join("wrong");
    std::fs::write(&wrong, "not the password at all").unwrap();
    let report =
        examined(&open, &[&url, "--login", &email, "--password-file", wrong.to_str().unwrap(), "--no-journal"]);
    let story = report["story"].to_string();
    assert!(story.contains("signin.credentials_wrong") && !story.contains("not the password"), "{report:#}");
}

#[test]
fn the_gateway_echoes_to_its_doctor_and_to_nobody_else() {
    let server = Server::start();
    let url = format!("http://localhost:{}/.doorward/", server.port);
    let report = examined(&server, &[&url, "--no-journal"]);
    assert_eq!(report["root_cause"], Value::Null, "{report:#}");
    assert_eq!(report["measured"]["arrives host"], format!("{{host}}:{}", server.port), "{report:#}");
    assert_eq!(
        (&report["measured"]["arrives authorization"], &report["measured"]["arrives cookie"]),
        (&json!("true"), &json!("true"))
    );
    assert!(report["requests"]["http"].as_u64().unwrap() <= 9, "{}", report["requests"]);
    assert_eq!(report["story"], json!([]), "that nobody is refused is no story");
    let mut stranger = server.client();
    let unknown = stranger.get("/.doorward/nothing-of-this-name");
    for path in [
        "/.doorward/echo",
        "/.doorward/echo?ticket=1.a.b",
        "/.doorward/look?ticket=1800000000.a.AAAAAAAAAAAAAAAA",
        "/.doorward/told?ticket=",
    ] {
        let answer = stranger.get(path);
        assert_eq!((answer.status, answer.reason()), (unknown.status, unknown.reason()), "{path}");
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn a_phone_that_opens_the_page_once_is_a_look_from_elsewhere() {
    let server = Server::start();
    let url = format!("http://localhost:{}/.doorward/", server.port);
    let mut command = program();
    command.current_dir(server.directory()).arg("doctor").args([
        &url,
        "--phone",
        "--phone-wait",
        "60",
        "--json",
        "--no-journal",
    ]);
    command.arg("--data").arg(server.data()).args(["--listen", &format!("127.0.0.1:{}", server.port)]);
    let log = server.directory().join("shown.txt");
    command.stderr(std::fs::File::create(&log).unwrap()).stdout(Stdio::piped());
    let doctor = command.spawn().unwrap();
    let shown = || std::fs::read_to_string(&log).unwrap();
    server.wait_until("the address for the phone", || shown().contains("/.doorward/look?ticket="));
    let text = shown();
    let link = text.lines().find_map(|line| line.trim().strip_prefix(&url)).unwrap();
    let mut phone = server.client();
    let first = phone.get(&format!("/.doorward/{link}"));
    assert_eq!(first.status, 303, "{}", first.body);
    let second = phone.get(first.location());
    assert!(second.status == 200 && second.body.contains("The doctor has seen you"), "{}", second.body);
    assert_eq!(phone.get(first.location()).status, 404, "it is good once");
    let output = doctor.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seen = link_of(&report, "browser")["evidence"].to_string();
    assert!(seen.contains("a phone in a private network: IPv4, http") && seen.contains("keeps cookies"), "{report:#}");
    assert!(report["skipped"].to_string().contains("Wi-Fi"), "{report:#}");
}
