//! The metrics that are measured at each scrape.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::watch::reading::{HashReading, Readings};

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

fn register_hashing(registry: &mut Registry, hashing: &HashReading) {
    gauge(registry, "doorward_hash_queue_depth", "Password hashes that wait", hashing.queued);
    gauge(registry, "doorward_hash_queue_capacity", "Password hashes that may wait", hashing.capacity);
    gauge(registry, "doorward_hash_workers", "Threads that hash passwords", hashing.workers);
    counter(registry, "doorward_hashes", "Password hashes finished", hashing.finished);
    counter(registry, "doorward_hash_rejects", "Password hashes refused for a full queue", hashing.rejected);
    seconds(registry, "doorward_hash_wait", "Time that password hashes waited", hashing.waited.as_secs_f64());
    seconds(registry, "doorward_hash_run", "Time that password hashes took", hashing.hashed.as_secs_f64());
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
