//! Rules for passwords: NIST SP 800-63B-4, section 3.1.1.2. Length and lists, no composition rules.

mod blocklist;
mod context;
mod fold;
mod pattern;

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::user::{Email, Name};

pub use self::blocklist::{FINGERPRINT, fingerprint, is_common};

/// The most code points of a password.
pub const MOST_CHARACTERS: usize = 256;

/// The most bytes of a password, before and after normalisation.
pub const MOST_BYTES: usize = 1024;

/// The least characters of a password that is the only factor (NIST SP 800-63B-4, section 3.1.1.2).
pub const LEAST_CHARACTERS: usize = 15;

/// A password as somebody typed it, in NFC. Nothing is trimmed or cut; it is wiped when dropped and never shown.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// Takes a password over. Its length is checked before anything that costs more than the length.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`], and [`PasswordError::Invalid`] where it is empty or holds a control
    /// character, which no keyboard types and some clients drop.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if text.len() > MOST_BYTES || text.chars().count() > MOST_CHARACTERS {
            return Err(PasswordError::TooLong);
        }
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(PasswordError::Invalid);
        }
        // A buffer that grows would leave unwiped copies behind: NFC makes a text at most three times as long.
        let mut normal = Self(String::with_capacity(3 * text.len()));
        normal.0.extend(text.nfc());
        if normal.0.len() > MOST_BYTES { Err(PasswordError::TooLong) } else { Ok(normal) }
    }

    /// The text itself, for the hash workers. The name is long on purpose: every reader shows up in a search.
    #[must_use]
    pub fn expose_password(&self) -> &str {
        &self.0
    }

    /// Code points in NFC: what NIST counts as characters.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(****)")
    }
}

/// Why a text is no password, or no good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Fewer characters than the rules ask for.
    #[error("the password has {characters} characters and needs at least {minimum}")]
    TooShort {
        /// Characters that it has.
        characters: usize,
        /// Characters that it needs.
        minimum: usize,
    },
    /// More than [`MOST_CHARACTERS`] code points or [`MOST_BYTES`] bytes.
    #[error("a password has at most 256 characters and 1024 bytes")]
    TooLong,
    /// It is one of the most common passwords, or a simple change of one.
    #[error("this password is among the first that attackers try")]
    Common,
    /// It is made of the person's own name or address, or of the name of the service.
    #[error("this password is made of your own name, your e-mail address or the name of this service")]
    Context,
    /// One character, a short pattern, or a run of the keyboard or the alphabet.
    #[error("this password is a simple pattern or a run of neighbouring keys")]
    Repetitive,
    /// It is the password that is to be replaced.
    #[error("the new password is the old one")]
    Unchanged,
    /// The present password, asked for before a change, was wrong.
    #[error("the present password is not right")]
    WrongCurrent,
    /// It is empty, no Unicode text, or holds control characters.
    #[error("a password is a text without control characters")]
    Invalid,
}

impl PasswordError {
    /// The code in the one list of reasons.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password.too_short",
            Self::TooLong => "password.too_long",
            Self::Common => "password.common",
            Self::Context => "password.context",
            Self::Repetitive => "password.repetitive",
            Self::Unchanged => "password.unchanged",
            Self::WrongCurrent => "password.wrong_current",
            Self::Invalid => "password.invalid",
        }
    }
}

/// What a new password must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The least number of characters.
    pub minimum: usize,
    /// Words of this service, such as its name and its host names.
    pub context: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { minimum: LEAST_CHARACTERS, context: vec!["doorward".to_owned()] }
    }
}

/// Whose password it is to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The person's address.
    pub email: Option<&'a Email>,
    /// The person's name.
    pub name: Option<&'a Name>,
    /// The password that is to be replaced, where the person has just proven it.
    pub current: Option<&'a Password>,
}

impl Rules {
    /// Whether this may be a new password. What says most about it comes first, its length last: who
    /// hears only "too short" makes `admin123` longer, and no better.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, password: &Password, context: &Context<'_>) -> Result<(), PasswordError> {
        if context.current == Some(password) {
            return Err(PasswordError::Unchanged);
        }
        let folded = fold::Folded::new(password.expose_password());
        if blocklist::is_variant(&folded) {
            return Err(PasswordError::Common);
        }
        if context::is_own(&folded, &context::words(&self.context, context)) {
            return Err(PasswordError::Context);
        }
        if pattern::is_repetitive(&folded) {
            return Err(PasswordError::Repetitive);
        }
        let characters = password.characters();
        if characters < self.minimum {
            return Err(PasswordError::TooShort { characters, minimum: self.minimum });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
