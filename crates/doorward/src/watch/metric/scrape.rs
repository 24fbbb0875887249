//! The metrics that are measured at each scrape.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::identity::hasher::Reading;
use crate::watch::reading::Readings;

/// Registers what was read, and nothing for what nobody measures.
pub(super) fn register(registry: &mut Registry, readings: &Readings) {
    if let Some(bytes) = resident_bytes() {
        gauge(registry, "process_resident_memory_bytes", "Resident memory", bytes);
    }
    if let Some(sessions) = readings.sessions {
        gauge(registry, "doorward_sessions", "Live sessions", sessions);
    }
    if let Some(hashing) = &readings.hashing {
        register_hashing(registry, hashing);
    }
    if let Some(mail) = &readings.mail {
        gauge(registry, "doorward_mail_waiting", "Letters that wait to be sent", mail.waiting);
        counter(registry, "doorward_mail_sent", "Letters sent", mail.sent);
        counter(registry, "doorward_mail_failures", "Tries to send a letter that failed", mail.failed);
        counter(registry, "doorward_mail_given_up", "Letters that were given up", mail.given_up);
    }
    let dropped = readings.request_records_dropped;
    counter(registry, "doorward_request_records_dropped", "Records that the request memory dropped", dropped);
    let dropped = readings.refusals_dropped;
    counter(registry, "doorward_refusals_dropped", "Refusals of strangers that were not counted", dropped);
    if let Some(dropped) = readings.log_lines_dropped {
        counter(registry, "doorward_log_lines_dropped", "Log lines that were dropped", dropped);
    }
    if let Some(panics) = readings.task_panics {
        counter(registry, "doorward_task_panics", "Tasks that panicked: a fault of Doorward", panics);
    }
}

fn register_hashing(registry: &mut Registry, hashing: &Reading) {
    gauge(registry, "doorward_hash_queue_depth", "Places of the hash queue that are taken", hashing.places);
    counter(registry, "doorward_hashes", "Password hashes finished", hashing.hashes);
    counter(registry, "doorward_hash_waits", "Password hashes that a worker took from the queue", hashing.waits);
    counter(registry, "doorward_hash_expired", "Password hashes that waited too long", hashing.expired);
    counter(registry, "doorward_hash_gone", "Password hashes whose client had gone", hashing.gone);
    seconds(registry, "doorward_hash_wait", "Time that password hashes waited", hashing.wait_time.as_secs_f64());
    seconds(registry, "doorward_hash_run", "Time spent hashing, over all workers", hashing.hash_time.as_secs_f64());
    seconds(registry, "doorward_hash_idle", "Time without work, over all workers", hashing.idle_time.as_secs_f64());
    let rejects = Family::<[(&'static str, &'static str); 1], Counter>::default();
    for (reason, count) in hashing.refused {
        rejects.get_or_create(&[("reason", reason)]).inc_by(count);
    }
    registry.register("doorward_hash_rejects", "Password hashes refused for a full queue", rejects);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstCounter::new(value));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let counter = Counter::<f64, AtomicU64>::default();
    counter.inc_by(value);
    registry.register_with_unit(name, help, Unit::Seconds, counter);
}

/// The resident memory of this process, where the system tells (Linux).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
