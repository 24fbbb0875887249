//! Answering a dialog.

use std::sync::Arc;

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};

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
    let (is_accepted, text) = (turn.given.flag("accept"), turn.given.text("promptText").map(str::to_owned));
    let session = tab.take_dialog()?;
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.answer_dialog(&session, is_accepted, text.as_deref()).await }).await
}
