//! The timer of a connection's requests: one for all of them, moved now and then instead of made anew for each.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;

use crate::deadline::Deadline;

/// A timer for one HTTP/1 connection, which waits for one thing at a time: the head of the next request.
///
/// hyper makes a timer for each head and drops it when the head has come. Each costs an allocation and two visits to
/// the runtime's wheel; here they share one (see [`Deadline`]). Two that wait at once would share a deadline, so this
/// is no timer for HTTP/2.
#[derive(Clone)]
pub struct RequestTimer(Arc<Mutex<Deadline>>);

struct Wait {
    until: Instant,
    shared: Arc<Mutex<Deadline>>,
}

impl RequestTimer {
    /// A timer of a new connection. Nothing waits yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Deadline::new())))
    }
}

impl Default for RequestTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for RequestTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, until: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { until, shared: Arc::clone(&self.0) })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut deadline = self.shared.lock();
        deadline.set_at(self.until.into());
        deadline.poll(cx)
    }
}

impl Sleep for Wait {}

impl fmt::Debug for RequestTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTimer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_end_whatever_was_waited_for_before() {
        let (timer, second) = (RequestTimer::new(), Duration::from_secs(1));
        let started = timer.now();
        let mut dropped = timer.sleep(10 * second);
        assert!(std::future::poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_pending())).await);
        drop(dropped);
        timer.sleep(3 * second).await;
        assert_eq!((timer.now() - started).as_secs(), 3, "a nearer end after a farther one");
        timer.sleep(10 * second).await;
        assert_eq!((timer.now() - started).as_secs(), 13, "a farther end after a nearer one");
    }
}
