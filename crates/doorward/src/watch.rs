//! Watching: logs, metrics, health, request memory and the counting of refusals.

pub mod entry;
pub mod health;
mod line;
pub mod log;
pub(crate) mod memory;
mod metric;
pub mod reading;
pub mod refusal;
mod retry;
mod rotation;
pub mod task;

use std::sync::Arc;

use doorward_core::Clock;
use doorward_core::store::{Audit, StoreError};

use crate::watch::entry::Entry;
use crate::watch::metric::Metrics;
use crate::watch::reading::Readings;
use crate::watch::refusal::Refusals;
use crate::watch::retry::Retries;

pub use crate::watch::memory::Memory;
pub use crate::watch::metric::AppMeter;
pub use crate::watch::task::Tasks;

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
        if let Some(memory) = inner.memory.as_ref().filter(|_| !entry.is_routine()) {
            memory.remember(entry);
        }
    }

    /// Whether anything is done with the entry of an app's answer: it is logged, or somebody may ask about it.
    #[must_use]
    pub fn is_noteworthy(&self, status: u16) -> bool {
        status >= FAILED || log::is_access_logged()
    }

    /// Takes note of an app's answer, which [`AppMeter::count`] has counted.
    pub fn note(&self, mut entry: Entry) {
        entry.clean();
        log::write(&entry);
        if entry.status >= FAILED
            && let Some(memory) = &self.0.memory
        {
            memory.remember(entry);
        }
    }

    /// The numbers of one app.
    #[must_use]
    pub fn app_meter(&self, name: &str) -> AppMeter {
        self.0.metrics.app_meter(name)
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

/// From this status on an app's answer is kept, so that `doorward explain` knows it.
const FAILED: u16 = 400;

/// The content type of [`Watch::render_metrics`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use doorward_core::UnixTime;
    use parking_lot::Mutex;

    use super::*;
    use crate::watch::entry::tests::refused;

    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> UnixTime {
            UnixTime(1_000)
        }
    }

    /// A memory that keeps what it is given.
    #[derive(Debug, Default)]
    struct Book(Mutex<Vec<Entry>>);

    impl Memory for Book {
        fn remember(&self, entry: Entry) {
            self.0.lock().push(entry);
        }

        fn dropped(&self) -> u64 {
            7
        }
    }

    #[test]
    fn nothing_secret_is_kept_or_counted() {
        const MARKER: &str = "MARKER-of-a-secret";
        let book = Arc::new(Book::default());
        let watch = Watch::new(Arc::new(Still), Some(book.clone()));
        let mut entry = refused();
        entry.path = format!("/.doorward/invite?token={MARKER}");
        entry.csrf.as_mut().unwrap().bind = Some(0x00DE_C0DE);
        let text = log::tests::logged_as_json(|| watch.finish(entry));
        let record = serde_json::to_string(&book.0.lock()[0]).unwrap();
        for place in [&text, &record, &watch.render_metrics()] {
            assert!(!place.contains(MARKER) && !place.contains(&0x00DE_C0DE.to_string()), "{place}");
            assert!(!place.contains("token="));
        }
        assert!(record.contains("\"/.doorward/invite\"") && text.contains("/.doorward/invite"));
    }

    #[test]
    fn counts_strangers_only_and_reports_what_the_memory_dropped() {
        let watch = Watch::new(Arc::new(Still), Some(Arc::new(Book::default())));
        watch.finish(refused());
        let mut known = refused();
        known.user = Some(doorward_core::identifier::UserId::random(&entry::tests::Fixed(1)));
        let mut fine = refused();
        (fine.status, fine.reason) = (200, "");
        assert!(refused().is_refused_stranger());
        assert!(!known.is_refused_stranger() && !fine.is_refused_stranger());
        assert!(watch.render_metrics().contains("doorward_request_records_dropped_total 7\n"));
    }
}
