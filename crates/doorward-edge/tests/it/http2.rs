//! HTTP/2 in front of an HTTP/1.1 app: frames written by hand, and what becomes of them.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::app::scripted;
use super::door::{Plan, open};
use super::framing::{exchange, is_in_step, lenient};

const HEADERS: u8 = 1;
const DATA: u8 = 0;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Fields as literals that enter no table (RFC 7541, section 6.2.2).
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        assert!(name.len() < 127 && value.len() < 127);
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// A connection with one request; `data` is nothing where the head ends the stream.
fn request(fields: &[(&str, &str)], data: Option<&str>) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    let flags = END_HEADERS | if data.is_none() { END_STREAM } else { 0 };
    bytes.extend(frame(HEADERS, flags, 1, &block(fields)));
    if let Some(data) = data {
        bytes.extend(frame(DATA, END_STREAM, 1, data.as_bytes()));
    }
    bytes
}

/// The first thing that is said of stream 1: a status, `reset`, or nothing but the end of the connection.
fn outcome(mut got: &[u8]) -> String {
    while got.len() >= 9 {
        let length = usize::from(got[0]) << 16 | usize::from(got[1]) << 8 | usize::from(got[2]);
        let (kind, stream) = (got[3], u32::from_be_bytes([got[5], got[6], got[7], got[8]]));
        let payload = &got[9..(9 + length).min(got.len())];
        match kind {
            HEADERS if stream == 1 => return status(payload),
            3 if stream == 1 => return "reset".to_owned(),
            7 => return "goaway".to_owned(),
            _ => {}
        }
        got = &got[(9 + length).min(got.len())..];
    }
    String::new()
}

/// The status at the head of a block: an entry of the static table, or three digits as a literal.
fn status(block: &[u8]) -> String {
    match block {
        [0x88, ..] => "200".to_owned(),
        [0x8c, ..] => "400".to_owned(),
        [0x8d, ..] => "404".to_owned(),
        [0x08 | 0x48, 3, digits @ ..] => String::from_utf8_lossy(&digits[..3]).into_owned(),
        // Huffman: `405` and `501` are the only ones of three digits that come up here.
        [0x08 | 0x48, 0x83, ..] => "4xx".to_owned(),
        [0x08 | 0x48, 0x82, ..] => "5xx".to_owned(),
        other => format!("{:02x?}", &other[..other.len().min(6)]),
    }
}

const HEAD: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/first")];

/// The usual head with one pseudo-header changed, or left out where it is nothing.
fn with(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    HEAD.iter()
        .filter_map(|(own, usual)| if *own == name { Some((*own, value?)) } else { Some((*own, *usual)) })
        .collect()
}

fn and(fields: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&HEAD[..], fields].concat()
}

