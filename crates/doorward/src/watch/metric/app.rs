//! The numbers of apps: counters that are found once and then only counted, since every request passes here.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::durations;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    app: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AppLabels {
    app: String,
}

/// The families of all apps.
#[derive(Debug)]
pub(super) struct Apps {
    answers: Family<AnswerLabels, Counter>,
    durations: Family<AppLabels, Histogram, fn() -> Histogram>,
}

impl Default for Apps {
    fn default() -> Self {
        Self { answers: Family::default(), durations: Family::new_with_constructor(durations) }
    }
}

impl Apps {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("doorward_app_answers", "Answers of apps by class of status", self.answers.clone());
        registry.register(
            "doorward_app_duration_seconds",
            "Time to the head of an app's answer",
            self.durations.clone(),
        );
    }

    pub(super) fn meter(&self, name: &str) -> AppMeter {
        let answers =
            CLASSES.map(|status| self.answers.get_or_create(&AnswerLabels { app: name.to_owned(), status }).clone());
        let duration = self.durations.get_or_create(&AppLabels { app: name.to_owned() }).clone();
        AppMeter { answers, duration }
    }
}

/// The numbers of one app.
#[derive(Clone)]
pub struct AppMeter {
    answers: [Counter; 5],
    duration: Histogram,
}

impl fmt::Debug for AppMeter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppMeter").finish_non_exhaustive()
    }
}

impl AppMeter {
    /// Counts an answer of the app.
    pub fn count(&self, status: u16, duration: Duration) {
        if let Some(counter) = self.answers.get(usize::from(status / 100).wrapping_sub(1)) {
            counter.inc();
        }
        self.duration.observe(duration.as_secs_f64());
    }
}
