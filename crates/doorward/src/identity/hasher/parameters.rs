//! How much memory and time one hash costs, and the bounds of both.

use std::time::Duration;

/// The parameters of one Argon2id hash (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// Parameters that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// Outside of what Argon2 itself can do.
    #[error("Argon2 needs at least one pass, one lane and 8 KiB of memory for each lane")]
    Impossible,
    /// More than one hash may ever take: a stored hash must not be able to exhaust the machine.
    #[error("one hash may take at most 256 MiB, 64 passes, 4 lanes and 1024 MiB of memory over all passes")]
    TooCostly,
    /// Less than the OWASP minimum.
    #[error("this is below the minimum that OWASP names: 46 MiB t=1, 19 MiB t=2, 12 MiB t=3, 9 MiB t=4 or 7 MiB t=5")]
    TooCheap,
}

/// The memory of the default, in KiB.
pub const DEFAULT_MEMORY: u32 = 64 * 1024;

/// The memory of the profile for small machines, in KiB.
pub const LOW_MEMORY: u32 = 19 * 1024;

/// The most memory for one hash, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;

/// The most memory times passes for one hash, in KiB: what bounds its time.
const MOST_WORK: u64 = 1024 * 1024;

/// Pairs of memory in KiB and passes that OWASP's password storage cheat sheet calls equally strong.
const MINIMUM: [(u32, u32); 5] = [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3), (9 * 1024, 4), (7 * 1024, 5)];

impl Parameters {
    /// 64 MiB, two passes, one lane.
    pub const DEFAULT: Self = Self { memory: DEFAULT_MEMORY, passes: 2, lanes: 1 };

    /// 19 MiB, two passes, one lane.
    pub const LOW_MEMORY: Self = Self { memory: LOW_MEMORY, passes: 2, lanes: 1 };

    /// Any parameters that a stored hash may carry: `memory` in KiB, one pass or more, one lane or more.
    ///
    /// # Errors
    /// Where Argon2 cannot do it, or where it costs more than one hash may.
    pub fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, ParametersError> {
        if passes == 0 || lanes == 0 || u64::from(memory) < 8 * u64::from(lanes) {
            return Err(ParametersError::Impossible);
        }
        let is_too_costly = memory > MOST_MEMORY || passes > 64 || lanes > 4;
        if is_too_costly || u64::from(memory) * u64::from(passes) > MOST_WORK {
            return Err(ParametersError::TooCostly);
        }
        Ok(Self { memory, passes, lanes })
    }

    /// Parameters that somebody chose for new hashes: one lane, and at least the OWASP minimum.
    ///
    /// # Errors
    /// As [`Self::new`], and [`ParametersError::TooCheap`].
    pub fn chosen(memory: u32, passes: u32) -> Result<Self, ParametersError> {
        let parameters = Self::new(memory, passes, 1)?;
        let is_enough = MINIMUM.iter().any(|(least, times)| memory >= *least && passes >= *times);
        if is_enough { Ok(parameters) } else { Err(ParametersError::TooCheap) }
    }

    /// Memory in KiB.
    #[must_use]
    pub fn memory(self) -> u32 {
        self.memory
    }

    /// Passes over the memory.
    #[must_use]
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes; they are computed one after another.
    #[must_use]
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// Whether a hash with these parameters is weaker in any way than `wanted`, so that it is made anew.
    #[must_use]
    pub fn is_weaker_than(self, wanted: Self) -> bool {
        self.memory < wanted.memory || self.passes < wanted.passes || self.lanes != wanted.lanes
    }

    /// How long a hash takes, before one was measured: half a millisecond for each MiB and pass.
    pub(super) fn guess(self) -> Duration {
        let work = u64::from(self.memory) * u64::from(self.passes);
        Duration::from_micros((work * 500 / 1024).max(1))
    }

    pub(super) fn to_argon2(self, output: usize) -> Option<argon2::Params> {
        argon2::Params::new(self.memory, self.passes, self.lanes, Some(output)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_minimum_of_owasp() {
        for (memory, passes) in MINIMUM {
            assert!(Parameters::chosen(memory, passes).is_ok(), "{memory} {passes}");
            assert_eq!(Parameters::chosen(memory - 1, passes), Err(ParametersError::TooCheap), "{memory} {passes}");
        }
        for parameters in [Parameters::DEFAULT, Parameters::LOW_MEMORY] {
            assert_eq!(Parameters::chosen(parameters.memory, parameters.passes), Ok(parameters));
        }
        assert_eq!(Parameters::chosen(64, 1), Err(ParametersError::TooCheap));
    }

    #[test]
    fn refuses_what_would_exhaust_the_machine() {
        for (memory, passes, lanes) in [(u32::MAX, 1, 1), (256 * 1024, 5, 1), (64, u32::MAX, 1), (1024, 1, 5)] {
            assert_eq!(Parameters::new(memory, passes, lanes), Err(ParametersError::TooCostly));
        }
        for (memory, passes, lanes) in [(7, 1, 1), (64, 0, 1), (64, 1, 0), (31, 1, 4), (8, 1, u32::MAX)] {
            assert_eq!(Parameters::new(memory, passes, lanes), Err(ParametersError::Impossible));
        }
    }

    #[test]
    fn only_weaker_hashes_are_made_anew() {
        let wanted = Parameters::DEFAULT;
        assert!(Parameters::LOW_MEMORY.is_weaker_than(wanted));
        assert!(Parameters::new(64 * 1024, 1, 1).unwrap().is_weaker_than(wanted));
        assert!(!wanted.is_weaker_than(wanted));
        assert!(!Parameters::new(64 * 1024, 3, 1).unwrap().is_weaker_than(wanted));
    }
}
