//! The memory of requests, which `doorward explain` asks: a small database of its own that may be lost.
//!
//! A request hands its entry to a bounded channel and never waits; one task writes batches. Whatever goes
//! wrong here is counted and changes nothing for anybody.

use std::fs::{self, OpenOptions};
use std::future::Future;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use doorward_core::identifier::RequestId;
use doorward_core::{Finding, UnixTime};
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tokio::sync::mpsc;

use crate::failure::describe;

/// How many entries wait for the writer; further ones are counted and dropped.
const WAITING: usize = 4_096;

/// How long the writer gathers a batch.
const GATHER: Duration = Duration::from_millis(250);

/// Seconds for which entries are kept.
const KEPT: i64 = 7 * 86_400;

/// Pages of 4 KiB: 64 MiB.
const PAGES: i64 = 16_384;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS request (number INTEGER PRIMARY KEY, id TEXT NOT NULL, \
    at BIGINT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status BIGINT NOT NULL, reason TEXT NOT NULL, \
    user TEXT NOT NULL, session TEXT NOT NULL, address TEXT NOT NULL, duration_us BIGINT NOT NULL, \
    stages TEXT NOT NULL)";

/// What is remembered of one request. Never a secret: no query, no header, no body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its id.
    pub request: RequestId,
    /// When it came.
    pub at: UnixTime,
    /// Its method.
    pub method: String,
    /// Its path without the query; cut to 512 characters.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The reason code, or empty.
    pub reason: String,
    /// The user's id, or empty.
    pub user: String,
    /// The session's id, or empty.
    pub session: String,
    /// The client's address.
    pub address: String,
    /// Microseconds until the answer's head was ready.
    pub duration_us: i64,
    /// What each stage said, as JSON; nothing where it is longer than 4 KiB.
    pub stages: String,
}

impl Entry {
    fn bounded(mut self) -> Self {
        for (text, most) in [
            (&mut self.method, 16),
            (&mut self.path, 512),
            (&mut self.reason, 64),
            (&mut self.user, 64),
            (&mut self.session, 64),
            (&mut self.address, 64),
        ] {
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
            }
        }
        if self.stages.len() > 4_096 {
            self.stages.clear();
        }
        self
    }
}

/// Where requests leave their entries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RequestLog {
    sender: Option<mpsc::Sender<Entry>>,
    path: PathBuf,
    lost: Arc<AtomicU64>,
}

/// The one task that writes.
#[derive(Debug)]
pub struct Writer {
    receiver: mpsc::Receiver<Entry>,
    path: PathBuf,
    connection: Option<SqliteConnection>,
    lost: Arc<AtomicU64>,
    has_warned: bool,
}

impl RequestLog {
    /// A log in this file, which [`Writer::run`] opens: nothing here touches the disk.
    #[must_use]
    pub fn new(path: &Path) -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let log = Self { sender: Some(sender), path: path.to_owned(), lost: lost.clone() };
        let writer = Writer { receiver, path: path.to_owned(), connection: None, lost, has_warned: false };
        (log, writer)
    }

    /// A log that remembers nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { sender: None, path: PathBuf::new(), lost: Arc::default() }
    }

    /// Leaves an entry. Never waits and never fails; what finds no room is counted.
    pub fn note(&self, entry: impl FnOnce() -> Entry) {
        let Some(sender) = &self.sender else { return };
        // A flood costs a number here and not an entry.
        match sender.try_reserve() {
            Ok(place) => place.send(entry()),
            Err(_) => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// How many entries were lost since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The entry of a request; nothing where it is unknown, older than seven days, or not yet written.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn find(&self, request: RequestId) -> Result<Option<Entry>, Finding> {
        Self::find_in(&self.path, request).await
    }

    /// The same for a log that another process writes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn find_in(path: &Path, request: RequestId) -> Result<Option<Entry>, Finding> {
        if !path.exists() {
            return Ok(None);
        }
        look_up(path, request).await.map_err(|error| {
            let why = format!("the memory of requests cannot be read: {}", describe(&error));
            Finding::error("store.data_directory", path.display().to_string(), why)
                .with_remedy(format!("rm {}; Doorward makes it anew", path.display()))
        })
    }
}

async fn look_up(path: &Path, request: RequestId) -> sqlx::Result<Option<Entry>> {
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut connection = options.connect().await?;
    connection.execute("PRAGMA query_only = ON").await?;
    let query = sqlx::query("SELECT * FROM request WHERE id = $1 ORDER BY number DESC LIMIT 1");
    let row = query.bind(request.to_string()).fetch_optional(&mut connection).await?;
    let entry = row.map(|row| entry_from(&row, request)).transpose();
    connection.close().await?;
    entry
}

