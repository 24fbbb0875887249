//! Bytes that two programs could read as different requests, in HTTP/1.
//!
//! Each row is written to a door of its own, behind which a lenient app remembers every head that it
//! reads. Whatever the door answers, the app must never see a request that the door did not decide on,
//! and the next request must get its own answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::{App, ok, scripted};
use super::door::{Door, Plan, open};

/// What would be smuggled.
const EVIL: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// An app that believes whatever framing it is told, and answers with the target it saw.
pub(super) async fn lenient() -> App {
    scripted(|mut call| async move {
        while let Some(head) = call.head().await {
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let lower = head.to_lowercase();
            if lower.contains("transfer-encoding") {
                if call.chunks().await.is_none() {
                    return;
                }
            } else if let Some(length) = lower.split("content-length: ").nth(1) {
                let length = length.split("\r\n").next().and_then(|length| length.parse().ok()).unwrap_or(0);
                if call.body(length).await.is_none() {
                    return;
                }
            }
            call.write(ok(&target)).await;
        }
    })
    .await
}

/// Writes bytes and reads until the door is silent.
pub(super) async fn exchange(door: &Door, bytes: &[u8]) -> Vec<u8> {
    exchange_to_the_end(door, bytes).await.0
}

/// The same, and whether the connection was reset: a door that closes while somebody still sends may thereby take
/// back the answer that is on its way (RFC 9112, section 9.6).
async fn exchange_to_the_end(door: &Door, bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut got = Vec::new();
    let write = async {
        // A door that has refused may have closed already.
        _ = writer.write_all(bytes).await;
    };
    let read = async {
        let mut piece = vec![0; 64 * 1024];
        loop {
            match timeout(Duration::from_secs(2), reader.read(&mut piece)).await {
                Ok(Ok(count @ 1..)) => got.extend_from_slice(&piece[..count]),
                Ok(Err(_)) => return true,
                Ok(Ok(_)) | Err(_) => return false,
            }
        }
    };
    let ((), is_reset) = tokio::join!(write, read);
    (got, is_reset)
}

/// The targets of the heads that an app saw.
pub(super) fn targets(app: &App) -> Vec<String> {
    app.heads().iter().map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
}

/// Checks that the app saw nothing but what was decided, and that the next request is well.
pub(super) async fn is_in_step(door: &Door, app: &App, what: &str) {
    let seen = targets(app);
    let decided = door.seen.lock().decided.clone();
    // Each head that the app saw was decided on, in this order; what was refused later never reached it.
    let mut rest = decided.iter();
    assert!(seen.iter().all(|target| rest.any(|own| own == target)), "{what}: app {seen:?}, door {decided:?}");
    let probe = door.get("/probe").await;
    assert!(probe.ends_with("\r\n\r\n/probe"), "{what}: {probe}");
    assert!(
        app.heads()
            .iter()
            .all(|head| !head.contains("/smuggled") || decided.iter().any(|target| target == "/smuggled")),
        "{what}"
    );
}

async fn judge(what: String, bytes: Vec<u8>, expected: String) -> Option<String> {
    let app = lenient().await;
    let door = open(&app.url(), Plan::default()).await;
    let (got, is_reset) = exchange_to_the_end(&door, &bytes).await;
    let text = String::from_utf8_lossy(&got);
    let statuses: Vec<&str> = text.split("HTTP/1.").skip(1).map(|answer| &answer[2..5]).collect();
    is_in_step(&door, &app, &what).await;
    let statuses = statuses.join(" ");
    if is_reset && statuses.is_empty() && expected == "400" {
        return None;
    }
    (statuses != expected).then(|| format!("{what}: expected `{expected}`, got `{statuses}`"))
}

fn row(what: &str, bytes: impl Into<Vec<u8>>, expected: &str) -> (String, Vec<u8>, String) {
    (what.to_owned(), bytes.into(), expected.to_owned())
}

/// `POST /` with these fields and what follows the head.
fn post(what: &str, fields: &str, rest: &str, expected: &str) -> (String, Vec<u8>, String) {
    row(what, format!("POST /first HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}"), expected)
}

