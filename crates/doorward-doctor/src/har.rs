//! What a browser recorded, out of its HAR file: requests without their secrets.

use serde_json::Value;

use crate::facts::{Browser, Call};
use crate::redact;

/// Requests that are taken over.
const CALLS: usize = 500;

/// Reads a HAR file (HTTP Archive 1.2).
///
/// # Errors
/// Where it is none.
pub fn read(text: &str) -> Result<Browser, serde_json::Error> {
    let har: Value = serde_json::from_str(text)?;
    let mut browser = Browser::default();
    for entry in har["log"]["entries"].as_array().into_iter().flatten().take(CALLS) {
        browser.calls.push(call(entry));
    }
    let lines = har["log"]["_console"].as_array().into_iter().flatten().filter_map(Value::as_str);
    browser.console = lines.map(redact::clean).take(200).collect();
    browser.is_secure_context = har["log"]["_isSecureContext"].as_bool();
    Ok(browser)
}

fn call(entry: &Value) -> Call {
    let (request, response) = (&entry["request"], &entry["response"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = |value: &Value| {
        let all = value["headers"].as_array().into_iter().flatten();
        all.map(|field| {
            (
                redact::clean(&text(&field["name"]).to_lowercase()),
                crate::probe::shown::shown(&text(&field["name"]), &text(&field["value"])),
            )
        })
        .take(100)
        .collect::<Vec<_>>()
    };
    let header = |name: &str| {
        request["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|field| text(&field["name"]).eq_ignore_ascii_case(name))
            .map(|field| text(&field["value"]))
    };
    let cookies = header("cookie").unwrap_or_default();
    Call {
        method: redact::clean(&text(&request["method"])),
        url: redact::address(&text(&request["url"])),
        status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
        sent: fields(request),
        got: fields(response),
        cookies: cookies
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, _)| redact::clean(name.trim()))
            .collect(),
        error: redact::clean(&(text(&response["_error"]) + &text(&entry["_error"]) + &text(&response["statusText"]))),
        is_from_worker: response["_fetchedViaServiceWorker"].as_bool().unwrap_or_default(),
        at: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_requests_over_without_their_secrets() {
        let text = r#"{"log":{"entries":[{"request":{"method":"POST","url":"https://a.test/x?code=secret1","headers":[{"name":"Cookie","value":"s=secret2; t=1"}]},"response":{"status":403,"headers":[]}}]}}"#;
        let browser = read(text).unwrap();
        assert_eq!(
            (browser.calls[0].status, browser.calls[0].cookies.clone()),
            (403, vec!["s".to_owned(), "t".to_owned()])
        );
        assert!(!format!("{browser:?}").contains("secret"));
        assert!(read("no").is_err());
    }
}
