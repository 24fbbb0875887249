//! What the rule answers.

use crate::Reason;

/// How much is known about who started a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// A page of this very origin.
    Same,
    /// A page of an origin that configuration trusts.
    Trusted,
    /// Nothing proves where it comes from, and nothing speaks against it.
    Unknown,
}

impl Trust {
    /// `same`, `trusted` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Trusted => "trusted",
            Self::Unknown => "unknown",
        }
    }

    /// Whether provenance is proven, which forgives a stale token but never replaces an authentic one.
    #[must_use]
    pub const fn is_proven(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// What rows H3 to H15 found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// How much is known.
    pub trust: Trust,
    /// By what it is known: the word that lets the request through where provenance is enough (row H17).
    pub reason: Reason,
    /// Sec-Fetch-Site says same-origin although Origin is another: this server does not know its own public origin.
    /// Worth one log line for each pair, [`Reason::OriginConfigMismatch`].
    pub is_origin_mismatched: bool,
}

impl Provenance {
    pub(crate) const fn new(trust: Trust, reason: Reason) -> Self {
        Self { trust, reason, is_origin_mismatched: false }
    }
}

/// What is known about a token that opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenFacts {
    /// Seconds since it was issued; negative where the issuer's clock is ahead.
    pub age_seconds: i64,
    /// The number of its key.
    pub kid: u8,
}

/// The end of the rule for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Decision {
    /// Why. It also says whether: see [`Decision::is_allowed`].
    pub reason: Reason,
    /// What provenance found out, where the request got that far.
    pub provenance: Option<Provenance>,
    /// The token that opened, where one did.
    pub token: Option<TokenFacts>,
}

impl Decision {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self { reason, provenance: None, token: None }
    }

    /// Whether the request goes through.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.reason.is_allowed()
    }
}

/// What is left to do after the first phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Phase {
    /// Nothing: the token does not matter.
    Decided(Decision),
    /// Load the session, then ask [`crate::Csrf::token`].
    NeedsToken(Provenance),
}

/// The token field of a form, as its body was read.
#[derive(Clone, Copy, Default)]
pub enum FormValue<'a> {
    /// There is no form, no such field, or the body could not be read.
    #[default]
    Absent,
    /// The value.
    Text(&'a str),
    /// A value that is not text: a file, bytes that are not UTF-8, a number in JSON.
    NotText,
}

impl std::fmt::Debug for FormValue<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Absent => "Absent",
            Self::Text(_) => "Text(****)",
            Self::NotText => "NotText",
        })
    }
}

impl<'a> From<Option<&'a str>> for FormValue<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Absent, Self::Text)
    }
}
