//! The line to a mail server, up to the moment when it is as safe as it must be.
//!
//! The part before STARTTLS is read here and not by the library, so that bytes which somebody slipped in before the
//! handshake are never taken for the server's answers (CVE-2011-0411, CVE-2021-33515).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest answer that is read before the handshake, in bytes.
const LONGEST: usize = 16 * 1024;

/// A connection whose first answer may have been read before: it is given out again.
pub(super) struct Line {
    head: io::Cursor<Vec<u8>>,
    stream: Stream,
    peer: SocketAddr,
}

enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Line").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Line {
    /// A connection without encryption.
    pub(super) fn plain(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        Ok(Self { head: io::Cursor::default(), stream: Stream::Plain(stream), peer })
    }

    /// Encrypts from the first byte.
    pub(super) async fn secure(stream: TcpStream, config: Arc<rustls::ClientConfig>, host: &str) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        Ok(Self { head: io::Cursor::default(), stream: Stream::Secure(Box::new(stream)), peer })
    }

    /// Asks for STARTTLS (RFC 3207) and encrypts. Without the offer, or with anything behind the answer, it ends.
    pub(super) async fn upgrade(
        stream: TcpStream,
        config: Arc<rustls::ClientConfig>,
        (host, own): (&str, &str),
    ) -> io::Result<Self> {
        let mut stream = BufReader::new(stream);
        expect(&mut stream, "220").await?;
        stream.get_mut().write_all(format!("EHLO {own}\r\n").as_bytes()).await?;
        let offers = expect(&mut stream, "250").await?;
        if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
            return Err(io::Error::other(
                "the server does not offer STARTTLS, or somebody on the way has taken it out",
            ));
        }
        stream.get_mut().write_all(b"STARTTLS\r\n").await?;
        expect(&mut stream, "220").await?;
        if !stream.buffer().is_empty() {
            return Err(io::Error::other("somebody on the way has put words in front of the handshake"));
        }
        let line = Self::secure(stream.into_inner(), config, host).await?;
        // The library waits for the greeting, which came before.
        Ok(Self { head: io::Cursor::new(b"220 ready\r\n".to_vec()), ..line })
    }
}

/// Reads one answer with this code (RFC 5321, section 4.2) and gives back its lines without the code.
async fn expect(stream: &mut BufReader<TcpStream>, code: &str) -> io::Result<Vec<String>> {
    let (mut lines, mut length) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        loop {
            let part = stream.fill_buf().await?;
            if part.is_empty() {
                return Err(io::Error::other("the server hung up"));
            }
            let end = part.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(part.len());
            line.extend_from_slice(&part[..taken]);
            stream.consume(taken);
            length += taken;
            if length > LONGEST {
                return Err(io::Error::other("the server's answer has no end"));
            }
            if end.is_some() {
                break;
            }
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let rest = line.strip_prefix(code).ok_or_else(|| io::Error::other(format!("the server said: {line}")))?;
        lines.push(rest.get(1..).unwrap_or_default().trim().to_owned());
        if !rest.starts_with('-') {
            return Ok(lines);
        }
    }
}

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.head.position() < u64::try_from(self.head.get_ref().len()).unwrap_or(0) {
            return Pin::new(&mut self.head).poll_read(cx, into);
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Stream::Secure(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
