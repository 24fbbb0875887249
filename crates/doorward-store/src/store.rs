//! The store: opening, checking, closing.

use std::fmt;
use std::sync::Arc;

use doorward_core::Finding;
use doorward_core::mail::Letter;
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};

use crate::connection::{self, Pools};
use crate::dialect::Dialect;
use crate::location::Location;
use crate::{migration, schema};

/// The largest embedded database, in bytes, whose pages are all looked at when it is opened; beyond it the
/// look would delay the start, and damage is noticed when it is read.
const CHECKED_BYTES: i64 = 16 * 1024 * 1024;

/// The store. Cloning it is cheap; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What the next change writes to the spool of mail.
    letters: Arc<[Letter]>,
}

struct Inner {
    pools: Pools,
    dialect: Dialect,
    location: Location,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Store({})", self.inner.location)
    }
}

impl Store {
    /// Opens the store.
    ///
    /// The embedded database is made where it does not exist, and migrated where that is due, after a copy
    /// of it was written beside it. PostgreSQL is not changed: a pending migration is a finding.
    ///
    /// # Errors
    /// What is wrong, each with the line that mends it: the place cannot be reached or written, the file is
    /// damaged, a migration is pending or was changed, or the schema is ahead of this program or altered.
    pub async fn open(location: &Location) -> Result<Self, Vec<Finding>> {
        let mut connection = connection::single(location).await.map_err(|finding| vec![finding])?;
        let checked = check(&mut connection, location).await;
        connection.close().await.ok();
        checked?;
        let pools = connection::pools(location).map_err(|finding| vec![finding])?;
        let inner = Inner { pools, dialect: location.dialect(), location: location.clone() };
        Ok(Self { inner: Arc::new(inner), letters: Arc::default() })
    }

    /// Waits for what is under way and closes all connections. Every later call fails.
    pub async fn close(&self) {
        self.inner.pools.reader.close().await;
        self.inner.pools.writer.close().await;
    }

    /// Where this store is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.inner.location
    }

    pub(crate) fn with_letters(&self, letters: Vec<Letter>) -> Self {
        Self { inner: Arc::clone(&self.inner), letters: letters.into() }
    }

    pub(crate) fn letters(&self) -> Arc<[Letter]> {
        Arc::clone(&self.letters)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    pub(crate) fn writer(&self) -> &AnyPool {
        &self.inner.pools.writer
    }

    pub(crate) fn reader(&self) -> &AnyPool {
        &self.inner.pools.reader
    }
}

async fn check(connection: &mut AnyConnection, location: &Location) -> Result<(), Vec<Finding>> {
    if location.dialect() == Dialect::Sqlite {
        look_at_pages(connection, location, CHECKED_BYTES).await.map_err(|finding| vec![finding])?;
        migration::embedded(connection, location).await?;
    } else {
        migration::require_all(connection, location).await?;
    }
    schema::compare(connection, location).await
}

/// Looks for damage in the pages of a file that is not larger than `most` bytes.
pub(crate) async fn look_at_pages(
    connection: &mut AnyConnection,
    location: &Location,
    most: i64,
) -> Result<(), Finding> {
    let failed = |error| connection::unreachable_place(location, error);
    let size = "SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()";
    let size: i64 =
        sqlx::query(size).fetch_one(&mut *connection).await.map_err(failed)?.try_get("size").map_err(failed)?;
    if size > most {
        return Ok(());
    }
    let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(connection).await;
    let result: String = row.map_err(failed)?.try_get(0).map_err(failed)?;
    if result == "ok" {
        return Ok(());
    }
    Err(Finding::error("store.corrupt", location.to_string(), format!("the file is damaged: {result}"))
        .with_remedy("doorward restore --force LATEST-BACKUP"))
}
