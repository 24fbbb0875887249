//! Refusals by the CSRF protection that were followed by a success: most likely an honest user was refused.

use std::collections::HashMap;

use doorward_core::UnixTime;
use parking_lot::Mutex;

use crate::watch::entry::{CsrfEntry, CsrfVerdict};

/// Within how many seconds a success counts as the retry of a refusal.
const WINDOW_SECONDS: i64 = 10;
/// The most browsers that are remembered.
const LIMIT: usize = 4_096;

/// The browsers that were refused in the last seconds, by a hash of their bind cookie.
#[derive(Debug, Default)]
pub(super) struct Retries(Mutex<HashMap<u64, UnixTime>>);

impl Retries {
    /// Takes note of a decision, and says whether it is a success right after a refusal.
    pub(super) fn is_success_after_refusal(&self, csrf: &CsrfEntry, now: UnixTime) -> bool {
        let Some(bind) = csrf.bind else { return false };
        match csrf.verdict {
            CsrfVerdict::Refused => {
                self.remember(bind, now);
                false
            }
            // A request that needs no protection proves nothing about the refusal before it.
            CsrfVerdict::Allowed if csrf.reason != "csrf.safe_method" => {
                let refused_at = self.0.lock().remove(&bind);
                refused_at.is_some_and(|at| (0..=WINDOW_SECONDS).contains(&now.seconds_since(at)))
            }
            CsrfVerdict::Allowed | CsrfVerdict::Reported => false,
        }
    }

    fn remember(&self, bind: u64, now: UnixTime) {
        let mut refused = self.0.lock();
        if refused.len() >= LIMIT && !refused.contains_key(&bind) {
            refused.retain(|_, at| (0..=WINDOW_SECONDS).contains(&now.seconds_since(*at)));
            // Full of fresh ones: a flood. What is not counted then is a figure, not a protection.
            if refused.len() >= LIMIT {
                return;
            }
        }
        refused.insert(bind, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(verdict: CsrfVerdict, reason: &'static str, bind: u64) -> CsrfEntry {
        CsrfEntry {
            verdict,
            reason,
            provenance: "same",
            mode: "layered",
            token_age: None,
            duplicates: 0,
            bind: Some(bind),
            fields: Vec::new(),
        }
    }

    #[test]
    fn counts_one_success_within_ten_seconds_of_the_same_browser() {
        let retries = Retries::default();
        let refused = decision(CsrfVerdict::Refused, "csrf.token_expired", 1);
        let allowed = decision(CsrfVerdict::Allowed, "csrf.token_ok", 1);
        for (seconds, counts) in [(0, true), (10, true), (11, false), (-1, false)] {
            assert!(!retries.is_success_after_refusal(&refused, UnixTime(100)));
            let now = UnixTime(100 + seconds);
            assert!(!retries.is_success_after_refusal(&decision(CsrfVerdict::Allowed, "csrf.safe_method", 1), now));
            assert!(!retries.is_success_after_refusal(&decision(CsrfVerdict::Allowed, "csrf.token_ok", 2), now));
            assert_eq!(retries.is_success_after_refusal(&allowed, now), counts, "{seconds} s");
            assert!(!retries.is_success_after_refusal(&allowed, now), "only once");
        }
    }

    #[test]
    fn a_flood_of_browsers_takes_bounded_memory_and_passes() {
        let retries = Retries::default();
        for bind in 0..10_000 {
            retries.is_success_after_refusal(&decision(CsrfVerdict::Refused, "csrf.cross_site", bind), UnixTime(0));
        }
        assert_eq!(retries.0.lock().len(), LIMIT);
        retries.is_success_after_refusal(&decision(CsrfVerdict::Refused, "csrf.cross_site", 77_777), UnixTime(60));
        assert_eq!(retries.0.lock().len(), 1, "old ones make room");
    }
}
