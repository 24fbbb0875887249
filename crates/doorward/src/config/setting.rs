//! Every setting with the value that holds and the place it comes from, for `config show` and for reloads.

use serde::Serialize;

use super::merge::display;
use super::registry::{self, Key, Kind};
use super::source::Source;
use super::{Config, quantity};

/// One setting as it holds. The value of a secret is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// `section.key`.
    pub key: &'static str,
    /// The value in words; empty where there is none.
    pub value: String,
    /// Where it comes from, in words.
    pub source: String,
}

impl Config {
    /// Every setting in the order of the registry.
    #[must_use]
    pub fn describe(&self) -> Vec<Setting> {
        registry::all()
            .map(|key| Setting { key: key.path, value: self.value(key), source: self.source(key.path).to_string() })
            .collect()
    }

    /// What was written of each app, and of each of its rules after it.
    #[must_use]
    pub fn describe_apps(&self) -> Vec<Vec<Vec<Setting>>> {
        self.written.apps.iter().map(super::app::WrittenApp::describe).collect()
    }

    /// Where a key was written.
    #[must_use]
    pub fn source(&self, path: &str) -> Source {
        self.written.values.get(path).map_or(Source::Default, |value| value.source.clone())
    }

    fn value(&self, key: &Key) -> String {
        match self.written.values.get(key.path) {
            Some(_) if key.is_secret => "****".to_owned(),
            Some(written) => in_words(key, &written.value),
            None => self.derived(key.path).unwrap_or_else(|| key.default.to_owned()),
        }
    }

    /// What follows from other settings where nothing is written.
    fn derived(&self, path: &str) -> Option<String> {
        Some(match path {
            "server.environment" => self.environment.as_str().to_owned(),
            "server.public_url" => self.public_url().to_string(),
            "portal.host" => self.public_url().host().to_owned(),
            "session.idle" => quantity::duration_text(self.session.timeouts.idle),
            "session.absolute" => quantity::duration_text(self.session.timeouts.absolute),
            "password.workers" => self.password.workers.to_string(),
            "csrf.allowed_hosts" => self.csrf.allowed_hosts.join(","),
            "csrf.require_https" => self.csrf.require_https.to_string(),
            _ => return None,
        })
    }

    /// What a reload compares: secrets too, which therefore never leaves this file.
    fn comparable(&self, key: &Key) -> String {
        self.written.values.get(key.path).map_or_else(|| self.value(key), |written| display(&written.value))
    }
}

pub(super) fn in_words(key: &Key, value: &toml::Value) -> String {
    match (key.kind, value) {
        (Kind::Duration, toml::Value::Integer(seconds)) => quantity::duration_text(*seconds),
        (Kind::Size, toml::Value::Integer(bytes)) => quantity::size_text(*bytes),
        _ => display(value),
    }
}

/// The keys that differ and take effect only at the next start. A reload applies all others.
#[must_use]
pub fn reload_differences(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut differences: Vec<&'static str> = registry::all()
        .filter(|key| key.needs_restart && old.comparable(key) != new.comparable(key))
        .map(|key| key.path)
        .collect();
    if old.data != new.data {
        differences.push("--data");
    }
    differences
}
