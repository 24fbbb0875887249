//! Values that others measure and that are read at each scrape.

use std::time::Duration;

/// What the sources of [`crate::watch::Watch::add_source`] fill in; what nobody measures stays out.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// Live sessions in memory.
    pub sessions: Option<u64>,
    /// The password hasher.
    pub hashing: Option<HashReading>,
    /// Log lines that were dropped because nobody could take them fast enough.
    pub log_lines_dropped: Option<u64>,
    /// Tasks that ended in a panic.
    pub task_panics: Option<u64>,
    /// Records that the request memory dropped.
    pub(super) request_records_dropped: u64,
    /// Refusals of strangers that could not even be counted.
    pub(super) refusals_dropped: u64,
}

/// The state of the password hasher: sums since the start, and what is true now.
#[derive(Debug, Clone, Copy, Default)]
pub struct HashReading {
    /// Jobs that wait now.
    pub queued: u64,
    /// Jobs that may wait at most.
    pub capacity: u64,
    /// Threads that hash.
    pub workers: u64,
    /// Jobs that were finished.
    pub finished: u64,
    /// Jobs that were refused because the queue was full.
    pub rejected: u64,
    /// How long finished jobs waited, all together.
    pub waited: Duration,
    /// How long finished jobs took, all together.
    pub hashed: Duration,
}
