//! Chance, as a value that comes in from outside.

/// Where random bytes come from. The program's source is the operating system; a test's is a seed.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// `N` random bytes from a source.
pub fn bytes<const N: usize>(source: &dyn Random) -> [u8; N] {
    let mut buffer = [0; N];
    source.fill(&mut buffer);
    buffer
}
