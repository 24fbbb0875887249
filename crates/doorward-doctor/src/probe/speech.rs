//! The app, spoken to as the proxy is set up to speak to it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{Client, Place};
use super::walk::Walk;
use crate::facts::{Facts, Fault, Step, Via, Visit};
use crate::host::dialect::Dialect;

/// Speaks to the app as the proxy is set up to, where that may be what keeps them apart.
pub(crate) async fn speak(walk: &mut Walk<'_>, app: Place, dialect: &Dialect, facts: &mut Facts) {
    if let Some(roots) = dialect.authorities.as_deref().and_then(super::tls::Roots::only) {
        let name = if dialect.name.is_empty() { "localhost" } else { &dialect.name };
        let place = Place { is_tls: true, host: name.to_owned(), ..app.clone() };
        let own = std::mem::replace(&mut walk.client.roots, roots);
        let door = walk.client.open(&place, "verified").await;
        walk.client.roots = own;
        facts.doors.push(door);
    }
    if dialect.is_two
        && let Some(speaks) = speaks_two(&mut walk.client, app.address).await
    {
        facts.visits.push(Visit {
            step: Step::Variant,
            via: Via::App,
            note: "HTTP/2".into(),
            method: "PRI".into(),
            url: format!("http://{}", app.address),
            fault: (!speaks).then_some(Fault::Malformed),
            ..Visit::default()
        });
    }
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
