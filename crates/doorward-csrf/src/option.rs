//! The choices that configuration offers, each a word.

use std::str::FromStr;

/// A word that is none of the allowed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write one of: {0}")]
pub struct UnknownWord(&'static str);

macro_rules! words {
    ($(#[$about:meta])* $name:ident $all:literal { $($(#[$doc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The word as configuration writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(UnknownWord($all)) }
            }
        }
    };
}

words! {
    /// Which layers a request must pass.
    Mode "layered, headers_or_token, headers_only" {
        /// Provenance and token, both always. The contract of clients that echo a token.
        #[default]
        Layered "layered",
        /// Proven provenance is enough; without it a token is needed. For new deployments.
        HeadersOrToken "headers_or_token",
        /// Provenance alone.
        HeadersOnly "headers_only",
    }
}

words! {
    /// When an accepted request is answered with a new token. Old tokens live on either way.
    Rotate "always, aging, never" {
        /// After every protected request.
        Always "always",
        /// When the accepted token is older than a quarter of `max_age`, belongs to another state of sign-in, or was
        /// signed with a key that no longer signs.
        #[default]
        Aging "aging",
        /// Only the token endpoint hands out tokens.
        Never "never",
    }
}

words! {
    /// What to do with a request whose provenance nothing proves.
    Unproven "token, deny, allow" {
        /// Let the token decide.
        #[default]
        Token "token",
        /// Refuse it.
        Deny "deny",
        /// In `headers_or_token` and `headers_only`: let it through.
        Allow "allow",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for mode in [Mode::Layered, Mode::HeadersOrToken, Mode::HeadersOnly] {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        for rotate in [Rotate::Always, Rotate::Aging, Rotate::Never] {
            assert_eq!(rotate.as_str().parse(), Ok(rotate));
        }
        for unproven in [Unproven::Token, Unproven::Deny, Unproven::Allow] {
            assert_eq!(unproven.as_str().parse(), Ok(unproven));
        }
        assert_eq!(
            "off".parse::<Mode>().unwrap_err().to_string(),
            "write one of: layered, headers_or_token, headers_only"
        );
    }
}
