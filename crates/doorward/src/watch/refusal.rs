//! Refusals of strangers, counted in memory and written together, so that a flood costs the database nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use doorward_core::UnixTime;
use doorward_core::address::Network;
use doorward_core::identifier::RequestId;
use doorward_core::store::{Audit, RefusalCount, StoreError};
use parking_lot::Mutex;

/// The most keys with a network of their own; further networks are counted under [`OTHER`].
const NETWORKS: usize = 1_000;
/// The most keys in all, so that even hours without a database stay bounded.
const LIMIT: usize = 4_000;
/// Stands for all networks beyond the bound.
pub const OTHER: &str = "other";
/// The length of an hour in seconds.
const HOUR: i64 = 3_600;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    hour: i64,
    reason: &'static str,
    /// None stands for [`OTHER`].
    network: Option<Network>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    count: i64,
    sample: Option<RequestId>,
}

/// The counts since the last flush.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: Mutex<HashMap<Key, Count>>,
    dropped: AtomicU64,
}

impl Refusals {
    /// Counts one refusal.
    pub fn count(&self, at: UnixTime, reason: &'static str, address: IpAddr, id: RequestId) {
        let key = Key { hour: at.0.div_euclid(HOUR) * HOUR, reason, network: Some(Network::of(address)) };
        self.add(key, Count { count: 1, sample: Some(id) });
    }

    /// How many refusals were not even counted, because there were too many kinds of them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes all counts in one call and forgets them.
    ///
    /// # Errors
    /// What the store says; the counts are kept then.
    pub async fn flush(&self, audit: &impl Audit) -> Result<usize, StoreError> {
        let counts = std::mem::take(&mut *self.counts.lock());
        let taken = Taken { refusals: self, counts };
        if taken.counts.is_empty() {
            return Ok(0);
        }
        audit.count_refusals(&taken.rows()).await?;
        Ok(taken.written())
    }

    fn add(&self, mut key: Key, more: Count) {
        let mut counts = self.counts.lock();
        if !counts.contains_key(&key) {
            if counts.len() >= NETWORKS {
                key.network = None;
            }
            if counts.len() >= LIMIT && !counts.contains_key(&key) {
                self.dropped.fetch_add(more.count.unsigned_abs(), Ordering::Relaxed);
                return;
            }
        }
        let count = counts.entry(key).or_insert(Count { count: 0, sample: None });
        count.count = count.count.saturating_add(more.count);
        // The newest example is the one that the request memory still holds.
        count.sample = more.sample.or(count.sample);
    }
}

/// Counts on their way to the store: they go back where the way ends early, also when it is cancelled.
struct Taken<'a> {
    refusals: &'a Refusals,
    counts: HashMap<Key, Count>,
}

impl Taken<'_> {
    fn rows(&self) -> Vec<RefusalCount> {
        let row = |(key, count): (&Key, &Count)| RefusalCount {
            hour: UnixTime(key.hour),
            reason: key.reason,
            network: key.network.map_or_else(|| OTHER.to_owned(), |network| network.to_string()),
            count: count.count,
            sample: count.sample,
        };
        self.counts.iter().map(row).collect()
    }

    fn written(mut self) -> usize {
        std::mem::take(&mut self.counts).len()
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (key, count) in self.counts.drain() {
            self.refusals.add(key, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use doorward_core::audit::{Event, Record};
    use doorward_core::store::{AuditQuery, Result};

    use super::*;
    use crate::watch::entry::tests::Fixed;

    /// An audit log that keeps what it is given, or refuses it.
    #[derive(Debug, Default)]
    struct Book {
        rows: Mutex<Vec<RefusalCount>>,
        calls: AtomicU64,
        is_broken: bool,
    }

    impl Audit for Book {
        async fn append(&self, _: &Event) -> Result<()> {
            unreachable!("a refusal is never written by itself")
        }
        async fn records(&self, _: &AuditQuery) -> Result<Vec<Record>> {
            Ok(Vec::new())
        }
        async fn records_after(&self, _: i64, _: u32) -> Result<Vec<Record>> {
            Ok(Vec::new())
        }
        async fn newest(&self) -> Result<i64> {
            Ok(0)
        }
        async fn verify_chain(&self) -> Result<std::result::Result<i64, i64>> {
            Ok(Ok(0))
        }
        async fn count_refusals(&self, counts: &[RefusalCount]) -> Result<()> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if self.is_broken {
                return Err(StoreError::Unavailable("away".to_owned()));
            }
            self.rows.lock().extend_from_slice(counts);
            Ok(())
        }
    }

    fn address(number: u32) -> IpAddr {
        // Every number is a /24 of its own.
        IpAddr::from((number << 8).to_be_bytes())
    }

    fn id() -> RequestId {
        RequestId::random(&Fixed(9))
    }

    #[tokio::test]
    async fn a_million_refusals_are_one_call_and_few_rows() {
        let (refusals, book) = (Refusals::default(), Book::default());
        for number in 0..1_000_000_u32 {
            refusals.count(UnixTime(7_300), "csrf.token_missing", address(number % 50_000), id());
        }
        assert_eq!(refusals.flush(&book).await.unwrap(), NETWORKS + 1);
        assert_eq!(refusals.flush(&book).await.unwrap(), 0, "nothing twice");
        assert_eq!(book.calls.load(Ordering::Relaxed), 1);
        let rows = book.rows.lock();
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 1_000_000);
        assert!(rows.iter().all(|row| row.hour == UnixTime(7_200) && row.sample == Some(id())));
        let other = rows.iter().find(|row| row.network == OTHER).unwrap();
        assert_eq!(other.count, 1_000_000 - 20 * i64::try_from(NETWORKS).unwrap());
        assert_eq!(rows.iter().map(|row| &row.network).collect::<HashSet<_>>().len(), rows.len());
    }

    #[tokio::test]
    async fn counts_outlive_a_database_that_is_away_in_bounded_memory() {
        let refusals = Refusals::default();
        let broken = Book { is_broken: true, ..Book::default() };
        for hour in 0..10_000 {
            refusals.count(UnixTime(hour * HOUR), "csrf.token_missing", address(1), id());
            refusals.count(UnixTime(hour * HOUR), "csrf.cross_site", address(2), id());
            if hour % 1_000 == 0 {
                refusals.flush(&broken).await.unwrap_err();
            }
        }
        assert_eq!(refusals.counts.lock().len(), LIMIT);
        let book = Book::default();
        refusals.flush(&book).await.unwrap();
        let written: i64 = book.rows.lock().iter().map(|row| row.count).sum();
        assert_eq!(written.unsigned_abs() + refusals.dropped(), 20_000, "none is lost without being counted as lost");
    }

    #[tokio::test]
    async fn a_flush_that_is_cut_off_loses_nothing() {
        let refusals = Refusals::default();
        refusals.count(UnixTime(0), "csrf.cross_site", address(1), id());
        let counts = std::mem::take(&mut *refusals.counts.lock());
        drop(Taken { counts, refusals: &refusals });
        assert_eq!(refusals.flush(&Book::default()).await.unwrap(), 1);
    }
}
