//! `doorward mcp` as its clients start it: over standard input and output, and over HTTP.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::it::harness::{Server, program};

/// A client of the tools. The server ends with its value.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _place: tempfile::TempDir,
}

impl Client {
    fn start(flags: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut child = program()
            .arg("mcp")
            .args(flags)
            .args(["--output-dir", "files"])
            .current_dir(place.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { input: child.stdin.take(), child, output, _place: place }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What a call says, and whether it is an error.
    fn call(&mut self, tool: &str, arguments: &Value) -> (String, bool) {
        let answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        let result = &answer["result"];
        (result["content"][0]["text"].as_str().unwrap().to_owned(), result["isError"] == true)
    }

    fn well(&mut self, tool: &str, arguments: &Value) -> String {
        let (text, is_error) = self.call(tool, arguments);
        assert!(!is_error, "{tool}: {text}");
        text
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.child.wait();
    }
}

/// The reference of the first line that holds this text.
fn reference(snapshot: &str, sign: &str) -> Value {
    let line = snapshot.lines().find(|line| line.contains(sign) && line.contains("[ref="));
    let line = line.unwrap_or_else(|| panic!("no {sign} in {snapshot}"));
    let reference = line.split_once("[ref=").unwrap().1.split(']').next().unwrap();
    json!({ "element": sign, "ref": reference })
}

fn with(mut one: Value, name: &str, value: &str) -> Value {
    one[name] = value.into();
    one
}

#[test]
fn a_browser_of_an_agent_asks_the_doctor() {
    let server = Server::start();
    let mut client = Client::start(&["--isolated"]);
    let (text, is_error) = client.call("doctor_run", &json!({ "url": format!("http://localhost:{}/", server.port) }));
    assert!(!is_error && text.contains(&format!("localhost:{}", server.port)), "{text}");
    for (what, sign) in
        [("cookie.domain_mismatch", "hint: "), ("redirect.loop", "hint: "), ("frontend.framing_refused", "cause: ")]
    {
        let text = client.well("doctor_explain", &json!({ "what": what }));
        assert!(text.contains(&format!("{what}: ")) && text.contains(sign), "{text}");
    }
    for what in ["--help", "no.such_code", ""] {
        let (text, is_error) = client.call("doctor_explain", &json!({ "what": what }));
        assert!(is_error && text.contains("no reason code"), "{text}");
    }
    let (text, is_error) = client.call("doctor_run", &json!({ "url": "ftp://x" }));
    assert!(is_error && text.contains("only http and https"), "{text}");
    let (text, is_error) = client.call("doctor_explain", &json!({}));
    assert!(is_error && text.contains("Required"), "{text}");
}

#[test]
fn a_browser_of_an_agent_signs_in_to_the_demo_app_with_a_passkey() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let base = format!("http://localhost:{}", server.port);
    let mut client = Client::start(&["--isolated"]);
    let page = client.well("browser_navigate", &json!({ "url": format!("{base}/demo/") }));
    client.well("browser_authenticator_add", &json!({}));
    client.well("browser_type", &with(reference(&page, "textbox \"E-mail address\""), "text", &email));
    client.well("browser_type", &with(reference(&page, "textbox \"Password\""), "text", &password));
    let page = client.well("browser_click", &reference(&page, "button \"Sign in\" ["));
    assert!(page.contains("/demo/"), "{page}");
    let page = client.well("browser_navigate", &json!({ "url": format!("{base}/.doorward/account/security") }));
    client.well("browser_click", &reference(&page, "button \"Set up a passkey\""));
    let page = client.well("browser_wait_for", &json!({ "text": "Recovery codes" }));
    client.well("browser_click", &reference(&page, "button \"Sign out\""));
    client.well("browser_wait_for", &json!({ "text": "You are signed out" }));
    let told = client.well("browser_authenticator_list", &json!({}));
    assert!(told.contains("1 passkeys"), "{told}");
    let page = client.well("browser_navigate", &json!({ "url": format!("{base}/demo/") }));
    // The browser may have offered the passkey by itself already.
    if page.contains("button \"Sign in with a passkey\"") {
        client.call("browser_click", &reference(&page, "button \"Sign in with a passkey\""));
    }
    client.well("browser_wait_for", &json!({ "text": &email }));
    let (text, _) = client.call("browser_snapshot", &json!({}));
    assert!(text.contains(&format!("{base}/demo/")), "{text}");
    let issues = client.well("browser_issues", &json!({}));
    assert!(!issues.contains("cookie."), "{issues}");
}

#[test]
fn a_browser_is_served_by_http_to_whoever_has_the_token() {
    let place = tempfile::tempdir().unwrap();
    let token = place.path().join("token");
    let mut server = program()
        .args(["mcp", "--port", "0", "--token-file"])
        .arg(&token)
        .current_dir(place.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let told = lines.next().unwrap().unwrap();
    let config: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let url = config["mcpServers"]["browser"]["url"].as_str().unwrap().to_owned();
    assert!(told.ends_with(&url), "{told}");
    let token = std::fs::read_to_string(token).unwrap();
    assert!(!config.to_string().contains(token.trim()), "what stands in a file is not told");
    let ask = |token: &str| {
        let output = std::process::Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/json"])
            .args([
                "-H",
                "Accept: application/json, text/event-stream",
                "-H",
                &format!("Authorization: Bearer {token}"),
            ])
            .args(["-d", r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, &url])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!((ask(token.trim()).as_str(), ask("another").as_str()), ("200", "401"));
    let id = rustix::process::Pid::from_raw(i32::try_from(server.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn a_browser_is_not_served_to_other_machines_by_oversight() {
    for (flags, sign) in [
        (&["--port", "0", "--host", "0.0.0.0"][..], "--allowed-hosts"),
        (&["--host", "127.0.0.1"], "--port"),
        (&["--port", "0", "--host", "nowhere"], "no address"),
    ] {
        let output = program().arg("mcp").args(flags).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && text.contains(sign), "{flags:?}: {text}");
    }
}
