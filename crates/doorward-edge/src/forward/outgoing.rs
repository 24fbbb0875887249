//! The body of a request on its way to an app: framed once, bounded, and never silently cut.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRAILER, TRANSFER_ENCODING};
use http_body::{Body, Frame, SizeHint};

use crate::deadline::Deadline;
use crate::fault::{Fault, Kind, Source};
use crate::header::{self, Managed};

/// What a connection sends after a head. Most requests have nothing, and cost no allocation.
pub(crate) enum Outgoing {
    Empty,
    Streamed(Pin<Box<dyn Body<Data = Bytes, Error = Fault> + Send>>),
}

/// How far the body of a request has come; read by whoever awaits the answer.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

/// The bit of [`Progress`] that says that the body has ended.
const ENDED: u64 = 1 << 63;

/// The bit of [`Progress`] that says that the client owes the next piece.
const AWAITED: u64 = 1 << 62;

impl Progress {
    /// A number that changes with each piece, and with whom one waits for.
    pub(crate) fn steps(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether the app waits for the client, rather than the client for the app.
    pub(crate) fn is_client_awaited(&self) -> bool {
        self.steps() & AWAITED != 0
    }

    /// Whether all of it was handed over.
    pub(crate) fn has_ended(&self) -> bool {
        self.steps() & ENDED != 0
    }
}

/// What a body may be.
#[derive(Debug)]
pub(crate) struct Bounds<'a> {
    /// Bytes at most.
    pub(crate) bytes: Option<u64>,
    /// Time between two pieces.
    pub(crate) idle: Duration,
    /// Fields that trailers must not bring in behind the head.
    pub(crate) managed: &'a Managed,
}

/// Frames a body: afterwards the headers hold one `Content-Length` that is true, or one
/// `Transfer-Encoding: chunked`, or neither where there is no body (RFC 9112, section 6).
///
/// # Errors
/// A body that says that it is longer than allowed.
pub(crate) fn frame<B>(
    body: B,
    headers: &mut HeaderMap,
    bounds: &Bounds<'_>,
) -> Result<(Outgoing, Option<Arc<Progress>>), Fault>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Source>,
{
    if body.is_end_stream() {
        clear(headers);
        return Ok((Outgoing::Empty, None));
    }
    let declared = settle_length(headers, body.size_hint().exact());
    if let (Some(declared), Some(limit)) = (declared, bounds.bytes)
        && declared > limit
    {
        return Err(Fault::before_sending(Kind::BodyTooLarge));
    }
    let progress = Arc::new(Progress::default());
    let guarded = Guarded {
        inner: body,
        declared,
        left: bounds.bytes,
        idle: bounds.idle,
        is_waiting: false,
        deadline: Deadline::new(),
        managed: bounds.managed.clone(),
        progress: Arc::clone(&progress),
    };
    Ok((Outgoing::Streamed(Box::pin(guarded)), Some(progress)))
}

/// Leaves no sign of a body. A length of zero stays: some methods are expected to have it.
pub(crate) fn clear(headers: &mut HeaderMap) {
    headers.remove(TRANSFER_ENCODING);
    headers.remove(TRAILER);
    if headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0") {
        headers.remove(CONTENT_LENGTH);
    }
}

fn settle_length(headers: &mut HeaderMap, exact: Option<u64>) -> Option<u64> {
    let written = header::content_length(headers);
    let Some(length) = exact.or(written) else {
        headers.remove(CONTENT_LENGTH);
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        return None;
    };
    headers.remove(TRANSFER_ENCODING);
    headers.remove(TRAILER);
    if written != Some(length) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Some(length)
}

/// A body that ends with an error where it is too long, too slow, or not as long as it said.
struct Guarded<B> {
    inner: B,
    /// What is left of the length that the head says.
    declared: Option<u64>,
    /// What is left of the length that is allowed.
    left: Option<u64>,
    idle: Duration,
    is_waiting: bool,
    deadline: Deadline,
    managed: Managed,
    progress: Arc<Progress>,
}

