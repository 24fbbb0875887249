//! Answering a dialog.

use std::sync::Arc;

use serde_json::json;

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::tab::modal::Modal;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_handle_dialog",
    title: "Handle a dialog",
    description: "Accept or dismiss the dialog that the page shows",
    capability: "",
    is_read_only: false,
    need: Need::Dialog,
    parameters: &[
        Parameter::needed("accept", Kind::Flag, "Whether the dialog is accepted"),
        Parameter::new("promptText", Kind::Text, "The answer to a prompt"),
    ],
    run: |turn| Box::pin(handle(turn)),
}];

async fn handle(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let session = {
        let mut state = tab.state();
        let index = state.modals.iter().position(Modal::is_dialog);
        let Some(Modal::Dialog { session, .. }) = index.map(|index| state.modals.remove(index)) else {
            return Err(Failure::said("No dialog visible"));
        };
        session
    };
    let mut params = json!({ "accept": turn.given.flag("accept") });
    if let Some(text) = turn.given.text("promptText") {
        params["promptText"] = text.into();
    }
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move {
        let limit = worker.options.script_timeout;
        worker.call_within(&session, "Page.handleJavaScriptDialog", params, limit).await.map(|_| ())
    })
    .await
}
