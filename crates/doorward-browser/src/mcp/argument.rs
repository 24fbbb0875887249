//! The arguments of a call, checked against what the tool takes.

use serde_json::{Map, Value, json};

use super::schema::{Kind, Parameter};

/// The checked arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Checks `given` against the parameters; what is not known is passed by.
    ///
    /// # Errors
    ///
    /// The list of problems as JSON text, in the form that clients of these tools know.
    pub fn check(given: &Value, parameters: &[Parameter]) -> Result<Self, String> {
        let empty = Map::new();
        let given = match given {
            Value::Null => &empty,
            Value::Object(given) => given,
            other => return Err(listed(&[mismatch("object", kind(Some(other)), &[])])),
        };
        let problems = problems(given, parameters, &[]);
        if problems.is_empty() { Ok(Self(given.clone())) } else { Err(listed(&problems)) }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The reference of an element, under either of its names.
    #[must_use]
    pub fn reference(&self, old: &str, new: &str) -> Option<&str> {
        self.text(old).or_else(|| self.text(new)).filter(|text| !text.is_empty())
    }

    /// A yes or no; no where it is not given.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Any value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// What is wrong with an object of these parameters.
fn problems(given: &Map<String, Value>, parameters: &[Parameter], path: &[Value]) -> Vec<Value> {
    let mut problems = Vec::new();
    for parameter in parameters {
        let value = given.get(parameter.name).or_else(|| parameter.other.and_then(|other| given.get(other)));
        let path = [path, &[json!(parameter.name)]].concat();
        match value {
            None | Some(Value::Null) if parameter.is_needed => {
                problems.push(mismatch(parameter.kind.word(), kind(value), &path));
            }
            None => {}
            Some(Value::Null) if parameter.is_lenient() => {}
            Some(value) => problems.extend(wrong(value, &parameter.kind, &path)),
        }
    }
    problems
}

fn wrong(value: &Value, wanted: &Kind, path: &[Value]) -> Vec<Value> {
    let is_right = match wanted {
        Kind::Text | Kind::OneOf(_) | Kind::OneOfOrNull(_) => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::Texts | Kind::SomeOf(_) | Kind::Objects(_) => value.is_array(),
        Kind::Object => value.is_object(),
    };
    if !is_right {
        return vec![mismatch(wanted.word(), kind(Some(value)), path)];
    }
    match (wanted, value) {
        (Kind::OneOf(words) | Kind::OneOfOrNull(words), Value::String(word)) if !words.contains(&word.as_str()) => {
            vec![no_word(word, words, path)]
        }
        (Kind::Texts, Value::Array(list)) => each(list, path, |one, path| wrong(one, &Kind::Text, path)),
        (Kind::SomeOf(words), Value::Array(list)) => {
            each(list, path, |one, path| wrong(one, &Kind::OneOf(words), path))
        }
        (Kind::Objects(fields), Value::Array(list)) => each(list, path, |one, path| match one {
            Value::Object(one) => problems(one, fields, path),
            other => vec![mismatch("object", kind(Some(other)), path)],
        }),
        (Kind::Object, Value::Object(fields)) => {
            let at = |name: &str| [path, &[json!(name)]].concat();
            fields.iter().flat_map(|(name, one)| wrong(one, &Kind::Text, &at(name))).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong with each of a list.
fn each(list: &[Value], path: &[Value], look: impl Fn(&Value, &[Value]) -> Vec<Value>) -> Vec<Value> {
    list.iter().enumerate().flat_map(|(index, one)| look(one, &[path, &[json!(index)]].concat())).collect()
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// The fields of one problem, in their order; an ordered list, since an object of `serde_json` sorts its keys.
type Problem = Vec<(&'static str, Value)>;

fn object(fields: Problem) -> Value {
    Value::Array(fields.into_iter().map(|(name, value)| json!([name, value])).collect())
}

fn mismatch(expected: &str, received: &str, path: &[Value]) -> Value {
    let message = if received == "undefined" {
        "Required".to_owned()
    } else {
        format!("Expected {expected}, received {received}")
    };
    object(vec![
        ("code", json!("invalid_type")),
        ("expected", json!(expected)),
        ("received", json!(received)),
        ("path", json!(path)),
        ("message", json!(message)),
    ])
}

fn no_word(received: &str, words: &[&str], path: &[Value]) -> Value {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    object(vec![
        ("received", json!(received)),
        ("code", json!("invalid_enum_value")),
        ("options", json!(words)),
        ("path", json!(path)),
        ("message", json!(format!("Invalid enum value. Expected {}, received '{received}'", quoted.join(" | ")))),
    ])
}

/// A problem that concerns several parameters.
pub(crate) fn custom(message: &str, path: &[&str]) -> String {
    listed(&[object(vec![("code", json!("custom")), ("message", json!(message)), ("path", json!(path))])])
}

/// The problems as JSON text, indented by two.
fn listed(problems: &[Value]) -> String {
    let mut parts = Vec::new();
    for problem in problems {
        let fields = problem.as_array().into_iter().flatten().map(|field| {
            let text = serde_json::to_string_pretty(&field[1]).unwrap_or_default().replace('\n', "\n    ");
            format!("    {}: {text}", field[0])
        });
        parts.push(format!("  {{\n{}\n  }}", fields.collect::<Vec<_>>().join(",\n")));
    }
    format!("[\n{}\n]", parts.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter::needed("url", Kind::Text, ""),
        Parameter::new("type", Kind::OneOf(&["png", "jpeg"]), ""),
        Parameter::new("values", Kind::Texts, ""),
        Parameter::new("keys", Kind::SomeOf(&["Alt", "Shift"]), ""),
        Parameter::new("fields", Kind::Objects(&[Parameter::needed("name", Kind::Text, "")]), ""),
        Parameter::new("data", Kind::Object, ""),
        Parameter::new("scheme", Kind::OneOfOrNull(&["dark"]), ""),
    ];

    #[test]
    fn what_is_missing_is_told_as_clients_know_it() {
        let told = Arguments::check(&json!({}), PARAMETERS).unwrap_err();
        let wanted = "[\n  {\n    \"code\": \"invalid_type\",\n    \"expected\": \"string\",\n    \"received\": \"undefined\",\n    \
                      \"path\": [\n      \"url\"\n    ],\n    \"message\": \"Required\"\n  }\n]";
        assert_eq!(told, wanted);
    }

    #[test]
    fn wrong_kinds_words_and_elements_are_told() {
        for (given, sign) in [
            (json!({ "url": 5 }), "Expected string, received number"),
            (json!({ "url": "x", "type": "gif" }), "Invalid enum value. Expected 'png' | 'jpeg', received 'gif'"),
            (json!({ "url": "x", "values": ["a", 1] }), "Expected string, received number"),
            (
                json!({ "url": "x", "keys": ["Alt", "Hyper"] }),
                "Invalid enum value. Expected 'Alt' | 'Shift', received 'Hyper'",
            ),
            (json!({ "url": "x", "fields": [{}] }), "Required"),
            (json!({ "url": "x", "fields": [{ "name": 5 }] }), "Expected string, received number"),
            (json!({ "url": "x", "fields": [5] }), "Expected object, received number"),
            (json!({ "url": "x", "data": { "text/plain": 5 } }), "Expected string, received number"),
            (json!({ "url": "x", "scheme": "plaid" }), "received 'plaid'"),
            (json!([]), "Expected object, received array"),
            (json!("x"), "Expected object, received string"),
        ] {
            let told = Arguments::check(&given, PARAMETERS).unwrap_err();
            assert!(told.contains(sign), "{told}");
        }
        assert!(
            Arguments::check(&json!({ "url": "x", "unknown": 1, "type": null, "scheme": null }), PARAMETERS).is_ok()
        );
    }
}
