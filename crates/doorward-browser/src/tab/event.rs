//! What the browser tells of a tab, taken into its state.

use std::path::Path;

use serde_json::Value;

use super::modal::Modal;
use super::{Download, State, Tab};

/// Downloads that are remembered of one tab.
const DOWNLOADS: usize = 200;

impl Tab {
    /// Takes an event of one of the tab's sessions.
    pub(crate) fn take(&self, session: &str, method: &str, params: &Value) {
        let mut state = self.state();
        match method.split_once('.').map(|(domain, _)| domain) {
            Some("Network" | "Audits" | "Log") => state.recorder.take(method, params),
            Some("Runtime") => state.on_runtime(session, method, params),
            Some("Page" | "Inspector") => state.on_page(session, method, params),
            _ => return,
        }
        drop(state);
        if method == "Inspector.targetCrashed" {
            // What a crashed page was asked is answered by nobody.
            self.link.forget(session, "Page crashed");
        }
        self.tick();
    }
}

impl State {
    fn on_runtime(&mut self, session: &str, method: &str, params: &Value) {
        match method {
            "Runtime.executionContextCreated" => self.frames.context(session, &params["context"]),
            "Runtime.executionContextDestroyed" => {
                self.frames.context_lost(session, params["executionContextId"].as_i64());
            }
            "Runtime.executionContextsCleared" => self.frames.context_lost(session, None),
            _ => self.recorder.take(method, params),
        }
    }

    fn on_page(&mut self, session: &str, method: &str, params: &Value) {
        let of = |name: &str| params[name].as_str().unwrap_or_default();
        let is_main = of("frameId") == self.frames.main_id();
        match method {
            "Page.frameAttached" => self.frames.attached(session, params),
            "Page.frameDetached" if params["reason"] != "swap" => self.frames.detached(of("frameId")),
            "Page.frameNavigated" => self.on_navigated(session, &params["frame"]),
            "Page.navigatedWithinDocument" => {
                if let Some(frame) = self.frames.find_mut(of("frameId")) {
                    of("url").clone_into(&mut frame.url);
                }
                self.moves += u64::from(is_main);
            }
            "Page.frameRequestedNavigation" | "Page.frameStartedNavigating" if is_main => self.departures += 1,
            "Page.frameStartedLoading" if is_main => {
                self.is_loading = true;
                self.departures += 1;
            }
            "Page.frameStoppedLoading" if is_main => self.is_loading = false,
            "Page.lifecycleEvent" if is_main && of("loaderId") == self.loader => match of("name") {
                "DOMContentLoaded" => self.is_parsed = true,
                "load" => (self.is_parsed, self.is_loaded) = (true, true),
                _ => {}
            },
            "Page.javascriptDialogOpening" => self.modals.push(Modal::dialog(session, params)),
            "Page.javascriptDialogClosed" => {
                if let Some(index) = self.modals.iter().position(Modal::is_dialog) {
                    self.modals.remove(index);
                }
            }
            "Page.windowOpen" => self.windows += 1,
            "Page.fileChooserOpened" => self.modals.extend(Modal::chooser(session, params)),
            "Inspector.targetCrashed" => {
                self.is_crashed = true;
                self.modals.clear();
            }
            "Inspector.targetReloadedAfterCrash" => self.is_crashed = false,
            _ => {}
        }
    }

    fn on_navigated(&mut self, session: &str, frame: &Value) {
        if !self.frames.navigated(session, frame) {
            return;
        }
        self.moves += 1;
        self.numbered.clear();
        frame["loaderId"].as_str().unwrap_or_default().clone_into(&mut self.loader);
        (self.is_parsed, self.is_loaded, self.is_crashed) = (false, false, false);
        self.modals.retain(Modal::is_dialog);
    }

    pub(crate) fn on_download(&mut self, params: &Value) {
        if self.downloads.len() < DOWNLOADS {
            let text = |name: &str| params[name].as_str().unwrap_or_default().to_owned();
            self.downloads.push(Download { id: text("guid"), name: text("suggestedFilename"), file: None });
        }
    }

    /// A download is there: it gets its name, cleaned of everything that would lead out of the folder.
    pub(crate) fn on_downloaded(&mut self, id: &str, folder: &Path) {
        let Some(download) = self.downloads.iter_mut().find(|download| download.id == id) else { return };
        let to = crate::output::free(folder, &download.name);
        if std::fs::rename(folder.join(id), &to).is_ok() {
            download.file = Some(to.display().to_string());
        }
    }
}
