//! Answers of apps: passed on as they are, or named for what is wrong with them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::{constant, ok, scripted};
use super::door::{Door, Plan, open};

fn hasty() -> Plan {
    let mut plan = Plan::default();
    plan.limits.connect = Duration::from_millis(300);
    plan.limits.head = Duration::from_millis(300);
    plan.limits.idle = Duration::from_millis(300);
    plan
}

/// The one code that a refused request was answered with.
fn code(answer: &str) -> &str {
    answer.rsplit("\r\n").next().unwrap()
}

async fn faults(door: &Door) -> Vec<&'static str> {
    // The hook of a body runs when its connection is dropped, just after the client saw the end.
    for _ in 0..100 {
        if !door.seen.lock().faults.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    door.seen.lock().faults.clone()
}

#[tokio::test]
async fn an_app_that_is_down_is_named() {
    let unused = doorward_port::lease();
    for (upstream, answer) in [
        (format!("http://127.0.0.1:{unused}"), "HTTP/1.1 502 Bad Gateway\r\n upstream.connect_refused"),
        ("unix:/nowhere/app.sock".to_owned(), "HTTP/1.1 502 Bad Gateway\r\n upstream.socket_missing"),
        ("http://nowhere.invalid".to_owned(), "HTTP/1.1 502 Bad Gateway\r\n upstream.unreachable"),
    ] {
        let door = open(&upstream, Plan::default()).await;
        let (line, code_of) = answer.split_once(' ').map(|_| answer.split_once("\r\n ").unwrap()).unwrap();
        let got = door.get("/").await;
        assert!(got.starts_with(line) && code(&got) == code_of, "{upstream}: {got}");
    }
}

#[tokio::test]
async fn an_app_that_takes_no_connection_runs_into_the_limit() {
    // A queue of one that is never emptied: the next connections are not answered.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(stream);
    }
    let door = open(&format!("http://{address}"), hasty()).await;
    let got = door.get("/").await;
    assert!(got.starts_with("HTTP/1.1 504") && code(&got) == "upstream.connect_timeout", "{got}");
}

fn broken_heads() -> Vec<(&'static str, String, &'static str)> {
    let huge = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(200 * 1024));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(300));
    vec![
        ("closed without a byte", String::new(), "upstream.closed_early"),
        ("closed inside the head", "HTTP/1.1 200 OK\r\nContent-Le".into(), "upstream.closed_early"),
        ("no HTTP", "SSH-2.0-OpenSSH\r\n\r\n".into(), "upstream.answer_malformed"),
        ("HTTP/2", "HTTP/2 200\r\n\r\n".into(), "upstream.answer_malformed"),
        ("no status", "HTTP/1.1 abc\r\n\r\n".into(), "upstream.answer_malformed"),
        ("folded", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n".into(), "upstream.answer_malformed"),
        ("blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n".into(), "upstream.answer_malformed"),
        ("NUL", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n".into(), "upstream.answer_malformed"),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".into(),
            "upstream.answer_malformed",
        ),
        ("signed length", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na".into(), "upstream.answer_malformed"),
        ("negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na".into(), "upstream.answer_malformed"),
        (
            "unknown coding",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".into(),
            "upstream.answer_malformed",
        ),
        (
            "coding twice",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            "upstream.answer_malformed",
        ),
        (
            "coding in 1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            "upstream.answer_malformed",
        ),
        (
            "unasked 101",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".into(),
            "upstream.answer_malformed",
        ),
        ("huge head", huge, "upstream.answer_malformed"),
        ("many fields", many, "upstream.answer_malformed"),
        ("endless 1xx", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), "upstream.closed_early"),
    ]
}

