//! Apps as they were written: in `[[app]]` sections, or in numbered variables such as `DOORWARD_APP__0__UPSTREAM`.

use std::collections::BTreeMap;
use std::path::Path;

use doorward_core::Finding;

use super::{KEYS, RULE_KEYS};
use crate::config::merge::{Value, display, invalid};
use crate::config::registry::{Key, Kind, PREFIX, nearest};
use crate::config::setting::{Setting, in_words};
use crate::config::source::{Source, Variables};

/// The most apps that one Doorward stands before.
const MOST: usize = 256;

type Values = BTreeMap<&'static str, Value>;

/// One app as it was written.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct WrittenApp {
    values: Values,
    rules: Vec<Values>,
}

impl WrittenApp {
    /// The settings that were written, for `config show`: of the app, then of each rule.
    pub(in crate::config) fn describe(&self) -> Vec<Vec<Setting>> {
        let all = |keys: &'static [Key], values: &Values| {
            keys.iter().filter_map(|key| values.get(key.path).map(|value| described(key, value))).collect()
        };
        std::iter::once(all(KEYS, &self.values)).chain(self.rules.iter().map(|rule| all(RULE_KEYS, rule))).collect()
    }
}

fn described(key: &Key, value: &Value) -> Setting {
    Setting { key: key.path, value: in_words(key, &value.value), source: value.source.to_string() }
}

/// Reads the `[[app]]` sections of a file.
pub(in crate::config) fn from_file(
    path: &Path,
    content: &toml::Value,
    apps: &mut Vec<WrittenApp>,
    findings: &mut Vec<Finding>,
) {
    let Some(tables) = content.as_array().filter(|items| items.iter().all(toml::Value::is_table)) else {
        let why = "Each app is a section of its own, in two pairs of brackets.";
        findings.push(Finding::error("config.value_invalid", "[[app]]", why).with_remedy("[[app]]"));
        return;
    };
    for table in tables.iter().filter_map(toml::Value::as_table) {
        let mut app = WrittenApp::default();
        for (name, value) in table {
            if name == "rule" {
                app.rules = read_rules(path, value, findings);
            } else if let Some((key, value)) = read(KEYS, name, value, path, findings) {
                app.values.insert(key.path, value);
            }
        }
        apps.push(app);
    }
}

fn read_rules(path: &Path, content: &toml::Value, findings: &mut Vec<Finding>) -> Vec<Values> {
    let tables = content.as_array().into_iter().flatten().filter_map(toml::Value::as_table);
    let mut rules = Vec::new();
    for table in tables {
        let values = table.iter().filter_map(|(name, value)| read(RULE_KEYS, name, value, path, findings));
        rules.push(values.map(|(key, value)| (key.path, value)).collect());
    }
    if rules.is_empty() {
        let why = "Each rule is a section of its own, in two pairs of brackets.";
        findings.push(Finding::error("config.value_invalid", "[[app.rule]]", why).with_remedy("[[app.rule]]"));
    }
    rules
}

fn read(
    keys: &'static [Key],
    name: &str,
    value: &toml::Value,
    path: &Path,
    findings: &mut Vec<Finding>,
) -> Option<(&'static Key, Value)> {
    let Some(key) = keys.iter().find(|key| key.parts().1 == name) else {
        findings.push(unknown(keys, name));
        return None;
    };
    match key.kind.read_value(value) {
        Ok(value) => Some((key, Value { value, source: Source::File(path.to_owned()) })),
        Err(why) => {
            findings.push(invalid(key, key.path, &display(value), &why));
            None
        }
    }
}

fn unknown(keys: &'static [Key], name: &str) -> Finding {
    let section = keys.first().map_or("app", |key| key.parts().0);
    let finding = Finding::error("config.unknown_key", format!("{section}.{name}"), "There is no such setting.");
    match nearest(name, keys.iter().map(|key| key.parts().1.to_owned())) {
        Some(near) => finding.with_remedy(format!("{near}  # the nearest name that there is")),
        None => finding.with_remedy("doorward config reference"),
    }
}

