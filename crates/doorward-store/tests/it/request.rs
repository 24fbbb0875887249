//! The memory of requests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use doorward_core::UnixTime;
use doorward_core::identifier::RequestId;
use doorward_store::{Entry, RequestLog};

use crate::it::sample::{Counting, NOW};

fn entry(at: UnixTime) -> Entry {
    Entry {
        request: RequestId::random(&Counting),
        at,
        method: "POST".to_owned(),
        path: "/api/v1/auth/login".to_owned(),
        status: 403,
        reason: "csrf.token_missing".to_owned(),
        user: String::new(),
        session: String::new(),
        address: "192.0.2.7".to_owned(),
        duration_us: 812,
        stages: r#"[{"stage":"csrf","us":4}]"#.to_owned(),
    }
}

async fn written(path: &std::path::Path, entries: Vec<Entry>) -> RequestLog {
    let (log, writer) = RequestLog::new(path);
    for entry in entries {
        log.note(|| entry);
    }
    writer.run(std::future::ready(())).await;
    log
}

#[tokio::test]
async fn finds_what_was_noted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("requests.db");
    let (first, second) = (entry(NOW), entry(NOW));
    let log = written(&path, vec![first.clone(), second.clone()]).await;
    assert_eq!(log.find(first.request).await.unwrap(), Some(first));
    assert_eq!(RequestLog::find_in(&path, second.request).await.unwrap(), Some(second));
    assert_eq!(log.find(RequestId::random(&Counting)).await.unwrap(), None);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(log.lost(), 0);
}

#[tokio::test]
async fn writes_while_the_service_runs() {
    let directory = tempfile::tempdir().unwrap();
    let (log, writer) = RequestLog::new(&directory.path().join("requests.db"));
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let service = async {
        let noted = entry(NOW);
        log.note(|| noted.clone());
        while log.find(noted.request).await.ok().flatten().is_none() {
            tokio::task::yield_now().await;
        }
        log.note(|| noted);
        end.send(()).unwrap();
    };
    tokio::join!(service, writer.run(async { ended.await.unwrap() }));
}

#[tokio::test]
async fn forgets_after_a_week() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("requests.db");
    let (old, kept) = (entry(NOW), entry(NOW + 86_400));
    written(&path, vec![old.clone(), kept.clone()]).await;
    let log = written(&path, vec![entry(NOW + 7 * 86_400 + 1)]).await;
    assert_eq!(log.find(old.request).await.unwrap(), None);
    assert_eq!(log.find(kept.request).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn never_waits_and_counts_what_it_loses() {
    let directory = tempfile::tempdir().unwrap();
    let (log, writer) = RequestLog::new(&directory.path().join("requests.db"));
    for _ in 0..5_000 {
        log.note(|| entry(NOW));
    }
    assert_eq!(log.lost(), 5_000 - 4_096);
    drop(writer);
    log.note(|| entry(NOW));
    assert_eq!(log.lost(), 5_000 - 4_096 + 1);
    RequestLog::off().note(|| entry(NOW));
}

#[tokio::test]
async fn a_place_that_cannot_be_written_harms_nobody() {
    let log = written("/proc/doorward/requests.db".as_ref(), vec![entry(NOW)]).await;
    assert_eq!(log.lost(), 1);
    assert_eq!(log.find(entry(NOW).request).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_file_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("requests.db");
    fs::write(&path, vec![9; 20_000]).unwrap();
    assert!(RequestLog::find_in(&path, entry(NOW).request).await.is_err());
    let noted = entry(NOW);
    let log = written(&path, vec![noted.clone()]).await;
    assert_eq!(log.find(noted.request).await.unwrap(), Some(noted));
}

#[tokio::test]
async fn stays_within_its_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("requests.db");
    let large = |_| Entry { stages: format!("\"{}\"", "x".repeat(4_000)), path: "/p".repeat(400), ..entry(NOW) };
    let mut last = entry(NOW);
    for _ in 0..10 {
        let mut entries: Vec<Entry> = (0..2_500).map(large).collect();
        last = large(0);
        entries.push(last.clone());
        assert_eq!(written(&path, entries).await.lost(), 0);
        assert!(fs::metadata(&path).unwrap().len() <= 64 * 1024 * 1024);
    }
    let found = RequestLog::find_in(&path, last.request).await.unwrap().unwrap();
    assert_eq!(found.path.len(), 512);
}
