//! One line of the console: what a script wrote, what it threw, or what the browser says of its own.

use serde_json::Value;

/// Characters that are kept of one line.
const LENGTH: usize = 10_000;

/// One line of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The kind in small letters: `log`, `warning`, `error` …; none for an exception that nobody caught.
    pub kind: Option<String>,
    /// What was written.
    pub text: String,
    /// The address of the script or request; empty where none is known.
    pub url: String,
    /// The line, counted from zero.
    pub line: u64,
}

impl Entry {
    pub(super) fn called(params: &Value) -> Option<Self> {
        let kind = params["type"].as_str()?;
        let args = params["args"].as_array()?;
        let text = args.iter().map(preview).collect::<Vec<_>>().join(" ");
        let frame = &params["stackTrace"]["callFrames"][0];
        Some(Self {
            kind: Some(kind.to_owned()),
            text: cut(text),
            url: frame["url"].as_str().unwrap_or_default().to_owned(),
            line: frame["lineNumber"].as_u64().unwrap_or_default(),
        })
    }

    pub(super) fn thrown(details: &Value) -> Option<Self> {
        details.as_object()?;
        let exception = &details["exception"];
        let text = match exception["description"].as_str() {
            Some(text) => text.to_owned(),
            None if exception.is_object() => said(&exception["value"]),
            None => details["text"].as_str().unwrap_or_default().to_owned(),
        };
        Some(Self { kind: None, text: cut(text), url: String::new(), line: 0 })
    }

    pub(super) fn logged(entry: &Value) -> Option<Self> {
        Some(Self {
            kind: Some(entry["level"].as_str()?.to_owned()),
            text: cut(entry["text"].as_str()?.to_owned()),
            url: entry["url"].as_str().unwrap_or_default().to_owned(),
            line: entry["lineNumber"].as_u64().unwrap_or_default(),
        })
    }

    /// Whether it is an error: written as one, or thrown.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.kind.as_deref(), None | Some("error" | "assert"))
    }

    /// Whether it is a warning.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.kind.as_deref() == Some("warning")
    }

    /// How much it matters: 0 an error, 1 a warning, 2 told, 3 only for who looks for it.
    #[must_use]
    pub fn level(&self) -> u8 {
        match self.kind.as_deref() {
            _ if self.is_error() => 0,
            Some("warning") => 1,
            Some("debug" | "verbose" | "trace") => 3,
            _ => 2,
        }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Some(kind) => write!(out, "[{}] {} @ {}:{}", kind.to_uppercase(), self.text, self.url, self.line),
            None => out.write_str(&self.text),
        }
    }
}

/// A value as the console of a page shows it in one line.
fn preview(value: &Value) -> String {
    if value["type"] == "undefined" {
        return "undefined".to_owned();
    }
    if !value["value"].is_null() || value["subtype"] == "null" {
        return said(&value["value"]);
    }
    if let Some(text) = value["unserializableValue"].as_str() {
        return text.to_owned();
    }
    let properties = value["preview"]["properties"].as_array();
    let description = value["description"].as_str().unwrap_or_default();
    match properties {
        Some(properties) if description == "Object" => {
            let pair = |one: &Value| format!("{}: {}", one["name"].as_str().unwrap_or_default(), property(one));
            format!("{{{}}}", properties.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Some(properties) if value["subtype"] == "array" => sparse(properties),
        _ => description.to_owned(),
    }
}

fn property(one: &Value) -> String {
    one["value"].as_str().unwrap_or("undefined").to_owned()
}

/// An array with holes: `[1, empty x 2, 4]`.
fn sparse(properties: &[Value]) -> String {
    let mut parts = Vec::new();
    let mut next = 0;
    for one in properties {
        let Some(index) = one["name"].as_str().and_then(|name| name.parse::<u64>().ok()) else { continue };
        match index.saturating_sub(next) {
            0 => {}
            1 => parts.push("empty".to_owned()),
            holes => parts.push(format!("empty x {holes}")),
        }
        parts.push(property(one));
        next = index + 1;
    }
    format!("[{}]", parts.join(", "))
}

fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(LENGTH) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_kind_text_and_place() {
        let entry = Entry::called(
            &json!({ "type": "log", "args": [{ "type": "string", "value": "a" }, { "type": "number", "value": 1 }],
            "stackTrace": { "callFrames": [{ "url": "http://h/x.js", "lineNumber": 10 }] } }),
        )
        .unwrap();
        assert_eq!(entry.to_string(), "[LOG] a 1 @ http://h/x.js:10");
    }

    #[test]
    fn values_are_shown_as_a_console_does() {
        for (value, text) in [
            (json!({ "type": "undefined" }), "undefined"),
            (json!({ "type": "object", "subtype": "null", "value": null }), "null"),
            (json!({ "type": "number", "unserializableValue": "NaN", "description": "NaN" }), "NaN"),
            (
                json!({ "type": "object", "description": "Object", "preview": { "properties": [{ "name": "a", "value": "1" }] } }),
                "{a: 1}",
            ),
            (
                json!({ "type": "object", "subtype": "array", "description": "Array(4)", "preview": { "properties":
                [{ "name": "0", "value": "1" }, { "name": "3", "value": "4" }] } }),
                "[1, empty x 2, 4]",
            ),
            (
                json!({ "type": "object", "subtype": "error", "description": "Error: x\n    at y" }),
                "Error: x\n    at y",
            ),
        ] {
            assert_eq!(preview(&value), text);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(cut("é".repeat(LENGTH + 5)).chars().count(), LENGTH + 1);
    }
}
