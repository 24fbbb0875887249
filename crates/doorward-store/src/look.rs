//! A look into the database as it stands, for whoever asks why nobody gets in: nothing is made, migrated or kept.

use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

use doorward_core::store::StoreError;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::location::Location;
use crate::migration::{self, ALL};
use crate::row::Columns as _;
use crate::schema;

/// Bytes of the row that is written and taken back: more than the pages that SQLite holds back from the disk.
const TRIAL: usize = 256 * 1024;

/// How the database stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Why no connection was made or nothing can be read, in the words of the database; empty where all is well.
    pub refused: String,
    /// Migrations that an operator has to run, by number and name.
    pub pending: Vec<String>,
    /// Tables, columns and indexes that are missing or altered, by name.
    pub lacking: Vec<String>,
    /// Migrations of a newer program.
    pub ahead: Vec<String>,
    /// Why a write that was taken back failed; empty where it did not.
    pub write: String,
    /// Connections in use, and how many there may be.
    pub used: Option<(u32, u32)>,
    /// Connections of this database that hold a transaction open and do nothing.
    pub idle_in_transaction: u32,
    /// Sessions that are kept here, where they can be read.
    pub sessions: Option<u64>,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// There is no database yet; the first start makes it.
    Nothing,
    /// The file belongs to another user, who alone may look.
    Closed,
    /// It was looked at.
    Seen(Box<Condition>),
}

/// Looks; gives up after `patience` for each of its few steps.
pub async fn look(location: &Location, patience: Duration) -> Look {
    if let Location::Sqlite(path) = location {
        match std::fs::File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Look::Nothing,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Look::Closed,
            _ => {}
        }
    }
    let mut condition = Condition::default();
    if let Err(why) = read(location, Access::Whole, patience, &mut condition).await {
        condition.refused = why;
        // A file that can be read and not opened for writing, as on a disk that is read-only.
        let mut plain = Condition::default();
        if matches!(location, Location::Sqlite(_))
            && read(location, Access::Reading, patience, &mut plain).await.is_ok()
        {
            plain.write = format!("{}: {}", unwritable(&condition.refused), condition.refused);
            condition = plain;
        }
    }
    Look::Seen(Box::new(condition))
}

/// Why a file of SQLite can be read and not opened, by the result codes in the words (<https://www.sqlite.org/rescode.html>).
fn unwritable(words: &str) -> &'static str {
    let has = |codes: &[u32]| codes.iter().any(|code| words.contains(&format!("(code {code})")));
    match () {
        // FULL, IOERR_WRITE, IOERR_SHMSIZE.
        () if has(&[13, 778, 4_874]) => "the disk is full",
        // READONLY and its kin, CANTOPEN.
        () if has(&[8, 14, 264, 520, 776, 1_032, 1_288, 1_544]) => "readonly",
        () => "it cannot be opened for writing",
    }
}

/// How the database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// As a server opens it.
    Whole,
    /// Without touching anything, not even its locks.
    Reading,
}

async fn read(location: &Location, access: Access, patience: Duration, told: &mut Condition) -> Result<(), String> {
    let mut connection = within(patience, connect(location, access, patience)).await?;
    let dialect = location.dialect();
    let done = within(patience, tables(&mut connection, location, told)).await;
    if done.is_ok() && access == Access::Whole {
        told.write = within(patience, write(&mut connection, dialect)).await.err().unwrap_or_default();
        // A server that shows its connections to nobody is no fault.
        let _ = within(patience, connections(&mut connection, dialect, told)).await;
    }
    let _ = tokio::time::timeout(patience, connection.close()).await;
    done
}

async fn within<T>(patience: Duration, step: impl Future<Output = Result<T, Failure>>) -> Result<T, String> {
    match tokio::time::timeout(patience, step).await {
        Ok(done) => done.map_err(|failure| match failure.into_store() {
            StoreError::Unavailable(why) => why,
            other => other.to_string(),
        }),
        Err(_) => Err("no answer within the time allowed".to_owned()),
    }
}

