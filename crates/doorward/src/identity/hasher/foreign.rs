//! Password hashes that another program made: which are read, what they may cost, and how they are computed.
//!
//! Argon2, bcrypt, SHA-crypt, PBKDF2 and scrypt, in the spellings of crypt(5), passlib, Apache and Authelia. What is too
//! weak to be kept, too costly to be computed, or unknown is refused with a reason when it is imported; the same bounds
//! hold again when it is read from the store.

mod compute;
mod read;
#[cfg(test)]
mod tests;

pub(super) use compute::compute;
pub(super) use read::read;

/// The most memory for one foreign hash, in KiB. Beyond the workers' own memory one is computed at a time, so this is also
/// the most for all of them.
pub(super) const MOST_MEMORY: u32 = 128 * 1024;

/// The most memory times passes of Argon2, and 128 · r · N · p of scrypt, in KiB.
pub(super) const MOST_WORK: u64 = 1024 * 1024;

/// The most rounds of SHA-crypt.
const MOST_ROUNDS: u32 = 1_000_000;

/// The most iterations of PBKDF2, over all blocks of the outcome: each block costs them anew (RFC 8018, section 5.2).
const MOST_ITERATIONS: u32 = 2_000_000;

/// The costs that bcrypt may have: at the highest a hash takes about a second.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// Why a foreign hash is not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// Everybody who has read the file has the password: MD5, unsalted SHA-1, DES, and plain text.
    #[error("{0} is too weak: whoever has read the file has the password")]
    Weak(&'static str),
    /// It would take more memory or time than one sign-in may.
    #[error("the hash asks for more memory or time than one sign-in may take")]
    Costly,
    /// No scheme that is read, or damaged.
    #[error("the hash is of no known kind, or damaged")]
    Unknown,
}

impl ForeignError {
    /// The code in the one list of reasons.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Weak(_) => "import.hash_weak",
            Self::Costly => "import.hash_costly",
            Self::Unknown => "import.hash_unknown",
        }
    }
}

/// How a foreign hash is computed: everything but salt and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scheme {
    /// RFC 9106, and version 16 before it. Memory in KiB.
    Argon2 { kind: Argon2Kind, version: u32, memory: u32, passes: u32, lanes: u32, length: usize },
    /// `$2a$`, `$2b$` and `$2y$`, which are one for passwords in UTF-8; of passlib's `bcrypt-sha256` the second version.
    Bcrypt { cost: u32, is_sha256: bool },
    /// `$5$` and `$6$` of crypt(5).
    ShaCrypt { is_512: bool, rounds: u32 },
    /// RFC 8018, section 5.2.
    Pbkdf2 { digest: Digest, iterations: u32, length: usize },
    /// RFC 7914.
    Scrypt { log_n: u8, r: u32, p: u32, length: usize },
}

/// The three of Argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Argon2Kind {
    D,
    I,
    Id,
}

/// The hash inside PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A foreign hash without its outcome: what a worker computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) scheme: Scheme,
    /// As the scheme takes it: bytes, and for SHA-crypt the letters themselves.
    pub(super) salt: Vec<u8>,
}

impl Recipe {
    /// The recipe, where it is within all bounds.
    pub(super) fn new(scheme: Scheme, salt: Vec<u8>) -> Result<Self, ForeignError> {
        let is_salted = match scheme {
            Scheme::Bcrypt { .. } => salt.len() == 16,
            Scheme::ShaCrypt { .. } => salt.len() <= 16,
            Scheme::Argon2 { .. } => (8..=64).contains(&salt.len()),
            Scheme::Pbkdf2 { .. } | Scheme::Scrypt { .. } => (1..=64).contains(&salt.len()),
        };
        if !is_salted {
            return Err(ForeignError::Unknown);
        }
        scheme.check()?;
        Ok(Self { scheme, salt })
    }
}

impl Digest {
    /// Bytes of its outcome.
    fn length(self) -> u64 {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Scheme {
    /// The scheme without its costs: what is of one kind takes longer the more [`Self::work`] it is.
    pub(super) fn kind(self) -> impl Eq + std::hash::Hash {
        let inner = match self {
            Self::Argon2 { kind, .. } => kind as usize,
            Self::Bcrypt { is_sha256, .. } => is_sha256.into(),
            Self::ShaCrypt { is_512, .. } => is_512.into(),
            Self::Pbkdf2 { digest, .. } => digest as usize,
            Self::Scrypt { .. } => 0,
        };
        (std::mem::discriminant(&self), inner)
    }

    /// How much there is to do, in a unit of its kind: KiB for those that need memory, else rounds.
    pub(super) fn work(self) -> u64 {
        match self {
            Self::Argon2 { memory, passes, .. } => u64::from(memory) * u64::from(passes),
            Self::Bcrypt { cost, .. } => 1_u64.checked_shl(cost).unwrap_or(u64::MAX),
            Self::ShaCrypt { rounds, .. } => rounds.into(),
            Self::Pbkdf2 { digest, iterations, length } => {
                u64::from(iterations).saturating_mul((length as u64).div_ceil(digest.length()))
            }
            Self::Scrypt { p, .. } => self.memory().saturating_mul(p.into()),
        }
    }

    /// The memory that it takes, in KiB; 0 for those that need next to none.
    pub(super) fn memory(self) -> u64 {
        match self {
            Self::Argon2 { memory, .. } => memory.into(),
            Self::Scrypt { log_n, r, .. } => {
                u64::from(r).saturating_mul(1_u64.checked_shl(log_n.into()).unwrap_or(u64::MAX)) / 8
            }
            Self::Bcrypt { .. } | Self::ShaCrypt { .. } | Self::Pbkdf2 { .. } => 0,
        }
    }

    /// Whether it can be computed at all, and for a price that one sign-in may have.
    fn check(self) -> Result<(), ForeignError> {
        let (is_possible, is_costly) = match self {
            Self::Argon2 { version, memory, passes, lanes, length, .. } => (
                matches!(version, 16 | 19) && passes > 0 && lanes > 0 && memory / 8 >= lanes && is_output(length),
                memory > MOST_MEMORY || lanes > 16 || self.work() > MOST_WORK,
            ),
            Self::Bcrypt { cost, .. } => (cost >= *BCRYPT_COSTS.start(), cost > *BCRYPT_COSTS.end()),
            Self::ShaCrypt { rounds, .. } => (rounds >= 1_000, rounds > MOST_ROUNDS),
            Self::Pbkdf2 { iterations, length, .. } => {
                (iterations > 0 && is_output(length), self.work() > MOST_ITERATIONS.into())
            }
            Self::Scrypt { log_n, r, p, length } => {
                let is_costly = self.memory() > MOST_MEMORY.into() || self.work() > MOST_WORK;
                ((1..64).contains(&log_n) && r > 0 && p > 0 && is_output(length), is_costly)
            }
        };
        match (is_possible, is_costly) {
            (false, _) => Err(ForeignError::Unknown),
            (_, true) => Err(ForeignError::Costly),
            _ => Ok(()),
        }
    }
}

/// Bytes of an outcome: enough to be no accident, and no more than anybody writes.
fn is_output(length: usize) -> bool {
    (16..=64).contains(&length)
}
