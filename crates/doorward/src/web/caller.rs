//! Who calls: a live session, or the reason for which there is none.

use std::sync::Arc;

use doorward_core::UnixTime;
use doorward_core::policy::Standing;
use doorward_csrf::SessionState;

use super::failure::Failure;
use crate::identity::{Live, Refused};

/// The session of a request. In the extensions of every request that has passed the guard.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A live session, perhaps half-finished.
    Live(Arc<Live>),
    /// No session: no cookie, or one that does not stand, with the code that says why.
    Nobody(&'static str),
    /// A bearer token that does not stand.
    Refused(Failure),
}

impl Caller {
    /// What became of a bearer token.
    #[must_use]
    pub fn bearer(result: Result<Arc<Live>, Refused>) -> Self {
        result.map_or_else(|refused| Self::Refused(refused.into()), Self::Live)
    }

    /// The live session.
    #[must_use]
    pub fn live(&self) -> Option<&Arc<Live>> {
        match self {
            Self::Live(live) => Some(live),
            Self::Nobody(_) | Self::Refused(_) => None,
        }
    }

    /// Why there is no session; empty where there is one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Live(_) => "",
            Self::Nobody(code) => code,
            Self::Refused(failure) => failure.reason.code,
        }
    }

    /// What policy looks at.
    ///
    /// # Errors
    /// The code that says why there is no session.
    pub fn standing(&self, now: UnixTime) -> Result<Standing, &'static str> {
        self.live().map(|live| live.standing(now)).ok_or_else(|| self.code())
    }

    /// What the CSRF rule looks at: the handle of the sign-in, which stays the same over every step up.
    #[must_use]
    pub fn csrf_state(&self) -> SessionState<'_> {
        state_of(self.live().map(AsRef::as_ref))
    }
}

/// What the CSRF rule looks at, for a session or for nobody.
#[must_use]
pub fn state_of(live: Option<&Live>) -> SessionState<'_> {
    live.map_or(SessionState::Anonymous, |live| SessionState::SignedIn { handle: live.handle.as_bytes(), tag: None })
}
