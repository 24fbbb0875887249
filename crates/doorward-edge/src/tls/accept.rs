//! The handshake: whose certificate, how long, and what is said to whoever asks for a name that is not here.

use std::sync::Arc;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::name::{Names, canonical};
use super::table::{Certificates, Choice};

/// A fatal alert `unrecognized_name` in a record of its own (RFC 6066, section 3; RFC 8446, section 6).
const UNRECOGNISED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// What a finished handshake says about every request of its connection.
#[derive(Debug, Clone)]
pub struct Secured {
    name: Option<Arc<str>>,
    names: Arc<Names>,
}

impl Secured {
    /// Whether a request for this host may come over this connection: the certificate that was shown speaks for it
    /// as well as for the name of the handshake, or it is that name. Without a name, or with the address of this
    /// machine, nothing contradicts (RFC 9110, section 7.4).
    #[must_use]
    pub fn speaks_for(&self, host: &str) -> bool {
        let host = canonical(host);
        match self.name.as_deref() {
            Some(name) if name == host => true,
            Some(name) => self.names.covers(name) && self.names.covers(&host),
            None => {
                let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
                is_address || self.names.covers(&host)
            }
        }
    }

    /// The name that the client has asked for (SNI).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// How a handshake ended well.
#[derive(Debug)]
pub enum Accepted<S> {
    /// Requests follow.
    Http(Box<TlsStream<S>>, Secured),
    /// An authority has seen a proof; nothing follows.
    Proved,
}

/// Why there was no handshake. The client's side of it, except for the last.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// It took too long.
    #[error("the handshake took too long")]
    Slow,
    /// No certificate is for this name.
    #[error("no certificate is for the name {0:?}")]
    UnrecognisedName(String),
    /// It was no TLS, or not one that is spoken here, or the connection broke.
    #[error("the handshake failed: {0}")]
    Failed(#[from] std::io::Error),
}

/// Makes the handshake of one connection, in at most `limit` from beginning to end.
///
/// # Errors
/// There is no handshake; the connection is to be closed.
pub async fn accept<S>(stream: S, certificates: &Certificates, limit: Duration) -> Result<Accepted<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = Instant::now() + limit;
    let slow = |_| HandshakeError::Slow;
    let start = timeout_at(deadline, LazyConfigAcceptor::new(Acceptor::default(), stream)).await.map_err(slow)??;
    let hello = start.client_hello();
    let name = hello.server_name().map(canonical);
    match certificates.choose(&hello) {
        Some(Choice::Serve(entry)) => {
            let stream = timeout_at(deadline, start.into_stream(Arc::clone(&entry.config))).await.map_err(slow)??;
            let secured = Secured { name: name.map(Arc::from), names: Arc::clone(entry.names()) };
            Ok(Accepted::Http(Box::new(stream), secured))
        }
        Some(Choice::Prove(config)) => {
            let mut stream = timeout_at(deadline, start.into_stream(config)).await.map_err(slow)??;
            // Whether the authority waits for the end of TLS or just leaves is its own affair.
            let _ = timeout_at(deadline, stream.shutdown()).await;
            Ok(Accepted::Proved)
        }
        None => {
            let mut stream = start.io;
            let told = async {
                stream.write_all(&UNRECOGNISED_NAME).await?;
                stream.shutdown().await
            };
            timeout_at(deadline, told).await.map_err(slow)??;
            Err(HandshakeError::UnrecognisedName(name.unwrap_or_default()))
        }
    }
}
