//! Odd paths: the path that is decided on and the path that the app sees are one.

use std::collections::HashSet;

use doorward_edge::path::EncodedSlash;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::door::{Door, Plan, open};
use super::framing::{lenient, targets};

const PATHS: usize = 10_000;

/// What odd paths are made of.
const PIECES: [&str; 44] = [
    "/", "//", "a", "admin", "public", ".", "..", "...", "%2e", "%2E", "%2e%2e", "/../", "/./", "%2f", "%2F", "%5c",
    "\\", ";", "..;", ";a=b", "%3b", "%00", "%0a", "%0d%0a", "%", "%4", "%zz", "%61", "%7e", "%c3%a4", "%c0%af", "%ff",
    "%25", "%252e", "%252f", "%20", "?", "?a=/../", "#", "#/../", "~", "@", ":", "%u002f",
];

fn paths(count: usize) -> Vec<String> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut paths = HashSet::new();
    let mut list = Vec::new();
    while list.len() < count {
        let mut path = String::from("/");
        for _ in 0..=next() % 6 {
            path.push_str(PIECES[next() % PIECES.len()]);
        }
        if paths.insert(path.clone()) {
            list.push(path);
        }
    }
    list
}

/// Asks for a path on a connection that is kept while the door keeps it.
async fn ask(door: &Door, kept: &mut Option<TcpStream>, path: &str) -> (u16, String) {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => TcpStream::connect(door.address).await.unwrap(),
    };
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n").as_bytes()).await.unwrap();
    let mut got = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&got).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
            if body.len() >= length {
                if !head.contains("connection: close") {
                    *kept = Some(stream);
                }
                return (text[9..12].parse().unwrap(), body.to_owned());
            }
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "{path}: {text}");
        got.extend_from_slice(&piece[..count]);
    }
}

// CVE-2026-33494, CVE-2026-3872, CVE-2020-24660, CVE-2021-39206, CVE-2022-3782, CVE-2025-54576.
#[tokio::test]
async fn ten_thousand_odd_paths_are_decided_on_as_the_app_sees_them() {
    for slashes in [EncodedSlash::Refuse, EncodedSlash::Keep] {
        let app = lenient().await;
        let door = open(&app.url(), Plan { slashes, ..Plan::default() }).await;
        let mut kept = None;
        let (mut passed, mut refused) = (0, 0);
        for path in paths(PATHS / 2) {
            let (status, body) = ask(&door, &mut kept, &path).await;
            if status == 200 {
                passed += 1;
                let seen = door.seen.lock();
                assert_eq!(Some(&body), seen.decided.last(), "{path}");
                check(&path, &body, slashes);
            } else {
                refused += 1;
                assert_eq!(status, 400, "{path}: {body}");
            }
        }
        assert_eq!(targets(&app), door.seen.lock().decided);
        assert!(passed > 500 && refused > 500, "{passed} {refused}");
    }
}

fn check(raw: &str, target: &str, slashes: EncodedSlash) {
    let path = target.split('?').next().unwrap();
    let lower = path.to_lowercase();
    for never in ["..;", "%5c", "\\", ";", "%00", "%0a", "%2e", "%61", "//", "#", "%c0", "%252e"] {
        assert!(!lower.contains(never), "{raw} -> {target}");
    }
    assert!(slashes == EncodedSlash::Keep || !lower.contains("%2f") && !lower.contains("%252f"), "{raw} -> {target}");
    let decoded = lower.replace("%25", "%").replace("%2f", "/");
    assert!(!decoded.split('/').any(|segment| segment == "." || segment == ".."), "{raw} -> {target}");
}
