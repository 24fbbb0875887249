//! The Model Context Protocol: its messages are JSON-RPC 2.0, and few of its methods concern a server of tools.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::response::refused;
use super::session::Session;
use super::setting::Settings;
use super::tool::{self, Tool};

/// The versions of the protocol that are spoken, the newest first.
pub const VERSIONS: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// JSON-RPC: the message is no JSON.
const NOT_JSON: i64 = -32700;
/// JSON-RPC: the JSON is no message.
pub(crate) const NO_REQUEST: i64 = -32600;
/// JSON-RPC: there is no such method.
const NO_METHOD: i64 = -32601;

/// One client's server of tools.
#[derive(Debug)]
pub struct Server {
    session: Session,
    settings: Arc<Settings>,
    /// Tools change the page, so one runs after the other.
    turn: tokio::sync::Mutex<()>,
    /// The calls that are under way, by their ids, and who is told when one is taken back.
    running: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Server {
    /// A server for one client; its browser starts with the first tool that needs one.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        let session = Session::new(Arc::clone(&settings));
        Self { session, settings, turn: tokio::sync::Mutex::default(), running: Mutex::default() }
    }

    /// Answers one message, or several in a list. Notifications have no answer.
    pub async fn answer(&self, message: &[u8]) -> Option<Value> {
        match read(message) {
            Ok(message) => self.answer_value(message).await,
            Err(failed) => Some(failed),
        }
    }

    /// The same for a message that was read already.
    pub(crate) async fn answer_value(&self, message: Value) -> Option<Value> {
        match message {
            Value::Array(list) if !list.is_empty() => {
                let mut answers = Vec::new();
                for one in list.into_iter().take(100) {
                    answers.extend(self.one(one).await);
                }
                (!answers.is_empty()).then_some(Value::Array(answers))
            }
            one => self.one(one).await,
        }
    }

    async fn one(&self, mut message: Value) -> Option<Value> {
        if !message.is_object() {
            return Some(failed(&Value::Null, NO_REQUEST, "Invalid request"));
        }
        let id = message["id"].take();
        let Some(method) = message["method"].as_str().map(str::to_owned) else {
            // An answer to something that we never ask.
            let is_answer = message.get("result").is_some() || message.get("error").is_some();
            return (!is_answer).then(|| failed(&id, NO_REQUEST, "Invalid request"));
        };
        if id.is_null() {
            if method == "notifications/cancelled" {
                self.take_back(&message["params"]["requestId"]);
            }
            return None;
        }
        if !(id.is_string() || id.is_number()) {
            return Some(failed(&Value::Null, NO_REQUEST, "Invalid request: an id is a text or a number"));
        }
        let params = message["params"].take();
        let result = match method.as_str() {
            "initialize" => initialize(&params),
            "ping" | "logging/setLevel" => json!({}),
            "tools/list" => json!({ "tools": self.tools().map(Tool::listed).collect::<Vec<_>>() }),
            "tools/call" => self.revocable(&id, self.call(&params)).await?,
            "resources/list" => json!({ "resources": [] }),
            "resources/templates/list" => json!({ "resourceTemplates": [] }),
            "prompts/list" => json!({ "prompts": [] }),
            _ => return Some(failed(&id, NO_METHOD, "Method not found")),
        };
        Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
    }

    /// The tools that this client has.
    pub fn tools(&self) -> impl Iterator<Item = &'static Tool> {
        let has = |tool: &&Tool| {
            tool.capability.is_empty() || self.settings.capabilities.iter().any(|one| one == tool.capability)
        };
        tool::all().filter(has)
    }

    async fn call(&self, params: &Value) -> Value {
        let Some(name) = params["name"].as_str() else {
            return refused("Error: A call names its tool");
        };
        let Some(tool) = self.tools().find(|tool| tool.name == name) else {
            return refused(&format!("Error: Tool \"{name}\" not found"));
        };
        let _turn = self.turn.lock().await;
        tool.call(&self.session, &params["arguments"]).await
    }

    /// The answer of a call, or none where the client takes it back first.
    async fn revocable(&self, id: &Value, call: impl Future<Output = Value>) -> Option<Value> {
        let (id, revoked) = (id.to_string(), Arc::new(Notify::new()));
        self.running.lock().insert(id.clone(), Arc::clone(&revoked));
        let told = tokio::select! {
            told = call => Some(told),
            () = revoked.notified() => None,
        };
        self.running.lock().remove(&id);
        told
    }

    fn take_back(&self, id: &Value) {
        if let Some(revoked) = self.running.lock().get(&id.to_string()) {
            revoked.notify_one();
        }
    }

    /// Ends the browser of this client.
    pub async fn close(&self) {
        self.session.close().await;
    }
}

fn initialize(params: &Value) -> Value {
    let asked = params["protocolVersion"].as_str().unwrap_or_default();
    let version = VERSIONS.iter().find(|version| **version == asked).unwrap_or(&VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "doorward", "title": "Doorward browser", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// The message, or the answer to what is none.
pub(crate) fn read(message: &[u8]) -> Result<Value, Value> {
    serde_json::from_slice(message).map_err(|error| failed(&Value::Null, NOT_JSON, &format!("Parse error: {error}")))
}

/// An answer that is an error.
pub(crate) fn failed(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
