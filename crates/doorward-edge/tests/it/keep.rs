//! Connections to an app are kept, and only while they are well.

use std::time::Duration;

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
