//! Finding on the page what a step names.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::step::Thing;
use super::text::Values;
use crate::act::Spot;
use crate::failure::Failure;
use crate::tab::Tab;

/// Pause between two looks at the page.
const PAUSE: Duration = Duration::from_millis(100);

/// What kind of thing is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Field,
    Control,
}

/// Looks again and again until something is there, as long as there is time.
///
/// # Errors
///
/// Why it was not there at the last look.
pub(super) async fn until<T, F>(deadline: Instant, mut look: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, String>>,
{
    let mut last = None;
    loop {
        let why = match tokio::time::timeout_at(deadline, look()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(why)) => why,
            // What the look before saw tells more.
            Err(_) => last.take().unwrap_or_else(|| "the page did not answer in time".to_owned()),
        };
        if Instant::now() + PAUSE >= deadline {
            return Err(why);
        }
        last = Some(why);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The element that a step names.
///
/// # Errors
///
/// Why there is none, in words.
pub(super) async fn thing(tab: &Arc<Tab>, thing: &Thing, kind: Kind, values: &Values) -> Result<Spot, String> {
    match thing {
        Thing::Selector(selector) => tab.spot(&format!("css={selector}")).await.map_err(|failure| failure.to_string()),
        Thing::Named(text) => {
            let name = text.filled(values);
            let kind = if kind == Kind::Field { "field" } else { "control" };
            let told = ask(tab, "called", json!({ "text": name, "kind": kind }))
                .await
                .map_err(|failure| failure.to_string())?;
            spot(tab, &told["ref"]).ok_or_else(|| match told["count"].as_u64() {
                Some(0) | None => format!("the page shows nothing that is called \"{name}\""),
                Some(count) => format!("{count} things are called \"{name}\"; write a selector instead, such as #id"),
            })
        }
    }
}

/// What the page shows of whether somebody is signed in.
pub(super) async fn standing(tab: &Tab) -> Result<Value, String> {
    ask(tab, "standing", json!({})).await.map_err(|failure| failure.to_string())
}

/// What stands in a field or an element.
pub(super) async fn value(tab: &Tab, spot: &Spot) -> Result<String, String> {
    let told = tab.ask(&spot.frame, "value", &json!({ "ref": spot.reference })).await;
    let told = told.map_err(|failure| failure.to_string())?;
    told["text"].as_str().map(str::to_owned).ok_or_else(|| "the element is gone".to_owned())
}

/// The element of a reference of the main frame.
pub(super) fn spot(tab: &Tab, reference: &Value) -> Option<Spot> {
    let frame = tab.state().frames.main_id().to_owned();
    reference.as_str().map(|reference| Spot { frame, reference: reference.to_owned() })
}

async fn ask(tab: &Tab, name: &str, given: Value) -> Result<Value, Failure> {
    let frame = tab.state().frames.main_id().to_owned();
    tab.ask(&frame, name, &given).await
}
