//! A client over a plain socket, with a jar of cookies: as a browser sends, or byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status; 0 where nothing was answered.
    pub(crate) status: u16,
    /// The header fields, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The first value of a header field.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of `Set-Cookie`.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The reason of a problem document, or empty.
    pub(crate) fn reason(&self) -> String {
        serde_json::from_str::<Value>(&self.body)
            .ok()
            .and_then(|value| Some(value["reason"].as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }
}

/// Sends bytes and reads what comes until the other side closes, or for at most 15 seconds.
pub(crate) fn raw(port: u16, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    // The other side may have refused and closed before everything was sent.
    let _ = stream.write_all(bytes);
    let mut read = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        read.extend_from_slice(&chunk[..count]);
    }
    parse(&read)
}

/// Reads one answer.
pub(super) fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Answer { status, headers: headers.collect(), body: body.to_owned() }
}

/// A browser, as far as HTTP goes.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    port: u16,
    /// What it calls the server.
    pub(crate) host: String,
    /// The cookies that it holds.
    pub(crate) jar: BTreeMap<String, String>,
    /// Header fields that it sends with everything.
    pub(crate) always: Vec<(String, String)>,
}

impl Client {
    /// A browser that has not been anywhere yet.
    pub(crate) fn new(port: u16) -> Self {
        Self { port, host: format!("localhost:{port}"), jar: BTreeMap::new(), always: Vec::new() }
    }

    /// The origin of the server.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Sends one request with the cookies of the jar, and keeps those of the answer.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("Connection", "close")], headers].concat();
        let answer = raw(self.port, self.written((method, path), &headers, body).as_bytes());
        self.keep(&answer);
        answer
    }

    /// One request with the cookies of the jar, as it goes over the wire.
    pub(crate) fn written(&self, (method, path): (&str, &str), headers: &[(&str, &str)], body: &str) -> String {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in
            self.always.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(headers.iter().copied())
        {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(request, "Cookie: {}\r\n", pairs.join("; "));
        }
        if !body.is_empty() || !["GET", "HEAD"].contains(&method) {
            let _ = write!(request, "Content-Length: {}\r\n", body.len());
        }
        format!("{request}\r\n{body}")
    }

    /// Keeps the cookies of an answer, and forgets those that it ends.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Asks for something, as a script does.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Opens a page, as a person does.
    pub(crate) fn page(&mut self, path: &str) -> Answer {
        self.send(
            "GET",
            path,
            &[("Accept", "text/html"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")],
            "",
        )
    }

    /// Fetches a token.
    pub(crate) fn token(&mut self) -> String {
        let answer = self.get("/api/v1/auth/csrf-token");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["csrf_token"].as_str().unwrap().to_owned()
    }

    /// Sends JSON with a fresh token, as an honest script of this origin does.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let (token, origin) = (self.token(), self.origin());
        self.call_with(method, path, &[("X-CSRF-TOKEN", &token), ("Origin", &origin)], body)
    }

    /// Sends JSON with these header fields.
    pub(crate) fn call_with(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [&[("Content-Type", "application/json")], headers].concat();
        self.send(method, path, &headers, &if body.is_null() { String::new() } else { body.to_string() })
    }

    /// Signs in by API.
    pub(crate) fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.call("POST", "/api/v1/auth/jwt/login", &serde_json::json!({"email": email, "password": password}))
    }

    /// Opens a page and sends its form back with these fields, as a browser without scripts does.
    pub(crate) fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.page(page);
        let token = hidden_token(&shown.body).unwrap_or_else(|| panic!("no form on {page}: {shown:?}")).to_owned();
        self.submit_with(&token, action, fields)
    }

    /// Sends a form with this token.
    pub(crate) fn submit_with(&mut self, token: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("csrf_token", token).extend_pairs(fields).finish();
        let origin = self.origin();
        let headers = [
            ("Accept", "text/html"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", &origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Mode", "navigate"),
        ];
        self.send("POST", action, &headers, &body)
    }
}

/// The token of the first form of a page.
pub(crate) fn hidden_token(html: &str) -> Option<&str> {
    html.split_once("name=\"csrf_token\" value=\"")?.1.split('"').next()
}
