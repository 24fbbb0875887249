//! A browser with its contexts and tabs.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::chromium;
use crate::connection::{Connection, Event};
use crate::failure::Failure;
use crate::options::Options;
use crate::origin;
use crate::tab::{self, Tab};
use crate::wire::pipe::Process;
use crate::wire::websocket;

/// Tabs of one browser; what a page opens beyond is closed at once.
const TABS: usize = 50;
/// How long the browser is waited for when it starts and when it ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a window is waited for that a page has opened, and then its page.
const WINDOW: Duration = Duration::from_secs(1);

/// A browser that is made only after its connection.
type Later = Arc<Mutex<Weak<Browser>>>;

#[derive(Debug, Default)]
struct State {
    tabs: Vec<Arc<Tab>>,
    /// Which tab a session belongs to.
    sessions: HashMap<String, Arc<Tab>>,
    surplus: u64,
}

/// A browser, ours or one that ran already.
#[derive(Debug)]
pub struct Browser {
    pub(crate) link: Arc<Connection>,
    pub(crate) options: Arc<Options>,
    process: Option<Process>,
    state: Mutex<State>,
    ticks: watch::Sender<u64>,
    runtime: Handle,
}

impl Browser {
    /// Starts a browser, or attaches to the one that the options name. Must be called within a runtime of tokio.
    ///
    /// # Errors
    ///
    /// [`Failure::NotStarted`] with what the browser said last.
    pub async fn start(options: Options) -> Result<Arc<Self>, Failure> {
        let options = Arc::new(options);
        let link = Arc::new(Connection::new());
        let (process, browser) = Self::connect(&link, &options)?;
        let browser = Arc::new_cyclic(|own: &Weak<Self>| {
            *browser.lock() = own.clone();
            Self {
                link,
                options,
                process,
                state: Mutex::new(State::default()),
                ticks: watch::Sender::new(0),
                runtime: Handle::current(),
            }
        });
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        let started = browser.link.call("", "Target.setAutoAttach", attach, PATIENCE).await;
        if let Err(failure) = started {
            return Err(browser.reason(&failure));
        }
        browser.keep_downloads(None).await;
        Ok(browser)
    }

    /// Lets a context write its downloads into the folder for them, or refuses them where there is none.
    async fn keep_downloads(&self, context: Option<&str>) {
        let mut params = match &self.options.downloads {
            Some(folder) => json!({ "behavior": "allowAndName", "downloadPath": folder, "eventsEnabled": true }),
            None => json!({ "behavior": "deny", "eventsEnabled": true }),
        };
        if let Some(context) = context {
            params["browserContextId"] = context.into();
        }
        let _ = self.link.call("", "Browser.setDownloadBehavior", params, PATIENCE).await;
    }

    fn connect(link: &Arc<Connection>, options: &Options) -> Result<(Option<Process>, Later), Failure> {
        let browser = Later::default();
        let inbox = {
            let (link, browser) = (Arc::clone(link), Arc::clone(&browser));
            Box::new(move |message: &[u8]| {
                let Some(event) = link.receive(message) else { return };
                let browser = browser.lock().upgrade();
                if let Some(browser) = browser {
                    browser.take(&event);
                }
            })
        };
        let ended = {
            let (link, browser) = (Arc::clone(link), Arc::clone(&browser));
            move || {
                link.close();
                let browser = browser.lock().upgrade();
                if let Some(browser) = browser {
                    browser.end();
                }
            }
        };
        if let Some(endpoint) = &options.endpoint {
            link.open(websocket::connect(endpoint, inbox, ended)?);
            return Ok((None, browser));
        }
        let (process, outbox) = Process::start(&chromium::launch(options)?, inbox, ended)?;
        link.open(outbox);
        Ok((Some(process), browser))
    }

    fn reason(&self, failure: &Failure) -> Failure {
        let words = self.process.as_ref().map(Process::last_words).unwrap_or_default();
        let words: Vec<&str> = words.lines().rev().take(5).collect();
        let words: Vec<&str> = words.into_iter().rev().collect();
        Failure::NotStarted(format!("The browser did not start: {failure}\n{}", words.join("\n")))
    }

    fn take(self: &Arc<Self>, event: &Event) {
        match event.method.as_str() {
            "Target.attachedToTarget" => self.attached(event),
            "Target.detachedFromTarget" => self.detached(event.params["sessionId"].as_str().unwrap_or_default()),
            "Browser.downloadWillBegin" | "Browser.downloadProgress" => self.downloaded(&event.method, &event.params),
            "Fetch.requestPaused" => self.judge(event),
            _ => {
                let tab = self.state.lock().sessions.get(&event.session).cloned();
                if let Some(tab) = tab {
                    tab.take(&event.session, &event.method, &event.params);
                }
            }
        }
    }

