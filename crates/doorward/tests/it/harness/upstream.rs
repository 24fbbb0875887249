//! An app behind the door: it answers with what it was sent, and remembers it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// An app on a free port. It ends with the process.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Value>>>,
}

/// Cookies of an app that tries to set ours.
const GREEDY: &str = "Set-Cookie: own=1; Path=/\r\nSet-Cookie: doorward=stolen; Path=/\r\nSet-Cookie: __host-doorward=stolen; Path=/\r\n";

impl Upstream {
    /// Starts it; it tries to set cookies of our names.
    pub(crate) fn start() -> Self {
        Self::with_cookies(GREEDY)
    }

    /// Starts it; it sets no cookies.
    pub(crate) fn plain() -> Self {
        Self::with_cookies("")
    }

    fn with_cookies(cookies: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&remembered);
                std::thread::spawn(move || serve(stream, &seen, cookies));
            }
        });
        Self { port, seen }
    }

    /// Its address, for the configuration.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Value>>, cookies: &str) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some((request, headers)) = head(&mut reader) {
        if headers.iter().any(|(name, value)| name == "upgrade" && value.eq_ignore_ascii_case("websocket")) {
            seen.lock().unwrap().push(record(&request, &headers, ""));
            let _ = writer
                // The answer to the key of sixteen zero bytes (RFC 6455, section 4.2.2), which HAProxy asks for.
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n");
            // Sends back whatever comes, as an app that echoes would.
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if writer.write_all(&piece[..count]).is_err() {
                    return;
                }
            }
            return;
        }
        if request.starts_with("GET /events ") {
            seen.lock().unwrap().push(record(&request, &headers, ""));
            let _ = writer.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n",
            );
            // Silent from here on, as such streams are, until the other side has enough.
            let _ = reader.read(&mut [0; 1]);
            return;
        }
        let body = body(&mut reader, &headers);
        let told = record(&request, &headers, &body);
        seen.lock().unwrap().push(told.clone());
        let text = told.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{cookies}\r\n",
            text.len()
        );
        let is_head = request.starts_with("HEAD ");
        let whole = if is_head { head } else { head + &text };
        if writer.write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

type Headers = Vec<(String, String)>;

fn record(request: &str, headers: &Headers, body: &str) -> Value {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    json!({ "method": method, "target": target, "headers": headers, "body": body })
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<(String, Headers)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let request = lines.first()?.clone();
    let split =
        |line: &String| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some((request, lines[1..].iter().filter_map(split).collect()))
}

fn body(reader: &mut BufReader<TcpStream>, headers: &Headers) -> String {
    let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let mut whole = Vec::new();
    if let Some(length) = value("content-length").and_then(|length| length.parse().ok()) {
        whole.resize(length, 0);
        let _ = reader.read_exact(&mut whole);
    } else if value("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            let mut piece = vec![0; size + 2];
            let _ = reader.read_exact(&mut piece);
            if size == 0 {
                break;
            }
            whole.extend_from_slice(&piece[..size]);
        }
    }
    String::from_utf8_lossy(&whole).into_owned()
}