type Row = (&'static str, Vec<(&'static str, &'static str)>, Option<&'static str>, &'static str);

fn heads() -> Vec<Row> {
    vec![
        ("plain", and(&[]), None, "200"),
        ("host beside authority", and(&[("host", "a")]), None, "200"),
        ("another host", and(&[("host", "b")]), None, "400"),
        ("two hosts", and(&[("host", "a"), ("host", "a")]), None, "400"),
        ("host alone", [with(":authority", None), vec![("host", "a")]].concat(), None, "200"),
        ("no host at all", with(":authority", None), None, "400"),
        ("authority with a user", with(":authority", Some("b@a")), None, "400"),
        ("authority with a path", with(":authority", Some("a/b")), None, "reset"),
        ("empty authority", with(":authority", Some("")), None, "reset"),
        ("no path", with(":path", None), None, "reset"),
        ("empty path", with(":path", Some("")), None, "reset"),
        ("star", with(":path", Some("*")), None, "400"),
        ("no slash", with(":path", Some("first")), None, "reset"),
        ("absolute path", with(":path", Some("http://b/first")), None, "reset"),
        ("dot segments", with(":path", Some("/public/../admin")), None, "400"),
        ("encoded slash", with(":path", Some("/public%2fadmin")), None, "400"),
        ("two slashes", with(":path", Some("//first")), None, "200"),
        ("line break in the path", with(":path", Some("/first HTTP/1.1\r\nX: y")), None, "reset"),
        ("blank in the path", with(":path", Some("/first x")), None, "reset"),
        ("fragment", with(":path", Some("/first#/../admin")), None, "200"),
        ("no method", with(":method", None), None, "reset"),
        ("lower case method", with(":method", Some("get")), None, "5xx"),
        ("method with a line", with(":method", Some("GET / HTTP/1.1\r\n")), None, "goaway"),
        ("TRACE", with(":method", Some("TRACE")), None, "4xx"),
        ("CONNECT", with(":method", Some("CONNECT")), None, "reset"),
        ("no scheme", with(":scheme", None), None, "reset"),
        ("scheme with a line", with(":scheme", Some("http://b/ HTTP/1.1\r\n\r\n")), None, "reset"),
        ("other scheme", with(":scheme", Some("ftp")), None, "400"),
        ("two paths", and(&[(":path", "/second")]), None, "reset"),
        ("unknown pseudo", and(&[(":smuggled", "x")]), None, "goaway"),
        ("status", and(&[(":status", "200")]), None, "reset"),
        ("pseudo behind a field", [vec![("x", "y")], HEAD.to_vec()].concat(), None, "reset"),
    ]
}

fn fields() -> Vec<Row> {
    vec![
        (
            "coding",
            and(&[("transfer-encoding", "chunked")]),
            Some("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
            "reset",
        ),
        ("connection", and(&[("connection", "upgrade")]), None, "reset"),
        ("keep-alive", and(&[("keep-alive", "timeout=5")]), None, "reset"),
        ("proxy-connection", and(&[("proxy-connection", "keep-alive")]), None, "reset"),
        ("upgrade", and(&[("upgrade", "websocket")]), None, "reset"),
        ("te", and(&[("te", "trailers")]), None, "200"),
        ("other te", and(&[("te", "gzip")]), None, "reset"),
        ("upper case name", and(&[("X-Upper", "y")]), None, "goaway"),
        ("line break in a value", and(&[("x", "y\r\nTransfer-Encoding: chunked")]), None, "goaway"),
        ("bare LF in a value", and(&[("x", "y\nz")]), None, "goaway"),
        ("NUL in a value", and(&[("x", "y\0z")]), None, "goaway"),
        ("line break in a name", and(&[("x: y\r\nz", "y")]), None, "goaway"),
        ("colon in a name", and(&[("x:y", "z")]), None, "goaway"),
        ("blank in a name", and(&[("x y", "z")]), None, "goaway"),
        ("empty name", and(&[("", "z")]), None, "goaway"),
        ("alias of a length", and(&[("content_length", "38")]), None, "200"),
        ("length that is true", and(&[("content-length", "5")]), Some("hello"), "200"),
        ("length that is too long", and(&[("content-length", "9")]), Some("hello"), "reset"),
        ("length that is too short", and(&[("content-length", "2")]), Some("hello"), "reset"),
        ("length without data", and(&[("content-length", "5")]), None, "reset"),
        ("two lengths", and(&[("content-length", "5"), ("content-length", "5")]), Some("hello"), "400"),
        ("plus", and(&[("content-length", "+5")]), Some("hello"), "reset"),
        ("list of lengths", and(&[("content-length", "5, 5")]), Some("hello"), "reset"),
        ("data on GET", and(&[]), Some("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"), "200"),
        ("two authorizations", and(&[("authorization", "a"), ("authorization", "b")]), None, "400"),
        ("crumbs", and(&[("cookie", "a=1"), ("cookie", "b=2")]), None, "200"),
    ]
}

// EDGE.md 1.1, over HTTP/2: what an HTTP/1.1 app could read differently never reaches it.
#[tokio::test]
async fn no_frames_make_the_app_see_a_request_that_was_not_decided_on() {
    let rows = [heads(), fields()].concat();
    let mut judged = tokio::task::JoinSet::new();
    for (what, fields, data, expected) in rows {
        judged.spawn(async move {
            let app = lenient().await;
            let door = open(&app.url(), Plan::default()).await;
            let got = outcome(&exchange(&door, &request(&fields, data)).await);
            is_in_step(&door, &app, what).await;
            (got != expected).then(|| format!("{what}: expected `{expected}`, got `{got}`"))
        });
    }
    let wrong: Vec<String> = judged.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_client_of_http_2_gets_bodies_and_trailers_of_an_app_of_http_1() {
    let app = scripted(|mut call| async move {
        while let Some(head) = call.head().await {
            assert!(head.starts_with("POST /call?x=1 HTTP/1.1\r\n") && head.contains("host: app.test\r\n"), "{head}");
            assert!(head.contains("via: 2.0 doorward\r\n") && head.contains("x-forwarded-host: app.test\r\n"), "{head}");
            call.chunks().await;
            call.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: grpc-status\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n")
                .await;
        }
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    let stream = TcpStream::connect(door.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { _ = connection.await });
    for round in 0..3 {
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
        let frames = [
            Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(b"one"))),
            Ok(Frame::data(Bytes::from_static(b"two"))),
            Ok(Frame::trailers(trailers)),
        ];
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let request =
            Request::post("http://app.test/call?x=1").header("te", "trailers").header("remote-user", "eve").body(body);
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        let collected = answer.into_body().collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap();
        assert_eq!((trailers["grpc-status"].as_bytes(), collected.to_bytes().as_ref()), (&b"0"[..], &b"hello"[..]));
        let bytes = String::from_utf8_lossy(&app.memory.bytes.lock()).into_owned();
        assert!(bytes.contains("\r\nonetwo\r\n") || bytes.contains("\r\none\r\n3\r\ntwo\r\n"), "{round}: {bytes}");
        assert!(!bytes.contains("eve") && bytes.contains("remote-user: alice\r\n"), "{bytes}");
    }
    assert_eq!(app.connections(), 1);
}
