//! The section `[log]`: how much is logged, how, and where to.

use std::path::PathBuf;

use serde::Deserialize;

use super::check::Check;
use super::quantity;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "log.level",
        Kind::Word(&["error", "warn", "info", "debug", "trace", "warning"]),
        "info",
        "How much is logged.",
    )
    .variable("LOG_LEVEL"),
    Key::new(
        "log.format",
        Kind::Word(&["auto", "text", "json"]),
        "auto",
        "`auto` writes text to a terminal and JSON elsewhere.",
    )
    .restart(),
    Key::new("log.file", Kind::Path, "", "Write to this file instead of standard error.").restart(),
    Key::new("log.rotation", Kind::Text, "daily", "When a new file begins: `daily`, or at a size such as `64MiB`.")
        .restart(),
    Key::new("log.keep", Kind::Integer(1, 1_000), "14", "How many files are kept.").restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    level: Option<Level>,
    format: Option<Format>,
    file: Option<String>,
    rotation: Option<String>,
    keep: Option<usize>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What stops something.
    Error,
    /// What will surprise somebody.
    #[serde(alias = "warning")]
    Warn,
    /// What happens.
    #[default]
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The word, as filters take it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// When a new file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// At midnight UTC.
    Daily,
    /// When the file has this many bytes.
    Size(u64),
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Log {
    /// How much.
    pub level: Level,
    /// How.
    pub format: Format,
    /// Where to; standard error otherwise.
    pub file: Option<PathBuf>,
    /// When a new file begins.
    pub rotation: Rotation,
    /// How many files are kept, at least 1.
    pub keep: usize,
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Log {
        Log {
            level: self.level.unwrap_or_default(),
            format: self.format.unwrap_or_default(),
            file: self.file.map(|file| check.file("log.file", &file)),
            rotation: self.rotation.map_or(Rotation::Daily, |text| read_rotation(&text, check)),
            keep: self.keep.unwrap_or(14),
        }
    }
}

fn read_rotation(text: &str, check: &mut Check<'_>) -> Rotation {
    if text.eq_ignore_ascii_case("daily") {
        return Rotation::Daily;
    }
    match quantity::size(text).and_then(|bytes| u64::try_from(bytes).ok()) {
        Some(bytes) if bytes >= 4_096 => Rotation::Size(bytes),
        _ => {
            let finding = check
                .error("config.value_invalid", "log.rotation", "Write `daily`, or a size of at least 4KiB.")
                .with_remedy(check.line("log.rotation", "64MiB"));
            check.report(finding);
            Rotation::Daily
        }
    }
}
