//! Values that others measure and that are read at each scrape.

use crate::identity::hasher::Reading;
use crate::mail::Figures;

/// What the sources of [`crate::watch::Watch::add_source`] fill in; what nobody measures stays out.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// Live sessions in memory.
    pub sessions: Option<u64>,
    /// The password hasher: `hasher.measures().read()`.
    pub hashing: Option<Reading>,
    /// Mail, where there is any.
    pub mail: Option<Figures>,
    /// Log lines that were dropped because nobody could take them fast enough.
    pub log_lines_dropped: Option<u64>,
    /// Tasks that ended in a panic.
    pub task_panics: Option<u64>,
    /// Records that the request memory dropped.
    pub(super) request_records_dropped: u64,
    /// Refusals of strangers that could not even be counted.
    pub(super) refusals_dropped: u64,
}
