//! A deadline that is moved for every request and touches the timer only now and then.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline beside a connection.
///
/// Setting a timer takes the lock of the runtime's wheel. A connection sets a deadline for every
/// request and nearly never reaches it, so the timer of an earlier request is left to run and is only
/// moved on when it fires, or when a nearer deadline needs it.
#[derive(Debug)]
pub(crate) struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
    until: Instant,
}

impl Deadline {
    pub(crate) fn new() -> Self {
        Self { sleep: None, until: Instant::now() }
    }

    /// From now on, the deadline is this far away.
    pub(crate) fn set(&mut self, after: Duration) {
        self.until = Instant::now() + after;
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fires_at_the_last_deadline_that_was_set() {
        let mut deadline = Deadline::new();
        let started = Instant::now();
        deadline.set(Duration::from_secs(1));
        assert!(poll_fn(|cx| Poll::Ready(deadline.poll(cx).is_pending())).await);
        deadline.set(Duration::from_secs(5));
        poll_fn(|cx| deadline.poll(cx)).await;
        assert_eq!(started.elapsed().as_secs(), 5);
        // A nearer one than the timer has.
        deadline.set(Duration::from_mins(1));
        assert!(poll_fn(|cx| Poll::Ready(deadline.poll(cx).is_pending())).await);
        deadline.set(Duration::from_secs(2));
        poll_fn(|cx| deadline.poll(cx)).await;
        assert_eq!(started.elapsed().as_secs(), 7);
    }
}
