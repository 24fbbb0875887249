//! A stream of events that lasts no longer than the session in which it was opened.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use doorward_edge::fault::Fault;
use doorward_edge::forward::UpstreamBody;
use http_body::{Body, Frame};

/// The body of an answer that would go on when nobody may read it any more. It ends as if the app had ended it, so
/// that a browser opens it again, and then meets the door.
pub(super) struct Lasting {
    body: Option<UpstreamBody>,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl fmt::Debug for Lasting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lasting").field("is_over", &self.body.is_none()).finish_non_exhaustive()
    }
}

impl Lasting {
    /// `body`, until `over` is ready.
    pub(super) fn new(body: UpstreamBody, over: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { body: Some(body), over: Box::pin(over) }
    }
}

impl Body for Lasting {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.over.as_mut().poll(cx).is_ready() {
            // Dropped half-way, it closes its connection to the app.
            self.body = None;
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }
}