/// The number and the key of `DOORWARD_APP__0__UPSTREAM`.
fn parse(name: &str) -> Option<(usize, &str)> {
    let (number, key) = name.strip_prefix(PREFIX)?.strip_prefix("APP__")?.split_once("__")?;
    let number = number.parse().ok().filter(|number| *number < MOST)?;
    Some((number, key))
}

fn key_of(name: &str) -> Option<(usize, &'static Key)> {
    let (number, name) = parse(name)?;
    let key = KEYS.iter().find(|key| key.parts().1.eq_ignore_ascii_case(name))?;
    Some((number, key))
}

/// Whether a variable sets something of an app.
pub(in crate::config) fn is_variable(name: &str) -> bool {
    key_of(name).is_some_and(|(number, key)| name == variable(number, key.path))
}

fn variable(number: usize, path: &str) -> String {
    let (_, name) = path.split_once('.').unwrap_or(("", path));
    format!("{PREFIX}APP__{number}__{}", name.to_ascii_uppercase())
}

/// Takes over what variables say of apps. The numbers begin at 0, in the order of the sections of the file.
pub(in crate::config) fn from_variables(
    variables: &Variables,
    source: fn(String) -> Source,
    apps: &mut Vec<WrittenApp>,
    findings: &mut Vec<Finding>,
) {
    for name in variables.names().filter(|name| is_variable(name)) {
        let Some(((number, key), text)) = key_of(name).zip(variables.value(name)) else { continue };
        if text.trim().is_empty() {
            continue;
        }
        match key.kind.read_text(text) {
            Err(why) => findings.push(invalid(key, name, text, &why)),
            Ok(value) => {
                while apps.len() <= number {
                    apps.push(WrittenApp::default());
                }
                apps[number].values.insert(key.path, Value { value, source: source(name.to_owned()) });
            }
        }
    }
}

/// One app or one of its rules, as its check reads it.
pub(in crate::config) struct Part<'a> {
    values: &'a Values,
    rules: &'a [Values],
    keys: &'static [Key],
    section: &'static str,
    label: String,
    index: usize,
}

impl<'a> Part<'a> {
    pub(in crate::config) fn of_app(app: &'a WrittenApp, index: usize) -> Self {
        let text = |key| app.values.get(key).map(|value: &Value| display(&value.value));
        let label = text("app.name").or_else(|| text("app.host")).unwrap_or_else(|| (index + 1).to_string());
        Self { values: &app.values, rules: &app.rules, keys: KEYS, section: "[[app]]", label, index }
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = Part<'a>> {
        let (label, index) = (self.label.clone(), self.index);
        self.rules.iter().map(move |values| Self {
            values,
            rules: &[],
            keys: RULE_KEYS,
            section: "[[app.rule]]",
            label: label.clone(),
            index,
        })
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).and_then(|value| value.value.as_str()).map(|text| text.trim().to_owned())
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.values.get(key).and_then(|value| value.value.as_bool())
    }

    pub(super) fn integer(&self, key: &str) -> Option<u64> {
        self.values.get(key).and_then(|value| value.value.as_integer()).and_then(|number| u64::try_from(number).ok())
    }

    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let items = self.values.get(key).and_then(|value| value.value.as_array()).into_iter().flatten();
        items
            .filter_map(toml::Value::as_str)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// An error about one key, named as it was written, with the line to write.
    pub(super) fn error(&self, code: &'static str, path: &str, why: &str, instead: &str) -> Finding {
        let name = path.split_once('.').map_or(path, |(_, name)| name);
        let written = self.values.get(path);
        let source = written.map(|value| &value.source);
        let (subject, line) = if let Some(Source::Environment(variable) | Source::EnvFile(variable)) = source {
            (variable.clone(), format!("{variable}={instead}"))
        } else {
            let is_list = self.keys.iter().any(|key| key.path == path && key.kind == Kind::List);
            let text = if is_list { format!("[\"{instead}\"]") } else { format!("\"{instead}\"") };
            let place = format!("{} {}", self.section, self.label);
            (format!("{place} {name}"), format!("{name} = {text}  # in {place}"))
        };
        let finding = Finding::error(code, subject, why).with_remedy(line);
        match written {
            Some(value) => finding.with_value(display(&value.value)),
            None => finding,
        }
    }
}
