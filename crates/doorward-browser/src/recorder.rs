//! What a tab did: each request with its hops and cookies, the console, the browser's own issues. Everything is bounded.

pub mod console;
pub mod cookie;
pub mod exchange;

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

pub use console::Entry;
pub use cookie::{Refusal, Way};
pub use exchange::{Chain, Hop};

/// Requests that are remembered for one tab; older ones are forgotten.
const CHAINS: usize = 2_000;
/// Console lines that are remembered for one tab.
const LINES: usize = 2_000;
/// Issues that are remembered for one tab.
const ISSUES: usize = 500;
/// Extra information whose request has not been told yet.
const ORPHANS: usize = 200;

/// The memory of one tab.
#[derive(Debug, Default)]
pub struct Recorder {
    chains: VecDeque<Chain>,
    /// From the browser's id of a request to its number in the order of all.
    numbers: HashMap<String, u64>,
    forgotten: u64,
    /// Requests before this number were made for an earlier navigation of the tool.
    cleared: u64,
    orphans: VecDeque<(String, &'static str, Value)>,
    console: VecDeque<Entry>,
    /// Console lines that were written before the last navigation of the tool.
    older: usize,
    unread: usize,
    issues: VecDeque<Value>,
}

impl Recorder {
    /// Takes an event of the domains Network, Audits, Runtime and Log. Others are passed by.
    pub(crate) fn take(&mut self, method: &str, params: &Value) {
        match method {
            "Network.requestWillBeSent" => self.sent(params),
            "Network.requestWillBeSentExtraInfo" => self.extra("request", params),
            "Network.responseReceivedExtraInfo" => self.extra("response", params),
            "Network.responseReceived" => self.on_chain(params, |chain| chain.answered(params)),
            "Network.loadingFinished" => self.on_chain(params, |chain| chain.finished(params)),
            "Network.loadingFailed" => self.on_chain(params, |chain| chain.failed(params)),
            "Network.requestServedFromCache" => self.on_chain(params, Chain::take_from_cache),
            "Audits.issueAdded" => {
                self.issues.push_back(params["issue"].clone());
                if self.issues.len() > ISSUES {
                    self.issues.pop_front();
                }
            }
            "Runtime.consoleAPICalled" => self.write(Entry::called(params)),
            "Runtime.exceptionThrown" => self.write(Entry::thrown(&params["exceptionDetails"])),
            "Log.entryAdded" if params["entry"]["source"] != "worker" => self.write(Entry::logged(&params["entry"])),
            _ => {}
        }
    }

    fn sent(&mut self, params: &Value) {
        let url = params["request"]["url"].as_str().unwrap_or_default();
        if url.starts_with("data:") {
            return;
        }
        let id = params["requestId"].as_str().unwrap_or_default().to_owned();
        if params["redirectResponse"].is_object() && self.chain(&id).is_some() {
            self.on_chain(params, |chain| chain.redirected(params));
            return;
        }
        let number = self.forgotten + self.chains.len() as u64;
        let mut chain = Chain::new(number, params);
        let (own, others) = std::mem::take(&mut self.orphans).into_iter().partition(|(of, _, _)| *of == id);
        self.orphans = others;
        let own: VecDeque<(String, &'static str, Value)> = own;
        for (_, kind, params) in own {
            chain.extra(kind, params);
        }
        self.numbers.insert(id, number);
        self.chains.push_back(chain);
        if self.chains.len() > CHAINS
            && let Some(oldest) = self.chains.pop_front()
        {
            self.forgotten += 1;
            self.numbers.retain(|_, number| *number != oldest.number);
        }
    }

    fn extra(&mut self, kind: &'static str, params: &Value) {
        let id = params["requestId"].as_str().unwrap_or_default();
        if self.chain(id).is_some() {
            let params = params.clone();
            self.on_chain(&params, |chain| chain.extra(kind, params.clone()));
            return;
        }
        self.orphans.push_back((id.to_owned(), kind, params.clone()));
        if self.orphans.len() > ORPHANS {
            self.orphans.pop_front();
        }
    }

    fn chain(&mut self, id: &str) -> Option<&mut Chain> {
        let index = self.numbers.get(id)?.checked_sub(self.forgotten)?;
        self.chains.get_mut(usize::try_from(index).ok()?)
    }

    fn on_chain(&mut self, params: &Value, work: impl FnOnce(&mut Chain)) {
        if let Some(chain) = params["requestId"].as_str().and_then(|id| self.chain(id)) {
            work(chain);
        }
    }

    fn write(&mut self, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        self.console.push_back(entry);
        self.unread += 1;
        if self.console.len() > LINES {
            self.console.pop_front();
            self.older = self.older.saturating_sub(1);
        }
        self.unread = self.unread.min(self.console.len());
    }

    /// Forgets what is shown of earlier pages; the requests stay for a diagnosis.
    pub(crate) fn clear(&mut self) {
        self.cleared = self.count();
        self.older = self.console.len();
        self.unread = 0;
    }

    /// How many requests there were in all.
    pub(crate) fn count(&self) -> u64 {
        self.forgotten + self.chains.len() as u64
    }

    /// Whether a request that began at or after this number is still under way. Streams are not waited for.
    pub(crate) fn is_busy_since(&self, number: u64) -> bool {
        self.chains.iter().any(|chain| chain.number >= number && chain.is_pending())
    }

    /// Every request that is remembered.
    #[must_use]
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Chain> {
        self.chains.iter()
    }

    /// The requests since the last navigation that was asked for.
    #[must_use]
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Chain> {
        let cleared = self.cleared;
        self.chains.iter().filter(move |chain| chain.number >= cleared)
    }

    /// The console since the last navigation that was asked for.
    pub fn console(&self) -> impl Iterator<Item = &Entry> {
        self.console.iter().skip(self.older)
    }

    /// Every line of the console that is remembered.
    pub fn whole_console(&self) -> impl Iterator<Item = &Entry> {
        self.console.iter()
    }

    /// The console lines that nobody has been shown, which are then taken as shown.
    pub(crate) fn unread(&mut self) -> Vec<Entry> {
        let from = self.console.len() - std::mem::take(&mut self.unread);
        self.console.iter().skip(from).cloned().collect()
    }

    /// The browser's issues, as it tells them.
    pub fn issues(&self) -> impl Iterator<Item = &Value> {
        self.issues.iter()
    }

    /// Every cookie that was refused or not sent.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.chains.iter().flat_map(Chain::refusals).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(id: &str, url: &str) -> Value {
        json!({ "requestId": id, "request": { "url": url, "method": "GET", "headers": {} }, "type": "Document", "news": 1 })
    }

