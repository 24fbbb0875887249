//! Opaque one-purpose secrets: 256 random bits that carry their kind, and the hash that is stored.
//!
//! Each kind has a prefix of its own and enters the hash, so that a value of one kind can never pass as
//! another, whatever table it is looked up in. A fast hash is right here: 256 bits cannot be guessed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::random::{Random, bytes};
use crate::secret::Secret;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The cookie of a browser's session.
    Session,
    /// The refresh token of an API client.
    Refresh,
    /// A link that lets somebody make an account.
    Invitation,
    /// A link that lets somebody choose a new password.
    PasswordReset,
    /// A code by which a session enters the host of an app.
    EntryCode,
    /// What a browser holds while it asks for such a code.
    EntryState,
    /// A link that proves an e-mail address of a user.
    EmailVerification,
    /// A link that lets a stranger who proves an address make an account.
    Registration,
    /// A link that takes all second factors from a user who has lost them.
    FactorReset,
    /// A link that lets its holder choose a new password and takes all second factors: emergency access.
    Recovery,
    /// The link that lets the first administrator in.
    SetUp,
    /// What a browser sends back with the answer of a ceremony.
    Challenge,
    /// The cookie of a trusted device.
    TrustedDevice,
    /// A password for one native client of one app.
    AppPassword,
    /// The bind cookie of the CSRF protection, by which a browser that has signed in before is known again.
    Browser,
}

impl Kind {
    /// The text in front of the 43 characters of base64url.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Session => "dws_",
            Self::Refresh => "dwr_",
            Self::Invitation => "dwi_",
            Self::PasswordReset => "dwp_",
            Self::EntryCode => "dwe_",
            Self::EntryState => "dwn_",
            Self::EmailVerification => "dwv_",
            Self::Registration => "dwj_",
            Self::FactorReset => "dwf_",
            Self::Recovery => "dwy_",
            Self::SetUp => "dwu_",
            Self::Challenge => "dwc_",
            Self::TrustedDevice => "dwt_",
            Self::AppPassword => "dwk_",
            Self::Browser => "dwb_",
        }
    }
}

/// SHA-256 over the kind and the 32 bytes of a token: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash as 43 characters of base64url, as the store keeps it.
    #[must_use]
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    /// The hash with these bytes: of a code, whose hash is keyed.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(****)")
    }
}

/// Makes a new token: the text for its holder, and the hash for the store.
#[must_use]
pub fn mint(kind: Kind, random: &dyn Random) -> (Secret, TokenHash) {
    let secret = bytes::<32>(random);
    let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(secret));
    (Secret::new(text), hash(kind, &secret))
}

/// The hash of a token that came in, or nothing where the text is no token of this kind.
///
/// Only the one canonical spelling is read: no padding, no other alphabet, no surrounding space.
#[must_use]
pub fn parse(kind: Kind, text: &str) -> Option<TokenHash> {
    let encoded = text.strip_prefix(kind.prefix())?;
    let mut secret = [0; 33];
    // The length is checked first, so that a huge value costs nothing.
    if encoded.len() != 43 || URL_SAFE_NO_PAD.decode_slice(encoded, &mut secret).ok()? != 32 {
        return None;
    }
    Some(hash(kind, &secret[..32]))
}

/// The hash of a secret that somebody else made, such as the value of the bind cookie.
#[must_use]
pub fn hash_value(kind: Kind, value: &str) -> TokenHash {
    hash(kind, value.as_bytes())
}

fn hash(kind: Kind, secret: &[u8]) -> TokenHash {
    let mut digest = Sha256::new();
    digest.update(kind.prefix());
    digest.update(secret);
    TokenHash(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fives;

    impl Random for Fives {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(5);
        }
    }

    #[test]
    fn is_found_again_by_its_text_only() {
        let (text, stored) = mint(Kind::Session, &Fives);
        assert_eq!(parse(Kind::Session, text.expose_secret()), Some(stored));
        assert_eq!(TokenHash::from_text(&stored.to_text()), Some(stored));
    }

    #[test]
    fn never_passes_as_another_kind() {
        let (text, stored) = mint(Kind::Session, &Fives);
        assert_eq!(parse(Kind::Refresh, text.expose_secret()), None);
        let renamed = text.expose_secret().replace("dws_", "dwr_");
        assert_ne!(parse(Kind::Refresh, &renamed), Some(stored));
    }

    // GHSA-rmmc-8cqj-hfp3, CVE-2022-29185: a short text is no token, and none is compared by its bytes but looked up by its hash.
    #[test]
    fn refuses_what_is_not_canonical() {
        let (text, _) = mint(Kind::Session, &Fives);
        let text = text.expose_secret();
        let last_bits_set = format!("{}B", &text[..text.len() - 1]);
        for bad in ["", "dws_", &text[..46], &format!("{text}="), &format!(" {text}"), &last_bits_set] {
            assert_eq!(parse(Kind::Session, bad), None, "{bad}");
        }
    }
}
