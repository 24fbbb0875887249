//! A real Chromium, driven over its debugging pipe (the Chrome debugging protocol, one JSON text and a zero byte a message).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The program, with an empty profile. It ends with its value.
#[derive(Debug)]
pub(crate) struct Chromium {
    child: Child,
    into: File,
    messages: Receiver<Value>,
    number: u64,
    /// Everything that pages have complained about.
    complaints: Vec<String>,
    /// What pages have asked the server for, but for files that never change.
    requests: Vec<String>,
    _place: TempDir,
}

/// Reads the messages that Chromium writes, until it ends. Opening the pipe waits for it.
fn listen(path: PathBuf) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let messages = BufReader::new(File::open(path).unwrap()).split(0);
        for message in messages.map_while(Result::ok) {
            if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// One tab.
#[derive(Debug, Clone)]
pub(crate) struct Tab {
    session: String,
    context: String,
}

impl Chromium {
    /// Starts it with a window of this width.
    pub(crate) fn start(width: u32, language: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = place.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (into_path, out_path) = (pipe("in"), pipe("out"));
        // Opened for both directions, so that neither side waits for the other.
        let into = File::options().read(true).write(true).open(&into_path).unwrap();
        let messages = listen(out_path.clone());
        let flags =
            "--headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage --remote-debugging-pipe";
        let script = format!(
            "exec chromium {flags} --window-size={width},900 --lang={language} \"--user-data-dir=$1\" about:blank 3<\"$2\" 4>\"$3\""
        );
        let child = Command::new("sh")
            .args(["-c", &script, "sh"])
            .args([place.path().join("profile"), into_path, out_path])
            .env("LANGUAGE", language)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts; `apt-get install chromium` brings the browser");
        Self { child, into, messages, number: 0, complaints: Vec::new(), requests: Vec::new(), _place: place }
    }

    /// Sends a command and waits for its result.
    fn ask(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.into.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.next();
            self.note(&answer);
            if answer["id"] == self.number {
                // The page that was asked has just given way to the next one.
                if answer["error"]["message"] == "Inspected target navigated or closed" {
                    return Value::Null;
                }
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        match self.messages.recv_timeout(Duration::from_mins(1)) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("chromium has said nothing for a minute"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("chromium has ended, or is not there: `apt-get install chromium`")
            }
        }
    }

    /// Keeps what a page says on its console, and what its policy has kept out.
    fn note(&mut self, event: &Value) {
        if event["method"] == "Log.entryAdded" && event["params"]["entry"]["level"] == "error" {
            let entry = &event["params"]["entry"];
            // A refused form answers 4xx, and the console says so: that is no fault of the page.
            if entry["source"] != "network" {
                self.complaints.push(entry["text"].as_str().unwrap_or_default().to_owned());
            }
        } else if event["method"] == "Network.requestWillBeSent" {
            self.request(&event["params"]);
        } else if event["method"] == "Runtime.exceptionThrown" {
            self.complaints.push(event["params"]["exceptionDetails"].to_string());
        }
    }

    fn request(&mut self, sent: &Value) {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let url = word(&sent["request"]["url"]);
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        if ["Document", "Fetch", "XHR"].contains(&&*word(&sent["type"])) {
            self.requests.push(format!("{} /{}", word(&sent["request"]["method"]), path.split('?').next().unwrap()));
        }
    }

    /// What pages have asked the server for since this was last called.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }

    /// What pages have complained about so far.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// A tab in a context of its own: no cookie of another is there.
    pub(crate) fn tab(&mut self) -> Tab {
        let context =
            self.ask(None, "Target.createBrowserContext", &json!({}))["browserContextId"].as_str().unwrap().to_owned();
        self.tab_in(context)
    }

    /// A further tab beside this one.
    pub(crate) fn tab_beside(&mut self, tab: &Tab) -> Tab {
        self.tab_in(tab.context.clone())
    }

    fn tab_in(&mut self, context: String) -> Tab {
        let target = self.ask(None, "Target.createTarget", &json!({"url": "about:blank", "browserContextId": context}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.ask(None, "Target.attachToTarget", &attach)["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.ask(Some(&session), domain, &json!({}));
        }
        Tab { session, context }
    }

    /// Sends a command to a tab.
    pub(crate) fn command(&mut self, tab: &Tab, method: &str, parameters: &Value) -> Value {
        self.ask(Some(&tab.session), method, parameters)
    }

    /// Opens an address and waits for the page.
    pub(crate) fn open(&mut self, tab: &Tab, url: &str) {
        let opened = self.command(tab, "Page.navigate", &json!({"url": url}));
        assert!(opened.get("errorText").is_none(), "{url}: {opened}");
        self.wait(tab, "document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, tab: &Tab, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        self.command(tab, "Runtime.evaluate", &parameters)["result"]["value"].clone()
    }

    /// Waits until an expression is true, for at most 15 seconds. Between two pages there is nothing to ask.
    pub(crate) fn wait(&mut self, tab: &Tab, expression: &str) {
        for _ in 0..300 {
            if self.value(tab, expression) == json!(true) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let page = self.value(tab, "location.href + '\\n' + document.body.innerText");
        panic!("never true: {expression}\non {page}");
    }

    /// Waits for a page with this path, wholly loaded.
    pub(crate) fn wait_for_path(&mut self, tab: &Tab, path: &str) {
        self.wait(tab, &format!("document.readyState === 'complete' && location.pathname === '{path}'"));
    }

    /// Waits until a person sees this text.
    pub(crate) fn wait_for_text(&mut self, tab: &Tab, text: &str) {
        self.wait(tab, &format!("Boolean(document.body?.innerText.includes({}))", json!(text)));
    }

    /// Types into a field, as from a keyboard.
    pub(crate) fn fill(&mut self, tab: &Tab, field: &str, text: &str) {
        let focus = format!(
            "(() => {{ const f = document.querySelector('{field}'); f.focus(); f.select?.(); return true; }})()"
        );
        assert_eq!(self.value(tab, &focus), json!(true), "no {field}");
        self.command(tab, "Input.insertText", &json!({"text": text}));
    }

    /// Presses a key: `Enter` or `Tab`.
    pub(crate) fn press(&mut self, tab: &Tab, key: &str) {
        let (code, text) = if key == "Enter" { (13, "\r") } else { (9, "") };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.command(tab, "Input.dispatchKeyEvent", &event);
        }
    }

    /// Presses the button of the form that posts to an action.
    pub(crate) fn submit(&mut self, tab: &Tab, action: &str) {
        let press = format!(
            "(() => {{ const b = document.querySelector('form[action=\"{action}\"] button[type=submit]'); b.focus(); return document.activeElement === b; }})()"
        );
        assert_eq!(self.value(tab, &press), json!(true), "no button for {action}");
        self.press(tab, "Enter");
    }

    /// The text that a person sees.
    pub(crate) fn text(&mut self, tab: &Tab) -> String {
        self.value(tab, "document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// The cookies of a tab by name.
    pub(crate) fn cookie(&mut self, tab: &Tab, name: &str) -> Option<Value> {
        let cookies = self.command(tab, "Network.getCookies", &json!({}))["cookies"].clone();
        cookies.as_array().unwrap().iter().find(|cookie| cookie["name"] == name).cloned()
    }
}

impl Drop for Chromium {
    /// Asks it to end, so that nothing of it writes into the profile any more when that is deleted.
    fn drop(&mut self) {
        let _ = self.into.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..60 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
