//! Running a function in the page.

use super::{ELEMENT, Need, Tool, Turn, quoted};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_evaluate",
    title: "Evaluate JavaScript",
    description: "Run a function of JavaScript in the page, or on one of its elements, and return its answer as JSON",
    capability: "",
    is_read_only: false,
    need: Need::FreeTab,
    parameters: &[
        Parameter::needed("function", Kind::Text, "() => { … }, or (element) => { … } where an element is given"),
        Parameter { is_required: false, ..ELEMENT },
        Parameter::new("ref", Kind::Text, "Reference of the element in the page snapshot"),
        Parameter::new("target", Kind::Text, "The same as ref, or a selector that fits one element alone"),
        Parameter::new("filename", Kind::Text, "Write the answer to this file instead"),
    ],
    run: |turn| Box::pin(evaluate(turn)),
}];

async fn evaluate(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let source = turn.given.text("function").unwrap_or_default().to_owned();
    let spot = match turn.given.reference("ref", "target") {
        Some(reference) => Some(tab.spot(reference).await?),
        None => None,
    };
    let code = match &spot {
        Some(spot) => format!("await page.{}.evaluate({});", tab.code(spot).await?, quoted(&source)),
        None => format!("await page.evaluate({});", quoted(&source)),
    };
    turn.response.code(code);
    let (frame, reference) = match spot {
        Some(spot) => (spot.frame, Some(spot.reference)),
        None => (tab.state().frames.main_id().to_owned(), None),
    };
    let worker = std::sync::Arc::clone(&tab);
    let (sender, mut receiver) = tokio::sync::oneshot::channel();
    let owner = if reference.is_some() { "locator" } else { "page" };
    turn.complete(&tab, 0, async move {
        let told = worker.evaluate(&frame, &source, reference.as_deref()).await;
        let told = told.map_err(|failure| match failure {
            Failure::Said(text) => Failure::said(format!("Error: {owner}._evaluateFunction: {text}")),
            other => other,
        })?;
        let _ = sender.send(told);
        Ok(())
    })
    .await?;
    // Behind a dialog there is no answer yet.
    let Ok(told) = receiver.try_recv() else { return Ok(()) };
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, told.as_bytes())?;
            turn.response.result(format!("Saved the answer as {}", path.display()));
        }
        None => turn.response.result(told),
    }
    Ok(())
}
