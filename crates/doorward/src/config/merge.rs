//! From sources to one value for each key, with the place where it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use doorward_core::Finding;

use super::app::{self, WrittenApp};
use super::registry::{self, Key, Kind, PREFIX, nearest};
use super::source::{Files, Inputs, Source, Variables, read};

/// One value in the form that its [`Kind`] says, and where it was written.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) value: toml::Value,
    pub(super) source: Source,
}

impl std::fmt::Debug for Value {
    /// The value may be a secret, so only its source is shown.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "**** ({})", self.source)
    }
}

/// Every key that was written somewhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    pub(super) values: BTreeMap<&'static str, Value>,
    /// Keys that were written with a value that cannot be used, so that nobody is told to write them.
    pub(super) refused: BTreeSet<&'static str>,
    /// The `doorward.toml` that was read.
    pub(super) file: Option<PathBuf>,
    /// The apps, in the order in which they were written.
    pub(super) apps: Vec<WrittenApp>,
}

/// Variables that people set and that Doorward does not read, with what to set instead.
const MISTAKEN: &[(&str, &str, &str)] = &[(
    "ADMIN_PASSWORD",
    "ADMIN_PASSWORD_FILE",
    "A password in a variable is seen by every child process; Doorward reads it from a file.",
)];

/// Merges everything. Precedence: flags, process environment, `.env`, `doorward.toml`.
pub(super) fn merge(inputs: &Inputs, files: &Files, findings: &mut Vec<Finding>) -> Written {
    let mut written = Written { file: files.toml.as_ref().map(|(path, _)| path.clone()), ..Written::default() };
    if let Some((path, table)) = &files.toml {
        from_file(path, table, &mut written, findings);
    }
    let layers = [
        Layer { variables: &files.dotenv, source: Source::EnvFile, place: ".env" },
        Layer { variables: &inputs.environment, source: Source::Environment, place: "the environment" },
    ];
    for layer in &layers {
        layer.check_names(findings);
        app::from_variables(layer.variables, layer.source, &mut written.apps, findings);
        for key in registry::all() {
            let before = findings.len();
            if let Some(value) = layer.value(key, inputs, findings) {
                written.values.insert(key.path, value);
            } else if findings[before..].iter().any(Finding::is_error) {
                written.refused.insert(key.path);
            }
        }
    }
    let is_set = |name: &str| layers.iter().any(|layer| layer.has(name));
    for key in registry::all().filter(|key| key.has_file_variant()) {
        for name in key.variables() {
            let file = format!("{name}_FILE");
            if is_set(&name) && is_set(&file) {
                let why = format!("{name} and {file} are both set, and it is not clear which one is meant.");
                findings.push(Finding::error("config.conflict", &name, why).with_remedy(format!("unset {file}")));
            }
        }
    }
    if !inputs.flags.listen.is_empty() {
        let listen = inputs.flags.listen.iter().map(|text| toml::Value::from(text.as_str())).collect::<Vec<_>>();
        let value = Value { value: listen.into(), source: Source::Flag("--listen") };
        written.values.insert("server.listen", value);
    }
    written
}

fn from_file(path: &std::path::Path, table: &toml::Table, written: &mut Written, findings: &mut Vec<Finding>) {
    for (section, content) in table {
        if section == "app" {
            app::from_file(path, content, &mut written.apps, findings);
            continue;
        }
        let is_known = registry::SECTIONS.iter().any(|(name, _)| name == section);
        let Some(keys) = content.as_table().filter(|_| is_known) else {
            findings.push(unknown_key(section));
            continue;
        };
        for (name, value) in keys {
            let full = format!("{section}.{name}");
            let Some(key) = registry::find(&full) else {
                findings.push(unknown_key(&full));
                continue;
            };
            match key.kind.read_value(value) {
                Ok(value) => {
                    let source = Source::File(path.to_owned());
                    written.values.insert(key.path, Value { value, source });
                }
                Err(why) => {
                    written.refused.insert(key.path);
                    findings.push(invalid(key, key.path, &display(value), &why));
                }
            }
        }
    }
}

fn unknown_key(path: &str) -> Finding {
    let finding = Finding::error("config.unknown_key", path, "There is no such setting.");
    let near = match path.split_once('.') {
        Some((section, name)) if registry::SECTIONS.iter().any(|(known, _)| *known == section) => {
            let inside = registry::all().filter(|key| key.parts().0 == section).map(|key| key.parts().1.to_owned());
            // A right name in the wrong section is nearer than a wrong name.
            let elsewhere = registry::all().find(|key| key.parts().1 == name).map(|key| key.path.to_owned());
            elsewhere.or_else(|| nearest(name, inside).map(|name| format!("{section}.{name}")))
        }
        _ => registry::all().find(|key| key.parts().1 == path).map(|key| key.path.to_owned()).or_else(|| {
            nearest(path, registry::SECTIONS.iter().map(|(name, _)| (*name).to_owned())).map(|name| format!("[{name}]"))
        }),
    };
    match near {
        Some(near) => finding.with_remedy(format!("{near}  # the nearest name that there is")),
        None => finding.with_remedy("doorward config reference"),
    }
}

/// A value that does not have the form its key asks for.
pub(super) fn invalid(key: &Key, subject: &str, value: &str, why: &str) -> Finding {
    Finding::error("config.value_invalid", subject, format!("The value cannot be used: {why}."))
        .with_value(if key.is_secret { "****" } else { value })
        .with_remedy(example(key, subject))
}

