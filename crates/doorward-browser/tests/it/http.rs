//! The tool server over HTTP, on a real socket: who comes in, and what each message is answered.

use std::fmt::Write as _;
use std::sync::Arc;

use doorward_browser::Policy;
use doorward_browser::mcp::Settings;
use doorward_browser::mcp::http::{Door, Shelf, serve};
use doorward_core::random::Random;
use doorward_core::secret::Secret;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::site::{StillClock, options};

const TOKEN: &str = "a token of tests";

/// Counts on, so that no two sessions have the same id.
#[derive(Debug, Default)]
struct Counting(Mutex<u8>);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let mut next = self.0.lock();
        *next += 1;
        buffer.fill(*next);
    }
}

struct Served {
    port: u16,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = Settings::new(options(Policy::Today), folder.path().to_path_buf(), Arc::new(StillClock));
        let shelf = Arc::new(Shelf::new(Arc::new(settings), Arc::new(Counting::default())));
        let door = Door::new(port, Secret::new(TOKEN), &[]);
        let (stop, stopped) = oneshot::channel();
        let handle = tokio::runtime::Handle::current();
        let served = handle.spawn(serve(listener, door, shelf, async { drop(stopped.await) }));
        Self { port, stop, task: served, _folder: folder }
    }

    /// Sends bytes and gives what comes back until the other side closes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let mut told = Vec::new();
        // Whoever is refused early need not read all of it.
        let (_, read) = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut told));
        assert!(read.is_ok() || !told.is_empty());
        String::from_utf8(told).unwrap()
    }

    /// A request with these fields beside those of every client; a field that is given replaces the usual one.
    async fn ask(&self, method: &str, fields: &[(&str, &str)], body: &str) -> (u16, String, Value) {
        let host = format!("127.0.0.1:{}", self.port);
        let bearer = format!("Bearer {TOKEN}");
        let usual = [
            ("Host", host.as_str()),
            ("Authorization", &bearer),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        let mut head = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        let is_replaced = |name: &str| fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        for (name, value) in usual.iter().filter(|(name, _)| !is_replaced(name)).chain(fields) {
            if !value.is_empty() {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let told = self.raw(format!("{head}\r\n{body}").as_bytes()).await;
        let status = told.split(' ').nth(1).unwrap().parse().unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        (status, head.to_ascii_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn begin(&self, version: &str) -> String {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
        let (status, head, told) = self.ask("POST", &[], &message.to_string()).await;
        assert_eq!((status, told["result"]["protocolVersion"].as_str()), (200, Some(version)), "{told}");
        let line = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap();
        line.to_owned()
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

fn ping() -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" }).to_string()
}

#[tokio::test]
async fn a_client_begins_calls_a_tool_and_ends() {
    let served = Served::start().await;
    let id = served.begin("2025-06-18").await;
    let own = [("Mcp-Session-Id", id.as_str()), ("MCP-Protocol-Version", "2025-06-18")];
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let (status, _, told) = served.ask("POST", &own, &note).await;
    assert_eq!((status, told), (202, Value::Null));
    let call = json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call",
        "params": { "name": "browser_navigate", "arguments": { "url": "data:text/html,<h1>Here" } } });
    let (status, head, told) = served.ask("POST", &own, &call.to_string()).await;
    assert!(status == 200 && head.contains("content-type: application/json"), "{head}");
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().contains("heading \"Here\""), "{told}");
    let (status, head, _) = served.ask("GET", &own, "").await;
    assert!(status == 405 && head.contains("allow: post, delete"), "{head}");
    assert_eq!(served.ask("DELETE", &own, "").await.0, 204);
    for method in ["POST", "DELETE"] {
        assert_eq!(served.ask(method, &own, &ping()).await.0, 404, "{method} to a session that is closed");
    }
    served.end().await;
}

#[tokio::test]
async fn nobody_else_comes_in() {
    let served = Served::start().await;
    let id = served.begin("2025-06-18").await;
    let session = ("Mcp-Session-Id", id.as_str());
    for (field, wanted) in [
        (("Authorization", ""), 401),
        (("Authorization", "Bearer wrong"), 401),
        (("Host", "rebound.test:80"), 403),
        (("Host", ""), 403),
        (("Origin", "http://evil.test"), 403),
        (("Origin", "null"), 403),
        (("Sec-Fetch-Site", "cross-site"), 403),
    ] {
        for method in ["POST", "GET", "DELETE", "OPTIONS"] {
            let (status, head, _) = served.ask(method, &[session, field], &ping()).await;
            assert_eq!(status, wanted, "{method} {field:?}");
            assert!(!head.contains("access-control-"), "{head}");
            assert_eq!(head.contains("www-authenticate: bearer"), wanted == 401, "{head}");
        }
    }
    assert_eq!(served.ask("POST", &[session], &ping()).await.0, 200, "the session is there as before");
    served.end().await;
}

#[tokio::test]
async fn what_is_no_message_is_told_so_and_the_next_one_works() {
    let served = Served::start().await;
    let id = served.begin("2025-06-18").await;
    let session = ("Mcp-Session-Id", id.as_str());
    let first = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {} }).to_string();
    let deep = "[".repeat(100_000);
    let note = r#"{"jsonrpc":"2.0","method":"initialize"}"#;
    for (fields, body, wanted, code) in [
        (vec![session], "{", 400, -32700),
        (vec![session], "", 400, -32700),
        (vec![session], &deep, 400, -32700),
        (vec![session], "\"text\"", 400, -32600),
        (vec![session], &format!("[{},{}]", ping(), ping()), 400, -32600),
        (vec![session], &first, 400, -32000),
        (vec![], note, 400, -32000),
        (vec![], &ping(), 400, -32000),
        (vec![("Mcp-Session-Id", "0000")], &ping(), 404, -32000),
        (vec![session, ("MCP-Protocol-Version", "1999-01-01")], &ping(), 400, -32000),
        (vec![session, ("Content-Type", "text/plain")], &ping(), 415, -32000),
        (vec![session, ("Content-Encoding", "gzip")], &ping(), 415, -32000),
        (vec![session, ("Accept", "application/json")], &ping(), 406, -32000),
    ] {
        let (status, _, told) = served.ask("POST", &fields, body).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!((status, told["error"]["code"].as_i64()), (wanted, Some(code)), "{fields:?} {shown}: {told}");
    }
    assert_eq!(served.ask("POST", &[session], &ping()).await.2["result"], json!({}));
    served.end().await;
}

#[tokio::test]
async fn an_older_client_may_send_a_list() {
    let served = Served::start().await;
    let id = served.begin("2025-03-26").await;
    let session = ("Mcp-Session-Id", id.as_str());
    let (status, _, told) = served.ask("POST", &[session], &format!("[{},{}]", ping(), ping())).await;
    assert_eq!((status, told.as_array().map(Vec::len)), (200, Some(2)), "{told}");
    let again = format!("[{}]", json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {} }));
    assert_eq!(served.ask("POST", &[session], &again).await.0, 400);
    served.end().await;
}

#[tokio::test]
async fn a_message_without_end_is_given_up() {
    let served = Served::start().await;
    let id = served.begin("2025-06-18").await;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nMcp-Session-Id: {id}\r\n\
         Content-Type: application/json\r\nAccept: */*\r\n"
    );
    let told = served.raw(format!("{head}Content-Length: 99999999999\r\n\r\n").as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(80);
    let told = served.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{piece}0\r\n\r\n").as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let told = served.raw(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000)).as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    assert_eq!(served.ask("POST", &[("Mcp-Session-Id", &id)], &ping()).await.0, 200);
    served.end().await;
}
