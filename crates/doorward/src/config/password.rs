//! The section `[password]`: what a password must be, and how it is hashed.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::check::Check;
use super::registry::{Key, Kind};
use crate::identity::hasher::Parameters;

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "password.minimum_length",
        Kind::Integer(8, 128),
        "15",
        "The fewest characters of a new password (NIST SP 800-63B-4: 15 where a password is the only factor).",
    )
    .restart(),
    Key::new(
        "password.hash",
        Kind::Word(&["default", "low-memory"]),
        "default",
        "Argon2id with 64 MiB, or `low-memory` with 19 MiB.",
    )
    .restart(),
    Key::new(
        "password.passes",
        Kind::Integer(1, 16),
        "2",
        "Passes of one hash over its memory. `doorward tune` measures how many suit this machine.",
    )
    .restart(),
    Key::new(
        "password.workers",
        Kind::Integer(1, 64),
        "",
        "Threads that hash passwords, each with its memory set aside. By default half of the processors.",
    )
    .restart(),
    Key::new(
        "password.context_words",
        Kind::List,
        "",
        "Words that passwords may not consist of, such as the name of your organisation.",
    )
    .restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    minimum_length: Option<usize>,
    hash: Option<HashProfile>,
    passes: Option<u32>,
    workers: Option<usize>,
    context_words: Option<Vec<String>>,
}

/// How much memory one hash takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HashProfile {
    /// Argon2id, 64 MiB, t = 2, p = 1.
    #[default]
    Default,
    /// Argon2id, 19 MiB, t = 2, p = 1.
    LowMemory,
}

impl HashProfile {
    /// Memory of one hash in KiB: the parameter m (RFC 9106, section 3.1).
    #[must_use]
    pub fn memory_kib(self) -> u32 {
        match self {
            Self::Default => 64 << 10,
            Self::LowMemory => 19 << 10,
        }
    }

    /// The number of passes: the parameter t.
    #[must_use]
    pub fn passes(self) -> u32 {
        2
    }
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Password {
    /// Characters.
    pub minimum_length: usize,
    /// How passwords are hashed.
    pub hash: HashProfile,
    /// Passes of one hash: the parameter t.
    pub passes: u32,
    /// Threads for hashing.
    pub workers: NonZeroUsize,
    /// Lower case; words that are not passwords here.
    pub context_words: Vec<String>,
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Password {
        let half = std::thread::available_parallelism().map_or(1, NonZeroUsize::get) / 2;
        let workers = self.workers.unwrap_or(half).max(1);
        let minimum_length = self.minimum_length.unwrap_or(15);
        if minimum_length < 15 {
            let why = "Until a second factor is enrolled a password stands alone, and NIST SP 800-63B-4 asks for 15 characters then.";
            let path = "password.minimum_length";
            let finding = check.warning("config.password_length", path, why).with_remedy(check.line(path, "15"));
            check.report(finding);
        }
        let hash = self.hash.unwrap_or_default();
        let passes = self.passes.unwrap_or(hash.passes());
        if let Err(error) = Parameters::chosen(hash.memory_kib(), passes) {
            let path = "password.passes";
            let finding =
                check.error("config.value_invalid", path, format!("It does not go with `password.hash`: {error}."));
            let remedy = check.line(path, "2");
            check.report(finding.with_remedy(remedy));
        }
        Password {
            minimum_length,
            hash,
            passes,
            workers: NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN),
            context_words: self
                .context_words
                .unwrap_or_default()
                .iter()
                .map(|word| word.trim().to_lowercase())
                .filter(|word| !word.is_empty())
                .collect(),
        }
    }
}
