//! A tab: its frames, what stands in its way, and what it did.

pub(crate) mod call;
pub(crate) mod event;
pub(crate) mod frame;
pub(crate) mod modal;
pub(crate) mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::options::Options;
use crate::recorder::Recorder;
use frame::Frames;
use modal::Modal;

/// A download that a tab began.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Download {
    /// The browser's id.
    pub id: String,
    /// The name that the page or the server gave it.
    pub name: String,
    /// The file that it is written to, once it is there.
    pub file: Option<String>,
}

/// What is known of a tab at this moment.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by an event of its own, in any order")]
pub(crate) struct State {
    pub(crate) frames: Frames,
    pub(crate) recorder: Recorder,
    pub(crate) modals: Vec<Modal>,
    pub(crate) downloads: Vec<Download>,
    pub(crate) is_ready: bool,
    pub(crate) is_crashed: bool,
    pub(crate) is_closed: bool,
    /// How often the main frame went to another place, in this document or another.
    pub(crate) moves: u64,
    /// How often the main frame began to load something.
    pub(crate) departures: u64,
    pub(crate) is_loading: bool,
    /// How far the main frame's document has come.
    pub(crate) is_parsed: bool,
    pub(crate) is_loaded: bool,
    pub(crate) loader: String,
    /// The frames that snapshots have shown, in the order of their numbers: `f1` is the first. A frame keeps its number
    /// as long as the page stays, so that no reference ever means an element of another.
    pub(crate) numbered: Vec<String>,
    /// How many windows the page has opened.
    pub(crate) windows: u64,
    pub(crate) last_title: String,
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) authenticators: Vec<String>,
    /// What the page believes of its medium, by the names of the tool's parameters.
    pub(crate) media: BTreeMap<&'static str, String>,
}

/// Frames of one page that get a number.
const NUMBERED: usize = 10_000;

impl State {
    /// The number of a frame in snapshots, from one.
    pub(crate) fn number(&mut self, frame: &str) -> Option<usize> {
        if let Some(at) = self.numbered.iter().position(|one| one == frame) {
            return Some(at + 1);
        }
        if self.numbered.len() >= NUMBERED {
            return None;
        }
        self.numbered.push(frame.to_owned());
        Some(self.numbered.len())
    }
}

/// A tab.
#[derive(Debug)]
pub struct Tab {
    pub(crate) link: Arc<Connection>,
    pub(crate) options: Arc<Options>,
    pub(crate) session: String,
    pub(crate) target: String,
    pub(crate) context: String,
    state: Mutex<State>,
    ticks: watch::Sender<u64>,
}

impl Tab {
    pub(crate) fn new(link: Arc<Connection>, options: Arc<Options>, session: &str, target: &Value) -> Self {
        let text = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
        let mut state = State { last_title: "about:blank".to_owned(), ..State::default() };
        // The main frame has the id of the target; what is told of it before its tree is asked for finds it so.
        state.frames.navigated(session, &json!({ "id": target["targetId"], "url": target["url"] }));
        Self {
            link,
            options,
            session: session.to_owned(),
            target: text("targetId"),
            context: text("browserContextId"),
            state: Mutex::new(state),
            ticks: watch::Sender::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Tells whoever waits that something has changed.
    pub(crate) fn tick(&self) {
        self.ticks.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until the state is as asked for. False where `limit` passed first.
    pub(crate) async fn until(&self, limit: Duration, is_so: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now_in_time(limit);
        let mut ticks = self.ticks.subscribe();
        loop {
            ticks.borrow_and_update();
            if is_so(&self.state()) {
                return true;
            }
            if tokio::time::timeout_at(deadline, ticks.changed()).await.is_err() {
                return is_so(&self.state());
            }
        }
    }

    /// Sends a command to the tab and waits for its answer, at most as long as scripts may run.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, Failure> {
        self.call_within(&self.session, method, params, self.options.script_timeout).await
    }

    pub(crate) async fn call_within(
        &self,
        session: &str,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, Failure> {
        self.check()?;
        let answer = self.link.call(session, method, params, limit).await;
        self.set_free(session, &answer);
        answer
    }

    /// Sends one command several times, one right behind the other, so that nothing comes between them.
    pub(crate) async fn call_all(&self, method: &str, all: &[Value]) -> Result<(), Failure> {
        self.check()?;
        let answer = self.link.call_all(&self.session, method, all, self.options.script_timeout).await;
        self.set_free(&self.session, &answer);
        answer.map(|_| ())
    }

    /// Ends a script that never ends, which would hold every later call as well.
    fn set_free(&self, session: &str, answer: &Result<Value, Failure>) {
        if matches!(answer, Err(Failure::Late { .. })) && !self.is_held() {
            self.link.post(session, "Runtime.terminateExecution", &json!({}));
        }
    }

    /// An error where the tab can do nothing any more.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let state = self.state();
        if state.is_closed {
            return Err(Failure::TabLost("Target page, context or browser has been closed"));
        }
        if state.is_crashed {
            return Err(Failure::TabLost("Page crashed"));
        }
        Ok(())
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        let url = self.state().frames.main().map(|frame| frame.url.clone());
        // A window begins without an address.
        url.filter(|url| !url.is_empty()).unwrap_or_else(|| "about:blank".to_owned())
    }

    /// What the tab did, for whoever looks into it.
    pub fn recorded<T>(&self, look: impl FnOnce(&Recorder) -> T) -> T {
        look(&self.state().recorder)
    }

    /// The downloads that it began.
    #[must_use]
    pub fn downloads(&self) -> Vec<Download> {
        self.state().downloads.clone()
    }

    /// Whether a dialog or a file chooser waits for an answer.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.state().modals.is_empty()
    }
}

/// Deadlines by the clock of tokio, which tests may hold.
trait Deadline {
    fn now_in_time(limit: Duration) -> Instant;
}

impl Deadline for Instant {
    fn now_in_time(limit: Duration) -> Instant {
        Self::now() + limit
    }
}
