//! Going to an address, back and forward.

use std::sync::Arc;

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_navigate",
        title: "Navigate to a URL",
        description: "Open an address",
        capability: "",
        is_read_only: false,
        need: Need::Nothing,
        parameters: &[Parameter::needed("url", Kind::Text, "The address, with its scheme")],
        run: |turn| Box::pin(go(turn)),
    },
    Tool {
        name: "browser_navigate_back",
        title: "Go back",
        description: "Go back to the page before",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[],
        run: |turn| Box::pin(travel(turn, -1)),
    },
    Tool {
        name: "browser_navigate_forward",
        title: "Go forward",
        description: "Go forward to the next page",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[],
        run: |turn| Box::pin(travel(turn, 1)),
    },
];

async fn go(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let url = turn.given.text("url").unwrap_or_default().to_owned();
    if let Some(refusal) = crate::origin::refusal(&url) {
        return Err(Failure::said(format!("{refusal}: {url}")));
    }
    let tab = turn.session.ensure_tab().await?;
    turn.leave_dialogs(&tab).await;
    turn.open(&tab, &url).await?;
    turn.response.show_page();
    turn.response.code(format!("await page.goto('{url}');"));
    Ok(())
}

async fn travel(turn: &mut Turn<'_>, steps: i64) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let worker = Arc::clone(&tab);
    tab.beside_dialogs(async move { worker.travel(steps).await }).await?;
    turn.response.show_page();
    turn.response.code(if steps < 0 { "await page.goBack();" } else { "await page.goForward();" });
    Ok(())
}

impl Turn<'_> {
    /// Opens an address; a dialog that comes up meanwhile is shown, not waited for.
    pub(super) async fn open(&self, tab: &Arc<crate::tab::Tab>, url: &str) -> Result<(), Failure> {
        let (worker, url) = (Arc::clone(tab), url.to_owned());
        tab.beside_dialogs(async move { worker.navigate(&url).await }).await
    }

    /// A page that asks without end cannot be left otherwise: its dialogs are dismissed.
    async fn leave_dialogs(&self, tab: &Arc<crate::tab::Tab>) {
        for _ in 0..20 {
            let session = {
                let mut state = tab.state();
                state.modals.retain(crate::tab::modal::Modal::is_dialog);
                match state.modals.pop() {
                    Some(crate::tab::modal::Modal::Dialog { session, .. }) => session,
                    _ => return,
                }
            };
            let params = serde_json::json!({ "accept": true });
            let _ = tab
                .call_within(&session, "Page.handleJavaScriptDialog", params, std::time::Duration::from_secs(2))
                .await;
        }
    }
}
