//! A request with its redirect hops. What is sent and received comes in two kinds of events, which are joined here.

use serde_json::Value;

use super::cookie::Refusal;

/// Hops of one request; a browser gives up at twenty.
const HOPS: usize = 64;

/// One request and one answer.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Hop {
    /// The method, in capital letters.
    pub method: String,
    /// The address that was asked.
    pub url: String,
    /// The status, once there is an answer.
    pub status: Option<u64>,
    /// The reason phrase.
    pub status_text: String,
    /// What was sent in the body, where the browser tells it.
    pub body: Option<String>,
    /// The headers that the page asked for.
    pub asked: Value,
    /// The headers of the answer as the page may see them.
    pub shown: Value,
    /// The protocol of the answer: `http/1.1`, `h2`.
    pub protocol: String,
    /// `Network.requestWillBeSentExtraInfo`: the headers as sent, and every cookie that was thought of.
    pub sent: Option<Value>,
    /// `Network.responseReceivedExtraInfo`: the headers as received, and every cookie that was refused.
    pub received: Option<Value>,
    /// When it began, in seconds of the browser's clock.
    pub started: f64,
    /// When it began, in seconds since 1970, by the clock of this machine.
    pub wall: f64,
    /// The event's timing of the answer, as the browser tells it.
    pub timing: Value,
    has_extra: Option<bool>,
    place: (u64, usize),
}

/// A request with its redirect hops and how it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Chain {
    /// The number in the order of all requests of the tab, from zero.
    pub number: u64,
    /// The browser's id of the request.
    pub id: String,
    /// What it is for: `Document`, `Fetch`, `Script` …
    pub kind: String,
    /// Who began it: `parser`, `script`, `preflight` …
    pub initiator: String,
    /// The frame that it belongs to.
    pub frame: String,
    /// When it ended, in seconds of the browser's clock.
    pub ended: Option<f64>,
    /// Why it failed: `net::ERR_…`.
    pub failure: Option<String>,
    /// The browser's word for what blocked it: `csp`, `mixed-content`, `other` …
    pub blocked: Option<String>,
    /// Why the answer of another origin was not given to the page.
    pub cors: Option<Value>,
    /// Whether it came out of the cache.
    pub is_cached: bool,
    /// Whether somebody took it back, as a navigation does.
    pub is_canceled: bool,
    hops: Vec<Hop>,
    sent: Vec<Value>,
    received: Vec<Value>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Chain {
    pub(super) fn new(number: u64, params: &Value) -> Self {
        let mut chain = Self {
            number,
            id: text(&params["requestId"]),
            kind: text(&params["type"]),
            initiator: text(&params["initiator"]["type"]),
            frame: text(&params["frameId"]),
            ended: None,
            failure: None,
            blocked: None,
            cors: None,
            is_cached: false,
            is_canceled: false,
            hops: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
        };
        chain.hop(params);
        chain
    }

    fn hop(&mut self, params: &Value) {
        let request = &params["request"];
        self.hops.push(Hop {
            method: text(&request["method"]).to_uppercase(),
            url: text(&request["url"]),
            body: request["postData"].as_str().map(|body| body.chars().take(16_384).collect()),
            asked: request["headers"].clone(),
            started: params["timestamp"].as_f64().unwrap_or_default(),
            wall: params["wallTime"].as_f64().unwrap_or_default(),
            place: (self.number, self.hops.len()),
            ..Hop::default()
        });
    }

    pub(super) fn redirected(&mut self, params: &Value) {
        if let Some(hop) = self.hops.last_mut() {
            hop.answer(&params["redirectResponse"], params["redirectHasExtraInfo"].as_bool());
        }
        if self.hops.len() < HOPS {
            self.hop(params);
        }
        self.join();
    }

    pub(super) fn answered(&mut self, params: &Value) {
        if let Some(hop) = self.hops.last_mut() {
            hop.answer(&params["response"], params["hasExtraInfo"].as_bool());
        }
        if let Some(kind) = params["type"].as_str() {
            kind.clone_into(&mut self.kind);
        }
        self.join();
    }

    pub(super) fn extra(&mut self, kind: &str, params: Value) {
        let list = if kind == "request" { &mut self.sent } else { &mut self.received };
        if list.len() < HOPS {
            list.push(params);
        }
        self.join();
    }

    pub(super) fn finished(&mut self, params: &Value) {
        self.ended = Some(params["timestamp"].as_f64().unwrap_or_default());
    }

    pub(super) fn failed(&mut self, params: &Value) {
        self.finished(params);
        self.failure = params["errorText"].as_str().map(str::to_owned);
        self.blocked = params["blockedReason"].as_str().map(str::to_owned);
        self.cors = params["corsErrorStatus"].is_object().then(|| params["corsErrorStatus"].clone());
        self.is_canceled = params["canceled"].as_bool().unwrap_or_default();
    }

    pub(super) fn take_from_cache(&mut self) {
        self.is_cached = true;
    }

    /// Gives every hop its extra information, in order; a hop that is known to have none is passed by.
    fn join(&mut self) {
        let with_extra: Vec<usize> =
            (0..self.hops.len()).filter(|index| self.hops[*index].has_extra != Some(false)).collect();
        for hop in &mut self.hops {
            (hop.sent, hop.received) = (None, None);
        }
        for (index, told) in with_extra.iter().zip(&self.sent) {
            self.hops[*index].sent = Some(told.clone());
        }
        for (index, told) in with_extra.iter().zip(&self.received) {
            self.hops[*index].received = Some(told.clone());
        }
    }

    /// The hops, the first request first.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// What was sent in the body, by the last hop that had one: a form that is led on is sent once.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.hops.iter().rev().find_map(|hop| hop.body.as_deref())
    }

    /// Whether an answer is still awaited. What stays open by its nature is never pending.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let stays_open = ["EventSource", "WebSocket", "Ping", "Media", "Prefetch", "CSPViolationReport"];
        self.ended.is_none() && !stays_open.contains(&self.kind.as_str())
    }

    /// Every cookie that was refused or not sent, on every hop.
    pub fn refusals(&self) -> impl Iterator<Item = Refusal> {
        self.hops.iter().flat_map(Hop::refusals)
    }

    /// Whether a tool lists it: browsers ask for an icon by themselves, and a preflight belongs to its request.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        let url = self.hops.first().map_or("", |hop| hop.url.as_str());
        !url.ends_with("/favicon.ico") && self.initiator != "preflight"
    }

    /// Whether it is a part of the page rather than something that somebody did.
    #[must_use]
    pub fn is_static(&self) -> bool {
        ["Image", "Font", "Script", "Stylesheet", "Manifest", "Media"].contains(&self.kind.as_str())
    }
}