    fn attached(self: &Arc<Self>, event: &Event) {
        let target = &event.params["targetInfo"];
        let session = event.params["sessionId"].as_str().unwrap_or_default().to_owned();
        let kind = target["type"].as_str().unwrap_or_default();
        let owner = self.state.lock().sessions.get(&event.session).cloned();
        match (kind, owner) {
            ("page", None) => self.attached_page(session, target),
            ("iframe", Some(tab)) => {
                let frame = target["targetId"].as_str().unwrap_or_default().to_owned();
                self.state.lock().sessions.insert(session.clone(), Arc::clone(&tab));
                tab.state().frames.moved(&frame, &session);
                self.runtime.spawn(async move { tab.start_frame(&session).await });
            }
            (_, owner) => {
                if let Some(tab) = owner {
                    // A worker: its requests and its console belong to the tab.
                    self.state.lock().sessions.insert(session.clone(), tab);
                    self.link.post(&session, "Network.enable", &json!({}));
                }
                if origin::is_judged(&self.options) {
                    self.link.post(&session, "Fetch.enable", &origin::every_request());
                }
                self.link.post(&session, "Runtime.runIfWaitingForDebugger", &json!({}));
            }
        }
    }

    /// Lets a request go or not, by the origins that are allowed.
    fn judge(&self, event: &Event) {
        let url = event.params["request"]["url"].as_str().unwrap_or_default();
        let id = &event.params["requestId"];
        if origin::is_allowed(&self.options, url) {
            self.link.post(&event.session, "Fetch.continueRequest", &json!({ "requestId": id }));
        } else {
            let reason = json!({ "requestId": id, "errorReason": "BlockedByClient" });
            self.link.post(&event.session, "Fetch.failRequest", &reason);
        }
    }

    fn attached_page(self: &Arc<Self>, session: String, target: &Value) {
        let tab = Arc::new(Tab::new(Arc::clone(&self.link), Arc::clone(&self.options), &session, target));
        let mut state = self.state.lock();
        if state.tabs.len() >= TABS {
            state.surplus += 1;
            let opener = state.tabs.iter().find(|one| target["openerId"] == one.target.as_str()).cloned();
            drop(state);
            // A script that opens tabs without end would hold its page for as long.
            if let Some(opener) = opener {
                self.link.post(&opener.session, "Runtime.terminateExecution", &json!({}));
            }
            // It waits for us before it runs, and what waits holds the page that has opened it.
            self.link.post(&session, "Runtime.runIfWaitingForDebugger", &json!({}));
            self.link.post("", "Target.closeTarget", &json!({ "targetId": tab.target }));
            return;
        }
        state.tabs.push(Arc::clone(&tab));
        state.sessions.insert(session, Arc::clone(&tab));
        drop(state);
        self.tick();
        let browser = Arc::clone(self);
        self.runtime.spawn(async move {
            let _ = tab.start().await;
            browser.tick();
        });
    }

    fn detached(&self, session: &str) {
        self.link.forget(session, "Target page, context or browser has been closed");
        let mut state = self.state.lock();
        let Some(tab) = state.sessions.remove(session) else { return };
        if tab.session == session {
            state.tabs.retain(|one| one.session != session);
            state.sessions.retain(|_, owner| owner.session != session);
            tab.state().is_closed = true;
        }
        drop(state);
        tab.tick();
        self.tick();
    }

    /// Takes news of a download: a finished one gets its name, inside the folder for it.
    fn downloaded(&self, method: &str, params: &Value) {
        let id = params["guid"].as_str().unwrap_or_default();
        let frame = params["frameId"].as_str().unwrap_or_default();
        let tabs = self.state.lock().tabs.clone();
        for tab in tabs {
            let mut state = tab.state();
            if method == "Browser.downloadWillBegin" && state.frames.find(frame).is_some() {
                state.on_download(params);
            } else if params["state"] == "completed"
                && let Some(folder) = &self.options.downloads
            {
                state.on_downloaded(id, folder);
            }
            drop(state);
            tab.tick();
        }
    }

    fn end(&self) {
        let tabs: Vec<Arc<Tab>> = self.state.lock().tabs.drain(..).collect();
        for tab in tabs {
            tab.state().is_closed = true;
            tab.tick();
        }
        self.tick();
    }