fn example(key: &Key, subject: &str) -> String {
    let value = match key.kind {
        Kind::Text | Kind::Path | Kind::List | Kind::Paths => "…",
        Kind::Bool => "true",
        Kind::Integer(..) | Kind::Duration | Kind::Size | Kind::Word(_) if !key.default.is_empty() => key.default,
        Kind::Integer(..) => "1",
        Kind::Duration => "1h",
        Kind::Size => "64MiB",
        Kind::Word(words) => words.first().copied().unwrap_or_default(),
        Kind::Keys => "1:/path/to/key",
    };
    if subject.contains('.') {
        let quoted = match key.kind {
            Kind::Bool | Kind::Integer(..) => value.to_owned(),
            Kind::List | Kind::Paths => format!("[\"{value}\"]"),
            Kind::Keys => "[{ kid = 1, file = \"/path/to/key\" }]".to_owned(),
            _ => format!("\"{value}\""),
        };
        let (section, name) = key.parts();
        format!("{name} = {quoted}  # in [{section}]")
    } else {
        format!("{subject}={value}")
    }
}

/// A value as a report shows it.
pub(super) fn display(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(display).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The variables of one place.
struct Layer<'a> {
    variables: &'a Variables,
    source: fn(String) -> Source,
    place: &'static str,
}

impl Layer<'_> {
    /// An empty variable counts as not set: compose files pass `${NAME:-}` for what nobody wrote.
    fn text(&self, name: &str) -> Option<&str> {
        self.variables.value(name).filter(|text| !text.trim().is_empty())
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The value of one key, from whichever of its names is set here.
    fn value(&self, key: &Key, inputs: &Inputs, findings: &mut Vec<Finding>) -> Option<Value> {
        let mut found: Option<(String, toml::Value)> = None;
        for name in key.variables() {
            let Some((variable, text)) = self.read(key, &name, inputs, findings) else { continue };
            match key.kind.read_text(&text) {
                Err(why) => findings.push(invalid(key, &variable, &text, &why)),
                Ok(value) => match &found {
                    None => found = Some((variable, value)),
                    Some((first, same)) if *same == value => _ = first,
                    Some((first, _)) => {
                        let why =
                            format!("{first} and {variable} are both set in {}, to different values.", self.place);
                        findings.push(
                            Finding::error("config.conflict", first, why).with_remedy(format!("unset {variable}")),
                        );
                    }
                },
            }
        }
        found.map(|(variable, value)| Value { value, source: (self.source)(variable) })
    }

    /// The text of a variable, or of the file that its `_FILE` twin names.
    fn read(&self, key: &Key, name: &str, inputs: &Inputs, findings: &mut Vec<Finding>) -> Option<(String, String)> {
        if let Some(text) = self.text(name) {
            return Some((name.to_owned(), text.to_owned()));
        }
        let variable = format!("{name}_FILE");
        let path = inputs.cwd.join(self.text(&variable).filter(|_| key.has_file_variant())?.trim());
        match read(&path, &variable) {
            Ok(text) => {
                if key.is_secret {
                    findings.extend(super::permission::readable_by_others(&path, &variable));
                }
                let text = text.strip_suffix('\n').unwrap_or(&text);
                Some((variable, text.strip_suffix('\r').unwrap_or(text).to_owned()))
            }
            Err(finding) => {
                findings.push(*finding);
                None
            }
        }
    }

    /// Finds names that nobody reads.
    fn check_names(&self, findings: &mut Vec<Finding>) {
        let known: Vec<String> = known_variables().collect();
        let is_known = |name: &str| known.iter().any(|known| known == name);
        for name in self.variables.unreadable().iter().filter(|name| is_known(name)) {
            let why = format!("The value in {} is no UTF-8.", self.place);
            findings.push(Finding::error("config.value_invalid", name, why).with_remedy(format!("{name}=…")));
        }
        for name in self.variables.names().filter(|name| !is_known(name)) {
            if name.starts_with(PREFIX) {
                if !is_service_link(name) && !app::is_variable(name) {
                    findings.push(unknown_variable(name, &known, Finding::error));
                }
            } else if let Some((_, instead, why)) = MISTAKEN.iter().find(|(mistaken, ..)| *mistaken == name) {
                findings.push(
                    Finding::error("config.unknown_variable", name, *why)
                        .with_remedy(format!("{instead}=/path/to/file")),
                );
            } else if self.place == ".env" && is_near_plain(name) {
                findings.push(unknown_variable(name, &known, Finding::warning));
            }
        }
    }
}

/// Every variable that is read.
pub(super) fn known_variables() -> impl Iterator<Item = String> {
    registry::all().flat_map(|key| {
        key.variables().flat_map(move |name| {
            let file = key.has_file_variant().then(|| format!("{name}_FILE"));
            [Some(name), file].into_iter().flatten()
        })
    })
}

fn unknown_variable(name: &str, known: &[String], make: fn(&'static str, String, String) -> Finding) -> Finding {
    let finding = make("config.unknown_variable", name.to_owned(), "Doorward reads no such variable.".to_owned());
    match nearest(name, known.iter().cloned()) {
        Some(near) => finding.with_remedy(format!("{near}=…")),
        None => finding.with_remedy("doorward config reference"),
    }
}

/// Whether a name of somebody else's is one slip away from a plain name of ours.
fn is_near_plain(name: &str) -> bool {
    name.len() > 5
        && registry::all().filter_map(|key| key.variable).any(|plain| strsim::damerau_levenshtein(name, plain) == 1)
}

/// Variables that Kubernetes and old Docker links make for a service that is called `doorward`.
fn is_service_link(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    ["SERVICE_HOST", "SERVICE_PORT", "PORT", "NAME", "ENV"].iter().any(|link| {
        rest.strip_prefix(link).is_some_and(|tail| tail.is_empty() || (tail.starts_with('_') && !tail.contains("__")))
    })
}
