//! Wrong answers that take as long as the slowest imported hash, whatever is stored for the account.
//!
//! A hash of ours takes the same time for every account. An imported one takes what the other program has chosen, and an
//! answer that comes later would tell that there is an account. So, where there are imported hashes, every answer but
//! "right" waits until the slowest of them would have been computed. Nobody holds a worker while waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use doorward_core::password::Password;
use doorward_core::user::PasswordHash;

use super::Hasher;
use super::foreign::Recipe;
use super::imported::Imported;
use super::worker::Work;

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

impl Hasher {
    /// Learns how long imported hashes take, so that from now on every wrong answer takes that long. Of each kind the one
    /// that asks for most is computed, whatever the number of hashes and of their parameters. Others are passed over.
    ///
    /// # Panics
    /// Never: plain words are a password.
    pub async fn learn<'a>(&self, stored: impl Iterator<Item = &'a PasswordHash>) {
        let imported = stored.filter(|hash| Imported::is_one(hash)).filter_map(|hash| Imported::parse(hash).ok());
        let mut recipes: HashMap<_, Recipe> = HashMap::new();
        for Imported { recipe, .. } in imported {
            let (kind, work) = (recipe.scheme.kind(), recipe.scheme.work());
            if recipes.get(&kind).is_none_or(|known| known.scheme.work() < work) {
                recipes.insert(kind, recipe);
            }
        }
        let has_any = !recipes.is_empty();
        for recipe in recipes.into_values() {
            let Ok(place) = self.reserve(None) else { return };
            let password = Password::new("a password of usual length").expect("plain words are a password");
            if let Ok(output) = place.compute(Work::Foreign { recipe, password }).await {
                self.crew.even.learn(output.took);
            }
        }
        // A wrong answer must not come sooner for an imported hash that costs less than ours, either.
        if has_any && let Ok(place) = self.reserve(None) {
            let password = Password::new("a password of usual length").expect("plain words are a password");
            let (decoy, pepper) = self.crew.decoy();
            if let Ok(output) = place.compute(decoy.work(&password, pepper)).await {
                self.crew.even.learn(output.took);
            }
        }
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