async fn connect(location: &Location, access: Access, patience: Duration) -> Result<AnyConnection, Failure> {
    sqlx::any::install_default_drivers();
    let mut options = location.options().map_err(|finding| Failure::from(StoreError::Unavailable(finding.why)))?;
    if access == Access::Reading {
        options.database_url.set_query(Some("immutable=true"));
    }
    let mut connection = options.connect().await?;
    let milliseconds = patience.as_millis();
    match location {
        // A small cache lets a large row go to the disk at once.
        Location::Sqlite(_) => {
            for statement in ["PRAGMA busy_timeout = 1000", "PRAGMA trusted_schema = OFF", "PRAGMA cache_size = 8"] {
                connection.execute(statement).await?;
            }
        }
        Location::Postgres(_) => {
            for name in ["statement_timeout", "lock_timeout"] {
                connection.execute(AssertSqlSafe(format!("SET {name} = {milliseconds}"))).await?;
            }
        }
    }
    Ok(connection)
}

/// Compares what is there with what the migrations make. The embedded database is migrated by the next start, so only
/// what was applied is asked of it.
async fn tables(connection: &mut AnyConnection, location: &Location, condition: &mut Condition) -> Result<(), Failure> {
    let applied = migration::applied(connection, location).await?;
    let found = schema::read(connection, location.dialect()).await?;
    condition.ahead = applied.iter().skip(ALL.len()).map(migration::Applied::told).collect();
    let whole = schema::expected(ALL).await?;
    let is_fresh = applied.is_empty() && !whole.tables.keys().any(|table| found.tables.contains_key(table));
    if is_fresh || !condition.ahead.is_empty() {
        return Ok(());
    }
    let expected = match location {
        Location::Postgres(_) => {
            condition.pending = ALL.iter().skip(applied.len()).map(migration::Migration::told).collect();
            whole
        }
        Location::Sqlite(_) if applied.is_empty() => whole,
        Location::Sqlite(_) => schema::expected(&ALL[..applied.len()]).await?,
    };
    condition.lacking = schema::told(&expected, &found);
    if found.tables.contains_key("user_session") {
        let row = sqlx::query("SELECT CAST(COUNT(*) AS BIGINT) AS sessions FROM user_session").fetch_one(connection);
        condition.sessions = u64::try_from(row.await?.number("sessions")?).ok();
    }
    Ok(())
}

/// Writes a row and takes it back.
async fn write(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), Failure> {
    let mut transaction = connection.begin_with(dialect.begin_write()).await?;
    let has_ledger = {
        let columns = sqlx::query(dialect.columns()).fetch_all(&mut *transaction).await?;
        let mut tables = columns.iter().map(|column| column.text("table_name"));
        tables.any(|table| table.is_ok_and(|table| table == "migration"))
    };
    let written = if has_ledger {
        // What a server writes stays as a dead row until it is swept: there a small one does.
        let bytes = if dialect == Dialect::Sqlite { TRIAL } else { 1_024 };
        let row = "INSERT INTO migration (version, name, checksum) VALUES (-1, 'a trial of the doctor', $1)";
        sqlx::query(row).bind("x".repeat(bytes)).execute(&mut *transaction).await.map(|_| ())
    } else {
        transaction.execute("CREATE TABLE doorward_trial (version BIGINT NOT NULL)").await.map(|_| ())
    };
    // SQLite takes back by itself what did not fit on the disk.
    let undone = transaction.rollback().await;
    written?;
    Ok(undone?)
}

async fn connections(
    connection: &mut AnyConnection,
    dialect: Dialect,
    condition: &mut Condition,
) -> Result<(), Failure> {
    let Some(query) = dialect.connections() else { return Ok(()) };
    let row = sqlx::query(query).fetch_one(connection).await?;
    let number = |column: &str| row.number(column).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    condition.idle_in_transaction = number("idle")?;
    let all = (number("used")?, number("most")?);
    let own = (number("used_here")?, row.number("most_here")?);
    // The bound that is nearer is the one that counts.
    condition.used = Some(match u32::try_from(own.1) {
        Ok(most) if most.saturating_sub(own.0) < all.1.saturating_sub(all.0) => (own.0, most),
        _ => all,
    });
    Ok(())
}
