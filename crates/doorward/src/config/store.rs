//! The section `[store]`: which database holds everything.

use std::path::PathBuf;

use doorward_core::Secret;
use serde::Deserialize;
use url::Url;

use super::Environment;
use super::check::{Check, is_placeholder};
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("store.database_url", Kind::Text, "", "The database: `postgres://user:password@host:5432/name` or `sqlite:path`. By default SQLite in the data directory.").variable("DATABASE_URL").secret().restart(),
    Key::new("store.postgres_host", Kind::Text, "", "Host of PostgreSQL, or the directory of its socket. `localhost` where any other `postgres_` setting is written.").variable("POSTGRES_HOST").restart(),
    Key::new("store.postgres_port", Kind::Integer(1, 65_535), "", "Port of PostgreSQL: 5432 by default.").variable("POSTGRES_PORT").restart(),
    Key::new("store.postgres_user", Kind::Text, "", "User of PostgreSQL: `postgres` by default.").variable("POSTGRES_USER").restart(),
    Key::new("store.postgres_password", Kind::Text, "", "Password of that user.").variable("POSTGRES_PASSWORD").secret().restart(),
    Key::new("store.postgres_db", Kind::Text, "", "Name of the database: that of the user by default.").variable("POSTGRES_DB").restart(),
    Key::new("store.redis_url", Kind::Text, "", "Not used by this version: sessions and budgets live in the database. A warning says so.").variable("REDIS_URL").secret().restart(),
];

const POSTGRES_KEYS: [&str; 5] = [
    "store.postgres_host",
    "store.postgres_port",
    "store.postgres_user",
    "store.postgres_password",
    "store.postgres_db",
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    database_url: Option<Secret>,
    postgres_host: Option<String>,
    postgres_port: Option<u16>,
    postgres_user: Option<String>,
    postgres_password: Option<Secret>,
    postgres_db: Option<String>,
    redis_url: Option<Secret>,
}

/// As meant: where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// One file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by an URL as its clients take it.
    Postgres(Secret),
}

impl Raw {
    pub(super) fn check(self, environment: Environment, data: &std::path::Path, check: &mut Check<'_>) -> Store {
        if self.redis_url.is_some() {
            let why = "This version uses no Redis: sessions, budgets and keys live in the database, so this setting does nothing.";
            let path = "store.redis_url";
            let finding = check.warning("config.not_used", path, why);
            let remedy = format!("# remove {}", check.subject(path));
            check.report(finding.with_remedy(remedy));
        }
        let password = self.postgres_password.as_ref().map(Secret::expose_secret);
        if password.is_some_and(is_placeholder) {
            report_placeholder(environment, check);
        }
        let has_parts = POSTGRES_KEYS.iter().any(|path| check.is_written(path));
        let Some(written) = &self.database_url else {
            return if has_parts { Store::Postgres(self.url()) } else { Store::Sqlite(data.join("doorward.db")) };
        };
        let store = read_url(written.expose_secret(), check);
        if has_parts && !self.agrees_with(written.expose_secret()) {
            let part =
                POSTGRES_KEYS.iter().find(|path| check.is_written(path)).copied().unwrap_or("store.postgres_host");
            let why = format!(
                "{} names another database than {} and its sisters.",
                check.subject("store.database_url"),
                check.subject(part)
            );
            let finding = check.error("config.conflict", "store.database_url", why);
            let remedy = format!(
                "# keep {} or the POSTGRES_ settings, and remove the other",
                check.subject("store.database_url")
            );
            check.report(finding.with_remedy(remedy));
        }
        store.unwrap_or_else(|| Store::Sqlite(data.join("doorward.db")))
    }

    /// Everything goes in as a parameter, where the client takes any character, and a socket's directory as host too.
    fn url(&self) -> Secret {
        let user = self.postgres_user.as_deref().unwrap_or("postgres");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("host", self.postgres_host.as_deref().unwrap_or("localhost"));
        query.append_pair("port", &self.postgres_port.unwrap_or(5_432).to_string());
        query.append_pair("user", user);
        query.append_pair("dbname", self.postgres_db.as_deref().unwrap_or(user));
        if let Some(password) = &self.postgres_password {
            query.append_pair("password", password.expose_secret());
        }
        Secret::new(format!("postgres://localhost/?{}", query.finish()))
    }

    /// Whether every written part says the same as the URL.
    fn agrees_with(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        if !url.scheme().starts_with("postgres") {
            return false;
        }
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let same = |part: Option<&str>, whole: Option<String>| part.is_none_or(|part| Some(part) == whole.as_deref());
        let user = decoded(url.username());
        let database = decoded(url.path().trim_start_matches('/'));
        same(self.postgres_host.as_deref(), url.host_str().map(decoded))
            && self.postgres_port.is_none_or(|port| port == url.port().unwrap_or(5_432))
            && same(self.postgres_db.as_deref(), Some(if database.is_empty() { user.clone() } else { database }))
            && same(self.postgres_user.as_deref(), Some(user))
            && self
                .postgres_password
                .as_ref()
                .is_none_or(|part| url.password().is_some_and(|whole| Secret::new(decoded(whole)) == *part))
    }
}

fn report_placeholder(environment: Environment, check: &mut Check<'_>) {
    let (path, why) = ("store.postgres_password", "It is one of the passwords that everybody tries first.");
    let finding = match environment {
        Environment::Production => check.error("config.secret_placeholder", path, why),
        Environment::Development => check.warning("config.secret_placeholder", path, why),
    };
    let line = check.line(path, "…");
    check.report(
        finding
            .with_remedy(format!("openssl rand -hex 24  # change it in PostgreSQL, and put its output here: {line}")),
    );
}

fn read_url(text: &str, check: &mut Check<'_>) -> Option<Store> {
    let path = "store.database_url";
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "postgres" | "postgresql" if Url::parse(text).is_ok() => return Some(Store::Postgres(Secret::new(text))),
        "sqlite" => {
            let rest = text.strip_prefix("sqlite:").unwrap_or_default();
            let file = rest.strip_prefix("//").unwrap_or(rest);
            if !file.is_empty() && !file.contains(['?', '#']) && file != ":memory:" {
                return Some(Store::Sqlite(check.file(path, file)));
            }
        }
        _ => {}
    }
    let (why, instead) = if scheme.starts_with("postgres") && scheme.contains('+') {
        (
            "The part of the scheme after the `+` belongs to another program's driver.",
            "postgres://USER:PASSWORD@HOST:5432/NAME",
        )
    } else if scheme.starts_with("postgres") {
        (
            "It cannot be read; percent-encode `@`, `:`, `/`, `#` and `%` in the password.",
            "postgres://USER:PASSWORD@HOST:5432/NAME",
        )
    } else if scheme == "sqlite" {
        ("It must name a file, without options.", "sqlite:/var/lib/doorward/doorward.db")
    } else {
        ("Doorward keeps its data in PostgreSQL or SQLite.", "postgres://USER:PASSWORD@HOST:5432/NAME")
    };
    let finding = check.error("config.value_invalid", path, why).with_remedy(check.line(path, instead));
    check.report(finding);
    None
}
