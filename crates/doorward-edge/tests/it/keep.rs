//! Connections to an app are kept, and only while they are well.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::app::{constant, ok, scripted};
use super::door::{Plan, open};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let app = constant("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
    let door = open(&app.url(), Plan::default()).await;
    for _ in 0..20 {
        let answer = door.get("/a").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    }
    assert_eq!((app.connections(), app.heads().len(), door.upstream.idle_connections()), (1, 20, 1));
}

#[tokio::test]
async fn a_connection_that_the_app_closed_is_not_used() {
    let app = scripted(|mut call| async move {
        call.head().await;
        call.write(ok("once")).await;
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    for _ in 0..5 {
        assert!(door.get("/a").await.ends_with("once"));
        // Until the end of the connection has arrived here.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((app.connections(), app.heads().len()), (5, 5));
    assert!(door.seen.lock().faults.is_empty());
}

#[tokio::test]
async fn an_app_on_a_unix_socket_is_served_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        let mut connections = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            connections += 1;
            let mut head = Vec::new();
            while let Ok(byte) = stream.read_u8().await {
                head.push(byte);
                if head.ends_with(b"\r\n\r\n") {
                    stream.write_all(ok(&connections.to_string()).as_bytes()).await.unwrap();
                }
            }
        }
    });
    let door = open(&format!("unix:{}", path.display()), Plan::default()).await;
    for _ in 0..5 {
        assert!(door.get("/").await.ends_with("\r\n\r\n1"));
    }
    drop(task);
    let down = door.get("/").await;
    assert!(down.ends_with("upstream.connect_refused"), "{down}");
}

#[tokio::test]
async fn idle_connections_are_bounded_and_do_not_grow_old() {
    // No answer before all four have asked.
    let together = Arc::new(tokio::sync::Barrier::new(4));
    let app = scripted(move |mut call| {
        let together = Arc::clone(&together);
        async move {
            while call.head().await.is_some() {
                together.wait().await;
                call.write(ok("slow")).await;
            }
        }
    })
    .await;
    let mut plan = Plan::default();
    plan.settings.idle_connections = 2;
    plan.settings.idle_time = Duration::from_millis(300);
    let door = open(&app.url(), plan).await;
    let (a, b, c, d) = tokio::join!(door.get("/"), door.get("/"), door.get("/"), door.get("/"));
    assert!([a, b, c, d].iter().all(|answer| answer.ends_with("slow")));
    assert_eq!((app.connections(), door.upstream.idle_connections()), (4, 2));
    tokio::time::sleep(Duration::from_millis(350)).await;
    door.upstream.reap();
    assert_eq!(door.upstream.idle_connections(), 0);
}

#[tokio::test]
async fn an_app_that_names_its_time_is_heeded() {
    let app = constant("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n").await;
    let door = open(&app.url(), Plan::default()).await;
    for _ in 0..3 {
        door.get("/").await;
    }
    // One second less the second that an answer may be on its way: not kept at all.
    assert_eq!(app.connections(), 3);
}

#[tokio::test]
async fn a_request_that_a_dying_connection_never_began_goes_out_on_a_new_one() {
    // The app closes just as the next request comes, again and again; whatever the moment, a request is
    // answered or its fault is named, and none is sent twice.
    let app = scripted(|mut call| async move {
        call.head().await;
        call.write(ok("once")).await;
        tokio::task::yield_now().await;
    })
    .await;
    let door = open(&app.url(), Plan::default()).await;
    let mut failed = 0;
    for _ in 0..300 {
        let got = door.get("/").await;
        if !got.ends_with("once") {
            assert!(got.ends_with("upstream.closed_early"), "{got}");
            failed += 1;
        }
    }
    assert!(app.heads().len() <= 300, "{}", app.heads().len());
    assert!(failed <= 30, "{failed} of 300");
}
