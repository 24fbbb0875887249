//! Public names of things: 128 random bits with a prefix that says what they name.
//!
//! An identifier is not a secret and proves nothing. What proves something is a [`crate::token`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::random::{Random, bytes};

/// Characters of 16 bytes in base64 without padding.
const LENGTH: usize = 22;

/// Text that is no identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdentifierError;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Draws a new one.
            #[must_use]
            pub fn random(random: &dyn Random) -> Self {
                Self(bytes(random))
            }

            /// The name with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes behind the text.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                // In one piece and without a detour over the heap: every request writes its name.
                const START: &str = concat!($prefix, "_");
                let mut text = [0; START.len() + LENGTH];
                text[..START.len()].copy_from_slice(START.as_bytes());
                let is_written = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text[START.len()..]).is_ok();
                let text = std::str::from_utf8(&text).ok().filter(|_| is_written);
                formatter.write_str(text.ok_or(fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                let encoded = text.strip_prefix(concat!($prefix, "_")).ok_or(IdentifierError)?;
                // The engine refuses trailing bits, so one value has exactly one text.
                let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| IdentifierError)?;
                bytes.try_into().map(Self).map_err(|_| IdentifierError)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

identifier!(
    /// Names a user: `usr_…`.
    UserId, "usr"
);
identifier!(
    /// Names a session in lists and in the audit log: `ses_…`. Changes at each step up.
    SessionId, "ses"
);
identifier!(
    /// Names what stays the same from sign-in to sign-out, over every step up: `lgn_…`.
    LoginHandle, "lgn"
);
identifier!(
    /// Names one link that was sent to somebody: `lnk_…`.
    LinkId, "lnk"
);
identifier!(
    /// Names what somebody has enrolled: an authenticator, a trusted device, an app password: `crd_…`.
    CredentialId, "crd"
);
identifier!(
    /// Names one mail that waits to be sent: `mail_…`.
    MailId, "mail"
);
identifier!(
    /// Names one access token, in its claim `jti`: `jti_…`.
    AccessTokenId, "jti"
);
identifier!(
    /// Names one request, in answers, logs and the audit log: `req_…`.
    RequestId, "req"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_own_text() {
        let id = UserId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string(), "usr_BwcHBwcHBwcHBwcHBwcHBw");
    }

    #[test]
    fn refuses_other_kinds_and_second_spellings() {
        for text in [
            "ses_BwcHBwcHBwcHBwcHBwcHBw",
            "usr_BwcHBwcHBwcHBwcHBwcHBx",
            "usr_BwcHBwcHBwcHBwcHBwcHBw==",
            "usr_BwcHBwcHBwcHBwcHBwcH",
            "usr_",
            "",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(IdentifierError), "{text}");
        }
    }
}
