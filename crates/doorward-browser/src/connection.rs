//! One connection to a browser: commands find their answers, events go to whoever listens.
//!
//! Messages are untyped JSON values throughout, so that unknown fields and events of a newer Chromium change nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::wire::Outbox;

type Answer = Result<Value, Failure>;

/// A command that was sent and has no answer yet.
struct Asked {
    id: u64,
    receiver: oneshot::Receiver<Answer>,
}

/// Something that the browser tells by itself.
#[derive(Debug)]
pub(crate) struct Event {
    /// The session that it comes from; empty for the browser itself.
    pub(crate) session: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// The sender of commands and the shelf of those that wait for their answer.
#[derive(Debug)]
pub(crate) struct Connection {
    outbox: Mutex<Option<Outbox>>,
    waiting: Mutex<HashMap<u64, (String, oneshot::Sender<Answer>)>>,
    next: AtomicU64,
    is_closed: AtomicBool,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            outbox: Mutex::new(None),
            waiting: Mutex::new(HashMap::new()),
            next: AtomicU64::new(1),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Gives the connection its way out; what is sent before fails.
    pub(crate) fn open(&self, outbox: Outbox) {
        *self.outbox.lock() = Some(outbox);
    }

    /// Sends a command and waits at most `limit` for its answer.
    pub(crate) async fn call(&self, session: &str, method: &str, params: Value, limit: Duration) -> Answer {
        let asked = self.ask(session, method, &params)?;
        self.answer(asked, Instant::now() + limit, limit).await
    }

    /// Sends one command several times, one right behind the other, and waits at most `limit` for every answer.
    pub(crate) async fn call_all(&self, session: &str, method: &str, all: &[Value], limit: Duration) -> Answer {
        let asked: Vec<_> = all.iter().map(|params| self.ask(session, method, params)).collect();
        let deadline = Instant::now() + limit;
        let mut last = Ok(Value::Null);
        for one in asked {
            let answer = match one {
                Ok(asked) => self.answer(asked, deadline, limit).await,
                Err(failure) => Err(failure),
            };
            last = last.and(answer);
        }
        last
    }

    fn ask(&self, session: &str, method: &str, params: &Value) -> Result<Asked, Failure> {
        let (sender, receiver) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting.lock().insert(id, (session.to_owned(), sender));
        if !self.send(id, session, method, params) {
            self.waiting.lock().remove(&id);
            return Err(Failure::Gone);
        }
        Ok(Asked { id, receiver })
    }

    async fn answer(&self, asked: Asked, deadline: Instant, limit: Duration) -> Answer {
        if let Ok(answer) = tokio::time::timeout_at(deadline, asked.receiver).await {
            answer.unwrap_or(Err(Failure::Gone))
        } else {
            self.waiting.lock().remove(&asked.id);
            Err(Failure::Late { milliseconds: limit.as_millis() })
        }
    }

    /// Sends a command whose answer nobody waits for.
    pub(crate) fn post(&self, session: &str, method: &str, params: &Value) {
        self.send(self.next.fetch_add(1, Ordering::Relaxed), session, method, params);
    }

    fn send(&self, id: u64, session: &str, method: &str, params: &Value) -> bool {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = Value::from(session);
        }
        let outbox = self.outbox.lock();
        !self.is_closed() && outbox.as_ref().is_some_and(|outbox| outbox.send(message.to_string().into_bytes()).is_ok())
    }

    /// Takes a message: an answer goes to whoever waits for it, an event is given back.
    pub(crate) fn receive(&self, message: &[u8]) -> Option<Event> {
        let mut value = parse(message)?;
        if let Some(id) = value["id"].as_u64() {
            let (_, sender) = self.waiting.lock().remove(&id)?;
            let _ = sender.send(answer(&mut value));
            return None;
        }
        let method = value["method"].as_str()?.to_owned();
        let session = value["sessionId"].as_str().unwrap_or_default().to_owned();
        Some(Event { session, method, params: value["params"].take() })
    }

