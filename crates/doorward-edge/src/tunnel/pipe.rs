//! One direction of a tunnel: a small buffer between a reader and a writer.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes held in each direction. Tunnels are many and mostly silent.
const BUFFER_BYTES: usize = 8 * 1024;

/// What one call has done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Nothing; a waker is set.
    Nothing,
    /// Something, and then nothing more; a waker is set.
    Some,
    /// The reader has ended, and the writer was told.
    Ended,
    /// A side is broken.
    Broken,
}

impl Moved {
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Ended | Self::Broken)
    }
}

/// A buffer, and how far it has come.
#[derive(Debug)]
pub(super) struct Pipe {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    is_read: bool,
    is_shut: bool,
    /// Bytes written so far.
    pub(super) bytes: u64,
}

impl Pipe {
    /// A pipe that begins with these bytes.
    pub(super) fn new(first: &[u8]) -> Self {
        let mut buffer = vec![0; BUFFER_BYTES.max(first.len())];
        buffer[..first.len()].copy_from_slice(first);
        Self { buffer, from: 0, to: first.len(), is_read: false, is_shut: false, bytes: 0 }
    }

    pub(super) fn poll<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Moved
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut moved = Moved::Nothing;
        while !self.is_shut {
            match self.step(cx, reader, writer) {
                Poll::Ready(Ok(())) => moved = Moved::Some,
                Poll::Ready(Err(())) => return Moved::Broken,
                Poll::Pending => return moved,
            }
        }
        Moved::Ended
    }

    /// Writes what is there, else flushes and reads more, else passes the end on.
    fn step<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Poll<Result<(), ()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if self.from < self.to {
            let written = std::task::ready!(Pin::new(writer).poll_write(cx, &self.buffer[self.from..self.to]));
            return Poll::Ready(match written {
                Ok(0) | Err(_) => Err(()),
                Ok(count) => {
                    self.from += count;
                    self.bytes += count as u64;
                    Ok(())
                }
            });
        }
        if self.is_read {
            self.is_shut = true;
            // The other direction may go on; a writer that cannot be shut down tells of it by itself.
            return Pin::new(writer).poll_shutdown(cx).map(|_| Ok(()));
        }
        let mut space = ReadBuf::new(&mut self.buffer);
        match Pin::new(reader).poll_read(cx, &mut space) {
            Poll::Ready(Ok(())) => {
                (self.from, self.to) = (0, space.filled().len());
                self.is_read = self.to == 0;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(())),
            Poll::Pending => {
                // Whatever the writer has in a buffer of its own leaves before the wait.
                let flushed = Pin::new(writer).poll_flush(cx);
                if matches!(flushed, Poll::Ready(Err(_))) { Poll::Ready(Err(())) } else { Poll::Pending }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn passes_bytes_and_the_end_on() {
        let (mut near, mut reader) = duplex(64);
        let (mut writer, mut far) = duplex(64);
        let mut pipe = Pipe::new(b"early ");
        near.write_all(b"late").await.unwrap();
        drop(near);
        let moved = std::future::poll_fn(|cx| match pipe.poll(cx, &mut reader, &mut writer) {
            Moved::Ended => Poll::Ready(Moved::Ended),
            other => panic!("{other:?}"),
        });
        assert_eq!(moved.await, Moved::Ended);
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        assert_eq!((text.as_str(), pipe.bytes), ("early late", 10));
    }
}
