//! The answer of an app on its way to the client: checked, and streamed as it comes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Limits;
use super::outgoing::Progress;
use crate::fault::{Fault, Kind};
use crate::header;
use crate::pool::{Line, unwoken};
use crate::upstream::Upstream;

type OnEnd = Box<dyn FnOnce(Result<u64, &Fault>) + Send>;

/// The body of an app's answer. Polling it drives the connection that it comes from.
///
/// It ends cleanly only where the app ended it cleanly; then the connection is kept for the next
/// request. An answer that is cut, too slow, or dropped half-way closes its connection.
pub struct UpstreamBody {
    /// Nothing where there is no body, and after the end.
    incoming: Option<Incoming>,
    line: Option<Box<Line>>,
    home: Option<Upstream>,
    upload: Option<Arc<Progress>>,
    upload_steps: u64,
    failure: Option<hyper::Error>,
    idle: Duration,
    is_waiting: bool,
    bytes: u64,
    on_end: Option<OnEnd>,
}

/// Makes an answer fit to be passed on.
///
/// # Errors
/// An answer that two programs could read differently.
pub(crate) fn pass_on(
    mut answer: Response<Incoming>,
    method: &Method,
    line: Box<Line>,
    origin: Origin<'_>,
) -> Result<Response<UpstreamBody>, Fault> {
    let is_kept = check(&mut answer, method)? && origin.is_kept;
    let headers = answer.headers_mut();
    let mut line = line;
    line.idle_time = header::keep_alive_timeout(headers).or(line.idle_time);
    header::strip_hop_by_hop(headers);
    let idle = if is_event_stream(headers) { origin.limits.event_idle } else { origin.limits.idle };
    *answer.version_mut() = Version::HTTP_11;
    Ok(answer.map(|incoming| {
        let mut body = UpstreamBody {
            incoming: Some(incoming),
            line: Some(line),
            home: is_kept.then(|| origin.upstream.clone()),
            upload: origin.upload,
            upload_steps: 0,
            failure: None,
            idle,
            is_waiting: false,
            bytes: 0,
            on_end: None,
        };
        body.end_if_done();
        body
    }))
}

/// Where an answer comes from.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) limits: &'a Limits,
    pub(crate) upload: Option<Arc<Progress>>,
    /// Whether the connection may be kept after the answer.
    pub(crate) is_kept: bool,
}

/// Refuses an answer with two readings, and says whether its connection may be kept.
fn check(answer: &mut Response<Incoming>, method: &Method) -> Result<bool, Fault> {
    let status = answer.status();
    if status.is_informational() {
        return Err(Fault::new(Kind::AnswerMalformed).with("101 to a request that asked for no upgrade"));
    }
    let exact = answer.body().size_hint().exact();
    // An old app keeps connections, but cannot take a chunked request on one.
    let mut is_kept = answer.version() == Version::HTTP_11;
    let headers = answer.headers_mut();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        // Any other coding would have to be undone here, for the next hop is not told of it.
        if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::new(Kind::AnswerMalformed).with("a transfer coding other than chunked"));
        }
        // RFC 9112, section 6.3: the length is removed, and such an app is not trusted with a second answer.
        is_kept &= headers.remove(CONTENT_LENGTH).is_none();
    }
    if status == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_LENGTH);
    }
    if headers.contains_key(CONTENT_LENGTH) && header::content_length(headers).is_none() {
        headers.remove(CONTENT_LENGTH);
        is_kept = false;
        let has_body = *method != Method::HEAD && status != StatusCode::NOT_MODIFIED;
        if let Some(length) = exact.filter(|_| has_body) {
            headers.insert(CONTENT_LENGTH, length.into());
        }
    }
    Ok(is_kept)
}

/// Whether an answer is a stream of events (`text/event-stream`), which has no end by its nature.
#[must_use]
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    const EVENT_STREAM: &[u8] = b"text/event-stream";
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(..EVENT_STREAM.len()).is_some_and(|start| start.eq_ignore_ascii_case(EVENT_STREAM))
}

impl UpstreamBody {
    /// No body, and no connection.
    pub(crate) fn empty() -> Self {
        Self {
            incoming: None,
            line: None,
            home: None,
            upload: None,
            upload_steps: 0,
            failure: None,
            idle: Duration::ZERO,
            is_waiting: false,
            bytes: 0,
            on_end: None,
        }
    }

