//! A finding: one thing that is wrong, where, why, and the line that mends it.

use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is broken.
    Note,
    /// Works now, and will surprise somebody later.
    Warning,
    /// Stops the start, or keeps people out.
    Error,
}

impl Severity {
    /// The word that stands in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, in the shape that `config check`, a refused start and the doctor share.
///
/// A finding never holds a secret: whoever makes one masks the value first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code, `family.detail`, one of [`crate::reason::ALL`].
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: a configuration key, a file, a table.
    pub subject: String,
    /// The value found there, masked if it is secret; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Why this is wrong, as a sentence.
    pub why: String,
    /// The line to write, or the command to run, that mends it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// A finding of severity [`Severity::Error`].
    #[must_use]
    pub fn error(code: &'static str, subject: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            subject: subject.into(),
            value: String::new(),
            why: why.into(),
            remedy: String::new(),
        }
    }

    /// A finding of severity [`Severity::Warning`].
    #[must_use]
    pub fn warning(code: &'static str, subject: impl Into<String>, why: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, subject, why) }
    }

    /// A finding of severity [`Severity::Note`].
    #[must_use]
    pub fn note(code: &'static str, subject: impl Into<String>, why: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, subject, why) }
    }

    /// The same finding with the value that was found.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// The same finding with the line that mends it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Whether this finding stops a start.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_is_empty_in_json() {
        let finding = Finding::warning("config.unknown_key", "server.lisen", "no such key");
        assert_eq!(
            serde_json::to_value(finding).unwrap(),
            serde_json::json!({
                "code": "config.unknown_key", "severity": "warning",
                "subject": "server.lisen", "why": "no such key",
            })
        );
    }
}
