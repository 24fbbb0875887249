//! WebSocket and other upgrades: nothing flows before the app has agreed, and everything after.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::{App, ok, scripted};
use super::door::{Door, Plan, open};

const ASK: &str = "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const AGREE: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n";

/// An app that agrees and then echoes.
async fn echo() -> App {
    scripted(|mut call| async move {
        let Some(head) = call.head().await else { return };
        if !head.contains("upgrade: ") {
            call.write(ok("plain")).await;
            call.head().await;
            return;
        }
        // Early bytes must not be here before the answer.
        let early = call.rest();
        assert!(early.is_empty(), "{early:?}");
        call.write(format!("{AGREE}hello ")).await;
        let mut piece = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = call.stream.read(&mut piece).await {
            call.write(&piece[..count]).await;
        }
    })
    .await
}

async fn head_of(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut got = Vec::new();
    loop {
        if let Some(at) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = got.split_off(at + 4);
            return (String::from_utf8(got).unwrap(), rest);
        }
        let mut piece = [0; 4096];
        let count = timeout(Duration::from_secs(5), stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&piece[..count]);
    }
}

async fn joined(door: &Door) -> (TcpStream, Vec<u8>) {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(ASK.as_bytes()).await.unwrap();
    let (head, rest) = head_of(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    (stream, rest)
}

/// Reads until the other side ends; a reset is an end as well.
async fn drain(stream: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut got)).await.expect("an end");
    got
}

// CVE-2026-2833: bytes behind an Upgrade, sent before the 101.
#[tokio::test]
async fn a_hundred_kilobytes_come_back_and_early_bytes_wait_for_the_101() {
    let app = echo().await;
    let door = open(&app.url(), Plan::default()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let early = "GET /admin HTTP/1.1\r\nHost: app.test\r\n\r\n";
    stream.write_all(format!("{ASK}{early}").as_bytes()).await.unwrap();
    let (head, mut got) = head_of(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("sec-websocket-accept: x\r\n"), "{head}");
    assert!(
        head.contains("connection: upgrade\r\n") && head.to_lowercase().contains("upgrade: websocket\r\n"),
        "{head}"
    );
    let body: Vec<u8> = (0..100_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    let expected = [b"hello ", early.as_bytes(), &body].concat();
    let (mut reader, mut writer) = stream.split();
    let send = async {
        writer.write_all(&body).await.unwrap();
    };
    let receive = async {
        let mut piece = vec![0; 16 * 1024];
        while got.len() < expected.len() {
            let count = timeout(Duration::from_secs(5), reader.read(&mut piece)).await.unwrap().unwrap();
            assert!(count > 0);
            got.extend_from_slice(&piece[..count]);
        }
    };
    tokio::join!(send, receive);
    assert!(got == expected);
    // The early bytes were never a request, here or there.
    assert_eq!((door.seen.lock().requests.len(), app.heads().len()), (1, 1));
    let head = app.heads().pop().unwrap();
    assert!(head.contains("connection: upgrade\r\n") && head.contains("remote-user: alice\r\n"), "{head}");
}

#[tokio::test]
async fn what_is_no_upgrade_goes_on_as_a_plain_request() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket, foo\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\nUpgrade: foo\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        let app = echo().await;
        let door = open(&app.url(), Plan::default()).await;
        let got = door.raw(request.as_bytes()).await;
        assert!(got.contains(" 200 OK\r\n"), "{request}: {got}");
        let head = app.heads().pop().unwrap();
        for gone in ["upgrade", "http2-settings", "connection"] {
            assert!(!head.contains(gone), "{request}: {head}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_no_agreement_opens_no_tunnel() {
    for (answer, status) in [
        (ok("no"), "HTTP/1.1 200"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_owned(), "HTTP/1.1 403"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n".to_owned(),
            "HTTP/1.1 502",
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n".to_owned(), "HTTP/1.1 502"),
        ("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n".to_owned(), "HTTP/1.1 502"),
        (String::new(), "HTTP/1.1 502"),
    ] {
        let app = scripted(move |mut call| {
            let answer = answer.clone();
            async move {
                let head = call.head().await;
                let is_upgrade = head.is_some_and(|head| head.contains("upgrade"));
                call.write(if is_upgrade { answer } else { ok("well") }).await;
                if !is_upgrade {
                    call.head().await;
                }
            }
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        // Early bytes that look like a request: as no tunnel was opened, they are one, and are decided on.
        let second = "GET /second HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";
        let got = door.raw(format!("{ASK}{second}").as_bytes()).await;
        assert!(got.starts_with(status), "{status}: {got}");
        let parsed = door.seen.lock().requests.len();
        assert_eq!(app.heads().len(), parsed, "{got}");
        assert_eq!(door.upstream.idle_connections(), usize::from(parsed == 2));
    }
}

#[tokio::test]
async fn a_tunnel_ends_with_either_side_with_silence_and_with_the_session() {
    let app = echo().await;
    let plan = Plan { tunnel_idle: Duration::from_millis(300), ..Plan::default() };
    let door = open(&app.url(), plan).await;
    // The client ends: what is on its way still arrives.
    let (mut stream, _) = joined(&door).await;
    stream.write_all(b"last").await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(String::from_utf8_lossy(&drain(&mut stream).await).ends_with("last"));
    // Silence.
    let (mut stream, _) = joined(&door).await;
    drain(&mut stream).await;
    // Signing out, long before silence would.
    let door = open(&app.url(), Plan::default()).await;
    let (mut stream, _) = joined(&door).await;
    stream.write_all(b"x").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    door.sign_out.notify_waiters();
    drain(&mut stream).await;
    // The app ends.
    let closing = scripted(|mut call| async move {
        call.head().await;
        call.write(format!("{AGREE}bye")).await;
    })
    .await;
    let door = open(&closing.url(), Plan::default()).await;
    let (mut stream, mut rest) = joined(&door).await;
    rest.extend(drain(&mut stream).await);
    assert_eq!(rest, b"bye");
}
