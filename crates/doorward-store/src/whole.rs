//! The store as a whole: whether it answers, and its epoch.

use doorward_core::store::{Result, Whole};

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::store::Store;

impl Whole for Store {
    async fn ping(&self) -> Result<()> {
        retry!(epoch(self)).map(|_| ())
    }

    async fn epoch(&self) -> Result<i64> {
        retry!(epoch(self))
    }
}

async fn epoch(store: &Store) -> std::result::Result<i64, Failure> {
    let row = sqlx::query("SELECT value FROM epoch WHERE id = 1").fetch_optional(store.reader()).await?;
    row.ok_or_else(|| Failure::corrupt("the epoch is missing"))?.number("value")
}
