//! Users: who can sign in, under which address, in which groups.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

use crate::clock::UnixTime;
use crate::identifier::UserId;

/// The group whose members may manage users and settings.
pub const ADMINISTRATORS: &str = "admins";

/// An e-mail address as people sign in with it, in one canonical spelling.
///
/// NFC, without surrounding space, and lower case throughout: two addresses that differ only in case
/// or in Unicode composition are one account. At most 254 bytes (RFC 5321, section 4.5.3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Email(Box<str>);

/// A display name: 1 to 100 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Name(Box<str>);

/// The name of a group: 1 to 64 characters of `a-z`, `0-9`, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Group(Box<str>);

/// Why a text from outside is no value of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// The client sent no e-mail address.
    #[error("this is not an e-mail address")]
    Email,
    /// The client sent an empty or too long name, or one with control characters.
    #[error("a name has 1 to 100 characters and no control characters")]
    Name,
    /// The client sent no group name.
    #[error("a group has 1 to 64 characters of a-z, 0-9, '-', '_' and '.'")]
    Group,
}

impl UserError {
    /// The code in the one list of reasons.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "user.email_invalid",
            Self::Name => "user.name_invalid",
            Self::Group => "user.group_invalid",
        }
    }
}

/// Whether a character is invisible or changes the direction of text: it must not hide in a name.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl FromStr for Email {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        // The length is checked before anything that costs more than the length.
        if text.len() > 1024 {
            return Err(UserError::Email);
        }
        let canonical: String = text.trim().nfc().flat_map(char::to_lowercase).nfc().collect();
        let (local, domain) = canonical.rsplit_once('@').ok_or(UserError::Email)?;
        let has_bad = canonical.chars().any(|c| c.is_whitespace() || is_hidden(c) || "<>()[]\\,;:\"".contains(c));
        let has_bad_domain = domain.is_empty()
            || domain.split('.').any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-'));
        if local.is_empty() || local.contains('@') || has_bad || has_bad_domain || canonical.len() > 254 {
            return Err(UserError::Email);
        }
        Ok(Self(canonical.into()))
    }
}

impl FromStr for Name {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        if text.len() > 1024 {
            return Err(UserError::Name);
        }
        let canonical: String = text.trim().nfc().collect();
        if canonical.is_empty() || canonical.chars().count() > 100 || canonical.chars().any(is_hidden) {
            return Err(UserError::Name);
        }
        Ok(Self(canonical.into()))
    }
}

impl FromStr for Group {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(is_plain) {
            return Err(UserError::Group);
        }
        Ok(Self(text.into()))
    }
}

macro_rules! text_value {
    ($name:ident) => {
        impl $name {
            /// The canonical text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

impl Email {
    /// One text for the spellings that may reach one mailbox: without dots and without what follows a `+` before the
    /// `@`, letters in their compatibility form (Unicode, NFKC), and the domain as it stands in DNS (UTS #46). For counting
    /// alone: whoever signs in is told apart by the address itself.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let plain: String = local.nfkc().flat_map(char::to_lowercase).filter(|character| *character != '.').collect();
        let plain = plain.split('+').next().unwrap_or_default();
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        format!("{plain}@{}", domain.trim_end_matches('.'))
    }
}

text_value!(Email);
text_value!(Name);
text_value!(Group);

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// May sign in.
    Active,
    /// May not sign in; every session has ended.
    Disabled,
}

impl Status {
    /// The word in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.as_str() == text)
    }
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Never changes and is never given to somebody else: the `sub` of tokens.
    pub id: UserId,
    /// Signs in with this.
    pub email: Email,
    /// Shown to people.
    pub name: Name,
    /// Sorted, without duplicates.
    pub groups: BTreeSet<Group>,
    /// Whether the account can be used.
    pub status: Status,
    /// The stored password; absent until one is chosen.
    pub password: Option<PasswordHash>,
    /// When the password was chosen.
    pub password_changed_at: UnixTime,
    /// The next sign-in can do nothing but choose a new password (NIST SP 800-63B-4, 3.1.1.2: after
    /// evidence of compromise, or after somebody else chose it).
    pub must_change_password: bool,
    /// When the account was made.
    pub created_at: UnixTime,
}

impl User {
    /// Whether this user may manage users and settings.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.groups.iter().any(|group| group.as_str() == ADMINISTRATORS)
    }

    /// Whether this user may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

/// A stored password: a PHC string of Argon2id with the id of the pepper, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// Takes a stored text over.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The stored text, for the store and the hash workers.
    #[must_use]
    pub fn expose_hash(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one_account() {
        let plain: Email = "ada@example.com".parse().unwrap();
        for text in ["Ada@Example.COM", " ada@example.com ", "ADA@example.com"] {
            assert_eq!(text.parse(), Ok(plain.clone()));
        }
        let composed: Email = "zo\u{eb}@example.com".parse().unwrap();
        assert_eq!("zoe\u{308}@example.com".parse(), Ok(composed));
        assert!("admin@localhost".parse::<Email>().is_ok());
    }

    #[test]
    fn refuses_what_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in
            ["", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "a@b..c", "a@-b", "a\u{200b}@b.c", &long]
        {
            assert_eq!(text.parse::<Email>(), Err(UserError::Email), "{text}");
        }
    }

    #[test]
    fn names_hide_nothing() {
        assert_eq!(" Ada Lovelace ".parse::<Name>().unwrap().as_str(), "Ada Lovelace");
        for text in ["", "  ", "a\nb", "a\u{202e}b", &"a".repeat(101)] {
            assert_eq!(text.parse::<Name>(), Err(UserError::Name), "{text:?}");
        }
    }

    #[test]
    fn groups_are_plain_words() {
        assert!("ops-team.2".parse::<Group>().is_ok());
        for text in ["", "Admins", "a b", "a,b", "ä"] {
            assert_eq!(text.parse::<Group>(), Err(UserError::Group), "{text}");
        }
    }
}
