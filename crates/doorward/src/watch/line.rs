//! The shape of one log line: text for people or JSON for machines, always exactly one bounded line.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::watch::entry::cleaned;

/// A field with this name holds a JSON object, whose members become fields of the line: the names of
/// tracing's fields are fixed at compile time, and those of a CSRF report are not.
pub(super) const MORE: &str = "fields.json";

/// The longest value of one field, in bytes.
const VALUE: usize = 2_048;
/// The longest message, in bytes.
const MESSAGE: usize = 4_096;
/// The most fields of one line.
const FIELDS: usize = 64;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// `2026-01-01T00:00:00.000000Z  WARN doorward::security: message name=value`
    Text,
    /// One JSON object a line.
    Json,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut time = String::with_capacity(27);
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let meta = event.metadata();
        let spans = spans_of(context);
        match self {
            Self::Text => {
                write!(writer, "{time} {:>5} {}: {}", meta.level(), meta.target(), fields.message)?;
                for (name, value) in
                    fields.values.iter().chain(spans.map(|text| ("span".to_owned(), text.into())).iter())
                {
                    write!(writer, " {name}={}", plain(value))?;
                }
                writeln!(writer)
            }
            Self::Json => {
                let mut line = Map::new();
                line.insert("timestamp".to_owned(), time.into());
                line.insert("level".to_owned(), meta.level().as_str().into());
                line.insert("target".to_owned(), meta.target().into());
                line.insert("message".to_owned(), fields.message.into());
                if let Some(spans) = spans {
                    line.insert("span".to_owned(), spans.into());
                }
                for (name, value) in fields.values {
                    // A field never takes the place of what the line itself says.
                    line.entry(name).or_insert(value);
                }
                writeln!(writer, "{}", Value::Object(line))
            }
        }
    }
}

/// A value as text: bare where that is clear, quoted where not.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"', '=', '\\']) => text.clone(),
        other => other.to_string(),
    }
}

/// The spans around an event, outermost first, with their fields.
fn spans_of<S, N>(context: &FmtContext<'_, S, N>) -> Option<String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let mut text = String::new();
    for span in context.event_scope()?.from_root() {
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<N>>().map_or("", |fields| fields.fields.as_str());
        let separator = if text.is_empty() { "" } else { ":" };
        write!(text, "{separator}{}{{{fields}}}", span.name()).ok()?;
    }
    Some(cleaned(&text, VALUE).into_owned())
}

/// Collects the fields of one event, cleaned and bounded.
#[derive(Default)]
struct Fields {
    message: String,
    values: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, name: &str, value: Value) {
        if self.values.len() < FIELDS {
            self.values.push((name.to_owned(), value));
        }
    }

    fn add_text(&mut self, name: &str, text: &str) {
        match name {
            "message" => self.message = cleaned(text, MESSAGE).into_owned(),
            MORE => self.add_members(text),
            _ => self.add(name, cleaned(text, VALUE).into()),
        }
    }

    fn add_members(&mut self, json: &str) {
        let Ok(Value::Object(members)) = serde_json::from_str(json) else { return };
        for (name, value) in members {
            match value {
                Value::String(text) => self.add(&name, cleaned(&text, VALUE).into()),
                Value::Object(_) | Value::Array(_) => {}
                plain => self.add(&name, plain),
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded { text: String::new(), limit: MESSAGE };
        // An error means that the bound was reached; what came before it is kept.
        let _ = write!(text, "{value:?}");
        self.add_text(field.name(), &text.text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value.into());
    }
}

/// A text that takes no more than its limit, so that no value can make a line of megabytes.
struct Bounded {
    text: String,
    limit: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.limit.saturating_sub(self.text.len());
        if more.len() <= room {
            self.text.push_str(more);
            return Ok(());
        }
        self.text.push_str(&more[..more.floor_char_boundary(room)]);
        self.text.push('…');
        Err(fmt::Error)
    }
}
