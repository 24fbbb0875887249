//! Watching: logs, metrics, health, request memory and the counting of refusals.

pub mod entry;
pub mod health;
mod line;
pub mod log;
mod metric;
pub mod reading;
pub mod refusal;
mod retry;
mod rotation;
pub mod task;

use std::sync::Arc;

use doorward_core::Clock;
use doorward_core::identifier::RequestId;
use doorward_core::store::{Audit, StoreError};

use crate::watch::entry::Entry;
use crate::watch::metric::Metrics;
use crate::watch::reading::Readings;
use crate::watch::refusal::Refusals;
use crate::watch::retry::Retries;

pub use crate::watch::task::Tasks;

/// Where finished requests are kept for `doorward explain`.
pub trait Memory: Send + Sync + std::fmt::Debug {
    /// Keeps one record: a JSON object as text, at most a few KiB. Never blocks; drops where it is full.
    fn remember(&self, id: RequestId, record: String);
    /// How many records were dropped since the start.
    fn dropped(&self) -> u64;
}

/// Everything that watches requests, to be cloned into every part of the program.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    memory: Option<Arc<dyn Memory>>,
    metrics: Metrics,
    refusals: Refusals,
    retries: Retries,
}

impl Watch {
    /// A watch with nothing counted yet. Without `memory`, `doorward explain` knows only the audit log.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, memory: Option<Arc<dyn Memory>>) -> Self {
        Self(Arc::new(Inner {
            clock,
            memory,
            metrics: Metrics::new(),
            refusals: Refusals::default(),
            retries: Retries::default(),
        }))
    }

    /// Takes note of a finished request: log lines, metrics, request memory, counts of refusals.
    ///
    /// Never blocks, never fails, and needs bounded memory whatever the request was.
    pub fn finish(&self, mut entry: Entry) {
        let inner = &*self.0;
        entry.clean();
        log::write(&entry);
        inner.metrics.count(&entry);
        if let Some(csrf) = &entry.csrf
            && inner.retries.is_success_after_refusal(csrf, inner.clock.now())
        {
            inner.metrics.csrf_retry_succeeded();
        }
        if entry.is_refused_stranger() {
            inner.refusals.count(entry.at, entry.reason, entry.address, entry.id);
        }
        if let Some(memory) = &inner.memory {
            memory.remember(entry.id, entry.to_json());
        }
    }

    /// Adds a source of measured values that is asked at each scrape, such as the hasher's queue.
    pub fn add_source(&self, source: impl Fn(&mut Readings) + Send + Sync + 'static) {
        self.0.metrics.add_source(Box::new(source));
    }

    /// Counts a failure of the store, by its reason code (`store.…`).
    pub fn count_store_error(&self, reason: &'static str) {
        self.0.metrics.store_failed(reason);
    }

    /// All metrics as text of `OpenMetrics`, for `/metrics` with the content type [`METRICS_CONTENT_TYPE`].
    #[must_use]
    pub fn render_metrics(&self) -> String {
        let mut readings = Readings::default();
        if let Some(memory) = &self.0.memory {
            readings.request_records_dropped = memory.dropped();
        }
        readings.refusals_dropped = self.0.refusals.dropped();
        self.0.metrics.render(readings)
    }

    /// Writes the counts of refused strangers to the audit log: once a minute, and at shutdown.
    ///
    /// # Errors
    /// What the store says; the counts are kept for the next time.
    pub async fn flush_refusals(&self, audit: &impl Audit) -> Result<usize, StoreError> {
        self.0.refusals.flush(audit).await
    }
}

/// The content type of [`Watch::render_metrics`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
