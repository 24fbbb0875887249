//! Questions to the page script, and functions that run in the page itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::frame::WORLD;
use super::{State, Tab};
use crate::failure::Failure;
use crate::page;

/// How often a question is asked again because the page went on to another document.
const TRIES: usize = 20;
/// How long is waited for what comes in a moment: the scripts of a document, the rest of an answer.
const SOON: Duration = Duration::from_secs(2);
/// Characters of a body that are read.
const BODY: usize = 64 * 1024;

impl Tab {
    /// Asks the page script of a frame.
    pub(crate) async fn ask(&self, frame: &str, name: &str, given: &Value) -> Result<Value, Failure> {
        let mut last = Failure::TabLost("Frame was detached");
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            match self.ask_once(frame, name, given).await {
                Err(failure) if failure.is_other_document() => last = failure,
                other => return other,
            }
        }
        Err(last)
    }

    /// Asks once: an error where the document goes away meanwhile, as after an action that leaves the page.
    pub(crate) async fn ask_once(&self, frame: &str, name: &str, given: &Value) -> Result<Value, Failure> {
        let (session, context) = self.world(frame).await?;
        let arguments = json!([{ "value": name }, { "value": given }]);
        let answer = self.function(&session, context, page::ASK, &arguments).await?;
        if is_not_installed(&answer) {
            self.install(&session, context).await?;
            let answer = self.function(&session, context, page::ASK, &arguments).await?;
            return result(answer).map(|mut value| value["value"].take());
        }
        result(answer).map(|mut value| value["value"].take())
    }

    /// The remote object of an element that has a reference.
    pub(crate) async fn element(&self, frame: &str, reference: &str) -> Result<(String, String), Failure> {
        let (session, context) = self.world(frame).await?;
        let params = json!({ "functionDeclaration": page::ELEMENT, "executionContextId": context,
            "arguments": [{ "value": reference }] });
        let answer = self.call_within(&session, "Runtime.callFunctionOn", params, self.options.script_timeout).await?;
        let object = result(answer)?["objectId"].as_str().map(str::to_owned);
        object.map(|object| (session, object)).ok_or_else(|| {
            Failure::said("Ref not found, likely because element was removed. Use browser_snapshot to see what elements are currently on the page.")
        })
    }

    async fn function(
        &self,
        session: &str,
        context: i64,
        declaration: &str,
        arguments: &Value,
    ) -> Result<Value, Failure> {
        let params = json!({ "functionDeclaration": declaration, "executionContextId": context, "arguments": arguments,
            "returnByValue": true, "awaitPromise": true });
        self.call_within(session, "Runtime.callFunctionOn", params, self.options.script_timeout).await
    }

    /// The session and the execution context of the page script of a frame.
    async fn world(&self, frame: &str) -> Result<(String, i64), Failure> {
        let (session, known) = {
            let state = self.state();
            let found = state.frames.find(frame).ok_or(Failure::TabLost("Frame was detached"))?;
            (found.session.clone(), found.world)
        };
        if let Some(context) = known {
            return Ok((session, context));
        }
        let params = json!({ "frameId": frame, "worldName": WORLD });
        let made = self.call_within(&session, "Page.createIsolatedWorld", params, self.options.script_timeout).await?;
        let context = made["executionContextId"].as_i64().ok_or(Failure::TabLost("Frame was detached"))?;
        self.install(&session, context).await?;
        if let Some(frame) = self.state().frames.find_mut(frame) {
            frame.world = Some(context);
        }
        Ok((session, context))
    }

    async fn install(&self, session: &str, context: i64) -> Result<(), Failure> {
        let params = json!({ "expression": page::install(), "contextId": context });
        self.call_within(session, "Runtime.evaluate", params, self.options.script_timeout).await.map(|_| ())
    }

    /// Runs a function in the page's own world, on an element or none, and gives its answer as JSON text.
    pub(crate) async fn evaluate(&self, frame: &str, source: &str, reference: Option<&str>) -> Result<String, Failure> {
        let (session, mut params) = if let Some(reference) = reference {
            self.page_element(frame, reference).await?
        } else {
            // Between two documents there is none for a moment.
            let is_told = |state: &State| {
                let has_page = state.frames.find(frame).is_none_or(|frame| frame.page.is_some());
                has_page || state.is_crashed || state.is_closed || !state.modals.is_empty()
            };
            self.until(SOON, is_told).await;
            let state = self.state();
            let found = state.frames.find(frame).ok_or(Failure::TabLost("Frame was detached"))?;
            let context = found.page.ok_or_else(|| Failure::said("The page runs no scripts"))?;
            (found.session.clone(), json!({ "executionContextId": context }))
        };
        params["functionDeclaration"] = page::evaluation(source).into();
        params["returnByValue"] = true.into();
        params["awaitPromise"] = true.into();
        params["userGesture"] = true.into();
        let limit = self.options.script_timeout;
        let answer = self.call_within(&session, "Runtime.callFunctionOn", params, limit).await;
        let value = result(answer?)?;
        Ok(value["value"].as_str().unwrap_or("undefined").to_owned())
    }

    /// The beginning of the body of an answer, as text.
    pub(crate) async fn response_body(&self, request: &str) -> Result<String, Failure> {
        let has_come =
            |state: &State| state.recorder.all().find(|one| one.id == request).is_none_or(|one| !one.is_pending());
        self.until(SOON, has_come).await;
        let told = self.call("Network.getResponseBody", json!({ "requestId": request })).await;
        let told = told.map_err(|_| Failure::said("The browser keeps no body of this request any more"))?;
        let text = told["body"].as_str().unwrap_or_default();
        let bytes = if told["base64Encoded"] == true {
            STANDARD.decode(text).unwrap_or_default()
        } else {
            text.as_bytes().to_vec()
        };
        Ok(String::from_utf8_lossy(&bytes).chars().take(BODY).collect())
    }

    /// The element in the page's own world, where scripts of the page know it.
    async fn page_element(&self, frame: &str, reference: &str) -> Result<(String, Value), Failure> {
        let (session, object) = self.element(frame, reference).await?;
        let limit = self.options.script_timeout;
        let described = self.call_within(&session, "DOM.describeNode", json!({ "objectId": object }), limit).await?;
        let context = self.state().frames.find(frame).and_then(|frame| frame.page);
        let params = json!({ "backendNodeId": described["node"]["backendNodeId"], "executionContextId": context });
        let resolved = self.call_within(&session, "DOM.resolveNode", params, limit).await?;
        let object = &resolved["object"]["objectId"];
        Ok((session, json!({ "executionContextId": context, "arguments": [{ "objectId": object }] })))
    }
}

fn is_not_installed(answer: &Value) -> bool {
    let text = answer["exceptionDetails"]["exception"]["description"].as_str().unwrap_or_default();
    text.starts_with("ReferenceError: doorward is not defined")
}

/// The value that a script gave, or what it threw.
fn result(mut answer: Value) -> Result<Value, Failure> {
    let details = &answer["exceptionDetails"];
    if !details.is_object() {
        return Ok(answer["result"].take());
    }
    let exception = &details["exception"];
    let thrown = exception["description"].as_str().map(str::to_owned);
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let thrown = thrown.or_else(|| exception.get("value").map(plain));
    let text = thrown.or_else(|| details["text"].as_str().map(str::to_owned)).unwrap_or_default();
    // The frames of the function around what somebody wrote say nothing.
    Err(Failure::said(text))
}
