//! How many guesses somebody has: pure counting, kept by the store over restarts and nodes.
//!
//! A guess is paid before the password is looked at, and given back when it was right. So a guess that
//! runs beside another, or ends in a crash, is never free.

use crate::address::Network;
use crate::clock::UnixTime;
use crate::identifier::UserId;
use crate::token::TokenHash;
use crate::user::Email;

/// Whose guesses are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BudgetKey {
    /// All strangers who try this account, whether it exists or not.
    Account(Email),
    /// A browser that has signed in to this account before.
    KnownBrowser(UserId, TokenHash),
    /// Everybody in this network.
    Network(Network),
}

impl BudgetKey {
    /// The key as the store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Account(email) => format!("account:{email}"),
            Self::KnownBrowser(user, browser) => format!("browser:{user}:{}", browser.to_text()),
            Self::Network(network) => format!("network:{network}"),
        }
    }

    /// The limits of this kind of key.
    #[must_use]
    pub fn limits(&self) -> Limits {
        match self {
            Self::Account(_) | Self::KnownBrowser(..) => Limits { guesses: 10, free: 3, consecutive: 100 },
            // Many honest people can sit behind one address, so a network has more guesses and no final stop.
            Self::Network(_) => Limits { guesses: 60, free: 20, consecutive: u32::MAX },
        }
    }
}

/// The window in which guesses are counted, in seconds.
pub const WINDOW_SECONDS: i64 = 3_600;

/// The longest wait between two guesses, in seconds.
pub const LONGEST_WAIT: i64 = 900;

/// How many wrong guesses a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wrong guesses in any [`WINDOW_SECONDS`].
    pub guesses: usize,
    /// Wrong guesses in a row that cost no wait; each further one doubles it: 1, 2, 4 … 900 s.
    pub free: u32,
    /// Wrong guesses in a row after which there is no further one (NIST SP 800-63B-4, section 3.2.2: at most 100).
    pub consecutive: u32,
}

/// The guesses of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counter {
    /// When the guesses of the last [`WINDOW_SECONDS`] were made, oldest first; at most [`Limits::guesses`].
    pub recent: Vec<UnixTime>,
    /// Wrong guesses since the last right one.
    pub consecutive: u32,
    /// No guess before this moment.
    pub blocked_until: UnixTime,
}

/// Why there is no guess now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Try again after this many seconds, at least 1.
    Wait(i64),
    /// Never again until the password is reset.
    Stopped,
}

impl Counter {
    /// Pays for one guess.
    ///
    /// # Errors
    /// Why there is none left; the counter is unchanged then.
    pub fn pay(&mut self, now: UnixTime, limits: Limits) -> Result<(), Spent> {
        if self.consecutive >= limits.consecutive {
            return Err(Spent::Stopped);
        }
        if now < self.blocked_until {
            return Err(Spent::Wait(self.blocked_until.seconds_since(now).min(LONGEST_WAIT)));
        }
        // A clock that went back leaves moments in the future: they still count, so that a step of the
        // clock gives no guess away.
        self.recent.retain(|at| now.seconds_since(*at) < WINDOW_SECONDS);
        if self.recent.len() >= limits.guesses {
            let oldest = self.recent.first().copied().unwrap_or(now);
            return Err(Spent::Wait((WINDOW_SECONDS - now.seconds_since(oldest)).clamp(1, WINDOW_SECONDS)));
        }
        self.recent.push(now);
        self.consecutive = self.consecutive.saturating_add(1);
        self.blocked_until = now + wait_after(self.consecutive, limits.free);
        Ok(())
    }

    /// Gives back one guess that was right, for a key that others share.
    pub fn refund(&mut self) {
        self.recent.pop();
        self.consecutive = self.consecutive.saturating_sub(1);
        self.blocked_until = UnixTime::default();
    }

    /// Whether nothing is remembered any more at `now`.
    #[must_use]
    pub fn is_forgotten(&self, now: UnixTime) -> bool {
        self.consecutive == 0 && self.recent.iter().all(|at| now.seconds_since(*at) >= WINDOW_SECONDS)
    }
}

fn wait_after(consecutive: u32, free: u32) -> i64 {
    match consecutive.checked_sub(free) {
        None => 0,
        Some(exponent) => 1_i64.checked_shl(exponent.min(10)).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: Limits = Limits { guesses: 10, free: 3, consecutive: 100 };

    #[test]
    fn waits_grow_from_the_third_wrong_guess() {
        let mut counter = Counter::default();
        let mut waits = Vec::new();
        let mut now = UnixTime(0);
        for _ in 0..10 {
            counter.pay(now, ACCOUNT).unwrap();
            waits.push(counter.blocked_until.seconds_since(now));
            now = counter.blocked_until;
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128]);
        assert!(matches!(counter.pay(now, ACCOUNT), Err(Spent::Wait(1..=3_600))));
    }

    #[test]
    fn stops_for_good_after_a_hundred_in_a_row() {
        let mut counter = Counter { consecutive: 99, ..Counter::default() };
        counter.pay(UnixTime(0), ACCOUNT).unwrap();
        assert_eq!(counter.pay(UnixTime(1_000_000), ACCOUNT), Err(Spent::Stopped));
    }

    #[test]
    fn a_right_guess_is_given_back() {
        let mut counter = Counter::default();
        for second in 0..500 {
            counter.pay(UnixTime(second), ACCOUNT).unwrap();
            counter.refund();
        }
        assert!(counter.is_forgotten(UnixTime(500)));
    }

    proptest! {
        #[test]
        fn never_more_than_ten_in_any_hour(steps in prop::collection::vec(-500_i64..2_000, 1..200)) {
            let (mut counter, mut now, mut paid) = (Counter::default(), UnixTime(10_000), Vec::new());
            for step in steps {
                now = UnixTime((now.0 + step).max(0));
                if counter.pay(now, ACCOUNT).is_ok() {
                    paid.push(now);
                }
            }
            // With a clock that only goes forward this is the sliding window itself; with one that steps
            // back it may only be stricter, so windows are counted over the order of payment.
            for window in paid.windows(11) {
                let span = window.iter().max().unwrap().seconds_since(*window.iter().min().unwrap());
                prop_assert!(span >= WINDOW_SECONDS, "{window:?}");
            }
        }
    }
}
