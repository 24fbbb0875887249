//! What one client of the tools has: its browser, its tabs, and which of them it looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::setting::Settings;
use crate::browser::Browser;
use crate::failure::Failure;
use crate::output::Output;
use crate::tab::Tab;

#[derive(Debug, Default)]
struct State {
    browser: Option<Arc<Browser>>,
    context: Option<String>,
    /// The tabs in the order in which they were opened, by their ids.
    current: Option<String>,
    /// Where the current tab stood in the list, for the time after it is closed.
    index: usize,
}

/// One client of the tools.
#[derive(Debug)]
pub struct Session {
    pub(crate) settings: Arc<Settings>,
    pub(crate) output: Output,
    state: Mutex<State>,
    files: AtomicU64,
}

impl Session {
    /// A client that has no browser yet.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        let output = Output::new(settings.output.clone());
        Self { settings, output, state: Mutex::new(State::default()), files: AtomicU64::new(0) }
    }

    /// The browser, if it runs.
    pub(crate) fn browser(&self) -> Option<Arc<Browser>> {
        self.state.lock().browser.clone().filter(|browser| !browser.is_gone())
    }

    /// The tabs of this client.
    pub(crate) fn tabs(&self) -> Vec<Arc<Tab>> {
        let context = self.state.lock().context.clone();
        self.browser().map(|browser| browser.tabs(context.as_deref())).unwrap_or_default()
    }

    /// The tab that the client looks at. Where it was closed, the one that took its place in the list.
    pub(crate) fn current(&self) -> Option<Arc<Tab>> {
        let tabs = self.tabs();
        let mut state = self.state.lock();
        let at = tabs.iter().position(|tab| Some(&tab.target) == state.current.as_ref());
        let index = at.unwrap_or_else(|| state.index.min(tabs.len().saturating_sub(1)));
        let tab = tabs.get(index)?;
        state.index = index;
        state.current = Some(tab.target.clone());
        Some(Arc::clone(tab))
    }

    /// The tab that the client looks at.
    ///
    /// # Errors
    ///
    /// When none is open.
    pub(crate) fn tab(&self) -> Result<Arc<Tab>, Failure> {
        self.current().ok_or_else(|| {
            Failure::said("No open pages available. Use the \"browser_navigate\" tool to navigate to a page first.")
        })
    }

    /// The tab that the client looks at; the browser is started where it does not run.
    ///
    /// # Errors
    ///
    /// When no browser can be started.
    pub(crate) async fn ensure_tab(&self) -> Result<Arc<Tab>, Failure> {
        if let Some(tab) = self.current() {
            return Ok(tab);
        }
        let browser = self.ensure_browser().await?;
        let context = self.state.lock().context.clone();
        let tab = match context {
            Some(context) => browser.new_tab(Some(&context)).await?,
            None => match browser.first_tab().await {
                Some(tab) => tab,
                None => browser.new_tab(None).await?,
            },
        };
        self.look_at(&tab);
        if let Some(file) = &self.settings.storage_state {
            tab.load_cookies(file).await?;
            tab.load_local_storage(file).await?;
        }
        Ok(tab)
    }

    async fn ensure_browser(&self) -> Result<Arc<Browser>, Failure> {
        if let Some(browser) = self.browser() {
            return Ok(browser);
        }
        self.output.make()?;
        let mut options = self.settings.browser.clone();
        options.downloads = Some(self.settings.output.clone());
        let browser = Browser::start(options).await?;
        let context = if self.settings.is_isolated && self.settings.browser.endpoint.is_some() {
            Some(browser.new_context().await?)
        } else {
            None
        };
        let mut state = self.state.lock();
        state.browser = Some(Arc::clone(&browser));
        state.context = context;
        Ok(browser)
    }

    /// Opens a tab and looks at it.
    ///
    /// # Errors
    ///
    /// When none can be opened.
    pub(crate) async fn new_tab(&self) -> Result<Arc<Tab>, Failure> {
        if self.current().is_none() {
            // A browser begins with a tab. Where the client has a jar of its own, that is the new one.
            let first = self.ensure_tab().await?;
            if self.settings.is_isolated {
                return Ok(first);
            }
        }
        let browser = self.ensure_browser().await?;
        let context = self.state.lock().context.clone();
        let tab = browser.new_tab(context.as_deref()).await?;
        self.look_at(&tab);
        if let Some(file) = &self.settings.storage_state {
            tab.load_local_storage(file).await?;
        }
        Ok(tab)
    }

    /// Waits a moment for the window that a page has opened beside so many tabs.
    pub(crate) async fn await_window(&self, tabs: usize) {
        let context = self.state.lock().context.clone();
        if let Some(browser) = self.browser() {
            browser.await_window(context.as_deref(), tabs).await;
        }
    }

    /// Looks at a tab from now on.
    pub(crate) fn look_at(&self, tab: &Tab) {
        self.state.lock().current = Some(tab.target.clone());
    }

    /// Closes a tab; with the last one the browser ends.
    pub(crate) async fn close_tab(&self, tab: &Arc<Tab>) {
        let is_last = self.tabs().len() <= 1;
        if is_last {
            self.close().await;
        } else if let Some(browser) = self.browser() {
            browser.close_tab(tab).await;
        }
    }

    /// A name for a file of the page, by the time and a number.
    pub(crate) fn file_name(&self, extension: &str) -> String {
        let time = self.settings.clock.now().to_rfc3339().replace([':', 'Z'], "-");
        let number = self.files.fetch_add(1, Ordering::Relaxed) % 1000;
        format!("page-{time}{number:03}Z.{extension}")
    }

    /// Ends the browser.
    pub async fn close(&self) {
        let (browser, context) = {
            let mut state = self.state.lock();
            let taken = std::mem::take(&mut *state);
            (taken.browser, taken.context)
        };
        if let Some(browser) = browser {
            if let Some(context) = context {
                browser.drop_context(&context).await;
            }
            browser.close().await;
        }
    }
}
