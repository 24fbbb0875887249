//! Opening connections: their settings, and what is said when none can be had.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use doorward_core::Finding;
use doorward_core::store::StoreError;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::failure::Failure;
use crate::location::{Location, Server};

/// What each connection to the embedded database is told. FULL makes each commit durable before it is
/// acknowledged; NORMAL would lose the last ones when the power goes.
const SQLITE: &[&str] = &[
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA journal_size_limit = 16777216",
];

/// Connections of the embedded database that read.
const READERS: u32 = 4;

/// The pool that writes and the pool that reads; with PostgreSQL both are one.
pub(crate) struct Pools {
    /// For transactions that change something.
    pub(crate) writer: AnyPool,
    /// For everything else.
    pub(crate) reader: AnyPool,
}

/// Opens the pools without connecting yet.
pub(crate) fn pools(location: &Location) -> Result<Pools, Finding> {
    let options = location.options()?;
    Ok(match location {
        Location::Sqlite(_) => {
            Pools { writer: sqlite_pool(options.clone(), 1, false), reader: sqlite_pool(options, READERS, true) }
        }
        Location::Postgres(server) => {
            let pool = postgres_pool(options, server);
            Pools { writer: pool.clone(), reader: pool }
        }
    })
}

fn sqlite_pool(options: AnyConnectOptions, connections: u32, is_reader: bool) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_clean(connection)))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                prepare(connection, SQLITE).await?;
                if is_reader {
                    prepare(connection, &["PRAGMA query_only = ON"]).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// Whether a connection can be used again. SQLite ends a transaction by itself when the disk is full or
/// fails; the driver, whose own rollback then finds none, believes in it for ever, so such a connection goes.
async fn is_clean(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    // Waits until a rollback that was only announced is done.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn postgres_pool(options: AnyConnectOptions, server: &Server) -> AnyPool {
    let statements = postgres_statements(server);
    AnyPoolOptions::new()
        .max_connections(server.connections)
        .acquire_timeout(server.acquire_timeout)
        .idle_timeout(Duration::from_mins(5))
        .after_connect(move |connection, _| {
            let statements = statements.clone();
            Box::pin(async move { prepare_owned(connection, statements).await })
        })
        .connect_lazy_with(options)
}

/// What each connection to PostgreSQL is told. `synchronous_commit = off` on the server would acknowledge
/// what a crash may take back; a stricter setting than `on` stays.
fn postgres_statements(server: &Server) -> Vec<String> {
    let milliseconds = server.statement_timeout.as_millis();
    vec![
        format!("SET statement_timeout = {milliseconds}"),
        format!("SET lock_timeout = {milliseconds}"),
        "SET idle_in_transaction_session_timeout = 60000".to_owned(),
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') \
         IN ('off', 'local')"
            .to_owned(),
    ]
}

async fn prepare(connection: &mut AnyConnection, statements: &'static [&'static str]) -> sqlx::Result<()> {
    for statement in statements {
        connection.execute(*statement).await?;
    }
    Ok(())
}

async fn prepare_owned(connection: &mut AnyConnection, statements: Vec<String>) -> sqlx::Result<()> {
    for statement in statements {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// How often the switch to WAL is tried: SQLite waits for nobody there, whatever its `busy_timeout`, where two gateways
/// start on a new file at one moment.
const SWITCHES: usize = 50;

/// One connection outside of any pool, for migrations and checks. Proves that the place can be written.
pub(crate) async fn single(location: &Location) -> Result<AnyConnection, Finding> {
    sqlx::any::install_default_drivers();
    if let Location::Sqlite(path) = location {
        make_private(path)?;
    }
    let options = location.options()?;
    match location {
        Location::Sqlite(_) => {
            let mut connection = options.connect().await.map_err(|error| unreachable_place(location, error))?;
            let mut told = prepare(&mut connection, SQLITE).await;
            for _ in 0..SWITCHES {
                if !told.as_ref().is_err_and(|error| error.to_string().contains("database is locked")) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                told = prepare(&mut connection, SQLITE).await;
            }
            told.map_err(|error| unreachable_place(location, error))?;
            let proof = &["PRAGMA busy_timeout = 30000", "BEGIN IMMEDIATE", "ROLLBACK"];
            prepare(&mut connection, proof).await.map_err(|error| unreachable_place(location, error))?;
            Ok(connection)
        }
        Location::Postgres(server) => {
            let told = async {
                let mut connection = options.connect().await?;
                prepare_owned(&mut connection, postgres_statements(server)).await?;
                Ok(connection)
            };
            match tokio::time::timeout(server.acquire_timeout, told).await {
                Ok(told) => told.map_err(|error| unreachable_place(location, error)),
                Err(_) => Err(unreachable_place(location, sqlx::Error::PoolTimedOut)),
            }
        }
    }
}

/// Makes the directory and the file so that only their owner reads them.
fn make_private(path: &Path) -> Result<(), Finding> {
    let made = (|| {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok::<(), std::io::Error>(())
    })();
    made.map_err(|error| directory_finding(path, &error.to_string()))
}

fn directory_finding(path: &Path, why: &str) -> Finding {
    let subject = path.display().to_string();
    let directory = path.parent().unwrap_or(path).display().to_string();
    Finding::error("store.data_directory", subject, format!("the database file cannot be written: {why}"))
        .with_remedy(format!("chown -R doorward: {directory} && chmod 0700 {directory}"))
}

/// Why the database cannot be opened, in words without user and password.
pub(crate) fn unreachable_place(location: &Location, error: sqlx::Error) -> Finding {
    finding(location, Failure::from(error))
}

/// The finding for a failure at the start.
pub(crate) fn finding(location: &Location, failure: Failure) -> Finding {
    let error = failure.into_store();
    let subject = location.to_string();
    match (&error, location) {
        (StoreError::Corrupt(_), _) => Finding::error("store.corrupt", subject, error.to_string())
            .with_remedy("doorward restore --force LATEST-BACKUP"),
        (StoreError::Full(_), _) => {
            Finding::error("store.full", subject, error.to_string()).with_remedy("df -h; then make room on that disk")
        }
        (_, Location::Sqlite(path)) => directory_finding(path, &error.to_string()),
        (_, Location::Postgres(_)) => Finding::error("store.location_unreachable", subject, error.to_string())
            .with_remedy("check DATABASE_URL, and that the server runs and lets this user in"),
    }
}
