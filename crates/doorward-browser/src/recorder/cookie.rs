//! A cookie that was refused or not sent, with the browser's reasons.

use serde_json::Value;

/// Which way the cookie went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// A server wanted to set it.
    Set,
    /// It was in the jar, and a request went without it.
    Send,
}

/// A cookie that was refused or not sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// Which way.
    pub way: Way,
    /// The cookie's name.
    pub name: String,
    /// Its attributes as they were written, without the value; empty for one that was not sent.
    pub line: String,
    /// The domain that it has in the jar; empty where the browser does not say.
    pub domain: String,
    /// The path that it has in the jar.
    pub path: String,
    /// `SameSite` as the browser understood it; empty where it was not written.
    pub same_site: String,
    /// The browser's reasons, in its own words.
    pub reasons: Vec<String>,
    /// The address of the request.
    pub url: String,
    /// The number of the request in the list, and of the hop in it.
    pub place: (u64, usize),
    /// The event that tells it, with the value taken out.
    pub evidence: Value,
}

impl Refusal {
    /// From one element of `blockedCookies` of `Network.responseReceivedExtraInfo`.
    pub(super) fn set(blocked: &Value, url: &str, place: (u64, usize)) -> Option<Self> {
        let line = blocked["cookieLine"].as_str().unwrap_or_default();
        let name =
            blocked["cookie"]["name"].as_str().unwrap_or_else(|| line.split(['=', ';']).next().unwrap_or_default());
        Self::made(Way::Set, (name.trim(), without_value(line)), blocked, (url, place))
    }

    /// From one element of `associatedCookies` of `Network.requestWillBeSentExtraInfo`.
    pub(super) fn send(associated: &Value, url: &str, place: (u64, usize)) -> Option<Self> {
        let name = associated["cookie"]["name"].as_str().unwrap_or_default();
        Self::made(Way::Send, (name, String::new()), associated, (url, place))
    }

    fn made(way: Way, (name, line): (&str, String), told: &Value, (url, place): (&str, (u64, usize))) -> Option<Self> {
        let reasons: Vec<String> =
            told["blockedReasons"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if reasons.is_empty() {
            return None;
        }
        let of = |field: &str| told["cookie"][field].as_str().unwrap_or_default().to_owned();
        Some(Self {
            way,
            name: name.to_owned(),
            line,
            domain: of("domain"),
            path: of("path"),
            same_site: of("sameSite"),
            reasons,
            url: url.to_owned(),
            place,
            evidence: redacted(told),
        })
    }
}

/// What a cookie's value is replaced by.
pub const HIDDEN: &str = "****";

/// A `Set-Cookie` line without its value.
#[must_use]
pub fn without_value(line: &str) -> String {
    let (pair, attributes) = line.split_once(';').map_or((line, None), |(pair, rest)| (pair, Some(rest)));
    let name = pair.split_once('=').map(|(name, _)| name);
    let head = name.map_or_else(|| HIDDEN.to_owned(), |name| format!("{name}={HIDDEN}"));
    attributes.map_or(head.clone(), |attributes| format!("{head};{attributes}"))
}

/// A `Cookie` header without its values.
#[must_use]
pub fn names_only(header: &str) -> String {
    let pairs = header.split(';').map(str::trim).filter(|pair| !pair.is_empty());
    let named = pairs
        .map(|pair| pair.split_once('=').map_or_else(|| HIDDEN.to_owned(), |(name, _)| format!("{name}={HIDDEN}")));
    named.collect::<Vec<_>>().join("; ")
}

fn redacted(told: &Value) -> Value {
    let mut told = told.clone();
    if let Some(line) = told["cookieLine"].as_str().map(without_value) {
        told["cookieLine"] = line.into();
    }
    if told["cookie"]["value"].is_string() {
        told["cookie"]["value"] = HIDDEN.into();
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_stay_out_of_everything() {
        assert_eq!(without_value("sid=secret; Path=/; Secure"), "sid=****; Path=/; Secure");
        assert_eq!(without_value("secret"), "****");
        assert_eq!(names_only("a=secret; b=x=y;c"), "a=****; b=****; ****");
        let told = json!({ "blockedReasons": ["SecureOnly"], "cookieLine": "sid=secret; Secure", "cookie": { "name": "sid", "value": "secret" } });
        let refusal = Refusal::set(&told, "http://app.test/", (0, 0)).unwrap();
        assert!(!format!("{refusal:?}").contains("secret"));
    }

    #[test]
    fn a_cookie_that_was_sent_is_no_refusal() {
        assert!(Refusal::send(&json!({ "blockedReasons": [], "cookie": { "name": "a" } }), "", (0, 0)).is_none());
    }
}
