//! Versioned changes of the tables: one list, applied in order under a lock.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use doorward_core::Finding;
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::connection::{self, finding};
use crate::failure::Failure;
use crate::location::Location;
use crate::row::Columns as _;

mod factor;
mod history;
mod initial;
mod outbox;

/// One change of the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// 1 for the first, without gaps.
    pub(crate) version: i64,
    /// A few words.
    pub(crate) name: &'static str,
    /// One statement each, in the words of SQLite; `dialect.rs` turns them into those of PostgreSQL.
    pub(crate) statements: &'static [&'static str],
}

/// Every change, in order. A released one is never edited: append another.
pub(crate) const ALL: &[Migration] = &[initial::MIGRATION, factor::MIGRATION, history::MIGRATION, outbox::MIGRATION];

/// The table that says which migrations were applied.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migration \
    (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// How one migration stands in a database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct State {
    /// Its place in the order.
    pub version: i64,
    /// A few words.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

impl Migration {
    /// Its number and name.
    pub(crate) fn told(&self) -> String {
        format!("migration {} ({})", self.version, self.name)
    }

    /// SHA-256 over the statements, in hex.
    pub(crate) fn checksum(&self) -> String {
        let mut digest = Sha256::new();
        for statement in self.statements {
            digest.update((statement.len() as u64).to_be_bytes());
            digest.update(statement);
        }
        digest.finalize().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").ok();
            text
        })
    }
}

/// Which migrations the database has and which are due.
///
/// # Errors
/// The database cannot be reached, is ahead of this program, or has a migration that reads otherwise here.
pub async fn status(location: &Location) -> Result<Vec<State>, Vec<Finding>> {
    let mut connection = connection::single(location).await.map_err(|finding| vec![finding])?;
    let applied = applied(&mut connection, location).await.map_err(|failure| vec![finding(location, failure)]);
    connection.close().await.ok();
    let applied = applied?;
    check(&applied, ALL)?;
    Ok(states(ALL, applied.len()))
}

/// Applies every pending migration under a lock and gives back those that this call applied.
///
/// # Errors
/// As [`status`], and what the database says against a migration; nothing of this call is applied then.
pub async fn up(location: &Location) -> Result<Vec<State>, Vec<Finding>> {
    let mut connection = connection::single(location).await.map_err(|finding| vec![finding])?;
    let done = up_to_date(&mut connection, location, ALL).await;
    connection.close().await.ok();
    done
}

fn states(list: &[Migration], applied: usize) -> Vec<State> {
    let state = |(index, migration): (usize, &Migration)| State {
        version: migration.version,
        name: migration.name.to_owned(),
        is_applied: index < applied,
    };
    list.iter().enumerate().map(state).collect()
}

/// A row of the ledger.
pub(crate) struct Applied {
    version: i64,
    name: String,
    checksum: String,
}

impl Applied {
    /// Its number and name.
    pub(crate) fn told(&self) -> String {
        format!("migration {} ({})", self.version, self.name)
    }
}

