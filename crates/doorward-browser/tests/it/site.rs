//! A server of pages for tests, by plain HTTP and by HTTPS, and a client of the tools in this process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use doorward_browser::mcp::{Server, Settings};
use doorward_browser::{Options, Policy};
use doorward_core::{Clock, UnixTime};
use serde_json::{Value, json};

/// A request as a page of a test sees it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer: status, headers, body. A body of `None` never comes, and its connection stays open.
pub(crate) struct Answer(pub(crate) u16, pub(crate) Vec<(String, String)>, pub(crate) Option<Vec<u8>>);

/// A page.
pub(crate) fn page(body: &str) -> Answer {
    headed(&[], body)
}

/// A page with further headers.
pub(crate) fn headed(headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Answer(200, all, Some(body.as_bytes().to_vec()))
}

/// A redirect.
pub(crate) fn to(status: u16, url: &str) -> Answer {
    Answer(status, vec![("Location".to_owned(), url.to_owned())], Some(Vec::new()))
}

/// The ports of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
}

impl Site {
    /// Serves until the process ends.
    pub(crate) fn serve(answer: impl Fn(Site, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let (plain, tls) = (listen(), listen());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let site = Self { plain: port(&plain), tls: port(&tls) };
        let answer = Arc::new(answer);
        let config = Arc::new(certificate());
        let own = Arc::clone(&answer);
        thread::spawn(move || {
            for stream in plain.incoming().flatten() {
                let answer = Arc::clone(&own);
                thread::spawn(move || exchange(stream, |request| answer(site, request)));
            }
        });
        thread::spawn(move || {
            for stream in tls.incoming().flatten() {
                let (answer, config) = (Arc::clone(&answer), Arc::clone(&config));
                thread::spawn(move || {
                    let session = rustls::ServerConnection::new(config).unwrap();
                    exchange(rustls::StreamOwned::new(session, stream), |request| answer(site, request));
                });
            }
        });
        site
    }

    pub(crate) fn url(self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.plain)
    }

    /// The address of a host, by https or not.
    pub(crate) fn at(self, is_secure: bool, host: &str, path: &str) -> String {
        let (scheme, port) = if is_secure { ("https", self.tls) } else { ("http", self.plain) };
        format!("{scheme}://{host}:{port}{path}")
    }
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn certificate() -> rustls::ServerConfig {
    let made = rcgen::generate_simple_self_signed(vec!["*.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap()
}

fn exchange<S: Read + Write>(mut stream: S, answer: impl Fn(&Request) -> Answer) {
    let mut reader = BufReader::new(&mut stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let path = words.nth(1).unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line.trim_end().split_once(':').unwrap_or_default();
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { host: String::new(), path, headers };
    request.host = request.header("host").unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    drop(reader);
    let Answer(status, headers, body) = answer(&request);
    let word = match status {
        200 => "OK",
        302 => "Found",
        303 => "See Other",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Status",
    };
    let mut head = format!("HTTP/1.1 {status} {word}\r\nConnection: close\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    let Some(body) = body else {
        head.extend_from_slice(b"Content-Length: 1000\r\n\r\n<p>begun");
        let _ = stream.write_all(&head).and_then(|()| stream.flush());
        loop {
            thread::park();
        }
    };
    head.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    head.extend_from_slice(&body);
    let _ = stream.write_all(&head).and_then(|()| stream.flush());
}

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime(1_767_225_600)
    }
}

/// Options for tests: names below `.test` lead here, and certificates of tests are believed.
pub(crate) fn options(policy: Policy) -> Options {
    let mut options = Options::default();
    options.search_path = "/usr/bin:/usr/local/bin".into();
    options.host_map = vec![("*.test".to_owned(), "127.0.0.1".to_owned())];
    options.ignores_certificates = true;
    options.policy = policy;
    options
}

/// A client of the tools in this process.
pub(crate) struct Client {
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
}

impl Client {
    pub(crate) fn new(options: Options) -> Self {
        Self::with(options, |_| {})
    }

    pub(crate) fn with(options: Options, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(options, folder.path().to_path_buf(), Arc::new(StillClock));
        settings.is_isolated = true;
        change(&mut settings);
        Self { server: Server::new(Arc::new(settings)), folder }
    }

    /// Calls a tool and gives its whole result.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } });
        self.server.answer(message.to_string().as_bytes()).await.unwrap()["result"].clone()
    }

    /// The text of a call that goes well.
    pub(crate) async fn well(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        assert!(result.get("isError").is_none(), "{tool}: {text}");
        text
    }

    /// The text of a call that is an error.
    pub(crate) async fn wrong(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        assert_eq!(result["isError"], true, "{tool}: {text}");
        text
    }

    pub(crate) async fn open(&self, url: &str) -> String {
        self.well("browser_navigate", json!({ "url": url })).await
    }

    /// The reference of the first line of the snapshot that holds this text.
    pub(crate) async fn reference(&self, sign: &str) -> String {
        let text = self.well("browser_snapshot", json!({})).await;
        find(&text, sign)
    }
}

/// The reference of the first line that holds this text.
pub(crate) fn find(snapshot: &str, sign: &str) -> String {
    let line = snapshot
        .lines()
        .find(|line| line.contains(sign) && line.contains("[ref="))
        .unwrap_or_else(|| panic!("no {sign} in {snapshot}"));
    line.split_once("[ref=").unwrap().1.split(']').next().unwrap().to_owned()
}
