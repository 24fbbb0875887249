//! The answer of a tool as text, in the form of `@playwright/mcp` 0.0.34.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::snapshot::{Detail, Glimpse};
use crate::tab::{Tab, modal};

/// Characters of a console line that stand in an answer.
const LINE: usize = 100;

/// The answer that a tool builds.
#[derive(Debug, Default)]
pub struct Response {
    results: Vec<String>,
    code: Vec<String>,
    images: Vec<(Vec<u8>, &'static str)>,
    is_error: bool,
    has_snapshot: bool,
    has_tabs: bool,
    detail: Detail,
    /// What a tab showed as it came to rest after the last action, and its id.
    glimpse: Option<(String, Glimpse)>,
}

impl Response {
    /// Adds a paragraph to the result.
    pub fn result(&mut self, text: impl Into<String>) {
        self.results.push(text.into());
    }

    /// Adds an error; the whole answer is one then.
    pub fn error(&mut self, text: impl Into<String>) {
        self.results.push(text.into());
        self.is_error = true;
    }

    /// Adds a line of the code that does the same.
    pub fn code(&mut self, line: impl Into<String>) {
        self.code.push(line.into());
    }

    /// Adds a picture.
    pub fn image(&mut self, data: Vec<u8>, media_type: &'static str) {
        self.images.push((data, media_type));
    }

    /// Shows the page as it is afterwards.
    pub fn show_page(&mut self) {
        self.has_snapshot = true;
    }

    /// Shows the page in more or less detail.
    pub fn show_part(&mut self, detail: Detail) {
        self.has_snapshot = true;
        self.detail = detail;
    }

    /// Whether the page is shown.
    pub(crate) fn shows_page(&self) -> bool {
        self.has_snapshot
    }

    /// Takes what a tab showed right after the last action; none where that was not all.
    pub(crate) fn glimpsed(&mut self, tab: &Tab, glimpse: Option<Glimpse>) {
        self.glimpse = glimpse.map(|glimpse| (tab.target.clone(), glimpse));
    }

    /// Shows the list of tabs, also where there is one.
    pub fn show_tabs(&mut self) {
        self.has_tabs = true;
    }