/// Reads the ledger; empty where there is none yet.
pub(crate) async fn applied(connection: &mut AnyConnection, location: &Location) -> Result<Vec<Applied>, Failure> {
    let columns = sqlx::query(location.dialect().columns()).fetch_all(&mut *connection).await?;
    let mut has_ledger = false;
    for column in &columns {
        has_ledger |= column.text("table_name")? == "migration";
    }
    if !has_ledger {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT version, name, checksum FROM migration ORDER BY version").fetch_all(connection);
    let row = |row: &sqlx::any::AnyRow| {
        Ok(Applied { version: row.number("version")?, name: row.text("name")?, checksum: row.text("checksum")? })
    };
    rows.await?.iter().map(row).collect()
}

/// Compares the ledger with the list.
fn check(applied: &[Applied], list: &[Migration]) -> Result<(), Vec<Finding>> {
    let mut findings = Vec::new();
    for (index, row) in applied.iter().enumerate() {
        let subject = row.told();
        match list.get(index) {
            None => findings.push(
                Finding::error("store.schema_ahead", subject, "a newer Doorward has changed this database")
                    .with_remedy("install the newer version again, or restore the backup from before the upgrade"),
            ),
            Some(known) if known.version != row.version || known.checksum() != row.checksum => findings.push(
                Finding::error(
                    "store.migration_changed",
                    subject,
                    "it was applied with other statements than this program has",
                )
                .with_remedy("use the version of Doorward that made this database, and report this"),
            ),
            Some(_) => {}
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// Refuses a database with a pending migration.
pub(crate) async fn require_all(connection: &mut AnyConnection, location: &Location) -> Result<(), Vec<Finding>> {
    let applied = applied(connection, location).await.map_err(|failure| vec![finding(location, failure)])?;
    check(&applied, ALL)?;
    let pending: Vec<Finding> = ALL.iter().skip(applied.len()).map(|migration| pending(migration, location)).collect();
    if pending.is_empty() { Ok(()) } else { Err(pending) }
}

fn pending(migration: &Migration, location: &Location) -> Finding {
    Finding::error("store.migration_pending", migration.told(), format!("it is not yet applied in {location}"))
        .with_remedy("doorward migrate up")
}

/// Brings the embedded database up to date by itself, after a copy where there is something to lose.
pub(crate) async fn embedded(connection: &mut AnyConnection, location: &Location) -> Result<(), Vec<Finding>> {
    up_to_date(connection, location, ALL).await.map(|_| ())
}

/// Applies what is pending of a list.
pub(crate) async fn up_to_date(
    connection: &mut AnyConnection,
    location: &Location,
    list: &[Migration],
) -> Result<Vec<State>, Vec<Finding>> {
    let failed = |failure| vec![finding(location, failure)];
    let before = applied(connection, location).await.map_err(failed)?;
    check(&before, list)?;
    if before.len() == list.len() {
        return Ok(Vec::new());
    }
    if let (Location::Sqlite(path), false) = (location, before.is_empty()) {
        copy(connection, path, list.len()).await.map_err(|finding| vec![finding])?;
    }
    let mut transaction =
        connection.begin_with(location.dialect().begin_migration()).await.map_err(|error| failed(error.into()))?;
    for statement in location.dialect().enter_migration() {
        transaction.execute(*statement).await.map_err(|error| failed(error.into()))?;
    }
    // Another process may have done it while this one waited for the lock.
    let before = applied(&mut transaction, location).await.map_err(failed)?;
    check(&before, list)?;
    run(&mut transaction, location, &list[before.len()..]).await.map_err(|finding| vec![finding])?;
    transaction.commit().await.map_err(|error| failed(error.into()))?;
    for migration in &list[before.len()..] {
        tracing::info!(migration.version, migration.name, "applied a migration");
    }
    Ok(states(list, list.len()).split_off(before.len()))
}

/// Applies migrations inside a transaction.
pub(crate) async fn run(
    connection: &mut AnyConnection,
    location: &Location,
    list: &[Migration],
) -> Result<(), Finding> {
    define(connection, location, LEDGER).await.map_err(|error| refused("the table of migrations", &error))?;
    for migration in list {
        for statement in migration.statements {
            let done = define(connection, location, statement).await;
            done.map_err(|error| refused(&migration.told(), &error))?;
        }
        let noted = sqlx::query("INSERT INTO migration (version, name, checksum) VALUES ($1, $2, $3)")
            .bind(migration.version)
            .bind(migration.name)
            .bind(migration.checksum())
            .execute(&mut *connection)
            .await;
        noted.map_err(|error| refused(migration.name, &error))?;
    }
    Ok(())
}

pub(crate) async fn define(connection: &mut AnyConnection, location: &Location, statement: &str) -> sqlx::Result<()> {
    let text = location.dialect().definition(statement);
    connection.execute(AssertSqlSafe(text)).await.map(|_| ())
}

fn refused(subject: &str, error: &sqlx::Error) -> Finding {
    let why = format!("the database refused it: {}", crate::failure::describe(error));
    Finding::error("store.migration_failed", subject, why)
        .with_remedy("doorward migrate status, then mend what the database says; nothing was changed")
}

/// Writes a copy of the embedded database beside it.
async fn copy(connection: &mut AnyConnection, path: &Path, version: usize) -> Result<(), Finding> {
    let target = path.with_file_name(format!("doorward-before-v{version}.db"));
    let failed = |why: String| {
        let why = format!("the copy before the migration cannot be written: {why}");
        Finding::error("store.migration_failed", target.display().to_string(), why)
            .with_remedy("make room and let Doorward write to its data directory")
    };
    // A copy of an earlier attempt is older than what is there now, and SQLite fills only an empty file.
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&target);
    made.map_err(|error| failed(error.to_string()))?;
    let query = sqlx::query("VACUUM INTO $1").bind(target.display().to_string());
    query.execute(connection).await.map_err(|error| failed(crate::failure::describe(&error)))?;
    tracing::info!(copy = %target.display(), "copied the database before migrating it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use doorward_core::UnixTime;
    use doorward_core::audit::{Action, Actor, Event};
    use doorward_core::signin::{Method, Proven};
    use doorward_core::store::{Links as _, Sessions as _};
    use doorward_core::user::PasswordHash;

    use super::*;

    /// What the first release may have left behind.
    const VERSION_1: &[&str] = &[
        "INSERT INTO users (id, email, name, group_names, status, password, password_changed_at, \
         must_change_password, created_at) VALUES ('usr_BwcHBwcHBwcHBwcHBwcHBw', 'ada@example.com', 'Ada', ' admins ', \
         'active', '$argon2id$old', 1, 0, 1)",
        "INSERT INTO user_session (id, token, handle, user_id, kind, stage, methods, is_persistent, created_at, \
         authenticated_at, last_seen, address, device) VALUES ('ses_BwcHBwcHBwcHBwcHBwcHBw', NULL, \
         'lgn_BwcHBwcHBwcHBwcHBwcHBw', 'usr_BwcHBwcHBwcHBwcHBwcHBw', 'api', 'full', 1, 0, 1800000000, 1800000007, \
         1800000009, '127.0.0.1', 'curl')",
        "INSERT INTO link (id, hash, purpose, person, group_names, created_at, expires_at) VALUES \
         ('lnk_BwcHBwcHBwcHBwcHBwcHBw', 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc', 'password_reset', \
         'usr_BwcHBwcHBwcHBwcHBwcHBw', '', 1800000000, 1900000000)",
    ];

    /// Every change and one that nobody has made yet.
    fn and_one_more(name: &'static str, statements: &'static [&'static str]) -> Vec<Migration> {
        let version = i64::try_from(ALL.len()).unwrap() + 1;
        [ALL, &[Migration { version, name, statements }]].concat()
    }

    async fn epoch(connection: &mut AnyConnection) -> i64 {
        sqlx::query_scalar("SELECT value FROM epoch").fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn an_upgrade_leaves_a_copy_of_what_was() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::embedded(directory.path());
        let mut connection = connection::single(&location).await.unwrap();
        assert_eq!(up_to_date(&mut connection, &location, ALL).await.unwrap().len(), ALL.len());
        let list =
            and_one_more("nickname", &["ALTER TABLE users ADD COLUMN nickname TEXT", "UPDATE epoch SET value = 5"]);
        let copy = directory.path().join(format!("doorward-before-v{}.db", list.len()));
        assert!(!copy.exists(), "there was nothing to lose yet");
        let done = up_to_date(&mut connection, &location, &list).await.unwrap();
        assert_eq!((done.len(), done[0].version, done[0].is_applied), (1, list[ALL.len()].version, true));
        assert_eq!(epoch(&mut connection).await, 5);
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut old = connection::single(&Location::Sqlite(copy)).await.unwrap();
        assert_eq!(epoch(&mut old).await, 1);
        // The program of before does not start on the new tables, and starts on the copy.
        assert_eq!(embedded(&mut connection, &location).await.unwrap_err()[0].code, "store.schema_ahead");
        assert!(embedded(&mut old, &location).await.is_ok());
    }

    #[tokio::test]
    async fn a_migration_that_fails_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::embedded(directory.path());
        let mut connection = connection::single(&location).await.unwrap();
        up_to_date(&mut connection, &location, ALL).await.unwrap();
        let list = and_one_more("broken", &["UPDATE epoch SET value = 5", "DROP TABLE nobody"]);
        let refused = up_to_date(&mut connection, &location, &list).await.unwrap_err();
        assert_eq!(refused[0].code, "store.migration_failed");
        assert!(refused[0].subject.contains("broken"));
        assert_eq!(epoch(&mut connection).await, 1);
        assert!(embedded(&mut connection, &location).await.is_ok());
    }

    #[tokio::test]
    async fn sessions_and_links_of_version_1_come_along() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::embedded(directory.path());
        let mut connection = connection::single(&location).await.unwrap();
        up_to_date(&mut connection, &location, &ALL[..1]).await.unwrap();
        for sql in VERSION_1 {
            connection.execute(*sql).await.unwrap();
        }
        let done = up_to_date(&mut connection, &location, ALL).await.unwrap();
        assert_eq!(done.len(), ALL.len() - 1);
        connection.close().await.unwrap();
        let store = crate::Store::open(&location).await.unwrap();
        let session = store.live_sessions(None, 10).await.unwrap().remove(0);
        assert_eq!(session.proven, Proven::by(Method::Password, UnixTime(1_800_000_007)));
        assert_eq!(session.credential, None);
        let link = store.open_links(UnixTime(1_800_000_000)).await.unwrap().remove(0);
        let event = Event::new(UnixTime(1_800_000_000), Action::PasswordReset, Actor::System);
        let password = PasswordHash::new("$argon2id$new");
        let after = store.reset_password(link.hash, (&password, None), &event).await.unwrap();
        assert_eq!(after.unwrap().password, Some(password), "a link from before is still good");
    }

    #[test]
    fn the_list_has_no_gap() {
        for (index, migration) in ALL.iter().enumerate() {
            assert_eq!(usize::try_from(migration.version).unwrap(), index + 1);
        }
    }
}
