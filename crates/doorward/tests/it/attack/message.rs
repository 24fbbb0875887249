//! Messages that two programs could read in two ways, or that never end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::it::harness::{Server, raw};

fn get(port: u16, path: &str) -> (u16, String) {
    let answer =
        raw(port, format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").as_bytes());
    (answer.status, answer.reason())
}

// CVE-2022-3782, CVE-2026-33494, CVE-2026-3872, CVE-2021-39206, CVE-2020-24660, GHSA-fq95-6mv5-cq45: one path has one reading.
#[test]
fn a_path_with_two_readings_is_refused() {
    let server = Server::start();
    for path in [
        "/public/../.doorward/admin",
        "/%2e%2e/.doorward/admin",
        "//.doorward/admin",
        "/x/..;/.doorward/admin",
        "/.doorward/%2561dmin/%252e",
        "/.doorward%2fadmin",
        "/.doorward/admin%23",
        "/.doorward/admin%5c",
        "/.doorward/assets/..%2f..%2fetc%2fpasswd",
        "/.doorward/assets/%2e%2e/doorward.db",
        "/.doorward/./admin",
        "/.doorward/admin%00",
        "/.doorward\\admin",
    ] {
        let (status, reason) = get(server.port, path);
        assert!(status == 400 || status == 404, "{path}: {status} {reason}");
    }
    assert_eq!(get(server.port, "/cb%252f..%252f").0, 404, "a percent sign of its own is no second decoding");
}

// CVE-2021-32714, CVE-2021-32715, CVE-2026-2835: lengths are plain numbers, and one of them.
#[test]
fn a_body_has_one_length() {
    let server = Server::start();
    let port = server.port;
    let head = format!(
        "POST /api/v1/auth/jwt/login HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    );
    for rest in [
        "Content-Length: +5\r\n\r\n{}",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        "Content-Length: 5, 5\r\n\r\n{}",
        "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = raw(port, format!("{head}{rest}").as_bytes());
        assert_eq!(answer.status, 400, "{rest:?}: {answer:?}");
    }
    // Of two ways to tell a length, chunks win (RFC 9112, section 6.3), here as at every proxy that follows it.
    let both = raw(port, format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").as_bytes());
    assert_eq!(both.reason(), "csrf.token_missing", "{both:?}");
    let form = head.replace("application/json", "application/x-www-form-urlencoded");
    let chunk = raw(port, format!("{form}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx").as_bytes());
    assert!((400..500).contains(&chunk.status), "{chunk:?}");
    let old = format!(
        "POST /api/v1/auth/jwt/login HTTP/1.0\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let answer = raw(port, old.as_bytes());
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

// CVE-2025-4366: the body of a refused request is never read as the next request.
#[test]
fn an_unread_body_is_no_request() {
    let server = Server::start();
    let port = server.port;
    let inner = format!("GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let head = format!(
        "POST /api/v1/auth/jwt/login HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        inner.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(format!("{head}{inner}").as_bytes()).unwrap();
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        read.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8_lossy(&read);
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    assert!(text.starts_with("HTTP/1.1 403"), "{text}");
}

/// One frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends frames until the other side gives up, and says how many it took.
fn flood(port: u16, first: &[u8], again: &[u8], most: usize) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(4, 0, 0, &[])).unwrap();
    stream.write_all(first).unwrap();
    for count in 0..most {
        if stream.write_all(again).is_err() {
            return count;
        }
    }
    most
}

// RUSTSEC-2024-0332, RUSTSEC-2026-0258, CVE-2025-8671: a header without an end, and streams that are reset for ever, end the connection.
#[test]
fn floods_of_frames_end_their_connection_and_nobody_elses() {
    let server = Server::start();
    let mut honest = server.signed_in();
    // A body without an end and without a byte in it.
    let request = frame(1, 4, 1, &[0x83, 0x84, 0x86, 0x41, 0x01, b'x']);
    flood(server.port, &request, &frame(0, 0, 1, &[]).repeat(100), 2_000);
    let open = frame(1, 0, 1, &[0x82]);
    let endless = frame(9, 0, 1, &[0; 8_192]);
    assert!(flood(server.port, &open, &endless, 20_000) < 20_000, "160 MiB of header were taken");
    // A request and at once its end, over and over: each stream would cost a handler.
    let mut resets = Vec::new();
    for number in 0..2_000_u32 {
        resets.extend(frame(1, 5, 2 * number + 1, &[0x82, 0x84, 0x86, 0x41, 0x01, b'x']));
        resets.extend(frame(3, 0, 2 * number + 1, &[0, 0, 0, 8]));
    }
    flood(server.port, &[], &resets, 1);
    assert_eq!(honest.get("/api/v1/auth/me").status, 200);
}

#[test]
fn slow_and_endless_headers_are_given_up() {
    let server = Server::start();
    let port = server.port;
    for (name, request, statuses) in [
        (
            "40 KiB in one field",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\nX-A: {}\r\nConnection: close\r\n\r\n",
                "a".repeat(40_000)
            ),
            [431, 431],
        ),
        (
            "a million bytes",
            format!("GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\nX-A: {}\r\n\r\n", "a".repeat(1_000_000)),
            [431, 0],
        ),
        (
            "150 fields",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{}\r\n",
                "X-A: a\r\n".repeat(150)
            ),
            [431, 431],
        ),
        (
            "5,000 cookies",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nCookie: {}\r\n\r\n",
                "a=1; ".repeat(5_000)
            ),
            [400, 400],
        ),
        ("no end", format!("GET /health/live HTTP/1.1\r\nHost: localhost:{port}\r\n"), [0, 408]),
    ] {
        let answer = raw(port, request.as_bytes());
        assert!(statuses.contains(&answer.status), "{name}: {answer:?}");
    }
}

#[test]
fn odd_bodies_get_a_clear_answer() {
    let server = Server::start();
    let mut client = server.client();
    let (token, origin) = (client.token(), client.origin());
    let login = "/api/v1/auth/jwt/login";
    let huge = format!("{{\"email\":\"a@example.com\",\"password\":\"{}\"}}", "a".repeat(100_000));
    for (kind, body, expected) in [
        ("application/json", "{", (400, "http.body_malformed")),
        ("application/json", "[]", (422, "http.body_invalid")),
        ("application/json", "{\"email\":1,\"password\":2}", (422, "http.body_invalid")),
        ("application/json", "{\"email\":\"a\",\"email\":\"b\",\"password\":\"c\"}", (422, "http.body_invalid")),
        ("text/plain", "{}", (415, "http.media_type")),
        ("multipart/form-data; boundary=x", "--x--", (415, "http.media_type")),
        ("application/json", &huge, (413, "http.body_too_large")),
    ] {
        let headers = [("Content-Type", kind), ("X-CSRF-TOKEN", token.as_str()), ("Origin", origin.as_str())];
        let answer = client.send("POST", login, &headers, body);
        assert_eq!((answer.status, answer.reason().as_str()), expected, "{kind} {}", &body[..body.len().min(40)]);
    }
    let long =
        client.call("POST", login, &serde_json::json!({"email": "a@example.com", "password": "a".repeat(2_000)}));
    assert_eq!(long.reason(), "signin.credentials_wrong", "PATTERN-LONG-PASSWORD: refused without a hash");
}