    /// The answer as the protocol has it.
    pub(crate) async fn finish(
        mut self,
        browser: Option<&Arc<Browser>>,
        tabs: &[Arc<Tab>],
        current: Option<&Arc<Tab>>,
    ) -> Value {
        let mut lines: Vec<String> = Vec::new();
        let page = match current.filter(|_| self.has_snapshot && !self.is_error) {
            Some(tab) => {
                let glimpse = self.glimpse.take().filter(|(target, _)| *target == tab.target);
                Some(Box::pin(page(tab, &self.detail, glimpse.map(|(_, glimpse)| glimpse))).await)
            }
            None => None,
        };
        if !self.is_error && (self.has_tabs || (self.has_snapshot && tabs.len() != 1)) {
            // All at once: many tabs of one busy page would else be waited for one after another.
            let mut asked: tokio::task::JoinSet<()> = tabs
                .iter()
                .map(|tab| {
                    let tab = Arc::clone(tab);
                    async move { title(&tab).await }
                })
                .collect();
            while asked.join_next().await.is_some() {}
        }
        if !self.results.is_empty() {
            lines.extend(["### Result".to_owned(), self.results.join("\n"), String::new()]);
        }
        if !self.code.is_empty() {
            lines.extend([format!("### Ran Playwright code\n```js\n{}\n```", self.code.join("\n")), String::new()]);
        }
        if self.has_snapshot || self.has_tabs {
            lines.extend(tab_lines(tabs, current, self.has_tabs));
        }
        if let Some(surplus) = browser.map(|browser| browser.surplus()).filter(|count| *count > 0 && self.has_tabs) {
            lines.extend([format!("{surplus} more tabs were opened by pages and closed at once."), String::new()]);
        }
        if let Some(page) = page {
            lines.extend(page);
            lines.push(String::new());
        }
        let mut content = vec![json!({ "type": "text", "text": lines.join("\n") })];
        content.extend(self.images.iter().map(
            |(data, media_type)| json!({ "type": "image", "data": STANDARD.encode(data), "mimeType": media_type }),
        ));
        if self.is_error { json!({ "content": content, "isError": true }) } else { json!({ "content": content }) }
    }
}

/// An answer that is an error and nothing else.
#[must_use]
pub(crate) fn refused(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": format!("### Result\n{text}") }], "isError": true })
}

async fn title(tab: &Arc<Tab>) {
    let held = tab.until(std::time::Duration::from_secs(2), |state| !state.modals.is_empty() || state.is_closed);
    tokio::select! {
        _ = tab.title() => {}
        _ = held => {}
    }
}

fn tab_lines(tabs: &[Arc<Tab>], current: Option<&Arc<Tab>>, is_forced: bool) -> Vec<String> {
    if tabs.len() == 1 && !is_forced {
        return Vec::new();
    }
    let mut lines = vec!["### Open tabs".to_owned()];
    if tabs.is_empty() {
        lines.push("No open tabs. Use the \"browser_navigate\" tool to navigate to a page first.".to_owned());
    }
    for (index, tab) in tabs.iter().enumerate() {
        let mark = if current.is_some_and(|current| Arc::ptr_eq(current, tab)) { " (current)" } else { "" };
        lines.push(format!("- {index}:{mark} [{}] ({})", tab.last_title(), tab.url()));
    }
    lines.push(String::new());
    lines
}

/// What the page shows, or what stands in its way.
async fn page(tab: &Arc<Tab>, detail: &Detail, glimpse: Option<Glimpse>) -> Vec<String> {
    let looked = {
        let tab = Arc::clone(tab);
        let detail = detail.clone();
        async move {
            let (snapshot, title) = tab.look(&detail, glimpse).await;
            (snapshot, tab.url(), title)
        }
    };
    let held =
        async { while !tab.until(std::time::Duration::from_hours(1), |state| !state.modals.is_empty()).await {} };
    let (snapshot, url, title) = tokio::select! {
        biased;
        () = held => return modal::lines(&tab.state().modals),
        looked = looked => looked,
    };
    let mut lines = Vec::new();
    let unread = tab.state().recorder.unread();
    if !unread.is_empty() {
        lines.push("### New console messages".to_owned());
        lines.extend(unread.iter().map(|entry| format!("- {}", shortened(&entry.to_string()))));
        lines.push(String::new());
    }
    let downloads = tab.downloads();
    if !downloads.is_empty() {
        lines.push("### Downloads".to_owned());
        lines.extend(downloads.iter().map(|download| match &download.file {
            Some(file) => format!("- Downloaded file {} to {file}", download.name),
            None => format!("- Downloading file {} ...", download.name),
        }));
        lines.push(String::new());
    }
    lines.push("### Page state".to_owned());
    lines.push(format!("- Page URL: {url}"));
    lines.push(format!("- Page Title: {title}"));
    match snapshot {
        Ok(text) => lines.extend(["- Page Snapshot:".to_owned(), "```yaml".to_owned(), text, "```".to_owned()]),
        Err(failure) => lines.push(format!("- Page Snapshot: none, because of: {failure}")),
    }
    lines
}

/// The first characters of a line, counted as JavaScript counts them.
fn shortened(text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= LINE {
        return text.to_owned();
    }
    format!("{}...", String::from_utf16_lossy(&units[..LINE]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_says_that_it_is_an_error_only_where_it_is() {
        let mut response = Response::default();
        response.result("one");
        response.code("await page.close()");
        let made = response.finish(None, &[], None).await;
        assert_eq!(
            made["content"][0]["text"],
            "### Result\none\n\n### Ran Playwright code\n```js\nawait page.close()\n```\n"
        );
        assert!(made.get("isError").is_none());
        let mut response = Response::default();
        response.error("Error: no");
        assert_eq!(response.finish(None, &[], None).await["isError"], true);
    }

    #[tokio::test]
    async fn without_tabs_the_list_says_what_to_do() {
        let mut response = Response::default();
        response.show_tabs();
        let made = response.finish(None, &[], None).await;
        assert_eq!(
            made["content"][0]["text"],
            "### Open tabs\nNo open tabs. Use the \"browser_navigate\" tool to navigate to a page first.\n"
        );
    }
}
