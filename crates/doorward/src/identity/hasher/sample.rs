//! The time of one hash on this machine, measured as the workers hash: with memory that is reused.

use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::parameters::Parameters;
use super::phc;
use super::worker::{Work, compute};

/// Hashes `rounds` times on this thread, after once to warm up; the times are sorted.
///
/// Nothing where the memory cannot be had.
#[must_use]
pub fn sample(parameters: Parameters, rounds: usize) -> Option<Vec<Duration>> {
    let (input, salt) = (Zeroizing::new([1; 32]), vec![2; phc::SALT]);
    let work = Work::Own { input, salt, parameters, length: phc::OUTPUT };
    let (mut memory, arena) = (Vec::new(), parameters.memory() as usize);
    compute(&work, &mut memory, arena)?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        compute(&work, &mut memory, arena)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Some(times)
}