    fn tick(&self) {
        self.ticks.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until `look` finds something, at most `limit`.
    async fn until<T>(&self, limit: Duration, look: impl Fn(&Self) -> Option<T>) -> Option<T> {
        let mut ticks = self.ticks.subscribe();
        let waited = async {
            loop {
                ticks.borrow_and_update();
                if let Some(found) = look(self) {
                    return Some(found);
                }
                if self.link.is_closed() || ticks.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(limit, waited).await.ok().flatten()
    }

    /// The tabs of a context that are ready; every context where none is named.
    #[must_use]
    pub fn tabs(&self, context: Option<&str>) -> Vec<Arc<Tab>> {
        let state = self.state.lock();
        let is_own = |tab: &&Arc<Tab>| context.is_none_or(|context| tab.context == context);
        state.tabs.iter().filter(is_own).filter(|tab| tab.state().is_ready).cloned().collect()
    }

    /// Tabs that were closed at once because there were too many.
    #[must_use]
    pub fn surplus(&self) -> u64 {
        self.state.lock().surplus
    }

    /// The tab with which a browser of ours starts.
    pub async fn first_tab(&self) -> Option<Arc<Tab>> {
        self.until(PATIENCE, |browser| browser.tabs(None).first().cloned()).await
    }

    /// Makes a context of its own: another jar, another storage.
    ///
    /// # Errors
    ///
    /// When the browser refuses or is gone.
    pub async fn new_context(&self) -> Result<String, Failure> {
        let made =
            self.link.call("", "Target.createBrowserContext", json!({ "disposeOnDetach": true }), PATIENCE).await?;
        let context = made["browserContextId"].as_str().unwrap_or_default().to_owned();
        self.keep_downloads(Some(&context)).await;
        Ok(context)
    }

    /// Closes a context with all its tabs.
    pub async fn drop_context(&self, context: &str) {
        let params = json!({ "browserContextId": context });
        let _ = self.link.call("", "Target.disposeBrowserContext", params, PATIENCE).await;
    }

    /// Opens a tab.
    ///
    /// # Errors
    ///
    /// When the browser refuses, is gone, or has too many tabs.
    pub async fn new_tab(&self, context: Option<&str>) -> Result<Arc<Tab>, Failure> {
        let mut params = json!({ "url": "about:blank" });
        if let Some(context) = context {
            params["browserContextId"] = context.into();
        }
        let made = self.link.call("", "Target.createTarget", params, PATIENCE).await?;
        let target = made["targetId"].as_str().unwrap_or_default().to_owned();
        let found =
            self.until(PATIENCE, |browser| browser.tabs(None).into_iter().find(|tab| tab.target == target)).await;
        found.ok_or_else(|| Failure::said(format!("A browser has at most {TABS} tabs; close one first")))
    }

    /// Waits a moment until there is a tab more than there were, and until its page can be read where it has one.
    pub(crate) async fn await_window(&self, context: Option<&str>, tabs: usize) {
        let newest = |browser: &Self| browser.tabs(context).get(tabs).cloned();
        let Some(tab) = self.until(WINDOW, newest).await else { return };
        let is_under_way = |state: &tab::State| state.is_loading || state.moves > 0;
        if tab.until(WINDOW / 8, is_under_way).await {
            tab.until(WINDOW, |state| state.is_parsed || state.is_closed || !state.modals.is_empty()).await;
        }
    }

    /// Closes a tab and waits until it is gone.
    pub async fn close_tab(&self, tab: &Tab) {
        let params = json!({ "targetId": tab.target });
        let _ = self.link.call("", "Target.closeTarget", params, PATIENCE).await;
        tab.until(PATIENCE, |state| state.is_closed).await;
    }

    /// Whether the browser is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.link.is_closed()
    }

    /// The process that holds the browser, where it is ours.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The browser's own name and version.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn version(&self) -> Result<String, Failure> {
        let told = self.link.call("", "Browser.getVersion", json!({}), PATIENCE).await?;
        Ok(told["product"].as_str().unwrap_or_default().to_owned())
    }

    /// Ends a browser of ours, and waits until its processes and its profile are gone. One that ran already goes on.
    pub async fn close(&self) {
        let Some(process) = &self.process else {
            self.link.close();
            return;
        };
        let _ = self.link.call("", "Browser.close", json!({}), Duration::from_secs(5)).await;
        for count in 0..500 {
            if process.has_ended() {
                break;
            }
            if count == 250 {
                process.kill();
            }
            tokio::time::sleep(Duration::from_millis(if count < 20 { 5 } else { 20 })).await;
        }
        self.link.close();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The pipes close with the connection, and Chromium ends with them.
        self.link.close();
    }
}
