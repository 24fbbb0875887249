//! What a tab did as an HTTP archive (HAR 1.2), without values of cookies and tokens, or whole.

use serde_json::{Value, json};

use crate::recorder::cookie::{HIDDEN, names_only, without_value};
use crate::recorder::{Chain, Hop, Recorder};

/// Headers whose values are secrets.
const SECRET: &[&str] =
    &["authorization", "proxy-authorization", "x-csrf-token", "x-xsrf-token", "x-api-key", "x-auth-token"];

/// The archive of a recording.
#[must_use]
pub fn written(recorder: &Recorder) -> Value {
    archive(recorder, &|chain, hop| entry(chain, hop, &shown))
}

/// The archive with every value, for whoever compares a token with its cookie. It is never to be shown or kept.
#[must_use]
pub fn whole(recorder: &Recorder) -> Value {
    archive(recorder, &|chain, hop| {
        let mut entry = entry(chain, hop, &|_, value| value.to_owned());
        if let Some(body) = chain.body.as_deref().filter(|_| is_last(chain, hop)) {
            entry["request"]["postData"] = json!({ "text": body });
        }
        entry
    })
}

fn archive(recorder: &Recorder, write: &dyn Fn(&Chain, &Hop) -> Value) -> Value {
    let entries: Vec<Value> =
        recorder.all().flat_map(|chain| chain.hops().iter().map(move |hop| write(chain, hop))).collect();
    let console: Vec<String> = recorder.console().map(ToString::to_string).collect();
    json!({ "log": { "version": "1.2", "creator": { "name": "doorward", "version": env!("CARGO_PKG_VERSION") },
        "entries": entries, "_console": console } })
}

fn is_last(chain: &Chain, hop: &Hop) -> bool {
    chain.hops().last().is_some_and(|last| std::ptr::eq(last, hop))
}

fn entry(chain: &Chain, hop: &Hop, value_of: &dyn Fn(&str, &str) -> String) -> Value {
    let fields = |pairs: Vec<(String, String)>| -> Vec<Value> {
        pairs.iter().map(|(name, value)| json!({ "name": name, "value": value_of(name, value) })).collect()
    };
    json!({
        "_resourceType": chain.kind,
        "request": { "method": hop.method, "url": hop.url, "headers": fields(hop.request_headers()) },
        "response": { "status": hop.status.unwrap_or_default(), "statusText": hop.status_text,
            "headers": fields(hop.response_headers()),
            "_error": chain.failure.as_deref().filter(|_| is_last(chain, hop)).unwrap_or_default() },
    })
}

/// The value of a header as it may be shown.
pub(crate) fn shown(name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "cookie" => names_only(value),
        "set-cookie" => without_value(value),
        _ if SECRET.contains(&lower.as_str()) => {
            let scheme = value.split_once(' ').map(|(scheme, _)| format!("{scheme} ")).unwrap_or_default();
            format!("{scheme}{HIDDEN}")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_holds_each_hop_and_no_secret() {
        let mut recorder = Recorder::default();
        recorder.take(
            "Network.requestWillBeSent",
            &json!({ "requestId": "1", "type": "Document", "request": { "url": "http://a/", "method": "GET",
                "headers": { "Cookie": "sid=secret", "Authorization": "Bearer secret", "Accept": "x" } } }),
        );
        recorder.take("Network.loadingFailed", &json!({ "requestId": "1", "errorText": "net::ERR_FAILED" }));
        let archive = written(&recorder);
        let entry = &archive["log"]["entries"][0];
        assert_eq!(
            (&entry["request"]["url"], &entry["response"]["_error"]),
            (&json!("http://a/"), &json!("net::ERR_FAILED"))
        );
        let text = archive.to_string();
        assert!(!text.contains("secret") && text.contains("sid=****") && text.contains("Bearer ****"), "{text}");
        assert_eq!(
            whole(&recorder)["log"]["entries"][0]["request"]["headers"].to_string().matches("secret").count(),
            2
        );
    }
}
