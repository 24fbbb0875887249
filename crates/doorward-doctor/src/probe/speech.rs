//! The app, spoken to as the proxy is set up to speak to it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{Client, Place};
use super::tls::{Roots, is_pinned};
use super::walk::Walk;
use crate::facts::{Door, Facts, Fault, Step, Trust, Via, Visit};
use crate::host::dialect::Dialect;

/// Speaks to the app as the proxy is set up to, where that may be what keeps them apart.
pub(crate) async fn speak(walk: &mut Walk<'_>, app: Place, dialect: &Dialect, facts: &mut Facts) {
    let authorities = dialect.authorities.as_deref();
    if let Some((file, roots)) = authorities.and_then(|file| Some((file, Roots::only(file)?))) {
        let name = if dialect.name.is_empty() { "localhost" } else { &dialect.name };
        let place = Place { is_tls: true, host: name.to_owned(), ..app.clone() };
        let own = std::mem::replace(&mut walk.client.roots, roots);
        let mut door = walk.client.open(&place, "verified").await;
        walk.client.roots = own;
        take_pinned(file, &mut door);
        facts.doors.push(door);
    }
    if dialect.is_two
        && let Some(is_understood) = speaks_two(&mut walk.client, app.address).await
    {
        facts.visits.push(tried("HTTP/2", "PRI", app.address, is_understood));
    }
    if dialect.is_announced
        && let Some(is_understood) = takes_announcement(walk, &app).await
    {
        facts.visits.push(tried("PROXY", "PROXY", app.address, is_understood));
    }
}

/// What became of a way of speaking: the rules know it by its note.
fn tried(note: &str, method: &str, address: SocketAddr, is_understood: bool) -> Visit {
    Visit {
        step: Step::Variant,
        via: Via::App,
        note: note.into(),
        method: method.into(),
        url: format!("http://{address}"),
        fault: (!is_understood).then_some(Fault::Malformed),
        ..Visit::default()
    }
}

/// The PROXY protocol in its two versions, for a connection from this very host to itself.
const ANNOUNCED: [&[u8]; 2] = [
    b"PROXY TCP4 127.0.0.1 127.0.0.1 50000 80\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0C\x7F\0\0\x01\x7F\0\0\x01\xC3\x50\0\x50",
];

/// Whether whoever listens there answers a request that the PROXY protocol comes before, in one of its versions.
async fn takes_announcement(walk: &mut Walk<'_>, app: &Place) -> Option<bool> {
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nX-Forwarded-Proto: {}\r\nConnection: close\r\n\r\n",
        walk.target.path,
        walk.target.authority(),
        walk.target.scheme
    );
    let patience = walk.client.patience().min(Duration::from_secs(1));
    for before in ANNOUNCED {
        walk.client.connections += 1;
        let words = [before, head.as_bytes()].concat();
        if timeout(patience, is_answered(app.address, &words)).await.ok()?? {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether the answer to these words is one to a request, rather than a complaint about its form or the end.
async fn is_answered(address: SocketAddr, words: &[u8]) -> Option<bool> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(words).await.ok()?;
    let mut start = [0; 12];
    Some(stream.read_exact(&mut start).await.is_ok() && is_answer(&start))
}

fn is_answer(start: &[u8]) -> bool {
    start.starts_with(b"HTTP/1.") && ![&b"400"[..], b"405", b"501"].iter().any(|status| start.ends_with(status))
}

/// Whether whoever listens there answers the greeting of HTTP/2 without TLS (RFC 9113, 3.4) with its settings.
async fn speaks_two(client: &mut Client, address: SocketAddr) -> Option<bool> {
    client.connections += 1;
    let greeting = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&greeting).await?;
        let mut frame = [0; 9];
        // Whoever hangs up on it does not speak it.
        Ok::<_, std::io::Error>(stream.read_exact(&mut frame).await.is_ok_and(|_| frame[3] == 4))
    };
    timeout(client.patience().min(Duration::from_secs(1)), exchange).await.ok()?.ok()
}

/// What the proxy was given to trust is well for the proxy, whoever signed it.
fn take_pinned(file: &Path, door: &mut Door) {
    let Some(shown) = door.tls.as_mut().filter(|shown| shown.trust == Trust::Selfsigned) else { return };
    if shown.certificate.as_ref().is_some_and(|served| is_pinned(file, served)) {
        shown.trust = Trust::Good;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Handshake, Tcp};

    #[test]
    fn a_complaint_about_the_form_is_no_answer() {
        for (start, expected) in [
            ("HTTP/1.1 200", true),
            ("HTTP/1.1 302", true),
            ("HTTP/1.1 400", false),
            ("HTTP/1.0 501", false),
            ("<!DOCTYPE ht", false),
        ] {
            assert_eq!(is_answer(start.as_bytes()), expected, "{start}");
        }
    }

    #[test]
    fn what_the_proxy_was_given_to_trust_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.pem");
        let [own, other] =
            ["app.test", "other.test"].map(|name| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap());
        std::fs::write(&file, own.cert.pem()).unwrap();
        for (served, expected) in [(&own, Trust::Good), (&other, Trust::Selfsigned)] {
            let certificate = super::super::tls::certificate(served.cert.der());
            let shown = Handshake { trust: Trust::Selfsigned, certificate, ..Handshake::default() };
            let mut door = Door {
                via: Via::App,
                address: ([127, 0, 0, 1], 8_000).into(),
                tcp: Tcp::Open,
                ms: 0,
                tls: Some(shown),
                purpose: "verified".into(),
            };
            take_pinned(&file, &mut door);
            assert_eq!(door.tls.unwrap().trust, expected);
        }
        assert!(Roots::only(&file).is_some() && Roots::only("/dev/zero".as_ref()).is_none());
    }

    #[test]
    fn the_second_version_tells_as_many_bytes_as_follow() {
        let [_, second] = ANNOUNCED;
        assert_eq!(usize::from(u16::from_be_bytes([second[14], second[15]])), second.len() - 16);
    }

    #[tokio::test]
    async fn who_hangs_up_on_the_announcement_does_not_take_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            for answer in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", b""] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = [0; 6];
                stream.read_exact(&mut heard).await.unwrap();
                assert_eq!(&heard, b"PROXY ");
                stream.write_all(answer).await.unwrap();
            }
        };
        let asker = async {
            for expected in [true, false, false] {
                assert_eq!(is_answered(address, b"PROXY ").await, Some(expected));
            }
        };
        tokio::join!(server, asker);
    }
}
