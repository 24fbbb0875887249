//! Tests of the metrics: the text is parsed, and no flood of values makes it grow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock, UnixTime};

use crate::identity::hasher::{Full, Reading};
use crate::watch::Watch;
use crate::watch::entry::tests::refused;
use crate::watch::entry::{CsrfVerdict, SignInOutcome};

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixTime {
        UnixTime(1_000)
    }
}

fn watch() -> Watch {
    Watch::new(Arc::new(Still), None)
}

/// Parses the text as `OpenMetrics` 1.0 has it, and gives back every sample by name and labels.
fn samples(text: &str) -> BTreeMap<String, String> {
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    let mut samples = BTreeMap::new();
    let mut family = ("", "");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (kind, rest) = rest.split_once(' ').unwrap();
            assert!(["HELP", "TYPE", "UNIT"].contains(&kind), "{line}");
            let (name, value) = rest.split_once(' ').unwrap();
            if kind == "TYPE" {
                family = (name, value);
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{line}");
        let suffixes: &[&str] = match family.1 {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            other => panic!("type {other} in {line}"),
        };
        let suffix = name.strip_prefix(family.0).unwrap_or_else(|| panic!("{line} is not of {}", family.0));
        assert!(suffixes.contains(&suffix), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(samples.insert(series.to_owned(), value.to_owned()).is_none(), "{line} stands twice");
    }
    samples
}

#[test]
fn counts_what_a_request_was() {
    let watch = watch();
    watch.finish(refused());
    let mut allowed = refused();
    (allowed.status, allowed.reason, allowed.sign_in) = (200, "", Some(SignInOutcome::Succeeded));
    let csrf = allowed.csrf.as_mut().unwrap();
    (csrf.verdict, csrf.reason, csrf.token_age, csrf.duplicates) = (CsrfVerdict::Allowed, "csrf.token_ok", Some(5), 2);
    watch.finish(allowed);
    let samples = samples(&watch.render_metrics());
    for (series, value) in [
        (r#"doorward_requests_total{method="POST",status="4xx",reason="csrf.token_missing"}"#, "1"),
        (r#"doorward_requests_total{method="POST",status="2xx",reason="none"}"#, "1"),
        (r#"doorward_request_duration_seconds_count{route="/api/v1/auth/login"}"#, "2"),
        (r#"doorward_sign_ins_total{outcome="succeeded",reason="none"}"#, "1"),
        (
            r#"csrf_decisions_total{verdict="refused",reason="csrf.token_missing",provenance="unknown",mode="layered"}"#,
            "1",
        ),
        (r#"csrf_token_age_seconds_bucket{le="10.0"}"#, "1"),
        ("csrf_cookie_duplicates_total", "2"),
        ("csrf_retry_success_total", "1"),
    ] {
        assert_eq!(samples.get(series).map(String::as_str), Some(value), "{series} in {samples:#?}");
    }
}

#[test]
fn asks_its_sources_at_each_scrape() {
    let watch = watch();
    watch.count_store_error("store.unavailable");
    watch.add_source(|readings| readings.sessions = Some(readings.sessions.unwrap_or(40) + 1));
    watch.add_source(|readings| {
        readings.sessions = readings.sessions.map(|sessions| sessions + 1);
        readings.hashing = Some(Reading {
            places: 3,
            admitted: 9,
            hashes: 6,
            hash_time: Duration::from_millis(250),
            waits: 6,
            wait_time: Duration::from_millis(1_500),
            idle_time: Duration::ZERO,
            expired: 0,
            gone: 0,
            refused: Full::ALL.map(|full| (full.as_str(), 2)),
        });
    });
    let samples = samples(&watch.render_metrics());
    assert_eq!(samples["doorward_sessions"], "42");
    assert_eq!(samples["doorward_hash_queue_depth"], "3");
    for full in Full::ALL {
        assert_eq!(samples[&format!("doorward_hash_rejects_total{{reason=\"{}\"}}", full.as_str())], "2");
    }
    assert_eq!(samples["doorward_hash_run_seconds_total"], "0.25");
    assert_eq!(samples["doorward_hash_wait_seconds_total"], "1.5");
    assert!(samples["process_resident_memory_bytes"].parse::<u64>().unwrap() > 1_000_000);
    assert_eq!(samples.keys().filter(|series| series.starts_with("doorward_store_errors_total")).count(), 1);
    assert_eq!(samples[&format!("doorward_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))], "1");
}

#[test]
fn no_flood_of_values_makes_the_text_grow() {
    let watch = watch();
    for number in 0..2_000_u16 {
        let mut entry = refused();
        entry.method = format!("M{number}");
        entry.path = format!("/{number}");
        entry.host = format!("h{number}.test");
        entry.status = number;
        // Texts that live as long as the program, as only a fault could bring them here.
        let leaked: &'static str = Box::leak(format!("x.{number}").into_boxed_str());
        (entry.reason, entry.route) = (leaked, leaked);
        let csrf = entry.csrf.as_mut().unwrap();
        (csrf.reason, csrf.provenance, csrf.mode) = (leaked, leaked, leaked);
        csrf.bind = Some(u64::from(number));
        watch.finish(entry);
    }
    let samples = samples(&watch.render_metrics());
    let count = |name: &str| samples.keys().filter(|series| series.starts_with(name)).count();
    assert!(count("doorward_requests_total") <= 6, "one for each status class");
    assert_eq!(count("csrf_decisions_total"), 1);
    assert_eq!(count("doorward_request_duration_seconds_count"), super::ROUTES + 1);
}
