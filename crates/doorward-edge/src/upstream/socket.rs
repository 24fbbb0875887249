//! The socket to an app, TCP or Unix, and how it is opened.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::url::Place;
use crate::fault::{Fault, Kind};

/// An open socket to an app.
///
/// A write that fails is held back instead of reported: an app that answers early and closes (413 to
/// a large upload, say) would otherwise lose its answer, which still waits in the receive buffer. The
/// reading side tells the end of the connection, and a connection with unsent bytes is never reused.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    is_write_broken: bool,
    is_strict: bool,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Opens a socket within `limit`. A name is looked up now, and each of its addresses is tried.
pub(super) async fn connect(place: &Place, limit: Duration) -> Result<Socket, Fault> {
    let stream = match place {
        Place::Tcp { host, port } => Stream::Tcp(dial(host, *port, limit).await?),
        Place::Unix(path) => match timeout(limit, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => Stream::Unix(stream),
            Ok(Err(error)) => return Err(fault_of_path(error)),
            Err(elapsed) => return Err(Fault::before_sending(Kind::ConnectTimeout).with(elapsed)),
        },
    };
    Ok(Socket { stream, is_write_broken: false, is_strict: false })
}

async fn dial(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Fault> {
    let end = Instant::now() + limit;
    let addresses = match timeout_at(end, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(Fault::before_sending(Kind::Unreachable).with(error)),
        Err(elapsed) => return Err(Fault::before_sending(Kind::Unreachable).with(elapsed)),
    };
    let mut addresses: Vec<_> = addresses.collect();
    addresses.dedup();
    let mut last = Fault::before_sending(Kind::Unreachable).with("the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        // An address that does not answer leaves its fair share of the time to those after it.
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = end.saturating_duration_since(Instant::now()) / left;
        last = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without it, the last piece of a body would wait for an acknowledgement.
                stream.set_nodelay(true).map_err(fault)?;
                return Ok(stream);
            }
            Ok(Err(error)) => fault(error),
            Err(elapsed) => Fault::before_sending(Kind::ConnectTimeout).with(elapsed),
        };
    }
    Err(last)
}

fn fault(error: io::Error) -> Fault {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Kind::ConnectRefused,
        io::ErrorKind::TimedOut => Kind::ConnectTimeout,
        _ => Kind::Unreachable,
    };
    Fault::before_sending(kind).with(error)
}

/// A Unix socket whose queue is full says so at once, and one that is left over from a dead app refuses.
fn fault_of_path(error: io::Error) -> Fault {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Kind::SocketMissing,
        io::ErrorKind::WouldBlock => Kind::ConnectRefused,
        _ => return fault(error),
    };
    Fault::before_sending(kind).with(error)
}

impl Socket {
    /// Reports failed writes from now on: there is no answer of HTTP to wait for.
    pub(crate) fn into_strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Keeps a failed write from being reported; see the type.
    fn hold_back(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Err(_)) if !self.is_strict => {
                self.is_write_broken = true;
                Poll::Pending
            }
            other => other,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_write_broken {
            return Poll::Pending;
        }
        let written = match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.hold_back(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Neither kind of socket has a buffer of its own.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
