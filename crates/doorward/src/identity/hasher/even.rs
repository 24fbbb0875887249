//! Wrong answers that take as long as the slowest imported hash, whatever is stored for the account.
//!
//! A hash of ours takes the same time for every account. An imported one takes what the other program has chosen, and an
//! answer that comes later would tell that there is an account. So, where there are imported hashes, every answer but
//! "right" waits until the slowest of them would have been computed. Nobody holds a worker while waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest wait.
const LONGEST: u64 = 5_000_000_000;

/// How long a wrong answer takes, in nanoseconds; 0 where nothing was imported.
#[derive(Debug, Default)]
pub(super) struct Even(AtomicU64);

impl Even {
    /// Learns how long an imported hash took. A quarter is added, since a busy machine takes longer at times; what takes no
    /// longer than that changes nothing, so that the time stays one for everybody.
    pub(super) fn learn(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST);
        let wanted = (nanos + nanos / 4).min(LONGEST);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (nanos > now).then_some(wanted));
    }

    /// What is left to wait for an answer whose hash took this long.
    pub(super) fn rest(&self, took: Duration) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed)).saturating_sub(took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_slowest_and_never_where_nothing_was_imported() {
        let even = Even::default();
        assert_eq!(even.rest(Duration::ZERO), Duration::ZERO);
        even.learn(Duration::from_millis(400));
        even.learn(Duration::from_millis(40));
        let whole = even.rest(Duration::ZERO);
        assert!(whole == Duration::from_millis(500), "{whole:?}");
        assert_eq!(even.rest(Duration::from_millis(100)) + Duration::from_millis(100), whole);
        assert_eq!(even.rest(Duration::from_secs(1)), Duration::ZERO);
        even.learn(Duration::from_mins(1));
        assert_eq!(even.rest(Duration::ZERO), Duration::from_secs(5));
    }
}
