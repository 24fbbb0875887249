//! Cookies and local storage that a browser begins with.

use std::path::Path;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::tab::Tab;

impl Tab {
    /// Loads cookies and local storage from a file, in the form of Playwright's `storageState`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds something else.
    pub async fn load_storage(&self, file: &Path) -> Result<(), Failure> {
        let broken = |why: String| Failure::said(format!("{}: {why}", file.display()));
        let text = std::fs::read(file).map_err(|error| broken(error.to_string()))?;
        let state: Value = serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
        let cookies = state["cookies"].as_array().cloned().unwrap_or_default();
        let params: Vec<Value> = cookies.iter().map(cookie).collect();
        self.call("Network.setCookies", json!({ "cookies": params })).await?;
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

/// A cookie of the file as the browser takes it.
fn cookie(written: &Value) -> Value {
    let mut made = written.clone();
    if written["expires"].as_f64().is_some_and(|expires| expires <= 0.0) {
        made.as_object_mut().map(|made| made.remove("expires"));
    }
    made
}