#[tokio::test]
async fn every_broken_head_has_its_name_and_the_next_request_is_well() {
    for (what, bytes, expected) in broken_heads() {
        let app = scripted(move |mut call| {
            let bytes = bytes.clone();
            async move {
                call.head().await;
                let is_first = call.number == 0;
                call.write(if is_first { bytes } else { ok("well") }).await;
                if !is_first {
                    call.head().await;
                }
            }
        })
        .await;
        let door = open(&app.url(), hasty()).await;
        let got = door.get("/").await;
        assert!(got.starts_with("HTTP/1.1 502") && code(&got) == expected, "{what}: {got}");
        assert!(door.get("/").await.ends_with("\r\n\r\nwell"), "{what}");
        assert_eq!(app.connections(), 2, "{what}");
    }
}

#[tokio::test]
async fn a_slow_head_runs_into_the_limit_and_its_late_answer_reaches_nobody() {
    let app = scripted(|mut call| async move {
        call.head().await;
        if call.number == 0 {
            call.more().await;
            call.write(ok("late")).await;
        }
        call.write(ok("well")).await;
        call.head().await;
    })
    .await;
    let door = open(&app.url(), hasty()).await;
    let got = door.get("/").await;
    assert!(got.starts_with("HTTP/1.1 504") && code(&got) == "upstream.head_timeout", "{got}");
    assert!(door.get("/").await.ends_with("well"));
}

