//! `doorward config check | show | reference`: what is wrong, what holds, and what there is.

use std::io::{self, Write};

use doorward_core::Finding;

use super::{CONFIGURATION, FINDINGS, WELL, open, report};
use crate::config::registry::{self, Key, Kind};
use crate::config::{Config, Inputs, Setting};
use crate::node::look_for_factors;

/// The arguments of `doorward config`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the configuration.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Check the configuration and say what is wrong, all at once.
    Check,
    /// Show every setting as it holds, secrets masked, and where it comes from.
    Show,
    /// Print the reference of all settings and variables as Markdown.
    Reference,
}

/// Runs it and returns the exit code: 0 well, 1 where `check` found errors, 2 where `show` has nothing to show
/// because of errors.
///
/// # Errors
/// Those of the writer.
pub fn run(args: &ConfigArgs, inputs: &Inputs, json: bool, out: &mut dyn Write) -> io::Result<u8> {
    match &args.action {
        Action::Check => check(inputs, json, out),
        Action::Show => show(inputs, json, out),
        Action::Reference => reference(json, out).map(|()| WELL),
    }
}

fn findings(findings: &[Finding], json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json { report::json(findings, out) } else { report::text(findings, out) }
}

fn check(inputs: &Inputs, json: bool, out: &mut dyn Write) -> io::Result<u8> {
    let (found, code) = match Config::load(inputs) {
        Ok(loaded) => {
            let look = |runtime: tokio::runtime::Runtime| runtime.block_on(look_for_factors(&loaded.config));
            let unreachable = open::runtime().map(look).unwrap_or_default();
            (loaded.findings.into_iter().chain(unreachable).collect(), WELL)
        }
        Err(found) => (found, FINDINGS),
    };
    findings(&found, json, out)?;
    Ok(code)
}

fn show(inputs: &Inputs, json: bool, out: &mut dyn Write) -> io::Result<u8> {
    let config = match Config::load(inputs) {
        Ok(loaded) => loaded.config,
        Err(found) => {
            findings(&found, json, out)?;
            return Ok(CONFIGURATION);
        }
    };
    let settings = config.describe();
    if json {
        let report = serde_json::json!({ "data": config.data, "file": config.file, "settings": settings, "apps": config.describe_apps() });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
        return Ok(WELL);
    }
    writeln!(out, "# data directory: {}", config.data.display())?;
    match &config.file {
        Some(file) => writeln!(out, "# file: {}", file.display())?,
        None => writeln!(out, "# file: none")?,
    }
    for (section, _) in registry::SECTIONS {
        writeln!(out, "\n[{section}]")?;
        for setting in settings.iter().filter(|setting| setting.key.split('.').next() == Some(section)) {
            writeln!(out, "{}", line(setting))?;
        }
    }
    for app in config.describe_apps() {
        for (index, part) in app.iter().enumerate() {
            writeln!(out, "\n{}", if index == 0 { "[[app]]" } else { "[[app.rule]]" })?;
            for setting in part {
                writeln!(out, "{}", line(setting))?;
            }
        }
    }
    Ok(WELL)
}

/// A line as it could stand in the file, with its source. What has no value is a comment.
fn line(setting: &Setting) -> String {
    let name = setting.key.split_once('.').map_or(setting.key, |(_, name)| name);
    if setting.value.is_empty() {
        return format!("# {name}");
    }
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let tables = registry::TABLES.iter().flat_map(|(_, keys)| keys.iter());
    let value = match registry::all().chain(tables).find(|key| key.path == setting.key).map(|key| key.kind) {
        Some(Kind::Bool | Kind::Integer(..)) => setting.value.clone(),
        Some(Kind::List) => format!("[{}]", setting.value.split(',').map(quoted).collect::<Vec<_>>().join(", ")),
        Some(Kind::Keys) => format!("[{}]", setting.value),
        _ => quoted(&setting.value),
    };
    format!("{name} = {value}  # {}", setting.source)
}

pub(super) fn reference(json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        let tables = registry::TABLES.iter().flat_map(|(_, keys)| keys.iter());
        let keys: Vec<serde_json::Value> = registry::all().chain(tables).map(entry).collect();
        serde_json::to_writer_pretty(&mut *out, &keys)?;
        return writeln!(out);
    }
    writeln!(out, "{INTRODUCTION}")?;
    for (section, keys) in registry::SECTIONS.iter().chain(registry::TABLES) {
        writeln!(out, "\n## `[{section}]`\n")?;
        writeln!(out, "| key | variables | value | default | what it is for |")?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        for key in *keys {
            writeln!(out, "{}", row(key))?;
        }
    }
    Ok(())
}

const INTRODUCTION: &str = "\
# Settings

Made by `doorward config reference`. Precedence: flags, process environment, `.env`, `doorward.toml`, defaults. \
Apps can stand several times: in the file each is a section `[[app]]` with its rules `[[app.rule]]` below it, in \
variables they are numbered from 0. `doorward.toml` is sought in the working directory, the data directory and `/etc/doorward`; `.env` in the working \
directory. Every variable may end in `_FILE` and then names a file that holds the value, except where the value is a \
path itself. An empty variable counts as not set. In `.env` a `$` is a `$`. Settings marked with * take effect at the \
next start, all others at a reload (SIGHUP).";

