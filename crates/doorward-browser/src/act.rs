//! What a person does in a page: point, click, drag, type, choose.

pub mod key;
mod keyboard;
mod pointer;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::tab::Tab;

pub use pointer::Click;

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Button {
    /// The one for clicks.
    #[default]
    Left,
    /// The one for menus.
    Right,
    /// The wheel.
    Middle,
}

impl Button {
    fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Middle => "middle",
        }
    }

    fn mask(self) -> u32 {
        match self {
            Self::Left => 1,
            Self::Right => 2,
            Self::Middle => 4,
        }
    }
}

/// An element in its frame, by reference.
#[derive(Debug, Clone)]
pub struct Spot {
    pub(crate) frame: String,
    pub(crate) reference: String,
}

/// Pauses between tries, in milliseconds; the last one is repeated.
const PAUSES: &[u64] = &[0, 20, 100, 100, 500];

impl Tab {
    /// The element that a reference or a selector names.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn spot(&self, reference: &str) -> Result<Spot, Failure> {
        let (frame, reference) = self.find(reference).await?;
        Ok(Spot { frame, reference })
    }

    /// The code that another tool would find the element with.
    ///
    /// # Errors
    ///
    /// When the element is gone.
    pub async fn code(&self, spot: &Spot) -> Result<String, Failure> {
        let mut calls = Vec::new();
        let mut place = (spot.frame.clone(), Some(spot.reference.clone()));
        loop {
            let told = match &place.1 {
                Some(reference) => self.ask(&place.0, "locator", &json!({ "ref": reference })).await?,
                None => Value::Null,
            };
            match told["code"].as_str() {
                Some(code) => calls.push(code.to_owned()),
                None if calls.is_empty() => return Err(gone()),
                None => calls.push("locator('iframe')".to_owned()),
            }
            let Some((parent, reference)) = self.owner(&place.0).await else { break };
            place = (parent, reference);
        }
        calls.reverse();
        Ok(calls.join(".contentFrame()."))
    }

    /// The frame around a frame, and the reference of the element that holds it.
    pub(crate) async fn owner(&self, frame: &str) -> Option<(String, Option<String>)> {
        let parent = self.state().frames.find(frame)?.parent.clone()?;
        let reference = self.owner_reference(&parent, frame).await;
        Some((parent, reference))
    }

    async fn owner_reference(&self, parent: &str, frame: &str) -> Option<String> {
        let (session, world) = {
            let state = self.state();
            let found = state.frames.find(parent)?;
            (found.session.clone(), found.world?)
        };
        let limit = self.options.script_timeout;
        let owner = self.call_within(&session, "DOM.getFrameOwner", json!({ "frameId": frame }), limit).await.ok()?;
        let params = json!({ "backendNodeId": owner["backendNodeId"], "executionContextId": world });
        let resolved = self.call_within(&session, "DOM.resolveNode", params, limit).await.ok()?;
        let object = &resolved["object"]["objectId"];
        let params = json!({ "objectId": object, "returnByValue": true, "arguments": [{ "objectId": object }],
            "functionDeclaration": "function (element) { return doorward.name(element); }" });
        let named = self.call_within(&session, "Runtime.callFunctionOn", params, limit).await.ok()?;
        named["result"]["value"].as_str().map(str::to_owned)
    }

    fn patience(&self, what: &'static str) -> Patience {
        let limit = self.options.action_timeout;
        let log = vec![format!("attempting {what} action")];
        Patience { what, limit, deadline: Instant::now() + limit, log, count: 0 }
    }
}

/// The time that an action has, and what stood in its way so far.
struct Patience {
    what: &'static str,
    limit: Duration,
    deadline: Instant,
    log: Vec<String>,
    count: usize,
}

impl Patience {
    /// Waits for an answer as long as there is time.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::time::timeout_at(self.deadline, work).await.unwrap_or_else(|_| Err(self.over()))
    }

    /// Notes why it is not possible yet, and pauses before the next try.
    async fn again(&mut self, why: String) -> Result<(), Failure> {
        if self.log.last() != Some(&why) && self.log.len() < 20 {
            self.log.push(why);
        }
        let pause = Duration::from_millis(PAUSES[self.count.min(PAUSES.len() - 1)]);
        self.count += 1;
        if Instant::now() + pause >= self.deadline {
            tokio::time::sleep_until(self.deadline).await;
            return Err(self.over());
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn over(&self) -> Failure {
        let lines: Vec<String> = self.log.iter().map(|line| format!("  - {line}")).collect();
        let milliseconds = self.limit.as_millis();
        let what = self.what;
        Failure::said(format!(
            "TimeoutError: locator.{what}: Timeout {milliseconds}ms exceeded.\nCall log:\n{}\n",
            lines.join("\n")
        ))
    }
}

fn gone() -> Failure {
    Failure::said(
        "Ref not found, likely because element was removed. Use browser_snapshot to see what elements are currently on the page.",
    )
}

/// Why an element cannot be acted on yet, from an answer of the page script.
fn hindrance(told: &Value) -> Option<Result<String, Failure>> {
    if told["gone"] == true || told["missing"] == "attached" {
        return Some(Err(gone()));
    }
    if let Some(error) = told["error"].as_str() {
        return Some(Err(Failure::said(format!("Error: {error}"))));
    }
    if let Some(state) = told["missing"].as_str() {
        return Some(Ok(format!("element is not {state}")));
    }
    if let Some(cover) = told["covered"].as_str() {
        return Some(Ok(format!("{cover} intercepts pointer events")));
    }
    if told["outside"] == true {
        return Some(Ok("element is outside of the viewport".to_owned()));
    }
    told["retry"].as_str().map(|why| Ok(why.to_owned()))
}
