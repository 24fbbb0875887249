//! Bodies of requests: streamed, bounded, and never cut in silence.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::{ok, scripted};
use super::door::{Plan, open};

fn post(length: usize, body: &str) -> String {
    format!("POST /up HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_piece_reaches_the_app_before_the_next_one_is_sent() {
    let (seen, mut pieces) = tokio::sync::mpsc::unbounded_channel();
    let app = scripted(move |mut call| {
        let seen = seen.clone();
        async move {
            call.head().await;
            for _ in 0..3 {
                let piece = call.body(5).await.unwrap();
                seen.send(String::from_utf8(piece).unwrap()).unwrap();
            }
            call.write(ok("got it")).await;
        }
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(post(15, "").as_bytes()).await.unwrap();
    for piece in ["first", "secon", "third"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        let arrived = timeout(Duration::from_secs(5), pieces.recv()).await.unwrap();
        assert_eq!(arrived.as_deref(), Some(piece));
    }
    let mut got = String::new();
    stream.read_to_string(&mut got).await.unwrap();
    assert!(got.ends_with("got it"), "{got}");
}

#[tokio::test]
async fn framing_is_written_anew() {
    let app = scripted(|mut call| async move {
        while let Some(head) = call.head().await {
            if head.contains("transfer-encoding") {
                while !call.memory.bytes.lock().ends_with(b"0\r\n\r\n") {
                    call.more().await;
                }
                call.rest();
            } else if let Some(length) = head.split("content-length: ").nth(1) {
                let length = length.split("\r\n").next().unwrap().parse().unwrap();
                call.body(length).await;
            }
            call.write(ok("done")).await;
        }
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    for (request, has, lacks) in [
        (post(5, "hello"), "content-length: 5\r\n", "transfer-encoding"),
        (post(0, ""), "content-length: 0\r\n", "transfer-encoding"),
        ("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\n\r\n".to_owned(), "transfer-encoding: chunked\r\n", "content-length"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(), "transfer-encoding: chunked\r\n", "content-length"),
        ("POST / HTTP/1.1\r\nHost: a\r\nConnection: close, content-length\r\nContent-Length: 5\r\n\r\nhello".to_owned(), "content-length: 5\r\n", "transfer-encoding"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), "GET", "content-length"),
        ("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello".to_owned(), "content-length: 5\r\n", "expect"),
    ] {
        let got = door.raw(request.as_bytes()).await;
        assert!(got.ends_with("done"), "{request}: {got}");
        let head = app.heads().pop().unwrap();
        assert!(head.contains(has) && !head.contains(lacks), "{request}: {head}");
        app.memory.bytes.lock().clear();
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_never_looks_complete() {
    let app = scripted(|mut call| async move {
        call.head().await;
        while call.more().await.is_some() {}
    })
    .await;
    let mut plan = Plan::default();
    plan.limits.body_bytes = Some(8);
    let door = open(&app.url(), plan).await;
    let got = door.raw(post(9, "").as_bytes()).await;
    assert!(got.starts_with("HTTP/1.1 413") && got.ends_with("http.body_too_large"), "{got}");
    assert_eq!(app.connections(), 0);
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n";
    let got = door.raw(chunked.as_bytes()).await;
    assert!(got.starts_with("HTTP/1.1 413") && got.ends_with("http.body_too_large"), "{got}");
    assert!(!app.memory.bytes.lock().ends_with(b"0\r\n\r\n"));
    let fits = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\nabcdefgh";
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(fits.as_bytes()).await.unwrap();
    for _ in 0..200 {
        if app.memory.bytes.lock().ends_with(b"abcdefgh") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("what fits was not passed on");
}

#[tokio::test]
async fn a_client_that_stops_sending_is_named() {
    let app = scripted(|mut call| async move {
        call.head().await;
        while call.more().await.is_some() {}
    })
    .await;
    let mut plan = Plan::default();
    plan.limits.idle = Duration::from_millis(200);
    let door = open(&app.url(), plan).await;
    let got = door.raw(post(10, "half").as_bytes()).await;
    assert!(got.starts_with("HTTP/1.1 408") && got.ends_with("http.timeout"), "{got}");
    // A client that goes away in the middle: the app sees a broken body, and the log knows whose fault it was.
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(post(10, "half").as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(app.heads().len(), 1);
}

#[tokio::test]
async fn a_slow_client_is_not_held_against_the_app() {
    let app = scripted(|mut call| async move {
        call.head().await;
        call.body(10).await;
        call.write(ok("got it")).await;
    })
    .await;
    let mut plan = Plan::default();
    plan.limits.head = Duration::from_millis(200);
    let door = open(&app.url(), plan).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(post(10, "first").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(b"later").await.unwrap();
    let mut got = String::new();
    stream.read_to_string(&mut got).await.unwrap();
    assert!(got.ends_with("got it"), "{got}");
}

#[tokio::test]
async fn broken_chunks_are_the_clients_fault() {
    for body in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "5\r\nhelloXX0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
    ] {
        let app = scripted(|mut call| async move {
            call.head().await;
            while call.more().await.is_some() {}
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        let request =
            format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let got = door.raw(request.as_bytes()).await;
        assert!(got.starts_with("HTTP/1.1 400") && got.ends_with("http.body_malformed"), "{body:?}: {got}");
        assert!(!app.memory.bytes.lock().ends_with(b"0\r\n\r\n"), "{body:?}");
    }
}

// CVE-2025-4366: what is left of a request must not stay on a connection that is used again.
#[tokio::test]
async fn an_early_answer_is_passed_on_and_its_connection_is_not_used_again() {
    for is_closing in [false, true] {
        let app = scripted(move |mut call| async move {
            loop {
                let Some(head) = call.head().await else { return };
                let is_upload = head.starts_with("POST");
                call.write(ok(if is_upload { "too much" } else { "well" })).await;
                if is_upload && is_closing {
                    // Unread bytes make this a reset.
                    return;
                }
            }
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        let mut request = post(50_000_000, "").into_bytes();
        request.resize(request.len() + 100_000, b'a');
        stream.write_all(&request).await.unwrap();
        let mut got = vec![0; 4096];
        let count = timeout(Duration::from_secs(5), stream.read(&mut got)).await.unwrap().unwrap();
        let got = String::from_utf8_lossy(&got[..count]).into_owned();
        assert!(got.starts_with("HTTP/1.1 200") && got.contains("too much"), "{is_closing}: {got}");
        assert_eq!(door.upstream.idle_connections(), 0);
        assert!(door.get("/").await.ends_with("well"));
        let heads = app.heads();
        assert_eq!(heads.len(), 2, "{heads:?}");
        assert!(heads[1].starts_with("GET / "), "{heads:?}");
    }
}

/// The most memory that this process ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hundred_mebibytes_pass_both_ways_in_little_memory() {
    const SIZE: usize = 100 * 1024 * 1024;
    let app = scripted(|mut call| async move {
        call.head().await;
        call.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")).await;
        let mut piece = vec![0; 64 * 1024];
        let rest = call.rest();
        let mut left = SIZE - rest.len();
        call.write(rest).await;
        let (mut reader, mut writer) = call.stream.split();
        while left > 0 {
            let count = reader.read(&mut piece).await.unwrap();
            assert!(count > 0);
            writer.write_all(&piece[..count.min(left)]).await.unwrap();
            left -= count.min(left);
        }
        _ = reader.read(&mut piece).await;
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    let before = peak();
    let stream = TcpStream::connect(door.address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let mut sender = tokio::task::JoinSet::new();
    sender.spawn(async move {
        writer.write_all(post(SIZE, "").as_bytes()).await.unwrap();
        let piece = vec![b'a'; 64 * 1024];
        for _ in 0..SIZE / piece.len() {
            writer.write_all(&piece).await.unwrap();
        }
        writer
    });
    let mut got = 0;
    let mut piece = vec![0; 64 * 1024];
    while got < SIZE {
        let count = timeout(Duration::from_secs(30), reader.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "cut after {got}");
        got += count;
    }
    assert!(got >= SIZE);
    let grown = peak() - before;
    assert!(grown < 16 * 1024, "{grown} KiB");
    assert!(door.seen.lock().faults.is_empty());
}
