//! Refusals of strangers, counted together in a bounded number of rows.

use doorward_core::UnixTime;
use doorward_core::store::{RefusalCount, Result};
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;

/// Rows of one hour; further networks are counted under [`OTHER`].
const ROWS: i64 = 1_000;

/// The network of those who found no row of their own.
const OTHER: &str = "other";

/// Seconds for which counts are kept.
const KEPT: i64 = 90 * 86_400;

/// Refusals of one hour, reason and network, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The hour they fell into: unix seconds, a multiple of 3600.
    pub hour: UnixTime,
    /// The reason code.
    pub reason: String,
    /// The network, or `other`.
    pub network: String,
    /// How many.
    pub count: i64,
    /// The id of one of the requests, or empty.
    pub sample: String,
}

impl Store {
    /// The counts since an hour, newest and largest first, at most `limit`.
    ///
    /// # Errors
    /// The database does not answer or is damaged.
    pub async fn refusals(&self, since: UnixTime, limit: u32) -> Result<Vec<Refusal>> {
        retry!(list(self, since, limit))
    }
}

fn refusal_from(row: &AnyRow) -> std::result::Result<Refusal, Failure> {
    Ok(Refusal {
        hour: row.time("hour")?,
        reason: row.text("reason")?,
        network: row.text("network")?,
        count: row.number("refused")?,
        sample: row.text("sample")?,
    })
}

async fn list(store: &Store, since: UnixTime, limit: u32) -> std::result::Result<Vec<Refusal>, Failure> {
    let query = sqlx::query(
        "SELECT hour, reason, network, refused, sample FROM refusal WHERE hour >= $1 \
         ORDER BY hour DESC, refused DESC, reason, network LIMIT $2",
    );
    let rows = query.bind(since.0).bind(i64::from(limit)).fetch_all(store.reader()).await?;
    rows.iter().map(refusal_from).collect()
}

/// Adds counts; what is older than [`KEPT`] before the newest of them goes.
pub(crate) async fn count(store: &Store, counts: &[RefusalCount]) -> std::result::Result<(), Failure> {
    let Some(newest) = counts.iter().map(|count| count.hour).max() else {
        return Ok(());
    };
    let mut counts: Vec<&RefusalCount> = counts.iter().collect();
    counts.sort_by(|a, b| (a.hour, a.reason, &a.network).cmp(&(b.hour, b.reason, &b.network)));
    let mut write = Write::unaudited(store).await?;
    for count in counts {
        if !add(&mut write, count, &count.network).await? {
            let network = if has_room(&mut write, count.hour).await? { &count.network } else { OTHER };
            create(&mut write, count, network).await?;
        }
    }
    sqlx::query("DELETE FROM refusal WHERE hour < $1").bind((newest - KEPT).0).execute(write.on()).await?;
    write.commit().await
}

async fn add(write: &mut Write, count: &RefusalCount, network: &str) -> std::result::Result<bool, Failure> {
    let query =
        sqlx::query("UPDATE refusal SET refused = refused + $4 WHERE hour = $1 AND reason = $2 AND network = $3");
    let query = query.bind(count.hour.0).bind(count.reason).bind(network).bind(count.count);
    Ok(query.execute(write.on()).await?.rows_affected() > 0)
}

async fn has_room(write: &mut Write, hour: UnixTime) -> std::result::Result<bool, Failure> {
    let query = sqlx::query("SELECT COUNT(*) AS used FROM refusal WHERE hour = $1").bind(hour.0);
    Ok(query.fetch_one(write.on()).await?.number("used")? < ROWS)
}

async fn create(write: &mut Write, count: &RefusalCount, network: &str) -> std::result::Result<(), Failure> {
    sqlx::query(
        "INSERT INTO refusal (hour, reason, network, refused, sample) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (hour, reason, network) DO UPDATE SET refused = refusal.refused + excluded.refused",
    )
    .bind(count.hour.0)
    .bind(count.reason)
    .bind(network)
    .bind(count.count)
    .bind(count.sample.map_or_else(String::new, |id| id.to_string()))
    .execute(write.on())
    .await?;
    Ok(())
}
