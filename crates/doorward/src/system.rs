//! The clock and the random source of the operating system: the door through which both come in.

use doorward_core::{Clock, Random, UnixTime};
use parking_lot::Mutex;

/// The wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        #[expect(clippy::disallowed_methods, reason = "this is the door through which the time comes in")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}

/// The kernel's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the kernel has a random source, or nothing here could be secret");
    }
}

/// Bytes that are drawn from the kernel at once, for names of requests.
const PIECE: usize = 4_096;

/// The kernel's random source, asked for many names at a time. For names, not for secrets: what is drawn stands in
/// memory until it is used.
#[derive(Debug, Default)]
pub struct Drawn(Mutex<Vec<u8>>);

impl Random for Drawn {
    fn fill(&self, buffer: &mut [u8]) {
        let mut drawn = self.0.lock();
        if drawn.len() < buffer.len() {
            drawn.resize(PIECE.max(buffer.len()), 0);
            SystemRandom.fill(&mut drawn);
        }
        let rest = drawn.len() - buffer.len();
        buffer.copy_from_slice(&drawn[rest..]);
        drawn.truncate(rest);
    }
}