fn row(key: &Key) -> String {
    let plain = key.variable.map(|name| format!("`{name}`, ")).unwrap_or_default();
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    let star = if key.needs_restart { " *" } else { "" };
    let secret = if key.is_secret { " (secret)" } else { "" };
    let (_, name) = key.parts();
    format!(
        "| `{name}`{star} | {plain}{} | {}{secret} | {default} | {} |",
        variable_of(key).map_or_else(|| "–".to_owned(), |name| format!("`{name}`")),
        key.kind.name(),
        key.doc
    )
}

/// The variable that sets a key; of an app, that of the first one. Rules stand only in the file.
fn variable_of(key: &Key) -> Option<String> {
    match key.parts() {
        ("rule", _) => None,
        ("app", name) => Some(format!("DOORWARD_APP__0__{}", name.to_ascii_uppercase())),
        _ => Some(key.own_variable()),
    }
}

fn entry(key: &Key) -> serde_json::Value {
    serde_json::json!({
        "key": key.path,
        "variable": key.variable,
        "own_variable": variable_of(key),
        "value": key.kind.name(),
        "default": key.default,
        "secret": key.is_secret,
        "needs_restart": key.needs_restart,
        "doc": key.doc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn run_in(directory: &std::path::Path, environment: &[(&str, &str)], action: Action, json: bool) -> (u8, String) {
        let inputs = Inputs {
            flags: Flags { data: Some("data".into()), ..Flags::default() },
            environment: environment.iter().copied().collect(),
            cwd: directory.to_owned(),
            system: directory.join("etc"),
        };
        let mut out = Vec::new();
        let code = run(&ConfigArgs { action }, &inputs, json, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap().replace(&directory.display().to_string(), "CWD"))
    }

    #[test]
    fn check_says_everything_at_once_and_how_to_mend_it() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("doorward.toml"),
            "[server]\nlisen = [\"0.0.0.0:80\"]\npublic_url = \"login.example.com\"\n",
        )
        .unwrap();
        let environment = [("CSRF_SECRET_KEY", "hunter2"), ("DOORWARD_LOG__LEVLE", "debug")];
        let (code, text) = run_in(directory.path(), &environment, Action::Check, false);
        assert_eq!(code, FINDINGS);
        assert!(!text.contains("hunter2"));
        insta::assert_snapshot!(text);
        let (code, json) = run_in(directory.path(), &environment, Action::Check, true);
        assert_eq!(code, FINDINGS);
        insta::assert_snapshot!(json);
    }

    #[test]
    fn check_is_content_with_nothing_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let (code, text) = run_in(directory.path(), &[], Action::Check, false);
        assert_eq!((code, text.as_str()), (WELL, "Nothing is wrong.\n"));
    }

    #[test]
    fn show_masks_secrets_and_names_sources() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("doorward.toml"), "[session]\nprofile = \"strict\"\nidle = 600\n")
            .unwrap();
        std::fs::write(directory.path().join(".env"), "POSTGRES_PASSWORD=tr0ub4dor # comment\n").unwrap();
        let environment = [
            ("CSRF_SECRET_KEY", "a-secret-of-more-than-thirty-two-bytes"),
            ("ENVIRONMENT", "development"),
            ("DOORWARD_PASSWORD__WORKERS", "2"),
            ("CORS_ALLOWED_ORIGINS", "http://localhost:3000,http://localhost:5173"),
        ];
        let (code, text) = run_in(directory.path(), &environment, Action::Show, false);
        assert_eq!(code, WELL);
        assert!(!text.contains("tr0ub4dor") && !text.contains("thirty-two"));
        insta::assert_snapshot!(text);
        // What is shown could be written: it is TOML.
        text.parse::<toml::Table>().unwrap();
        let (_, json) = run_in(directory.path(), &environment, Action::Show, true);
        assert!(!json.contains("tr0ub4dor") && !json.contains("thirty-two"));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["settings"].as_array().unwrap().len(), registry::all().count());
    }

    #[test]
    fn show_of_a_wrong_configuration_says_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let (code, text) = run_in(directory.path(), &[("LOG_LEVEL", "loud")], Action::Show, false);
        assert_eq!(code, CONFIGURATION);
        assert!(text.contains("config.value_invalid"), "{text}");
    }

    #[test]
    fn the_reference_lists_every_setting() {
        let directory = tempfile::tempdir().unwrap();
        let (code, text) = run_in(directory.path(), &[], Action::Reference, false);
        assert_eq!(code, WELL);
        insta::assert_snapshot!(text);
        let (_, json) = run_in(directory.path(), &[], Action::Reference, true);
        let keys: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        let tables: usize = registry::TABLES.iter().map(|(_, keys)| keys.len()).sum();
        assert_eq!(keys.len(), registry::all().count() + tables);
    }
}