impl Hop {
    fn answer(&mut self, response: &Value, has_extra: Option<bool>) {
        self.status = response["status"].as_u64();
        self.status_text = text(&response["statusText"]);
        self.shown = response["headers"].clone();
        self.protocol = text(&response["protocol"]);
        self.timing = response["timing"].clone();
        self.has_extra = has_extra;
    }

    /// The cookies that were refused or not sent here.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        let list = |told: &Option<Value>, field: &str| -> Vec<Value> {
            told.as_ref().and_then(|told| told[field].as_array().cloned()).unwrap_or_default()
        };
        let associated = list(&self.sent, "associatedCookies").into_iter();
        let blocked = list(&self.received, "blockedCookies").into_iter();
        let unsent = associated.filter_map(|one| Refusal::send(&one, &self.url, self.place));
        unsent.chain(blocked.filter_map(|one| Refusal::set(&one, &self.url, self.place))).collect()
    }

    /// The names of the cookies that went with the request.
    #[must_use]
    pub fn sent_cookies(&self) -> Vec<String> {
        let told = self.sent.as_ref().and_then(|told| told["associatedCookies"].as_array());
        let is_sent = |one: &&Value| one["blockedReasons"].as_array().is_none_or(Vec::is_empty);
        let name = |one: &Value| one["cookie"]["name"].as_str().map(str::to_owned);
        told.map(|all| all.iter().filter(is_sent).filter_map(name).collect()).unwrap_or_default()
    }

    /// The headers as they were sent, or else as the page asked for them.
    #[must_use]
    pub fn request_headers(&self) -> Vec<(String, String)> {
        pairs(self.sent.as_ref().map_or(&self.asked, |told| &told["headers"]))
    }

    /// The headers as they were received, or else as the page may see them.
    #[must_use]
    pub fn response_headers(&self) -> Vec<(String, String)> {
        pairs(self.received.as_ref().map_or(&self.shown, |told| &told["headers"]))
    }

    /// One header of the answer, by its name in small letters.
    #[must_use]
    pub fn response_header(&self, name: &str) -> Option<String> {
        self.response_headers().into_iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn pairs(headers: &Value) -> Vec<(String, String)> {
    let Some(headers) = headers.as_object() else { return Vec::new() };
    let lines = |(name, value): (&String, &Value)| -> Vec<(String, String)> {
        let value = value.as_str().unwrap_or_default();
        value.split('\n').map(|line| (name.clone(), line.chars().take(16_384).collect())).collect()
    };
    headers.iter().flat_map(lines).collect()
}
