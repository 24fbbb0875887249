//! Giving files to the page.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ELEMENT, Need, Tool, Turn, quoted};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::tab::modal::Modal;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_file_upload",
        title: "Upload files",
        description: "Give files to the page that asked for them; they stand in the folder that --output-dir names",
        capability: "",
        is_read_only: false,
        need: Need::FileChooser,
        parameters: &[Parameter::new(
            "paths",
            Kind::Texts,
            "Paths of the files; without any the question is dismissed",
        )],
        run: |turn| Box::pin(upload(turn)),
    },
    Tool {
        name: "browser_drop",
        title: "Drop onto an element",
        description: "Drop files or data onto an element, as if they came from outside of the browser",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            Parameter { is_required: false, ..ELEMENT },
            Parameter::needed("target", Kind::Text, "Reference of the element, or a selector that fits it alone")
                .or("ref"),
            Parameter::new("paths", Kind::Texts, "Paths of files, in the folder that --output-dir names"),
            Parameter::new("data", Kind::Object, "Data by media type, such as text/plain"),
        ],
        run: |turn| Box::pin(put(turn)),
    },
];

fn readable(turn: &Turn<'_>) -> Result<Vec<String>, Failure> {
    let paths = turn.given.texts("paths");
    let found: Result<Vec<_>, Failure> = paths.iter().map(|path| turn.session.output.readable(path)).collect();
    Ok(found?.into_iter().map(|path| path.display().to_string()).collect())
}

async fn upload(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let paths = readable(turn)?;
    let asked = tab.state().modals.iter().find(|modal| !modal.is_dialog()).cloned();
    let Some(Modal::FileChooser { node, session, takes_many }) = asked.clone() else {
        return Err(Failure::said("No file chooser visible"));
    };
    // A call that cannot be done leaves the question as it is.
    if paths.len() > 1 && !takes_many {
        return Err(Failure::said("fileChooser.setFiles: Error: Non-multiple file input can only accept single file"));
    }
    tab.state().modals.retain(|modal| Some(modal) != asked.as_ref());
    if turn.given.value("paths").is_some() {
        turn.response.code(format!("await fileChooser.setFiles({})", json!(turn.given.texts("paths"))));
    }
    if paths.is_empty() {
        return Ok(());
    }
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.give_files(&session, node, &paths).await }).await
}

async fn put(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let spot = turn.spot(&tab).await?;
    let files = readable(turn)?;
    if files.is_empty() && turn.given.value("data").is_none_or(Value::is_null) {
        return Err(Failure::said("At least one of \"paths\" or \"data\" must be provided."));
    }
    let data = turn.given.value("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let items: Vec<Value> = data.iter().map(|(kind, value)| json!({ "mimeType": kind, "data": value })).collect();
    let code = tab.code(&spot).await?;
    let names: Vec<String> = files.iter().map(|path| quoted(path)).collect();
    turn.response.code(format!("await page.{code}.drop({{ files: [{}] }});", names.join(", ")));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move {
        let (x, y) = worker.aim(&spot, "drop", &["visible"]).await?;
        let data = json!({ "items": items, "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            worker.call("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data })).await?;
        }
        Ok(())
    })
    .await
}
