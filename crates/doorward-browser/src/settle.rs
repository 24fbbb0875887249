//! Waiting for what an action began, and for nothing else: two frames, then only what was started in them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::snapshot::Glimpse;
use crate::tab::{State, Tab};

/// How long requests of an action are waited for.
const REQUESTS: Duration = Duration::from_secs(5);
/// How long a page that an action leads to is waited for.
const PAGE: Duration = Duration::from_secs(10);
/// How long a page may take to draw two frames.
const FRAMES: Duration = Duration::from_secs(2);

/// Where a tab stood before an action.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    requests: u64,
    moves: u64,
    departures: u64,
}

impl Mark {
    /// The number of the first request after it.
    pub(crate) fn requests(self) -> u64 {
        self.requests
    }
}

/// Work that ends when nobody waits for it any more, as when a client takes its call back.
#[derive(Debug)]
struct Work(Option<JoinHandle<Result<(), Failure>>>);

impl Future for Work {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Self::Output> {
        let Some(handle) = &mut self.0 else { return Poll::Ready(Err(Failure::Gone)) };
        Pin::new(handle).poll(context).map(|finished| finished.unwrap_or(Err(Failure::Gone)))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            handle.abort();
        }
    }
}

impl Tab {
    pub(crate) fn mark(&self) -> Mark {
        let state = self.state();
        Mark { requests: state.recorder.count(), moves: state.moves, departures: state.departures }
    }

    /// Does something in the page and waits until it has come to rest, or until a dialog stands in its way; then it goes
    /// on behind the dialog.
    ///
    /// # Errors
    ///
    /// When the action fails.
    pub(crate) async fn complete<F>(self: &Arc<Self>, frames: u32, action: F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mark = self.mark();
        let worker = Arc::clone(self);
        self.beside_dialogs(async move {
            action.await?;
            worker.settle(mark, frames, false).await;
            Ok(())
        })
        .await
    }

    /// The same, with what the page shows then, where it came to rest at once.
    ///
    /// # Errors
    ///
    /// When the action fails.
    pub(crate) async fn complete_and_look<F>(
        self: &Arc<Self>,
        frames: u32,
        action: F,
    ) -> Result<Option<Glimpse>, Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mark = self.mark();
        let worker = Arc::clone(self);
        let (sender, mut receiver) = oneshot::channel();
        self.beside_dialogs(async move {
            action.await?;
            let _ = sender.send(worker.settle(mark, frames, true).await);
            Ok(())
        })
        .await?;
        Ok(receiver.try_recv().ok().flatten())
    }

    /// Works until it is done, or until a dialog stands in its way; then it goes on behind the dialog.
    ///
    /// # Errors
    ///
    /// When the work fails.
    pub(crate) async fn beside_dialogs<F>(self: &Arc<Self>, work: F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "it goes on behind a dialog, and ends with its tab or whoever waits"
        )]
        let mut work = Work(Some(tokio::spawn(work)));
        let held = async { while !self.until(Duration::from_hours(1), |state| !state.modals.is_empty()).await {} };
        tokio::select! {
            biased;
            finished = &mut work => finished,
            () = held => {
                work.0.take();
                Ok(())
            }
        }
    }

    /// Waits until what was begun since `mark` has come to rest. Where that is at once, and it `looks`, it gives what the
    /// page shows.
    pub(crate) async fn settle(&self, mark: Mark, frames: u32, looks: bool) -> Option<Glimpse> {
        let moves = self.state().moves;
        let told = self.draw(frames, looks).await;
        if self.has_left(mark) {
            self.arrive(mark).await;
            return None;
        }
        if self.state().recorder.count() == mark.requests {
            return Glimpse::of(&told?, moves);
        }
        // The end of a request is told before the page has made anything of it.
        let is_at_rest = |state: &State| {
            let is_done = !state.recorder.is_busy_since(mark.requests);
            is_done || state.moves != mark.moves || state.is_closed || !state.modals.is_empty()
        };
        self.until(REQUESTS, is_at_rest).await;
        self.draw(1, false).await;
        if self.has_left(mark) {
            self.arrive(mark).await;
        }
        None
    }

    fn has_left(&self, mark: Mark) -> bool {
        let state = self.state();
        state.departures != mark.departures || state.moves != mark.moves
    }

    async fn arrive(&self, mark: Mark) {
        // A navigation that comes to nothing (a download, an answer without content) ends with the loading.
        let is_there = |state: &State| {
            let has_arrived = state.moves != mark.moves && (state.is_loaded || !state.is_loading);
            has_arrived || state.is_closed || state.is_crashed || !state.modals.is_empty()
        };
        let is_none = |state: &State| {
            state.moves == mark.moves && !state.is_loading && !state.recorder.is_busy_since(mark.requests)
        };
        self.until(PAGE, |state| is_there(state) || is_none(state)).await;
        if self.state().moves == mark.moves {
            self.until(Duration::from_millis(100), is_there).await;
        }
        self.draw(1, false).await;
    }

    /// Waits for frames, and gives what the page script tells then.
    async fn draw(&self, frames: u32, looks: bool) -> Option<Value> {
        let main = self.state().frames.main_id().to_owned();
        let given = json!({ "frames": frames, "looks": looks });
        let drawn = self.ask_once(&main, "settle", &given);
        let held = self.until(FRAMES, |state| !state.modals.is_empty() || state.is_closed || state.is_crashed);
        tokio::select! {
            told = drawn => told.ok(),
            _ = held => None,
        }
    }
}
