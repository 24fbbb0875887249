//! Time and randomness, which come in from outside so that tests and simulations can choose them.

use std::ops::Sub;

/// Whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixSeconds(pub u64);

impl Sub for UnixSeconds {
    type Output = i64;

    /// Seconds from `earlier` to this moment; negative where `earlier` lies ahead.
    fn sub(self, earlier: Self) -> i64 {
        let difference = i128::from(self.0) - i128::from(earlier.0);
        i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Where time and randomness come from.
pub trait Environment: Send + Sync + std::fmt::Debug {
    /// The wall clock of this server. A client's clock never counts.
    fn now(&self) -> UnixSeconds;

    /// Fills `bytes` with output of a cryptographically secure generator.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the random numbers of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Environment for System {
    fn now(&self) -> UnixSeconds {
        #[expect(clippy::disallowed_methods, reason = "this is the door through which the time comes in")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixSeconds(since.map_or(0, |elapsed| elapsed.as_secs()))
    }

    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has a random source, or nothing here can be secret");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_any_two_moments_stay_in_range() {
        assert_eq!(UnixSeconds(10) - UnixSeconds(4), 6);
        assert_eq!(UnixSeconds(4) - UnixSeconds(10), -6);
        assert_eq!(UnixSeconds(u64::MAX) - UnixSeconds(0), i64::MAX);
        assert_eq!(UnixSeconds(0) - UnixSeconds(u64::MAX), i64::MIN);
    }

    #[test]
    fn the_system_is_in_this_century_and_never_repeats_itself() {
        let (mut one, mut two) = ([0; 16], [0; 16]);
        System.fill(&mut one);
        System.fill(&mut two);
        assert_ne!(one, two);
        assert!(System.now() > UnixSeconds(1_700_000_000));
    }
}
