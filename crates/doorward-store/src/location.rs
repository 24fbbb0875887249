//! Where the database is.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorward_core::{Finding, Secret};
use sqlx::ConnectOptions as _;
use sqlx::any::AnyConnectOptions;

use crate::dialect::Dialect;

/// The parameters that a PostgreSQL URL may have.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// The embedded database in this file, made with mode 0600 where it does not exist. Beside it stand
    /// `-wal` and `-shm` while it is open.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Server),
}

/// A PostgreSQL server and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Server {
    /// `postgres://user:password@host:port/database`. A directory as host (`?host=/run/postgresql`) is a Unix
    /// socket; `?sslmode=verify-full&sslrootcert=…` asks for TLS.
    pub url: Secret,
    /// At most this many connections.
    pub connections: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

impl Server {
    /// A server with ten connections, 5 s for a connection and 10 s for a statement.
    #[must_use]
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
        }
    }
}

impl Location {
    /// The embedded database of a data directory: the file `doorward.db` in it.
    #[must_use]
    pub fn embedded(data_directory: &Path) -> Self {
        Self::Sqlite(data_directory.join("doorward.db"))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What the driver needs to connect. Statements are not logged: a log is no place for them.
    pub(crate) fn options(&self) -> Result<AnyConnectOptions, Finding> {
        let url = match self {
            Self::Sqlite(path) => sqlite_url(path)?,
            Self::Postgres(server) => server.url.expose_secret().to_owned(),
        };
        let options: AnyConnectOptions = url.parse().map_err(|_| Self::unreadable())?;
        let is_postgres = matches!(options.database_url.scheme(), "postgres" | "postgresql");
        if is_postgres != (self.dialect() == Dialect::Postgres) {
            return Err(Self::unreadable());
        }
        for (key, _) in options.database_url.query_pairs() {
            // The driver would ignore it and log its value, which may be a misspelt password.
            if is_postgres && !PARAMETERS.contains(&key.as_ref()) {
                let why = format!("the database URL has the parameter {key:?}, which nobody knows");
                return Err(Finding::error("store.location_unreachable", "database", why)
                    .with_remedy(format!("use only {}", PARAMETERS.join(", "))));
            }
        }
        Ok(options.disable_statement_logging())
    }

    fn unreadable() -> Finding {
        Finding::error("store.location_unreachable", "database", "the database URL cannot be read")
            .with_remedy("DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE")
    }
}

/// The place without user and password, for people.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "{}", path.display()),
            Self::Postgres(server) => {
                let Ok(options) = server.url.expose_secret().parse::<AnyConnectOptions>() else {
                    return formatter.write_str("PostgreSQL");
                };
                let url = options.database_url;
                let socket = url.query_pairs().find(|(key, _)| key == "host").map(|(_, value)| value.into_owned());
                let host =
                    socket.or_else(|| url.host_str().map(str::to_owned)).unwrap_or_else(|| "localhost".to_owned());
                write!(formatter, "PostgreSQL at {host}:{}{}", url.port().unwrap_or(5432), url.path())
            }
        }
    }
}

/// The file as the driver's URL, with every byte escaped that a URL could take for something else.
fn sqlite_url(path: &Path) -> Result<String, Finding> {
    let Some(text) = path.to_str() else {
        return Err(Finding::error("store.data_directory", path.display().to_string(), "the path is not UTF-8")
            .with_remedy("choose a data directory with a plain name"));
    };
    let mut url = "sqlite://".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").ok();
        }
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_password() {
        let location = Location::Postgres(Server::new(Secret::new("postgres://ada:hunter2@db.test:5433/doorward")));
        assert_eq!(location.to_string(), "PostgreSQL at db.test:5433/doorward");
        assert!(!format!("{location:?} {location}").contains("hunter2"));
        let bad = Location::Postgres(Server::new(Secret::new("postgres://ada:hunter2@[bad/doorward")));
        assert!(!format!("{:?}", bad.options().unwrap_err()).contains("hunter2"));
    }

    #[test]
    fn refuses_a_parameter_that_nobody_knows_without_its_value() {
        let url = Secret::new("postgres:///doorward?host=/run/postgresql&pasword=hunter2");
        let finding = Location::Postgres(Server::new(url)).options().unwrap_err();
        assert!(finding.why.contains("pasword") && !format!("{finding:?}").contains("hunter2"));
    }

    #[test]
    fn escapes_what_is_no_plain_path() {
        assert_eq!(sqlite_url(Path::new("/a b/?x#.db")).unwrap(), "sqlite:///a%20b/%3Fx%23.db");
    }

    #[test]
    fn refuses_a_url_of_another_database() {
        for url in ["mysql://a/b", "sqlite:///tmp/x", "", "postgres"] {
            let finding = Location::Postgres(Server::new(Secret::new(url))).options().unwrap_err();
            assert_eq!(finding.code, "store.location_unreachable", "{url}");
        }
    }
}
