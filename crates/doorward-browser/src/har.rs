//! What a tab did as an HTTP archive (HAR 1.2), with every value, for whoever compares values and keeps none.

use std::collections::HashMap;

use doorward_core::UnixTime;
use serde_json::{Value, json};

use crate::recorder::{Chain, Hop, Recorder};
use crate::tab::Tab;

/// Answers whose bodies are asked for.
const BODIES: usize = 40;

/// Bodies of answers by the browser's ids of their requests.
type Bodies = HashMap<String, String>;

impl Tab {
    /// The archive, with the answers that are JSON. It holds cookies, tokens and passwords: it must never be shown or
    /// written.
    pub async fn dangerous_archive(&self) -> Value {
        let asked: Vec<String> = self.recorded(|recorder| {
            let is_json = |chain: &&Chain| {
                let kind = chain.hops().last().and_then(|hop| hop.response_header("content-type"));
                kind.is_some_and(|kind| kind.contains("json"))
            };
            recorder.all().rev().filter(is_json).take(BODIES).map(|chain| chain.id.clone()).collect()
        });
        let mut bodies = Bodies::new();
        for id in asked {
            // A body of a page that was left is kept no more.
            if let Ok(body) = self.response_body(&id).await {
                bodies.insert(id, body);
            }
        }
        self.recorded(|recorder| archive(recorder, &bodies))
    }
}

fn archive(recorder: &Recorder, bodies: &Bodies) -> Value {
    let of = |chain| move |hop| entry(chain, hop, bodies);
    let entries: Vec<Value> = recorder.all().flat_map(|chain| chain.hops().iter().map(of(chain))).collect();
    let console: Vec<String> = recorder.console().map(ToString::to_string).collect();
    json!({ "log": { "version": "1.2", "creator": { "name": "doorward", "version": env!("CARGO_PKG_VERSION") },
        "entries": entries, "_console": console } })
}

fn entry(chain: &Chain, hop: &Hop, bodies: &Bodies) -> Value {
    let fields = |pairs: Vec<(String, String)>| -> Vec<Value> {
        pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    let is_last = chain.hops().last().is_some_and(|last| std::ptr::eq(last, hop));
    let mut made = json!({
        "_resourceType": chain.kind,
        "request": { "method": hop.method, "url": hop.url, "headers": fields(hop.request_headers()) },
        "response": { "status": hop.status.unwrap_or_default(), "statusText": hop.status_text,
            "headers": fields(hop.response_headers()),
            "_error": chain.failure.as_deref().filter(|_| is_last).unwrap_or_default() },
    });
    if hop.wall > 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "a time of day is far smaller")]
        let milliseconds = (hop.wall * 1000.0) as i64;
        let (second, rest) = (milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000));
        made["startedDateTime"] = UnixTime(second).to_rfc3339().replace('Z', &format!(".{rest:03}Z")).into();
    }
    if let Some(ended) = chain.ended.filter(|_| is_last) {
        made["time"] = ((ended - hop.started).max(0.0) * 1000.0).round().into();
    }
    if let Some(body) = &hop.body {
        made["request"]["postData"] = json!({ "text": body });
    }
    if let Some(body) = bodies.get(&chain.id).filter(|_| is_last) {
        let kind = hop.response_header("content-type").unwrap_or_default();
        made["response"]["content"] = json!({ "mimeType": kind, "text": body });
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_holds_each_hop_with_what_can_be_compared() {
        let mut recorder = Recorder::default();
        recorder.take(
            "Network.requestWillBeSent",
            &json!({ "requestId": "1", "type": "Fetch", "wallTime": 1_700_000_000.5, "timestamp": 5.0,
                "request": { "url": "http://a/", "method": "POST", "postData": "csrf_token=t&b=1",
                    "headers": { "Cookie": "csrf_token=t", "Accept": "x" } } }),
        );
        let failed = json!({ "requestId": "1", "errorText": "net::ERR_FAILED", "timestamp": 6.0 });
        recorder.take("Network.loadingFailed", &failed);
        let archive = archive(&recorder, &Bodies::from([("1".to_owned(), "{}".to_owned())]));
        let (request, response) = (&archive["log"]["entries"][0]["request"], &archive["log"]["entries"][0]["response"]);
        assert_eq!((&request["url"], &response["_error"]), (&json!("http://a/"), &json!("net::ERR_FAILED")));
        assert_eq!(archive["log"]["entries"][0]["startedDateTime"], "2023-11-14T22:13:20.500Z");
        assert_eq!(archive["log"]["entries"][0]["time"], 1000.0);
        assert_eq!(
            (&request["postData"]["text"], &response["content"]["text"]),
            (&json!("csrf_token=t&b=1"), &json!("{}"))
        );
    }
}
