//! What stands in the way of everything else in a tab: a dialog, or a file chooser.

use serde_json::{Value, json};

use super::Tab;
use crate::failure::Failure;

/// A dialog or a file chooser that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Modal {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    Dialog { kind: String, message: String, session: String },
    /// The page asked for files.
    FileChooser { node: i64, session: String, takes_many: bool },
}

/// Characters that are shown of what a dialog says.
const LENGTH: usize = 5_000;

impl Modal {
    pub(crate) fn dialog(session: &str, params: &Value) -> Self {
        let message = params["message"].as_str().unwrap_or_default();
        Self::Dialog {
            kind: params["type"].as_str().unwrap_or("alert").to_owned(),
            message: message.chars().take(LENGTH).collect(),
            session: session.to_owned(),
        }
    }

    pub(crate) fn chooser(session: &str, params: &Value) -> Option<Self> {
        Some(Self::FileChooser {
            node: params["backendNodeId"].as_i64()?,
            session: session.to_owned(),
            takes_many: params["mode"] == "selectMultiple",
        })
    }

    pub(crate) fn is_dialog(&self) -> bool {
        matches!(self, Self::Dialog { .. })
    }

    /// What it is, as tools say it.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Dialog { kind, message, .. } => format!("\"{kind}\" dialog with message \"{message}\""),
            Self::FileChooser { .. } => "File chooser".to_owned(),
        }
    }

    /// The tool that answers it.
    pub(crate) fn tool(&self) -> &'static str {
        match self {
            Self::Dialog { .. } => "browser_handle_dialog",
            Self::FileChooser { .. } => "browser_file_upload",
        }
    }
}

impl Tab {
    /// Takes the dialog that stands in the way, and gives the session in which it has to be answered.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn take_dialog(&self) -> Result<String, Failure> {
        let mut state = self.state();
        let index = state.modals.iter().position(Modal::is_dialog);
        match index.map(|index| state.modals.remove(index)) {
            Some(Modal::Dialog { session, .. }) => Ok(session),
            _ => Err(Failure::said("No dialog visible")),
        }
    }

    /// Answers a dialog that was taken.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub(crate) async fn answer_dialog(
        &self,
        session: &str,
        is_accepted: bool,
        text: Option<&str>,
    ) -> Result<(), Failure> {
        let mut params = json!({ "accept": is_accepted });
        if let Some(text) = text {
            params["promptText"] = text.into();
        }
        let limit = self.options.script_timeout;
        self.call_within(session, "Page.handleJavaScriptDialog", params, limit).await.map(|_| ())
    }
}

/// The lines about what stands in the way.
pub(crate) fn lines(modals: &[Modal]) -> Vec<String> {
    let mut lines = vec!["### Modal state".to_owned()];
    if modals.is_empty() {
        lines.push("- There is no modal state present".to_owned());
    }
    let line = |modal: &Modal| format!("- [{}]: can be handled by the \"{}\" tool", modal.description(), modal.tool());
    lines.extend(modals.iter().map(line));
    lines
}
