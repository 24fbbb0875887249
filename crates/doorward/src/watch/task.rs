//! Tracked tasks: every task has a name, shutdown waits for all of them, and a panic is logged and counted.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The tasks of a running program. Clones share them.
#[derive(Debug, Clone)]
pub struct Tasks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    live: Mutex<HashMap<u64, Task>>,
    next: AtomicU64,
    panics: AtomicU64,
    closing: watch::Sender<bool>,
    /// The number of live tasks, so that shutdown can wait for none.
    count: watch::Sender<usize>,
}

#[derive(Debug)]
struct Task {
    name: &'static str,
    handle: AbortHandle,
}

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(Inner {
            live: Mutex::default(),
            next: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            closing: watch::Sender::new(false),
            count: watch::Sender::new(0),
        }))
    }
}

impl Tasks {
    /// Starts a task. It is expected to end by itself soon after [`Self::closing`] resolves.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let place = Place { tasks: self.0.clone(), key };
        let task = async move {
            let place = place;
            if let Err(message) = caught(future).await {
                place.tasks.panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!(target: "doorward::task", { task.name = name, panic = %message }, "a task panicked");
            }
        };
        // The lock is held until the task has its place, so that it cannot leave before it came.
        let mut live = self.0.live.lock();
        #[expect(clippy::disallowed_methods, reason = "this is the tracker")]
        let handle = tokio::spawn(task).abort_handle();
        live.insert(key, Task { name, handle });
        self.0.count.send_replace(live.len());
    }

    /// Starts a task that does one thing again and again, first after one period, until shutdown.
    ///
    /// A round that is under way at shutdown is finished.
    pub fn every<F, R>(&self, name: &'static str, period: Duration, mut round: F)
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.spawn(name, async move {
            loop {
                tokio::select! {
                    biased;
                    () = tasks.closing() => return,
                    () = tokio::time::sleep(period) => {}
                }
                // One round that panics must not end all rounds.
                if let Err(message) = caught(round()).await {
                    tasks.0.panics.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(target: "doorward::task", { task.name = name, panic = %message }, "a round panicked");
                }
            }
        });
    }

    /// Resolves when shutdown has begun.
    pub async fn closing(&self) {
        let mut closing = self.0.closing.subscribe();
        // The sender lives in `self`, so that this never fails.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// Whether shutdown has begun.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        *self.0.closing.borrow()
    }

    /// Begins shutdown without waiting.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Begins shutdown, waits at most `bound` for all tasks, and cuts off the rest.
    ///
    /// Gives back the names of those that were cut off, sorted.
    pub async fn shutdown(&self, bound: Duration) -> Vec<&'static str> {
        self.close();
        let mut count = self.0.count.subscribe();
        let _ = tokio::time::timeout(bound, count.wait_for(|count| *count == 0)).await;
        let mut late: Vec<_> = self
            .0
            .live
            .lock()
            .values()
            .map(|task| {
                task.handle.abort();
                task.name
            })
            .collect();
        late.sort_unstable();
        for name in &late {
            tracing::warn!(target: "doorward::task", { task.name = name }, "a task did not end in time and was cut off");
        }
        late
    }

    /// How many tasks run.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.0.count.borrow()
    }

    /// How many tasks have panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }
}

/// The place of a task among the live ones; dropping it gives the place back, however the task ended.
struct Place {
    tasks: Arc<Inner>,
    key: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut live = self.tasks.live.lock();
        live.remove(&self.key);
        self.tasks.count.send_replace(live.len());
    }
}

/// Runs a future to its end, or to its panic: then the message of the panic.
async fn caught(future: impl Future<Output = ()>) -> Result<(), String> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        // The future is never polled again after a panic, so nothing sees it half changed.
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "without a message".to_owned()))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_waits_for_what_ends_by_itself() {
        let tasks = Tasks::default();
        let (done, finished) = tokio::sync::oneshot::channel();
        let inner = tasks.clone();
        tasks.spawn("polite", async move {
            inner.closing().await;
            tokio::task::yield_now().await;
            done.send(()).unwrap();
        });
        assert_eq!(tasks.count(), 1);
        assert_eq!(tasks.shutdown(Duration::from_mins(1)).await, [""; 0]);
        finished.await.unwrap();
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test]
    async fn shutdown_cuts_off_what_does_not_end() {
        let tasks = Tasks::default();
        tasks.spawn("stubborn", std::future::pending());
        tasks.spawn("polite", async {});
        assert_eq!(tasks.shutdown(Duration::from_millis(20)).await, ["stubborn"]);
        tasks.0.count.subscribe().wait_for(|count| *count == 0).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_counted_and_ends_nothing_else() {
        let tasks = Tasks::default();
        tasks.spawn("broken", async { panic!("on purpose") });
        let (sender, mut rounds) = tokio::sync::mpsc::channel(8);
        let mut number = 0;
        tasks.every("rounds", Duration::from_millis(1), move || {
            number += 1;
            let (sender, number) = (sender.clone(), number);
            async move {
                assert!(number != 1, "the first round panics on purpose");
                sender.send(number).await.unwrap();
            }
        });
        assert_eq!(rounds.recv().await, Some(2));
        assert_eq!(tasks.panics(), 2);
        assert!(!tasks.is_closing());
        tasks.close();
        assert!(tasks.is_closing());
        // The receiver stays, so that a round that is under way can finish.
        assert_eq!(tasks.shutdown(Duration::from_mins(1)).await, [""; 0]);
    }

    #[tokio::test]
    async fn thousands_of_tasks_leave_nothing_behind() {
        let tasks = Tasks::default();
        for _ in 0..5_000 {
            tasks.spawn("connection", async {});
        }
        assert_eq!(tasks.shutdown(Duration::from_mins(1)).await, [""; 0]);
        assert!(tasks.0.live.lock().is_empty());
    }
}