impl<B> Guarded<B> {
    fn count(&mut self, bytes: u64) -> Result<(), Fault> {
        self.progress.0.fetch_add(1, Ordering::Relaxed);
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes).ok_or_else(|| Fault::new(Kind::BodyTooLarge))?;
        }
        if let Some(left) = &mut self.declared {
            *left = left.checked_sub(bytes).ok_or_else(|| Fault::new(Kind::BodyMalformed))?;
        }
        Ok(())
    }

    fn wait(&mut self, is_waiting: bool) {
        if std::mem::replace(&mut self.is_waiting, is_waiting) != is_waiting {
            self.progress.0.fetch_xor(AWAITED, Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.progress.0.fetch_or(ENDED, Ordering::Relaxed);
    }

    fn take(&mut self, mut frame: Frame<Bytes>) -> Result<Frame<Bytes>, Fault> {
        if let Some(data) = frame.data_ref() {
            self.count(data.len() as u64)?;
        } else if let Some(trailers) = frame.trailers_mut() {
            // What was removed from the head must not come back behind the body.
            header::strip_hop_by_hop(trailers);
            self.managed.strip(trailers);
            self.end();
        }
        Ok(frame)
    }
}

impl<B> Body for Guarded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Source>,
{
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.wait(false);
                let frame = this.take(frame);
                if this.inner.is_end_stream() {
                    this.end();
                }
                Poll::Ready(Some(frame))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Fault::of_client_body(error.into())))),
            Poll::Ready(None) => {
                this.wait(false);
                this.end();
                // A body that is shorter than its head says must not look complete to the app.
                let is_short = this.declared.is_some_and(|left| left > 0);
                Poll::Ready(is_short.then(|| Err(Fault::new(Kind::ClientGone))))
            }
            Poll::Pending => {
                if !this.is_waiting {
                    this.wait(true);
                    this.deadline.set(this.idle);
                }
                this.deadline.poll(cx).map(|()| Some(Err(Fault::new(Kind::ClientTimeout))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.declared.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Streamed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Streamed(_) => "Streamed",
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    fn bounds(managed: &Managed, bytes: Option<u64>) -> Bounds<'_> {
        Bounds { bytes, idle: Duration::from_secs(30), managed }
    }

    fn pieces(sizes: &[usize]) -> impl Body<Data = Bytes, Error = Fault> + Send + Unpin + 'static {
        let frames: Vec<_> = sizes.iter().map(|size| Ok(Frame::data(Bytes::from(vec![b'a'; *size])))).collect();
        StreamBody::new(futures_util::stream::iter(frames))
    }

    #[test]
    fn no_body_leaves_no_length_that_an_app_would_wait_for() {
        let managed = Managed::new([]);
        for (length, left) in [("5", None), ("0", Some("0"))] {
            let mut headers = HeaderMap::from_iter([
                (CONTENT_LENGTH, HeaderValue::from_static(length)),
                (TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
            ]);
            let framed = frame(Full::<Bytes>::default(), &mut headers, &bounds(&managed, None));
            assert!(matches!(framed, Ok((Outgoing::Empty, None))));
            assert_eq!(headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes), left.map(str::as_bytes));
            assert!(!headers.contains_key(TRANSFER_ENCODING));
        }
    }

    #[test]
    fn a_known_length_wins_over_the_written_one_and_an_unknown_one_is_chunked() {
        let managed = Managed::new([]);
        let mut headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("9"))]);
        frame(Full::from("abc"), &mut headers, &bounds(&managed, None)).unwrap();
        assert_eq!(headers[CONTENT_LENGTH], "3");
        let mut headers = HeaderMap::new();
        frame(pieces(&[1]), &mut headers, &bounds(&managed, None)).unwrap();
        assert_eq!(headers[TRANSFER_ENCODING], "chunked");
    }

    #[tokio::test]
    async fn a_body_over_its_bounds_ends_with_an_error() {
        let managed = Managed::new([]);
        for (length, limit, sizes, kind) in [
            (None, Some(5), &[3, 3][..], Kind::BodyTooLarge),
            (Some("4"), None, &[3, 3], Kind::BodyMalformed),
            (Some("9"), None, &[3, 3], Kind::ClientGone),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
            }
            let (body, progress) = frame(pieces(sizes), &mut headers, &bounds(&managed, limit)).unwrap();
            let error = body.collect().await.map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(progress.is_some());
        }
        let mut headers = HeaderMap::new();
        let refused = frame(Full::from("abcdef"), &mut headers, &bounds(&managed, Some(5))).map(|_| ()).unwrap_err();
        assert_eq!((refused.kind(), refused.is_retry_safe()), (Kind::BodyTooLarge, true));
    }
}
