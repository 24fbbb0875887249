//! What the hash workers did, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::queue::Full;

/// Counters since the start. Read without a lock; each value is right by itself, not all at one moment.
#[derive(Debug, Default)]
pub struct Measures {
    pub(super) places: AtomicU64,
    pub(super) admitted: AtomicU64,
    pub(super) hashes: AtomicU64,
    pub(super) hash_nanos: AtomicU64,
    pub(super) waits: AtomicU64,
    pub(super) wait_nanos: AtomicU64,
    pub(super) idle_nanos: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) gone: AtomicU64,
    pub(super) refused: [AtomicU64; Full::ALL.len()],
}

/// A copy of [`Measures`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Places of the queue that are taken now.
    pub places: u64,
    /// Places that were given.
    pub admitted: u64,
    /// Hashes that were computed to the end, dummy hashes included.
    pub hashes: u64,
    /// Time spent hashing, over all workers.
    pub hash_time: Duration,
    /// Jobs that a worker took from the queue.
    pub waits: u64,
    /// Time that those jobs waited.
    pub wait_time: Duration,
    /// Time in which workers had nothing to do, over all workers; counted when the next job comes.
    pub idle_time: Duration,
    /// Jobs dropped because their deadline had passed.
    pub expired: u64,
    /// Places given back because the client had gone.
    pub gone: u64,
    /// Refusals, with the label of each reason.
    pub refused: [(&'static str, u64); Full::ALL.len()],
}

impl Measures {
    /// What is counted so far.
    #[must_use]
    pub fn read(&self) -> Reading {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reading {
            places: load(&self.places),
            admitted: load(&self.admitted),
            hashes: load(&self.hashes),
            hash_time: Duration::from_nanos(load(&self.hash_nanos)),
            waits: load(&self.waits),
            wait_time: Duration::from_nanos(load(&self.wait_nanos)),
            idle_time: Duration::from_nanos(load(&self.idle_nanos)),
            expired: load(&self.expired),
            gone: load(&self.gone),
            refused: Full::ALL.map(|full| (full.as_str(), load(&self.refused[full as usize]))),
        }
    }

    pub(super) fn refuse(&self, full: Full) {
        add(&self.refused[full as usize], 1);
    }

    pub(super) fn waited(&self, wait: Duration) {
        add(&self.waits, 1);
        add(&self.wait_nanos, nanos(wait));
    }

    pub(super) fn idled(&self, time: Duration) {
        add(&self.idle_nanos, nanos(time));
    }

    pub(super) fn hashed(&self, time: Duration) {
        add(&self.hash_nanos, nanos(time));
        add(&self.hashes, 1);
    }
}

pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
