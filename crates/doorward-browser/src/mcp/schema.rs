//! What a tool takes, as data, and the JSON Schema that is made from it.

use serde_json::{Map, Value, json};

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A yes or no.
    Flag,
    /// A list of texts.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, or null, which takes back what was said before.
    OneOfOrNull(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// An object of texts.
    Object,
    /// A list of objects with these fields.
    Objects(&'static [Parameter]),
}

impl Kind {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Text | Self::OneOf(_) | Self::OneOfOrNull(_) => "string",
            Self::Number => "number",
            Self::Flag => "boolean",
            Self::Texts | Self::SomeOf(_) | Self::Objects(_) => "array",
            Self::Object => "object",
        }
    }
}

/// One parameter of a tool.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether the schema asks for it.
    pub is_required: bool,
    /// Whether a call without it is refused.
    pub is_needed: bool,
    /// Another name under which it is taken as well.
    pub other: Option<&'static str>,
    /// What it is for.
    pub description: &'static str,
}

impl Parameter {
    /// A parameter that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, is_required: false, is_needed: false, other: None, description }
    }

    /// A parameter without which the tool does nothing.
    #[must_use]
    pub const fn needed(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { is_required: true, is_needed: true, ..Self::new(name, kind, description) }
    }

    /// A parameter that the schema asks for; a call without it is taken all the same.
    #[must_use]
    pub const fn asked(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { is_required: true, ..Self::new(name, kind, description) }
    }

    /// The same parameter, which is taken under another name as well.
    #[must_use]
    pub const fn or(mut self, other: &'static str) -> Self {
        self.other = Some(other);
        self
    }

    pub(crate) fn is_lenient(&self) -> bool {
        !self.is_needed
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
            Kind::Object => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            Kind::Objects(fields) => json!({ "type": "array", "items": object(fields) }),
            Kind::OneOfOrNull(words) => json!({ "anyOf": [{ "type": "string", "enum": words }, { "type": "null" }] }),
            Kind::SomeOf(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
            kind => json!({ "type": kind.word() }),
        };
        schema["description"] = self.description.into();
        schema
    }
}

/// The schema of an object with these parameters.
#[must_use]
pub fn object(parameters: &[Parameter]) -> Value {
    let properties: Map<String, Value> =
        parameters.iter().map(|parameter| (parameter.name.to_owned(), parameter.schema())).collect();
    let required: Vec<&str> =
        parameters.iter().filter(|parameter| parameter.is_required).map(|parameter| parameter.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false,
        "$schema": "http://json-schema.org/draft-07/schema#" });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}
