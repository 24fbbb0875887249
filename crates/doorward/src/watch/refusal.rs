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
        let taken = Taken { refusals: self, counts: std::mem::take(&mut *self.counts.lock()) };
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