fn entry_from(row: &SqliteRow, request: RequestId) -> sqlx::Result<Entry> {
    let status: i64 = row.try_get("status")?;
    Ok(Entry {
        request,
        at: UnixTime(row.try_get("at")?),
        method: row.try_get("method")?,
        path: row.try_get("path")?,
        status: u16::try_from(status).map_err(|error| sqlx::Error::Decode(error.into()))?,
        reason: row.try_get("reason")?,
        user: row.try_get("user")?,
        session: row.try_get("session")?,
        address: row.try_get("address")?,
        duration_us: row.try_get("duration_us")?,
        stages: row.try_get("stages")?,
    })
}

impl Writer {
    /// Writes batches until `until` is done or nobody can leave an entry any more; then writes the rest.
    pub async fn run(mut self, until: impl Future<Output = ()> + Send) {
        let mut until = std::pin::pin!(until);
        let mut batch = Vec::new();
        let mut is_ending = false;
        while !is_ending {
            tokio::select! {
                () = &mut until => is_ending = true,
                got = self.receiver.recv_many(&mut batch, WAITING) => is_ending = got == 0,
            }
            if !is_ending {
                // Many requests in one transaction cost hardly more than one.
                tokio::select! {
                    () = &mut until => is_ending = true,
                    () = tokio::time::sleep(GATHER) => {}
                }
            }
            while batch.len() < 2 * WAITING
                && let Ok(entry) = self.receiver.try_recv()
            {
                batch.push(entry);
            }
            self.write(&mut batch).await;
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await.ok();
        }
    }

    async fn write(&mut self, batch: &mut Vec<Entry>) {
        let Some(newest) = batch.iter().map(|entry| entry.at).max() else { return };
        let count = batch.len() as u64;
        let entries = std::mem::take(batch);
        if let Err(error) = self.try_write(entries, newest).await {
            self.connection = None;
            self.lost.fetch_add(count, Ordering::Relaxed);
            if !self.has_warned {
                self.has_warned = true;
                let (path, why) = (self.path.display(), describe(&error));
                tracing::warn!(%path, why, "the memory of requests cannot be written; requests go on");
            }
        }
    }

    async fn try_write(&mut self, entries: Vec<Entry>, newest: UnixTime) -> sqlx::Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => open(&self.path).await?,
        };
        make_room(&mut connection, newest).await?;
        let mut transaction = connection.begin().await?;
        for entry in entries {
            insert(&mut transaction, entry.bounded()).await?;
        }
        transaction.commit().await?;
        self.connection = Some(connection);
        self.has_warned = false;
        Ok(())
    }
}

/// Opens the file; one that is damaged is thrown away, for it holds nothing that anybody depends on.
async fn open(path: &Path) -> sqlx::Result<SqliteConnection> {
    match try_open(path).await {
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("11" | "26")) => {
            for end in ["", "-wal", "-shm"] {
                let mut name = path.as_os_str().to_owned();
                name.push(end);
                fs::remove_file(name).ok();
            }
            try_open(path).await
        }
        other => other,
    }
}

async fn try_open(path: &Path) -> sqlx::Result<SqliteConnection> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // Losing the last entries with the power is fine: nobody waits for the disk here.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .busy_timeout(Duration::from_secs(1))
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    connection.execute("PRAGMA max_page_count = 16384").await?;
    connection.execute("PRAGMA journal_size_limit = 4194304").await?;
    connection.execute(TABLE).await?;
    connection.execute("CREATE INDEX IF NOT EXISTS request_id ON request (id)").await?;
    connection.execute("CREATE INDEX IF NOT EXISTS request_at ON request (at)").await?;
    Ok(connection)
}

/// Deletes what is too old, and the oldest fifth where the file is nearly full.
async fn make_room(connection: &mut SqliteConnection, newest: UnixTime) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM request WHERE at < $1").bind((newest - KEPT).0).execute(&mut *connection).await?;
    let used = "SELECT page_count - freelist_count FROM pragma_page_count(), pragma_freelist_count()";
    let used: i64 = sqlx::query_scalar(used).fetch_one(&mut *connection).await?;
    if used > PAGES - PAGES / 4 {
        let delete = "DELETE FROM request WHERE number <= \
             (SELECT MIN(number) + (MAX(number) - MIN(number)) / 5 FROM request)";
        connection.execute(delete).await?;
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, entry: Entry) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO request (id, at, method, path, status, reason, user, session, address, duration_us, stages) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(entry.request.to_string())
    .bind(entry.at.0)
    .bind(entry.method)
    .bind(entry.path)
    .bind(i64::from(entry.status))
    .bind(entry.reason)
    .bind(entry.user)
    .bind(entry.session)
    .bind(entry.address)
    .bind(entry.duration_us)
    .bind(entry.stages)
    .execute(connection)
    .await?;
    Ok(())
}
