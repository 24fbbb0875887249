//! What every section uses while it is checked: the findings, and how a setting is named where it was written.

use std::path::{Path, PathBuf};

use doorward_core::{Finding, Severity};

use super::merge::{Written, display};
use super::registry;
use super::source::{Inputs, Source};

/// The state of one check of the whole configuration.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub(super) written: &'a Written,
    pub(super) inputs: &'a Inputs,
    pub(super) findings: Vec<Finding>,
}

impl Check<'_> {
    /// Where a key was written.
    pub(super) fn source(&self, path: &str) -> &Source {
        const NOWHERE: &Source = &Source::Default;
        self.written.values.get(path).map_or(NOWHERE, |value| &value.source)
    }

    /// Whether somebody wrote a key, even if the value was refused.
    pub(super) fn is_written(&self, path: &str) -> bool {
        self.written.values.contains_key(path) || self.written.refused.contains(path)
    }

    /// The name under which the operator wrote a key: the variable, the flag or the path.
    pub(super) fn subject(&self, path: &str) -> String {
        match self.source(path) {
            Source::Environment(variable) | Source::EnvFile(variable) => variable.clone(),
            Source::Flag(flag) => (*flag).to_owned(),
            Source::File(_) | Source::Default => path.to_owned(),
        }
    }

    /// The line that sets a key to `value`, in the words of the place where it was written. Several values are
    /// separated by commas.
    pub(super) fn line(&self, path: &str, value: &str) -> String {
        let key = registry::find(path).expect("sections ask for keys of the registry only, which a test checks");
        match self.source(path) {
            Source::Environment(variable) | Source::EnvFile(variable) => format!("{variable}={value}"),
            Source::Flag(flag) => format!("{flag} {value}"),
            Source::Default if self.written.file.is_none() => {
                format!("{}={value}", key.variable.map_or_else(|| key.own_variable(), str::to_owned))
            }
            Source::File(_) | Source::Default => {
                let (section, name) = key.parts();
                let text = match key.kind {
                    registry::Kind::List | registry::Kind::Paths => {
                        let items = value.split(',').map(|item| format!("\"{item}\""));
                        format!("[{}]", items.collect::<Vec<_>>().join(", "))
                    }
                    registry::Kind::Bool | registry::Kind::Integer(..) => value.to_owned(),
                    _ => format!("\"{value}\""),
                };
                format!("{name} = {text}  # in [{section}]")
            }
        }
    }

    /// An error about a key, with its value as far as it may be seen.
    pub(super) fn error(&self, code: &'static str, path: &str, why: impl Into<String>) -> Finding {
        let finding = Finding::error(code, self.subject(path), why);
        match self.written.values.get(path) {
            Some(_) if registry::find(path).is_some_and(|key| key.is_secret) => finding.with_value("****"),
            Some(written) => finding.with_value(display(&written.value)),
            None => finding,
        }
    }

    /// The same as a warning.
    pub(super) fn warning(&self, code: &'static str, path: &str, why: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..self.error(code, path, why) }
    }

    pub(super) fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A path as it was meant: relative to the file that names it, otherwise to the working directory.
    pub(super) fn file(&self, path: &str, text: &str) -> PathBuf {
        match self.source(path) {
            Source::File(file) => file.parent().unwrap_or(Path::new(".")).join(text),
            _ => self.inputs.cwd.join(text),
        }
    }
}

/// Values that people forget to change. Compared without letter case.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "change-it",
    "change_it",
    "change-this",
    "change_this",
    "changethis",
    "secret",
    "password",
    "passwort",
    "placeholder",
    "your-secret",
    "your_secret",
    "yoursecret",
    "your-password",
    "your_password",
    "yourpassword",
    "replaceme",
    "replace-me",
    "replace_me",
    "todo",
    "xxx",
    "test",
    "example",
    "default",
    "insecure",
    "please-change",
    "please_change",
    "supersecret",
    "topsecret",
];

/// Whether a secret is one that everybody would try first.
pub(super) fn is_placeholder(secret: &str) -> bool {
    let lower = secret.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    lower.is_empty() || PLACEHOLDERS.contains(&lower.as_str()) || secret.chars().all(|c| secret.starts_with(c))
}

/// Whether a longer secret still is one that somebody was told to replace.
pub(super) fn holds_placeholder(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    is_placeholder(secret)
        // Neither `.env` nor the file runs commands or fills in variables.
        || secret.starts_with("$(")
        || secret.starts_with("${")
        || ["changeme", "change-me", "change_me", "change-this", "change_this", "placeholder", "your-secret", "your_secret", "replace-me", "replace_me"]
            .iter()
            .any(|word| lower.contains(word))
}