    #[test]
    fn what_comes_before_its_request_is_joined_to_it() {
        let mut recorder = Recorder::default();
        recorder.take(
            "Network.responseReceivedExtraInfo",
            &json!({ "requestId": "1", "statusCode": 200, "blockedCookies":
                [{ "blockedReasons": ["SecureOnly"], "cookieLine": "sid=1; Secure" }] }),
        );
        recorder.take("Network.requestWillBeSent", &request("1", "http://app.test/"));
        let refusals = recorder.refusals();
        assert_eq!(refusals.len(), 1);
        assert_eq!((refusals[0].name.as_str(), refusals[0].reasons[0].as_str()), ("sid", "SecureOnly"));
    }

    #[test]
    fn each_hop_gets_its_own_extra_information() {
        let mut recorder = Recorder::default();
        recorder.take("Network.requestWillBeSent", &request("1", "http://app.test/login"));
        recorder.take("Network.responseReceivedExtraInfo", &json!({ "requestId": "1", "statusCode": 303,
            "headers": { "set-cookie": "a=1" }, "blockedCookies": [{ "blockedReasons": ["SecureOnly"], "cookieLine": "a=1; Secure" }] }));
        let mut next = request("1", "http://app.test/home");
        next["redirectResponse"] = json!({ "status": 303, "statusText": "See Other", "headers": {} });
        next["redirectHasExtraInfo"] = json!(true);
        recorder.take("Network.requestWillBeSent", &next);
        recorder.take(
            "Network.responseReceivedExtraInfo",
            &json!({ "requestId": "1", "statusCode": 200, "blockedCookies": [] }),
        );
        recorder.take(
            "Network.responseReceived",
            &json!({ "requestId": "1", "hasExtraInfo": true,
            "response": { "status": 200, "statusText": "OK", "headers": {} } }),
        );
        recorder.take("Network.loadingFinished", &json!({ "requestId": "1" }));
        let chain = recorder.all().next().unwrap();
        let hops = chain.hops();
        assert_eq!((hops.len(), hops[0].status, hops[1].status), (2, Some(303), Some(200)));
        assert_eq!((hops[0].refusals().len(), hops[1].refusals().len()), (1, 0));
        assert!(!chain.is_pending());
    }

    #[test]
    fn memory_is_bounded_whatever_a_page_does() {
        let mut recorder = Recorder::default();
        for index in 0..CHAINS + 500 {
            recorder.take("Network.requestWillBeSent", &request(&index.to_string(), "http://app.test/"));
            recorder.take("Runtime.consoleAPICalled", &json!({ "type": "log", "args": [{ "value": "x" }] }));
            recorder.take("Network.requestWillBeSentExtraInfo", &json!({ "requestId": format!("none{index}") }));
            recorder.take("Audits.issueAdded", &json!({ "issue": {} }));
        }
        assert_eq!((recorder.chains.len(), recorder.numbers.len()), (CHAINS, CHAINS));
        assert_eq!((recorder.console.len(), recorder.issues.len(), recorder.orphans.len()), (LINES, ISSUES, ORPHANS));
        assert_eq!(recorder.unread().len(), LINES);
        assert_eq!(recorder.unread().len(), 0);
    }

    #[test]
    fn events_of_a_newer_browser_change_nothing() {
        let mut recorder = Recorder::default();
        for params in [json!(null), json!({}), json!({ "requestId": 7, "request": [] }), json!("text")] {
            for method in [
                "Network.requestWillBeSent",
                "Network.responseReceived",
                "Network.loadingFailed",
                "Network.responseReceivedExtraInfo",
                "Runtime.exceptionThrown",
                "Log.entryAdded",
                "Network.newThing",
            ] {
                recorder.take(method, &params);
            }
        }
        assert!(recorder.refusals().is_empty());
    }
}
