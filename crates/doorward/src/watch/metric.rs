//! The metrics: names, labels from closed sets, and their text.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::watch::entry::{CsrfEntry, Entry};
use crate::watch::reading::Readings;

mod app;
mod scrape;

pub use app::AppMeter;

/// Stands for a value outside the closed set.
const OTHER: &str = "other";
/// Stands where there is no value.
const NONE: &str = "none";
/// The most route patterns that get a label of their own.
const ROUTES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    status: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    outcome: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CsrfLabels {
    verdict: &'static str,
    reason: &'static str,
    provenance: &'static str,
    mode: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

type Source = Box<dyn Fn(&mut Readings) + Send + Sync>;

/// All metrics of the process.
pub(super) struct Metrics {
    registry: Registry,
    reasons: HashSet<&'static str>,
    routes: RwLock<HashSet<&'static str>>,
    sources: Mutex<Vec<Arc<Source>>>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    sign_ins: Family<SignInLabels, Counter>,
    csrf_decisions: Family<CsrfLabels, Counter>,
    csrf_token_age: Histogram,
    csrf_duplicates: Counter,
    csrf_retries: Counter,
    store_errors: Family<ReasonLabels, Counter>,
    apps: app::Apps,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn durations() -> Histogram {
    Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl Metrics {
    pub(super) fn new() -> Self {
        let core = doorward_core::reason::all().map(|reason| reason.code);
        let csrf = doorward_csrf::Reason::ALL.iter().map(|reason| reason.code());
        let mut metrics = Self {
            registry: Registry::default(),
            reasons: core.chain(csrf).collect(),
            routes: RwLock::default(),
            sources: Mutex::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            sign_ins: Family::default(),
            csrf_decisions: Family::default(),
            csrf_token_age: Histogram::new([1.0, 10.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 86_400.0]),
            csrf_duplicates: Counter::default(),
            csrf_retries: Counter::default(),
            store_errors: Family::default(),
            apps: app::Apps::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let version = env!("CARGO_PKG_VERSION");
        registry.register("doorward_build", "What runs here", Info::new(vec![("version", version)]));
        registry.register("doorward_requests", "Finished requests", self.requests.clone());
        registry.register("doorward_request_duration_seconds", "Time to the answer", self.durations.clone());
        registry.register("doorward_sign_ins", "Sign-ins by outcome", self.sign_ins.clone());
        registry.register("csrf_decisions", "Decisions of the CSRF protection", self.csrf_decisions.clone());
        registry.register("csrf_token_age_seconds", "Age of the tokens that opened", self.csrf_token_age.clone());
        registry.register(
            "csrf_cookie_duplicates",
            "Token cookies that came beyond the first of their request",
            self.csrf_duplicates.clone(),
        );
        registry.register(
            "csrf_retry_success",
            "Refusals followed by a success of the same browser within 10 s, most likely honest users",
            self.csrf_retries.clone(),
        );
        self.apps.register(registry);
        registry.register("doorward_store_errors", "Failures of the database", self.store_errors.clone());
    }

    pub(super) fn add_source(&self, source: Source) {
        self.sources.lock().push(Arc::new(source));
    }

    pub(super) fn count(&self, entry: &Entry) {
        let reason = self.reason(entry.reason);
        let labels = RequestLabels { method: method(&entry.method), status: class(entry.status), reason };
        self.requests.get_or_create(&labels).inc();
        let route = RouteLabels { route: self.route(entry.route) };
        self.durations.get_or_create(&route).observe(entry.duration.as_secs_f64());
        if let Some(outcome) = entry.sign_in {
            self.sign_ins.get_or_create(&SignInLabels { outcome: outcome.as_str(), reason }).inc();
        }
        if let Some(csrf) = &entry.csrf {
            self.count_csrf(csrf);
        }
    }

    fn count_csrf(&self, csrf: &CsrfEntry) {
        let labels = CsrfLabels {
            verdict: csrf.verdict.as_str(),
            reason: self.reason(csrf.reason),
            provenance: one_of(csrf.provenance, &["same", "trusted", "unknown"]),
            mode: one_of(csrf.mode, &["layered", "headers_or_token", "headers_only"]),
        };
        self.csrf_decisions.get_or_create(&labels).inc();
        if let Some(age) = csrf.token_age {
            // Ages are seconds of at most a few days: far below where an f64 rounds.
            self.csrf_token_age.observe(f64::from(i32::try_from(age).unwrap_or(i32::MAX)));
        }
        self.csrf_duplicates.inc_by(u64::from(csrf.duplicates));
    }

    pub(super) fn app_meter(&self, name: &str) -> AppMeter {
        self.apps.meter(name)
    }

    pub(super) fn csrf_retry_succeeded(&self) {
        self.csrf_retries.inc();
    }

    pub(super) fn store_failed(&self, reason: &'static str) {
        self.store_errors.get_or_create(&ReasonLabels { reason: self.reason(reason) }).inc();
    }

    pub(super) fn render(&self, mut readings: Readings) -> String {
        // The sources are asked outside the lock, so that none of them can block another scrape.
        let sources = self.sources.lock().clone();
        for source in sources {
            source(&mut readings);
        }
        let mut measured = Registry::default();
        scrape::register(&mut measured, &readings);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String never fails");
        // Each registry ends with the mark of the end, which stands only once.
        text.truncate(text.len() - "# EOF\n".len());
        encode(&mut text, &measured).expect("writing to a String never fails");
        text
    }

    fn reason(&self, code: &'static str) -> &'static str {
        match code {
            "" => NONE,
            code if self.reasons.contains(code) => code,
            _ => OTHER,
        }
    }

    fn route(&self, route: &'static str) -> &'static str {
        if route.is_empty() {
            return NONE;
        }
        if self.routes.read().contains(route) {
            return route;
        }
        let mut routes = self.routes.write();
        if routes.len() < ROUTES {
            routes.insert(route);
        }
        if routes.contains(route) { route } else { OTHER }
    }
}

fn one_of(word: &'static str, words: &[&'static str]) -> &'static str {
    match word {
        "" => NONE,
        word if words.contains(&word) => word,
        _ => OTHER,
    }
}

fn method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or(OTHER)
}

fn class(status: u16) -> &'static str {
    ["1xx", "2xx", "3xx", "4xx", "5xx"].get(usize::from(status / 100).wrapping_sub(1)).copied().unwrap_or(OTHER)
}

#[cfg(test)]
mod tests;
