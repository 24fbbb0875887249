//! Writing a backup: every table at one moment, and the key files, in one private file.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use doorward_core::Finding;
use doorward_core::audit::Event;
use doorward_core::store::Audit as _;
use futures_util::TryStreamExt as _;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Executor as _};

use crate::archive::{ArchiveWriter, KeyFile, Summary};
use crate::connection::finding;
use crate::failure::Failure;
use crate::migration;
use crate::row::Columns as _;
use crate::schema::{self, Column, Schema};
use crate::store::Store;

/// Why there is no backup.
enum Trouble {
    Database(Failure),
    File(std::io::Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Database(failure)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl Store {
    /// Writes everything that the database holds at this moment, and these key files, to a new file of mode
    /// 0600, and notes `event` in the audit log. The service goes on meanwhile.
    ///
    /// # Errors
    /// The database does not answer, or the file exists or cannot be written; no half file stays behind.
    pub async fn backup(&self, to: &Path, files: &[KeyFile], event: &Event) -> Result<Summary, Finding> {
        let partial = partial_name(to);
        let written = write(self, to, &partial, files, event).await;
        if written.is_err() {
            fs::remove_file(&partial).ok();
        }
        written.map_err(|trouble| match trouble {
            Trouble::Database(failure) => finding(self.location(), failure),
            Trouble::File(error) => file_finding(to, &error),
        })
    }
}

fn partial_name(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    to.with_file_name(name)
}

fn file_finding(to: &Path, error: &std::io::Error) -> Finding {
    let subject = to.display().to_string();
    let why = match error.kind() {
        std::io::ErrorKind::AlreadyExists => "there is a file of this name, and a backup replaces none".to_owned(),
        _ => format!("the backup cannot be written: {error}"),
    };
    Finding::error("store.data_directory", subject, why)
        .with_remedy("name a new file in a directory that Doorward may write to")
}

async fn write(store: &Store, to: &Path, partial: &Path, files: &[KeyFile], event: &Event) -> Result<Summary, Trouble> {
    if to.try_exists()? {
        return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
    }
    fs::remove_file(partial).ok();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?;
    let schema = schema::expected(migration::ALL).await?;
    let version = i64::try_from(migration::ALL.len()).unwrap_or(i64::MAX);
    let mut archive = ArchiveWriter::begin(file, version, event.at)?;
    for file in files {
        archive.file(file)?;
    }
    let mut snapshot = store.reader().begin_with(store.dialect().begin_snapshot()).await?;
    for statement in store.dialect().unhurried() {
        snapshot.execute(*statement).await?;
    }
    for table in ordered(&schema) {
        dump(&mut snapshot, table, &schema.tables[table], &mut archive).await?;
    }
    snapshot.rollback().await?;
    let summary = archive.finish()?;
    // A link fails where somebody has made the file meanwhile; a rename would replace it.
    fs::hard_link(partial, to)?;
    fs::remove_file(partial)?;
    let directory = to.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()?;
    store.append(event).await.map_err(Failure::from)?;
    Ok(summary)
}

/// The tables in an order in which each row finds what it refers to. The ledger of migrations is not
/// archived: a restore makes its own.
pub(crate) fn ordered(schema: &Schema) -> Vec<&str> {
    let mut tables: Vec<&str> =
        schema.tables.keys().map(String::as_str).filter(|table| *table != "migration").collect();
    tables.sort_by_key(|table| *table != "users");
    tables
}

async fn dump(
    connection: &mut AnyConnection,
    table: &str,
    columns: &[Column],
    archive: &mut ArchiveWriter,
) -> Result<(), Trouble> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    archive.table(table, &names)?;
    let sql = format!("SELECT {} FROM {table}", names.join(", "));
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let values: Result<Vec<Value>, Failure> = columns.iter().map(|column| value(&row, column)).collect();
        archive.row(values?)?;
    }
    Ok(())
}

fn value(row: &AnyRow, column: &Column) -> Result<Value, Failure> {
    Ok(if column.kind == "TEXT" {
        row.text_or_null(&column.name)?.map_or(Value::Null, Value::from)
    } else {
        row.number_or_null(&column.name)?.map_or(Value::Null, Value::from)
    })
}
