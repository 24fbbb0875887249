//! Cookies and local storage that a browser begins with.

use std::path::Path;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::tab::Tab;

impl Tab {
    /// Loads the cookies of a file, in the form of Playwright's `storageState`, into the jar of the tab.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds something else.
    pub async fn load_cookies(&self, file: &Path) -> Result<(), Failure> {
        let state = read(file)?;
        let cookies = state["cookies"].as_array().cloned().unwrap_or_default();
        let params: Vec<Value> = cookies.iter().map(cookie).collect();
        self.call("Network.setCookies", json!({ "cookies": params })).await.map(|_| ())
    }

    /// Lets pages of this tab find the local storage of such a file, where they have none of their own.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds something else.
    pub async fn load_local_storage(&self, file: &Path) -> Result<(), Failure> {
        let state = read(file)?;
        let origins = state["origins"].as_array().cloned().unwrap_or_default();
        if !origins.is_empty() {
            let source = format!(
                "(() => {{ const all = {}; const own = all.find((one) => one.origin === location.origin); \
                 if (!own) return; for (const {{ name, value }} of own.localStorage || []) \
                 if (localStorage.getItem(name) === null) localStorage.setItem(name, value); }})()",
                Value::Array(origins)
            );
            self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await?;
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<Value, Failure> {
    let broken = |why: String| Failure::said(format!("{}: {why}", file.display()));
    let text = std::fs::read(file).map_err(|error| broken(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))
}

/// A cookie of the file as the browser takes it.
fn cookie(written: &Value) -> Value {
    let mut made = written.clone();
    if written["expires"].as_f64().is_some_and(|expires| expires <= 0.0) {
        made.as_object_mut().map(|made| made.remove("expires"));
    }
    made
}