/// A request line, and the fields behind a Host.
fn line(what: &str, line: &str, expected: &str) -> (String, Vec<u8>, String) {
    row(what, format!("{line}\r\nHost: a\r\n\r\n"), expected)
}

/// `GET /first` with these fields.
fn get(what: &str, fields: &str, expected: &str) -> (String, Vec<u8>, String) {
    row(what, format!("GET /first HTTP/1.1\r\n{fields}\r\n"), expected)
}

type Row = (String, Vec<u8>, String);

// CVE-2021-32715 (plus sign), CVE-2021-32714 (chunk size overflow), CVE-2026-2835 (HTTP/1.0 and
// odd Transfer-Encoding).
fn lengths() -> Vec<Row> {
    let chunked = "0\r\n\r\n";
    vec![
        post("length", "Content-Length: 5\r\n", "hello", "200"),
        post("length and a second request", "Content-Length: 5\r\n", &format!("hello{EVIL}"), "200 200"),
        post(
            "length beside chunked",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            &format!("{chunked}{EVIL}"),
            "200",
        ),
        post(
            "chunked beside length",
            "Transfer-Encoding: chunked\r\nContent-Length: 50\r\n",
            &format!("{chunked}{EVIL}"),
            "200",
        ),
        post("two equal lengths", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello", "200"),
        post("two lengths", "Content-Length: 5\r\nContent-Length: 0\r\n", &format!("hello{EVIL}"), "400"),
        post("two lengths, the other way", "Content-Length: 0\r\nContent-Length: 38\r\n", EVIL, "400"),
        post("list of lengths", "Content-Length: 5, 5\r\n", "hello", "400"),
        post("plus", "Content-Length: +5\r\n", "hello", "400"),
        post("minus", "Content-Length: -5\r\n", "hello", "400"),
        post("minus nothing", "Content-Length: -0\r\n", EVIL, "400"),
        post("hex", "Content-Length: 0x5\r\n", "hello", "400"),
        post("zero in front", "Content-Length: 05\r\n", "hello", "400"),
        post("octal", "Content-Length: 010\r\n", "hello678901", "400"),
        post("blank inside", "Content-Length: 5 5\r\n", "hello", "400"),
        post("blank behind", "Content-Length: 5 \r\n", "hello", "200"),
        post("tab before", "Content-Length:\t5\r\n", "hello", "200"),
        post("no length in it", "Content-Length:\r\n", EVIL, "400"),
        post("words", "Content-Length: five\r\n", "hello", "400"),
        post("fraction", "Content-Length: 5.0\r\n", "hello", "400"),
        post("exponent", "Content-Length: 5e0\r\n", "hello", "400"),
        post("underscore", "Content-Length: 5_0\r\n", "hello", "400"),
        post("full width digit", "Content-Length: \u{ff15}\r\n", "hello", "400"),
        post("over 64 bits", "Content-Length: 18446744073709551621\r\n", "hello", "400"),
        post("at 64 bits", "Content-Length: 18446744073709551615\r\n", "hello", "431"),
        post("vertical tab", "Content-Length: \u{b}5\r\n", "hello", "400"),
        post("blank before the colon", "Content-Length : 5\r\n", "hello", "400"),
        post("length in quotes", "Content-Length: \"5\"\r\n", "hello", "400"),
        post("length under an alias", "Content_Length: 38\r\n", EVIL, "200 200"),
        post(
            "length in Connection",
            "Connection: content-length\r\nContent-Length: 5\r\n",
            &format!("hello{EVIL}"),
            "200 200",
        ),
        post(
            "coding in Connection",
            "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n",
            &format!("{chunked}{EVIL}"),
            "200 200",
        ),
    ]
}

fn codings() -> Vec<Row> {
    let chunked = "0\r\n\r\n";
    let mut rows = Vec::new();
    for (what, value, rest, expected) in [
        ("chunked", " chunked", chunked, "200"),
        ("upper case", " CHUNKED", chunked, "200"),
        ("chunked twice in a list", " chunked, chunked", chunked, "400"),
        ("gzip, chunked", " gzip, chunked", chunked, "400"),
        ("chunked, gzip", " chunked, gzip", chunked, "400"),
        ("chunked, identity", " chunked, identity", chunked, "400"),
        ("identity", " identity", chunked, "400"),
        ("identity, chunked", " identity, chunked", chunked, "400"),
        ("no coding in it", "", chunked, "400"),
        ("a coding nobody knows", " x", chunked, "400"),
        ("xchunked", " xchunked", chunked, "400"),
        ("chunkedx", " chunkedx", chunked, "400"),
        ("in quotes", " \"chunked\"", chunked, "400"),
        ("in single quotes", " 'chunked'", chunked, "400"),
        ("comma in front", " , chunked", chunked, "400"),
        ("comma behind", " chunked,", chunked, "400"),
        ("semicolon", " chunked;q=1", chunked, "400"),
        ("vertical tab in front", "\u{b}chunked", chunked, "400"),
        ("form feed behind", " chunked\u{c}", chunked, "400"),
        ("no-break space", " \u{a0}chunked", chunked, "400"),
        ("NUL behind", " chunked\0", chunked, "400"),
        ("tab in front", "\tchunked", chunked, "200"),
        ("blank behind", " chunked ", chunked, "200"),
    ] {
        rows.push(post(&format!("coding: {what}"), &format!("Transfer-Encoding:{value}\r\n"), rest, expected));
    }
    rows
}

fn odd_codings() -> Vec<Row> {
    let chunked = "0\r\n\r\n";
    vec![
        post("coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked, "400"),
        post("coding, then none", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked, "400"),
        post(
            "blank before the colon of the coding",
            "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
            "hello",
            "400",
        ),
        post("blank before the name", " Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello", "400"),
        post("coding under an alias", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello", "200"),
        post("coding under a dot", "Transfer.Encoding: chunked\r\nContent-Length: 5\r\n", "hello", "200"),
        post("folded coding", "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", "hello", "400"),
        post("bare CR before the coding", "X: y\rTransfer-Encoding: chunked\r\n", chunked, "400"),
        post(
            "bare LF before the coding",
            "X: y\nTransfer-Encoding: chunked\r\n",
            &format!("{chunked}{EVIL}"),
            "200 200",
        ),
        row(
            "coding in 1.0",
            format!("POST /first HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}{EVIL}"),
            "400",
        ),
        row(
            "coding and length in 1.0",
            format!(
                "POST /first HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}{EVIL}"
            ),
            "400",
        ),
        row("length in 1.0", "POST /first HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned(), "200"),
        row("no length in 1.0", format!("POST /first HTTP/1.0\r\nHost: a\r\n\r\n{EVIL}"), "200"),
        row(
            "kept alive in 1.0",
            format!("GET /first HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n{EVIL}"),
            "200 200",
        ),
    ]
}

fn chunks() -> Vec<Row> {
    let with = |what: &str, body: String, expected: &str| {
        post(&format!("chunk: {what}"), "Transfer-Encoding: chunked\r\n", &body, expected)
    };
    vec![
        with("plain", format!("5\r\nhello\r\n0\r\n\r\n{EVIL}"), "200 200"),
        with("extension", format!("5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n{EVIL}"), "200 200"),
        with("zeros in front", format!("0005\r\nhello\r\n000\r\n\r\n{EVIL}"), "200 200"),
        with("upper and lower hex", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n".to_owned(), "200"),
        with("bare LF behind the size", format!("5\nhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("bare LF behind the data", format!("5\r\nhello\n0\r\n\r\n{EVIL}"), "400"),
        with("bare CR behind the size", format!("5\rhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("bare LF in an extension", format!("5;a\nb\r\nhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("two CR", format!("5\r\r\nhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("0x in front", "0x5\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("minus", "-5\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("plus", "+5\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("blank in front", " 5\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("blank inside", "5 5\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("no size", "\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("words", "five\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("over 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n".to_owned(), "400"),
        with("sixteen f", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n".to_owned(), ""),
        with("data too short", format!("8\r\nhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("data too long", format!("3\r\nhello\r\n0\r\n\r\n{EVIL}"), "400"),
        with("no end behind the last", format!("5\r\nhello\r\n0\r\n{EVIL}"), "400"),
        with("trailers", format!("5\r\nhello\r\n0\r\nX: y\r\n\r\n{EVIL}"), "200 200"),
        with(
            "identity in trailers",
            format!("5\r\nhello\r\n0\r\nRemote-User: eve\r\nContent-Length: 9\r\n\r\n{EVIL}"),
            "200 200",
        ),
        with("folded trailers", "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n".to_owned(), "400"),
        with("NUL in trailers", "5\r\nhello\r\n0\r\nX: \0\r\n\r\n".to_owned(), "400"),
        with("endless trailers", format!("0\r\n{}\r\n", "X: y\r\n".repeat(20_000)), "400"),
        with("endless extension", format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(40_000)), "400"),
        with(
            "many short extensions",
            format!("{}0\r\n\r\n", format!("1;{}\r\na\r\n", "x".repeat(100)).repeat(400)),
            "400",
        ),
    ]
}

fn hosts() -> Vec<Row> {
    vec![
        get("no host", "", "400"),
        get("two hosts", "Host: a\r\nHost: b\r\n", "400"),
        get("two equal hosts", "Host: a\r\nHost: a\r\n", "400"),
        get("empty host", "Host:\r\n", "400"),
        get("list of hosts", "Host: a, b\r\n", "400"),
        get("host with a user", "Host: b@a\r\n", "400"),
        get("host with a path", "Host: a/b\r\n", "400"),
        get("host with a blank", "Host: a b\r\n", "400"),
        get("host with a signs of lists", "Host: a;b=c\r\n", "400"),
        get("folded host", "Host: a\r\n b\r\n", "400"),
        get("host under an alias", "Host_: b\r\nHost: a\r\n", "200"),
        get("blank before the colon of the host", "Host : a\r\n", "400"),
        get("blank before the first name", " Host: a\r\n", "400"),
        get("host and port", "Host: a:80\r\n", "200"),
        get("host and a wrong port", "Host: a:b\r\n", "400"),
        row("absolute form, same host", "GET http://a/first HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        row("absolute form, other host", "GET http://b/first HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        row("absolute form, no host", "GET http://a/first HTTP/1.1\r\n\r\n", "400"),
        row("absolute form, a user", "GET http://a@b/first HTTP/1.1\r\nHost: b\r\n\r\n", "400"),
        row("absolute form, other scheme", "GET ftp://a/first HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    ]
}

fn lines() -> Vec<Row> {
    vec![
        row("1.0 without host", "GET /first HTTP/1.0\r\n\r\n", "400"),
        row("0.9", "GET /first\r\n\r\n", "400"),
        line("1.2", "GET /first HTTP/1.2", "400"),
        line("2.0", "GET /first HTTP/2.0", "400"),
        line("lower case version", "GET /first http/1.1", "400"),
        line("two blanks", "GET  /first HTTP/1.1", "400"),
        line("tab", "GET\t/first HTTP/1.1", "400"),
        line("blank in front", " GET /first HTTP/1.1", "400"),
        line("blank in the target", "GET /first x HTTP/1.1", "400"),
        line("blank behind", "GET /first HTTP/1.1 ", "400"),
        line("empty lines in front", "\r\n\r\nGET /first HTTP/1.1", "200"),
        line("lower case method", "get /first HTTP/1.1", "501"),
        line("a method nobody knows", "SMUGGLE /first HTTP/1.1", "501"),
        line("TRACE", "TRACE /first HTTP/1.1", "405"),
        line("CONNECT", "CONNECT a:80 HTTP/1.1", "405"),
        line("CONNECT to a path", "CONNECT /first HTTP/1.1", "405"),
        line("OPTIONS *", "OPTIONS * HTTP/1.1", "400"),
        line("a star", "GET * HTTP/1.1", "400"),
        line("authority form", "GET a:80 HTTP/1.1", "400"),
        line("no slash", "GET first HTTP/1.1", "400"),
        line("NUL in the target", "GET /fir\0st HTTP/1.1", "400"),
        line("fragment", "GET /first#/../admin HTTP/1.1", "200"),
        line("fragment in the query", "GET /first?a#/../admin HTTP/1.1", "200"),
        line("backslash", "GET /..\\admin HTTP/1.1", "400"),
        line("dot segments", "GET /public/../admin HTTP/1.1", "400"),
        line("encoded dots", "GET /public/%2e%2e/admin HTTP/1.1", "400"),
        line("path parameter", "GET /public/..;/admin HTTP/1.1", "400"),
        line("encoded slash", "GET /public%2f..%2fadmin HTTP/1.1", "400"),
        line("encoded twice", "GET /public/%252e%252e/admin HTTP/1.1", "400"),
        line("two slashes", "GET //first//x HTTP/1.1", "200"),
        line("raw UTF-8", "GET /\u{e4} HTTP/1.1", "400"),
        row("bare LF lines", "GET /first HTTP/1.1\nHost: a\n\n", "200"),
        row("bare CR lines", "GET /first HTTP/1.1\rHost: a\r\r", "400"),
        row("LF CR", "GET /first HTTP/1.1\r\nHost: a\r\n\n\r", "200"),
        row(
            "HTTP/2 preface without HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n",
            "",
        ),
        row("TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".to_vec(), "400"),
    ]
}

fn fields() -> Vec<Row> {
    let host = "Host: a\r\n";
    vec![
        get("NUL in a value", &format!("{host}X: a\0b\r\n"), "400"),
        get("NUL in a name", &format!("{host}X\0: a\r\n"), "400"),
        get("folded", &format!("{host}X: a\r\n b\r\n"), "400"),
        get("folded with a tab", &format!("{host}X: a\r\n\tb\r\n"), "400"),
        get("bare CR in a value", &format!("{host}X: a\rb\r\n"), "400"),
        get("no colon", &format!("{host}X\r\n"), "400"),
        get("no name", &format!("{host}: a\r\n"), "400"),
        get("blank in a name", &format!("{host}X Y: a\r\n"), "400"),
        get("no ASCII in a name", &format!("{host}X\u{e4}: a\r\n"), "400"),
        get("no ASCII in a value", &format!("{host}X: \u{e4}\r\n"), "200"),
        get("DEL in a value", &format!("{host}X: \u{7f}\r\n"), "400"),
        get("100 KiB", &format!("{host}X: {}\r\n", "a".repeat(100 * 1024)), "431"),
        get("300 fields", &format!("{host}{}", "X: y\r\n".repeat(300)), "431"),
        get("a target of 70 KB", &format!("{host}X: y\r\n"), "200"),
        get("two Authorization", &format!("{host}Authorization: a\r\nAuthorization: b\r\n"), "400"),
        get("two Origin", &format!("{host}Origin: http://a\r\nOrigin: http://b\r\n"), "400"),
        post("two Content-Type", "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n", "", "400"),
        get(
            "upgrade and a second request",
            &format!("{host}Connection: upgrade\r\nUpgrade: foo\r\n\r\n{EVIL}"),
            "200 200",
        ),
        get(
            "h2c and a second request",
            &format!(
                "{host}Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n{EVIL}"
            ),
            "200 200",
        ),
        get("close and a second request", &format!("{host}Connection: close\r\n\r\n{EVIL}"), "200"),
        get("a body on GET", &format!("{host}Content-Length: 5\r\n\r\nhello{EVIL}"), "200 200"),
        get("chunks on GET", &format!("{host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{EVIL}"), "200 200"),
        get("pipelined", &format!("{host}\r\n{EVIL}{EVIL}"), "200 200 200"),
        get("expectation", &format!("{host}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"), "100 200"),
        get("unknown expectation", &format!("{host}Expect: 200-ok\r\n"), "200"),
        get("Connection names Host", &format!("{host}Connection: host\r\n"), "200"),
        get("TE", &format!("{host}TE: gzip, trailers;q=0.5\r\n"), "200"),
    ]
}

// EDGE.md 1.1: the matrix of request framing, and more.
#[tokio::test]
async fn no_bytes_make_the_app_see_a_request_that_was_not_decided_on() {
    let rows: Vec<Row> = [lengths(), codings(), odd_codings(), chunks(), hosts(), lines(), fields()].concat();
    assert!(rows.len() >= 127, "{}", rows.len());
    let mut judged = tokio::task::JoinSet::new();
    for (what, bytes, expected) in rows {
        judged.spawn(judge(what, bytes, expected));
    }
    let wrong: Vec<String> = judged.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
