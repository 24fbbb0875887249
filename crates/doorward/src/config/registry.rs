//! The one registry of settings: every key of `doorward.toml`, with the variables that set it too.

use super::quantity;
use super::{
    admin, app, csrf, factor, log, mail, passkey, password, portal, registration, server, session, store, tls,
};

/// What a setting holds, and how its text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Any text.
    Text,
    /// A file, relative to the file that names it or to the working directory.
    Path,
    /// Several files: an array in the file, separated by commas in a variable.
    Paths,
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds, both included.
    Integer(i64, i64),
    /// A duration with a unit; kept as seconds.
    Duration,
    /// A size with a unit; kept as bytes.
    Size,
    /// Several texts: an array in the file, separated by commas in a variable.
    List,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Numbered key files: `[{ kid = 1, file = "…" }]` in the file, `1:/path,2:/path` in a variable.
    Keys,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.key`, as in `doorward.toml`.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What stands where nothing is written; empty where that depends on other settings or is nothing.
    pub default: &'static str,
    /// What it is for: sentences for the reference page.
    pub doc: &'static str,
    /// The plain variable that sets it, beside `DOORWARD_SECTION__KEY`.
    pub variable: Option<&'static str>,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    /// Whether a change takes effect only at the next start.
    pub needs_restart: bool,
}

impl Key {
    pub(super) const fn new(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Self {
        Self { path, kind, default, doc, variable: None, is_secret: false, needs_restart: false }
    }

    pub(super) const fn variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    pub(super) const fn restart(self) -> Self {
        Self { needs_restart: true, ..self }
    }

    /// `DOORWARD_SECTION__KEY`.
    #[must_use]
    pub fn own_variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "__").to_ascii_uppercase())
    }

    /// Section and key apart.
    ///
    /// # Panics
    /// Never: every path has a section, which a test checks.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').expect("every path in the registry has a section, which a test checks")
    }

    /// Every variable that sets it directly, the plain one first.
    pub(super) fn variables(&self) -> impl Iterator<Item = String> {
        self.variable.map(str::to_owned).into_iter().chain([self.own_variable()])
    }

    /// Whether `…_FILE` may name a file that holds the value. A setting that is a path has no such variant, nor one
    /// beside which a setting of that name stands.
    pub(super) fn has_file_variant(&self) -> bool {
        !matches!(self.kind, Kind::Path | Kind::Paths) && find(&format!("{}_file", self.path)).is_none()
    }
}

/// What every variable of Doorward's own begins with.
pub(super) const PREFIX: &str = "DOORWARD_";

/// Every section in the order of the reference page.
pub const SECTIONS: &[(&str, &[Key])] = &[
    ("server", server::KEYS),
    ("portal", portal::KEYS),
    ("tls", tls::KEYS),
    ("session", session::KEYS),
    ("password", password::KEYS),
    ("second_factor", factor::KEYS),
    ("passkeys", passkey::KEYS),
    ("csrf", csrf::KEYS),
    ("store", store::KEYS),
    ("log", log::KEYS),
    ("mail", mail::KEYS),
    ("registration", registration::KEYS),
    ("admin", admin::KEYS),
];

/// The sections that can stand several times, in the order of the reference page.
pub const TABLES: &[(&str, &[Key])] = &[("[app]", app::KEYS), ("[app.rule]", app::RULE_KEYS)];

/// Every setting.
pub fn all() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|(_, keys)| keys.iter())
}

/// The setting with this path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}

/// The candidate that is most like a text, if one is like it at all.
pub(super) fn nearest(text: &str, candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let text: String = text.chars().take(100).collect::<String>().to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&text, &candidate.to_ascii_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .map(|(_, candidate)| candidate)
}

impl Kind {
    /// What the reference page calls it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Paths => "list of paths".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Integer(low, high) => format!("number, {low} to {high}"),
            Self::Duration => "duration".to_owned(),
            Self::Size => "size".to_owned(),
            Self::List => "list".to_owned(),
            Self::Word(words) => words.join(", "),
            Self::Keys => "list of { kid, file }".to_owned(),
        }
    }

    fn expectation(self) -> String {
        match self {
            Self::Duration => "write a duration with its unit, such as 90s, 15m, 12h or 7d".to_owned(),
            Self::Size => "write a size with its unit, such as 512KiB or 64MiB".to_owned(),
            Self::Integer(low, high) => format!("write a whole number from {low} to {high}"),
            Self::Word(words) => format!("write one of: {}", words.join(", ")),
            Self::Bool => "write true or false".to_owned(),
            Self::List | Self::Paths => "write a list of texts: [\"one\", \"two\"]".to_owned(),
            Self::Text | Self::Path => "write a text in quotes".to_owned(),
            Self::Keys => "write [{ kid = 1, file = \"/path\" }], or 1:/path in a variable".to_owned(),
        }
    }

    /// Reads a value as the file has it into the one form that the sections take.
    pub(super) fn read_value(self, value: &toml::Value) -> Result<toml::Value, String> {
        let read = match (self, value) {
            (Self::Text | Self::Path, toml::Value::String(_)) | (Self::Bool, toml::Value::Boolean(_)) => {
                Some(value.clone())
            }
            (Self::Integer(low, high), toml::Value::Integer(number)) => {
                (low..=high).contains(number).then(|| value.clone())
            }
            (Self::Duration | Self::Size, toml::Value::Integer(number)) => (*number >= 0).then(|| value.clone()),
            (Self::Word(_) | Self::Duration | Self::Size, toml::Value::String(text)) => return self.read_text(text),
            (Self::List | Self::Paths, toml::Value::String(text)) => {
                Some(toml::Value::Array(vec![text.clone().into()]))
            }
            (Self::List | Self::Paths, toml::Value::Array(items)) => {
                items.iter().all(toml::Value::is_str).then(|| value.clone())
            }
            (Self::Keys, toml::Value::Array(items)) => items.iter().all(is_numbered_file).then(|| value.clone()),
            _ => None,
        };
        read.ok_or_else(|| self.expectation())
    }

    /// Reads a value as a variable has it.
    pub(super) fn read_text(self, text: &str) -> Result<toml::Value, String> {
        let text = if matches!(self, Self::Text) { text } else { text.trim() };
        let read = match self {
            Self::Text | Self::Path => Some(text.into()),
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true.into()),
                "false" | "0" | "no" | "off" => Some(false.into()),
                _ => None,
            },
            Self::Integer(low, high) => {
                text.parse::<i64>().ok().filter(|number| (low..=high).contains(number)).map(Into::into)
            }
            Self::Duration => quantity::duration(text).map(Into::into),
            Self::Size => quantity::size(text).map(Into::into),
            Self::Word(words) => words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| (*word).into()),
            Self::List | Self::Paths if text.starts_with('[') => {
                return inline_array(text).ok_or_else(|| self.expectation()).and_then(|array| self.read_value(&array));
            }
            Self::List | Self::Paths => Some(items(text).map(toml::Value::from).collect::<Vec<_>>().into()),
            Self::Keys => items(text).map(numbered_file).collect::<Option<Vec<_>>>().map(Into::into),
        };
        read.ok_or_else(|| self.expectation())
    }
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Lists in the shape of JSON are common in variables; such a list is an array of TOML as well.
fn inline_array(text: &str) -> Option<toml::Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    (table.len() == 1).then(|| table.remove("value")).flatten()
}

fn numbered_file(item: &str) -> Option<toml::Value> {
    let (kid, file) = item.split_once(':')?;
    let mut table = toml::Table::new();
    table.insert("kid".to_owned(), i64::from(kid.trim().parse::<u8>().ok()?).into());
    table.insert("file".to_owned(), file.trim().into());
    Some(table.into())
}

fn is_numbered_file(value: &toml::Value) -> bool {
    value.as_table().is_some_and(|table| {
        table.len() == 2
            && table.get("kid").and_then(toml::Value::as_integer).is_some_and(|kid| (0..=255).contains(&kid))
            && table.get("file").is_some_and(toml::Value::is_str)
    })
}