    /// Calls `hook` once, when the body has ended: with its bytes, or with what broke it off. A body
    /// that is dropped before its end counts as [`Kind::ClientGone`].
    #[must_use]
    pub fn on_end(mut self, hook: impl FnOnce(Result<u64, &Fault>) + Send + 'static) -> Self {
        if self.incoming.is_none() {
            hook(Ok(self.bytes));
        } else {
            self.on_end = Some(Box::new(hook));
        }
        self
    }

    fn end_if_done(&mut self) {
        if self.incoming.as_ref().is_some_and(Body::is_end_stream) {
            self.end();
        }
    }

    /// The clean end: the connection is kept where nothing speaks against it.
    fn end(&mut self) {
        self.incoming = None;
        let is_sent = self.upload.as_ref().is_none_or(|upload| upload.has_ended());
        if let (Some(line), Some(home), true) = (self.line.take(), self.home.take(), is_sent) {
            home.keep(line);
        }
        if let Some(hook) = self.on_end.take() {
            hook(Ok(self.bytes));
        }
    }

    fn fail(&mut self, fault: Fault) -> Fault {
        self.incoming = None;
        self.line = None;
        if let Some(hook) = self.on_end.take() {
            hook(Err(&fault));
        }
        fault
    }

    fn take(&mut self, piece: Option<Result<Frame<Bytes>, hyper::Error>>) -> Option<Result<Frame<Bytes>, Fault>> {
        self.is_waiting = false;
        match piece {
            Some(Ok(mut frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.bytes += data.len() as u64;
                    self.end_if_done();
                } else if let Some(trailers) = frame.trailers_mut() {
                    header::strip_hop_by_hop(trailers);
                    self.end();
                }
                Some(Ok(frame))
            }
            // The connection knows better than the channel why it broke.
            Some(Err(error)) => {
                let error = self.failure.take().unwrap_or(error);
                Some(Err(self.fail(cut(error))))
            }
            None => {
                self.end();
                None
            }
        }
    }

    /// Whether the request's body has moved since the last call: an upload whose answer has begun.
    fn has_upload_moved(&mut self) -> bool {
        let steps = self.upload.as_ref().map_or(0, |upload| upload.steps());
        std::mem::replace(&mut self.upload_steps, steps) != steps
    }
}

/// After the head, an answer is cut whatever the connection says; only a fault of the client's body
/// keeps its name.
fn cut(error: hyper::Error) -> Fault {
    match Fault::of_exchange(error, Kind::AnswerCut) {
        fault if fault.kind() == Kind::AnswerMalformed => fault.into_kind(Kind::AnswerCut),
        fault => fault,
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = self.get_mut();
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        // The channel is filled by the connection alone, which this very call drives.
        let mut unwoken = unwoken(cx);
        if let Poll::Ready(piece) = Pin::new(&mut *incoming).poll_frame(&mut unwoken) {
            return Poll::Ready(this.take(piece));
        }
        let ended = this.line.as_mut().map_or(Poll::Ready(None), |line| line.drive(cx));
        let has_ended = ended.is_ready();
        if let Poll::Ready(Some(error)) = ended {
            this.failure = Some(error);
        }
        if let Poll::Ready(piece) = Pin::new(incoming).poll_frame(&mut unwoken) {
            return Poll::Ready(this.take(piece));
        }
        if has_ended {
            let fault = this.failure.take().map_or_else(|| Fault::new(Kind::AnswerCut), cut);
            return Poll::Ready(Some(Err(this.fail(fault))));
        }
        let has_moved = this.has_upload_moved();
        let Some(line) = &mut this.line else { return Poll::Pending };
        if !this.is_waiting || has_moved {
            this.is_waiting = true;
            line.deadline.set(this.idle);
        }
        match line.deadline.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let fault = Fault::new(Kind::AnswerCut).with("no piece of the body came in time");
                Poll::Ready(Some(Err(this.fail(fault))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        if let Some(hook) = self.on_end.take() {
            hook(Err(&Fault::new(Kind::ClientGone)));
        }
    }
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamBody").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
