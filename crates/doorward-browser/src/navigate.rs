//! Going to another page: by address, back and forward, and how long that is waited for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::origin;
use crate::tab::Tab;

/// How long a page that can be used already is waited for until it is whole.
const WHOLE: Duration = Duration::from_secs(5);
/// How long a download is waited for after a navigation that was none.
const DOWNLOAD: Duration = Duration::from_secs(3);

impl Tab {
    /// Goes to an address and waits until the page can be used.
    ///
    /// # Errors
    ///
    /// When the address is refused, nobody answers, or it takes too long.
    pub async fn navigate(&self, url: &str) -> Result<(), Failure> {
        if let Some(refusal) = origin::refusal(url) {
            return Err(Failure::said(format!("{refusal}: {url}")));
        }
        let url = &origin::completed(url);
        let limit = self.options.navigation_timeout;
        self.state().recorder.clear();
        if self.state().is_crashed {
            // What crashed comes back with its next document.
            self.state().is_crashed = false;
        }
        let downloads = self.state().downloads.len();
        let before = self.state().moves;
        let asked = json!({ "url": url });
        let answer = self.call_within(&self.session, "Page.navigate", asked, limit).await;
        let answer = match answer {
            Err(Failure::Late { milliseconds }) => {
                self.link.post(&self.session, "Page.stopLoading", &json!({}));
                return Err(late(milliseconds, url));
            }
            Err(Failure::Refused(text)) => {
                return Err(Failure::said(format!("page.goto: Protocol error (Page.navigate): {text}")));
            }
            other => other?,
        };
        if let Some(error) = answer["errorText"].as_str().filter(|text| !text.is_empty()) {
            if error == "net::ERR_ABORTED" && self.until(DOWNLOAD, |state| state.downloads.len() > downloads).await {
                return Ok(());
            }
            return Err(Failure::said(format!(
                "page.goto: {error} at {url}\nCall log:\n  - navigating to \"{url}\", waiting until \"domcontentloaded\"\n"
            )));
        }
        if let Some(loader) = answer["loaderId"].as_str() {
            // A browser that tries https first, and http where nobody answers, ends with another loader.
            let is_there = |state: &crate::tab::State| {
                (state.loader == loader || state.moves > before + 1 || (state.moves > before && !state.is_loading))
                    && (state.is_parsed || state.is_crashed || state.is_closed || !state.modals.is_empty())
            };
            if !self.until(limit, is_there).await {
                return Err(late(limit.as_millis(), url));
            }
        }
        self.check()?;
        self.until(WHOLE, |state| state.is_loaded || state.is_closed || !state.modals.is_empty()).await;
        Ok(())
    }

    /// Goes `steps` back (negative) or forward in the history. Nothing happens where there is no such entry.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn travel(&self, steps: i64) -> Result<(), Failure> {
        let history = self.call("Page.getNavigationHistory", json!({})).await?;
        let index = history["currentIndex"].as_i64().unwrap_or_default() + steps;
        let entry = usize::try_from(index).ok().and_then(|index| history["entries"].get(index));
        let Some(entry) = entry else { return Ok(()) };
        if let Some(refusal) = origin::refusal(entry["url"].as_str().unwrap_or_default()) {
            return Err(Failure::said(refusal));
        }
        let before = self.state().moves;
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry["id"] })).await?;
        let limit = self.options.navigation_timeout;
        let has_moved = |state: &crate::tab::State| state.moves > before || state.is_closed || !state.modals.is_empty();
        if !self.until(limit, has_moved).await {
            return Err(Failure::Late { milliseconds: limit.as_millis() });
        }
        // A page out of the memory of the browser tells nothing of its loading: it is asked.
        if self.ready_state().await.as_deref() != Some("complete") {
            self.until(WHOLE, |state| state.is_loaded || state.is_closed || !state.modals.is_empty()).await;
        }
        Ok(())
    }

    async fn ready_state(&self) -> Option<String> {
        let asked = json!({ "expression": "document.readyState", "returnByValue": true });
        let told: Value = self.call_within(&self.session, "Runtime.evaluate", asked, WHOLE).await.ok()?;
        told["result"]["value"].as_str().map(str::to_owned)
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        let main = self.state().frames.main_id().to_owned();
        let told = self.ask_once(&main, "title", &json!({})).await;
        if let Some(title) = told.ok().and_then(|told| told["text"].as_str().map(str::to_owned)) {
            title.clone_into(&mut self.state().last_title);
            return title;
        }
        String::new()
    }

    /// Whether the page is a secure context, where it says.
    pub async fn is_secure_context(&self) -> Option<bool> {
        let main = self.state().frames.main_id().to_owned();
        self.evaluate(&main, "() => window.isSecureContext", None).await.ok()?.parse().ok()
    }

    /// The title when it was last looked at.
    #[must_use]
    pub fn last_title(&self) -> String {
        self.state().last_title.clone()
    }

    /// Brings the tab to the front.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub async fn bring_to_front(&self) -> Result<(), Failure> {
        self.call("Page.bringToFront", json!({})).await.map(|_| ())
    }

    /// Gives the page another size, in CSS pixels.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), Failure> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 0, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.state().size = Some((width, height));
        Ok(())
    }
}

fn late(milliseconds: u128, url: &str) -> Failure {
    Failure::said(format!(
        "TimeoutError: page.goto: Timeout {milliseconds}ms exceeded.\nCall log:\n  - navigating to \"{url}\", waiting until \"domcontentloaded\"\n"
    ))
}