#[tokio::test]
async fn a_body_that_is_cut_never_ends_cleanly() {
    for (what, bytes, is_reset) in [
        ("short by its length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", false),
        ("short by its length, reset", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", true),
        ("chunk without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", false),
        ("half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort", false),
        ("no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n", false),
        (
            "chunk too long",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nfffffffffffffffff\r\n",
            false,
        ),
        ("to the end, reset", "HTTP/1.1 200 OK\r\n\r\nshort", true),
    ] {
        let app = scripted(move |mut call| async move {
            call.head().await;
            call.write(bytes).await;
            // Until the door has passed the beginning on.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if is_reset {
                call.stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        let got = door.get("/").await;
        // Where the fault is known before the head has left, the client gets nothing at all.
        let has_begun = got.starts_with("HTTP/1.1 200 OK\r\n") && got.contains("short");
        assert!(has_begun || got.is_empty(), "{what}: {got}");
        assert!(!got.ends_with("0\r\n\r\n"), "{what}: {got}");
        assert_eq!(faults(&door).await, ["upstream.answer_cut"], "{what}");
        assert_eq!(door.upstream.idle_connections(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_body_that_falls_silent_is_cut() {
    let app = scripted(|mut call| async move {
        call.head().await;
        call.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort").await;
        call.more().await;
    })
    .await;
    let door = open(&app.url(), hasty()).await;
    assert!(door.get("/").await.ends_with("short"));
    assert_eq!(faults(&door).await, ["upstream.answer_cut"]);
}

// CVE-2025-4366 (unread bytes on a reused connection), from the side of the answer.
#[tokio::test]
async fn stray_bytes_never_answer_the_next_request() {
    let stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for (what, first, later) in [
        ("in the same write", format!("{}{stray}", ok("good")), ""),
        ("a moment later", ok("good"), stray),
        ("behind a HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_owned(), ""),
        ("behind a 304", format!("HTTP/1.1 304 Not Modified\r\n\r\n{stray}"), ""),
        ("behind a 204", format!("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n{stray}"), ""),
        ("behind the last chunk", format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{stray}"), ""),
        ("one byte", format!("{}\n", ok("good")), ""),
        (
            "length beside chunked",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{stray}"),
            "",
        ),
    ] {
        let app = scripted(move |mut call| {
            let first = first.clone();
            async move {
                let mut is_first = call.number == 0;
                while call.head().await.is_some() {
                    if is_first {
                        call.write(&first).await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        call.write(later).await;
                        is_first = false;
                    } else {
                        call.write(ok("mine")).await;
                    }
                }
            }
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        let method = if what.contains("HEAD") { "HEAD" } else { "GET" };
        let request = format!("{method} / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
        let got = door.raw(request.as_bytes()).await;
        assert!(!got.contains("evil"), "{what}: {got}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        for _ in 0..3 {
            let got = door.get("/next").await;
            assert!(got.ends_with("\r\n\r\nmine"), "{what}: {got}");
        }
        assert_eq!(app.connections(), 2, "{what}");
    }
}

#[tokio::test]
async fn heads_are_passed_on_and_hop_by_hop_fields_are_not() {
    for (answer, has, lacks) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x-secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2\r\nX-Kept: 1\r\n\r\n",
            "x-kept: 1",
            "x-secret|keep-alive|proxy-auth|upgrade",
        ),
        ("HTTP/1.1 404 Nicht da\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 Nicht da", "x"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "\r\n\r\nhi",
            "link",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "content-length: 2\r\n",
            "content-length: 2, 2",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "transfer-encoding: chunked",
            "content-length",
        ),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 No Content", "content-length|transfer-encoding"),
        ("HTTP/1.0 200 OK\r\n\r\nhi", "HTTP/1.1 200 OK", "x"),
        (
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
            "set-cookie: a=1\r\nset-cookie: b=2\r\n",
            "x",
        ),
    ] {
        let app = scripted(move |mut call| async move {
            call.head().await;
            call.write(answer).await;
        })
        .await;
        let door = open(&app.url(), Plan::default()).await;
        let got = door.get("/").await;
        let head = got.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(got.contains(has), "{answer}: {got}");
        for lacking in lacks.split('|').filter(|lacking| *lacking != "x") {
            assert!(!head.contains(lacking), "{lacking}: {got}");
        }
    }
}

#[tokio::test]
async fn a_head_request_keeps_its_length_and_has_no_body() {
    let app = constant("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n").await;
    let door = open(&app.url(), Plan::default()).await;
    for _ in 0..3 {
        let got = door.raw(b"HEAD / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n").await;
        assert!(got.contains("content-length: 12345\r\n") && got.ends_with("\r\n\r\n"), "{got}");
    }
    assert_eq!(app.connections(), 1);
}

#[tokio::test]
async fn an_event_arrives_before_the_stream_ends() {
    let (more, mut wait) = tokio::sync::mpsc::unbounded_channel::<()>();
    let wait = std::sync::Arc::new(tokio::sync::Mutex::new(async move { wait.recv().await }).into_inner());
    let wait = std::sync::Arc::new(tokio::sync::Mutex::new(Some(std::sync::Arc::into_inner(wait).unwrap())));
    let app = scripted(move |mut call| {
        let wait = std::sync::Arc::clone(&wait);
        async move {
            call.head().await;
            call.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n").await;
            let wait = wait.lock().await.take().unwrap();
            wait.await;
            call.write("data: two\n\n").await;
        }
    })
    .await;
    // An event stream may be silent for longer than other bodies.
    let door = open(&app.url(), hasty()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut got = String::new();
    while !got.contains("data: one\n\n") {
        let mut piece = [0; 1024];
        let count = timeout(Duration::from_secs(5), stream.read(&mut piece)).await.unwrap().unwrap();
        got.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    more.send(()).unwrap();
    stream.read_to_string(&mut got).await.unwrap();
    assert!(got.contains("data: two\n\n") && got.ends_with("0\r\n\r\n"), "{got}");
}

#[tokio::test]
async fn trailers_are_passed_on_to_who_takes_them() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 42\r\nConnection: close\r\n\r\n";
    let app = constant(answer).await;
    let door = open(&app.url(), Plan::default()).await;
    let got = door.raw(b"GET / HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\nConnection: te, close\r\n\r\n").await;
    assert!(got.contains("x-sum: 42\r\n"), "{got}");
    assert!(app.heads()[0].contains("te: trailers\r\n"), "{:?}", app.heads());
    // The connection is well after trailers.
    let got = door.get("/").await;
    assert!(got.ends_with("0\r\n\r\n") && !got.contains("x-sum: 42"), "{got}");
    assert_eq!(app.connections(), 1);
}
