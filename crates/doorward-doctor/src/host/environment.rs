//! Settings: `.env` files, compose files, the environment of a running process. Values become marks at once.

use std::path::Path;

use yaml_rust2::{Yaml, YamlLoader};

use crate::facts::{Setting, Source, Value};
use crate::redact::Salt;

/// Names whose values hold no secret, by what they end in or hold.
const OPEN: &[&str] = &[
    "HOST",
    "HOSTS",
    "ORIGIN",
    "ORIGINS",
    "DOMAIN",
    "DOMAINS",
    "PORT",
    "ENVIRONMENT",
    "NODE_ENV",
    "APP_ENV",
    "RAILS_ENV",
    "DEBUG",
    "TZ",
    "PROXIES",
    "BIND",
    "LOG_LEVEL",
    "LANG",
    "WORKERS",
    "SITE_URL",
    "BASE_URL",
    "PUBLIC_URL",
    "EXTERNAL_URL",
    "FRONTEND_URL",
    "ROOT_URL",
    "BACKENDS",
];

/// One setting under its marks.
pub(crate) fn setting(source: Source, name: &str, value: &str, salt: &Salt) -> Setting {
    let upper = name.to_uppercase();
    let is_open = OPEN.iter().any(|word| upper == *word || upper.ends_with(&format!("_{word}")))
        && !value.contains('@')
        && value.len() < 300;
    let mark = salt.mark(value);
    let value = if is_open { Value::Plain(crate::redact::clean(value)) } else { Value::Masked(mark.clone()) };
    Setting { source, name: crate::redact::clean(name), value, mark, fallback: None, refers: Vec::new() }
}

/// The settings of a file of the form NAME=VALUE.
pub(super) fn dotenv(path: &Path, source: &Source, salt: &Salt) -> Vec<Setting> {
    let text = super::text(path).unwrap_or_default();
    let pairs = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.trim_start_matches("export ").split_once('='));
    pairs.map(|(name, value)| setting(source.clone(), name.trim(), unquoted(value), salt)).collect()
}

/// What compose reads of a value in such a file.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    value.split(" #").next().unwrap_or_default().trim()
}

/// The names of the variables in a value of a compose file: `${NAME}`, `${NAME:-…}`, `$NAME`.
fn referred(value: &str) -> Vec<String> {
    let after = value.replace("$$", "").split('$').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let name = |text: &String| {
        let text = text.trim_start_matches('{');
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
    };
    after.iter().map(name).filter(|name| !name.is_empty()).collect()
}

/// The environment of a process.
pub(super) fn process(pid: u32, salt: &Salt) -> Vec<Setting> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split('\0')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| setting(Source::Process, name, value, salt))
        .collect()
}

/// The environment of each service in a compose file; a fallback (`${NAME:-…}`) is noted beside the name.
pub(super) fn compose(path: &Path, salt: &Salt) -> Vec<Setting> {
    let text = super::text(path).unwrap_or_default();
    let documents = YamlLoader::load_from_str(&text).unwrap_or_default();
    let Some(Yaml::Hash(services)) = documents.first().map(|root| root["services"].clone()) else { return Vec::new() };
    let mut all = Vec::new();
    for (service, body) in &services {
        let source = Source::Compose(service.as_str().unwrap_or_default().to_owned());
        let pairs: Vec<(String, String)> = match &body["environment"] {
            Yaml::Hash(map) => map.iter().map(|(name, value)| (plain(name), plain(value))).collect(),
            Yaml::Array(list) => list
                .iter()
                .map(plain)
                .map(|line| {
                    line.split_once('=')
                        .map_or((line.clone(), String::new()), |(name, value)| (name.to_owned(), value.to_owned()))
                })
                .collect(),
            _ => Vec::new(),
        };
        for (name, value) in pairs {
            let fallback = value
                .split_once(":-")
                .and_then(|(_, rest)| rest.rsplit_once('}'))
                .map(|(fallback, _)| salt.mark(fallback));
            let mut setting = setting(source.clone(), &name, &value, salt);
            setting.refers = referred(&value);
            setting.fallback =
                fallback.or_else(|| (!value.is_empty() && !value.contains("${")).then(|| setting.mark.clone()));
            all.push(setting);
        }
    }
    all
}

fn plain(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_as_compose_does() {
        let folder = tempfile::tempdir().unwrap();
        let salt = Salt::of(b"s");
        std::fs::write(folder.path().join(".env"), "# no\nexport A='x$y'\nDOMAIN=a.test # why\nSECRET_KEY=\"kkk\"\n")
            .unwrap();
        let all = dotenv(&folder.path().join(".env"), &Source::Dotenv, &salt);
        assert_eq!(all.len(), 3);
        assert_eq!((all[1].plain(), all[2].mark.length), ("a.test", 3));
        assert!(all[0].mark.is("dollar") && all[2].plain().is_empty());
        std::fs::write(folder.path().join("c.yml"), "services:\n  app:\n    environment:\n      SECRET_KEY: ${SECRET_KEY:-published}\n  db:\n    environment: [\"A=1\"]\n").unwrap();
        let all = compose(&folder.path().join("c.yml"), &salt);
        assert_eq!(all[0].fallback.as_ref().unwrap().print, salt.mark("published").print);
        assert_eq!(all[1].source, Source::Compose("db".into()));
    }
}