    /// Ends what waits on a session that is gone or answers no more.
    pub(crate) fn forget(&self, session: &str, why: &'static str) {
        let mut waiting = self.waiting.lock();
        let lost: Vec<u64> = waiting.iter().filter(|(_, (of, _))| of == session).map(|(id, _)| *id).collect();
        for (_, sender) in lost.into_iter().filter_map(|id| waiting.remove(&id)) {
            let _ = sender.send(Err(Failure::TabLost(why)));
        }
    }

    /// Ends everything: the browser is gone.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.outbox.lock().take();
        self.waiting.lock().clear();
    }

    /// Whether the browser is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }
}

fn answer(value: &mut Value) -> Answer {
    if value["error"].is_object() {
        let message = value["error"]["message"].as_str().unwrap_or("the browser refused a command");
        return Err(Failure::Refused(message.to_owned()));
    }
    Ok(value["result"].take())
}

/// Reads a message, also where a page wrote half a character into it.
fn parse(message: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(message) {
        return Some(value);
    }
    let text = String::from_utf8_lossy(message);
    serde_json::from_str(&without_halves(&text)).ok()
}

/// The JSON text with every escaped half of a surrogate pair replaced; whole pairs stay.
fn without_halves(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    let mut from = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let Some(first) = escaped(text, at) else {
            at += 2;
            continue;
        };
        let second = escaped(text, at + 6);
        if (0xD800..0xDC00).contains(&first) && second.is_some_and(|second| (0xDC00..0xE000).contains(&second)) {
            at += 12;
            continue;
        }
        if (0xD800..0xE000).contains(&first) {
            made.push_str(&text[from..at]);
            made.push_str("\\ufffd");
            from = at + 6;
        }
        at += 6;
    }
    made.push_str(text.get(from..).unwrap_or_default());
    made
}

/// The number of a `\uXXXX` at this place.
fn escaped(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_costs_no_message() {
        let value = parse(br#"{"method":"M","params":{"a":"x\ud800y","b":"\ud83d\ude00","c":"\\ud800","d":"\udc00"}}"#)
            .unwrap();
        assert_eq!(value["params"], json!({ "a": "x\u{fffd}y", "b": "\u{1f600}", "c": "\\ud800", "d": "\u{fffd}" }));
        assert!(parse(b"{broken").is_none());
    }

    #[tokio::test]
    async fn an_answer_finds_its_command_and_an_event_the_listener() {
        let connection = Connection::new();
        let (outbox, sent) = std::sync::mpsc::channel();
        connection.open(outbox);
        let answered = async {
            tokio::task::yield_now().await;
            let message: Value = serde_json::from_slice(&sent.recv().unwrap()).unwrap();
            assert_eq!(message["sessionId"], "s");
            let reply = json!({ "id": message["id"], "result": { "x": 1 }, "news": [] }).to_string();
            assert!(connection.receive(reply.as_bytes()).is_none());
        };
        let limit = Duration::from_secs(5);
        let (answer, ()) = tokio::join!(connection.call("s", "A.b", json!({}), limit), answered);
        assert_eq!(answer.unwrap()["x"], 1);
        let event = connection.receive(br#"{"method":"New.thing","params":{"unknown":true}}"#).unwrap();
        assert_eq!((event.method.as_str(), event.session.as_str()), ("New.thing", ""));
    }

    #[tokio::test]
    async fn what_waits_ends_with_its_session_and_with_the_browser() {
        let connection = Connection::new();
        let (outbox, _sent) = std::sync::mpsc::channel();
        connection.open(outbox);
        let limit = Duration::from_secs(5);
        let lost = async {
            tokio::task::yield_now().await;
            connection.forget("s", "gone");
        };
        let (answer, ()) = tokio::join!(connection.call("s", "A.b", json!({}), limit), lost);
        assert!(matches!(answer, Err(Failure::TabLost(_))));
        connection.close();
        assert!(matches!(connection.call("s", "A.b", json!({}), limit).await, Err(Failure::Gone)));
    }
}
