//! What a client writes of itself never reaches the app, in no spelling and by no trick.

use std::collections::BTreeSet;

use super::app::{App, ok, scripted};
use super::door::{Door, Plan, open};

/// What only we say.
const OURS: [&str; 12] = [
    "Remote-User",
    "Remote-Groups",
    "Remote-Name",
    "Remote-Email",
    "X-Doorward-Jwt",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Original-Url",
    "X-Auth-Request-User",
    "X-Real-Ip",
    "X-Request-Id",
];

/// An app that answers with the head it saw.
async fn mirror() -> App {
    scripted(|mut call| async move {
        while let Some(head) = call.head().await {
            call.write(ok(&head)).await;
        }
    })
    .await
}

async fn seen(door: &Door, fields: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: app.test\r\n{fields}Connection: close\r\n\r\n");
    let answer = door.raw(request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{fields}: {answer}");
    body.to_owned()
}

/// At least this many spellings of a name that some server folds to it: other signs between the
/// words, other cases, in every mixture that a small generator comes upon.
fn spellings(name: &str, count: usize) -> BTreeSet<String> {
    const SIGNS: &[u8] = b"-_.~!#$%&'*+^`|";
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut spellings = BTreeSet::from([name.to_owned()]);
    while spellings.len() < count {
        let spelling = name.bytes().map(|byte| match byte {
            b'-' => SIGNS[next() % SIGNS.len()],
            letter if next() % 2 == 0 => letter.to_ascii_uppercase(),
            letter => letter.to_ascii_lowercase(),
        });
        spellings.insert(String::from_utf8(spelling.collect()).unwrap());
    }
    spellings
}

// CVE-2026-88011 (dot alias), CVE-2026-39858 (alias of X-Forwarded-*), CVE-2017-6413 (claim headers),
// CVE-2023-36456 (forwarding headers of any peer).
#[tokio::test]
async fn five_hundred_spellings_of_each_field_of_ours_never_reach_the_app() {
    let app = mirror().await;
    let door = open(&app.url(), Plan::default()).await;
    for name in OURS {
        let spellings: Vec<String> = spellings(name, 500).into_iter().collect();
        for some in spellings.chunks(80) {
            let fields = format!("{}: eve\r\n", some.join(": eve\r\n"));
            let head = seen(&door, &fields).await;
            assert!(!head.contains("eve"), "{head}");
            assert!(
                head.contains("remote-user: alice\r\n") && head.contains("x-forwarded-for: 127.0.0.1\r\n"),
                "{head}"
            );
        }
    }
}

#[tokio::test]
async fn a_field_of_ours_given_twice_or_in_parts_is_gone_as_well() {
    let app = mirror().await;
    let door = open(&app.url(), Plan::default()).await;
    for fields in [
        "Remote-User: eve\r\nRemote-User: eve\r\nremote-user: eve\r\n",
        "Remote-User: alice\r\nRemote-User: eve\r\n",
        "Remote-User-Id: eve\r\nRemote-Admin: eve\r\n",
        "X-Forwarded-For: eve\r\nX-Forwarded-For: eve, eve\r\nForwarded: for=eve;host=eve\r\n",
        "X-Forwarded-Prefix: /eve\r\nX-Forwarded-User: eve\r\nX-Forwarded-Access-Token: eve\r\nX-Forwarded-Uri: /eve\r\n",
        "X-Rewrite-Url: /eve\r\nX-Original-Uri: /eve\r\nX-Original-Method: EVE\r\nX-Host: eve\r\n",
        "Client-Ip: eve\r\nTrue-Client-Ip: eve\r\nCf-Connecting-Ip: eve\r\nX-Cluster-Client-Ip: eve\r\n",
        "X-Client-Cert: eve\r\nX-Ssl-Client-S-Dn: eve\r\nSsl-Client-Verify: eve\r\nClient-Cert: eve\r\n",
        "Oidc-Claim-Sub: eve\r\nOidc_Claim_Sub: eve\r\nX-Ms-Client-Principal-Name: eve\r\n",
        "Proxy: eve\r\nProxy-Authorization: eve\r\n",
        "Any_Field: eve\r\nHost_: eve\r\n_: eve\r\n",
    ] {
        let head = seen(&door, fields).await;
        assert!(!head.to_lowercase().contains("eve"), "{fields}: {head}");
    }
}

// GHSA-w9mr-28mw-j8hg: hop-by-hop abuse.
#[tokio::test]
async fn connection_removes_nothing_of_ours() {
    let app = mirror().await;
    let door = open(&app.url(), Plan::default()).await;
    for fields in [
        "Connection: remote-user, x-forwarded-host\r\n",
        "Connection: Remote-User\r\nConnection: X-Forwarded-For, x-forwarded-proto\r\nConnection: host, via\r\n",
        "Connection: remote_user, x.forwarded.host, close\r\nRemote-User: eve\r\n",
        "Connection: ,,,remote-user,\t,\r\n",
        "Connection: connection, te, upgrade, transfer-encoding\r\n",
        "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n",
    ] {
        let head = seen(&door, fields).await;
        for ours in [
            "remote-user: alice\r\n",
            "host: app.test\r\n",
            "x-forwarded-for: 127.0.0.1\r\n",
            "x-forwarded-host: app.test\r\n",
            "x-forwarded-proto: http\r\n",
            "via: 1.1 doorward\r\n",
        ] {
            assert!(head.contains(ours), "{fields}: {head}");
        }
        for gone in ["connection:", "keep-alive", "eve"] {
            assert!(!head.contains(gone), "{fields}: {head}");
        }
    }
    // What it names of the client's own goes, and only that.
    let head = seen(&door, "X-Mine: 1\r\nX-Kept: 1\r\nConnection: x-mine\r\nAuthorization: Basic eA==\r\n").await;
    assert!(!head.contains("x-mine") && head.contains("x-kept: 1\r\n") && head.contains("authorization: "), "{head}");
}
