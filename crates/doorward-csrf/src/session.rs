//! What the rule knows about the sign-in of a request.

use std::fmt;
use std::sync::Arc;

use crate::key::{ANONYMOUS, KeyRing, Tag};

/// The tag of one sign-in under the key that signs now, made once when a session is loaded so that the check of each
/// request costs no second MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionTag {
    kid: u8,
    tag: Tag,
}

impl SessionTag {
    pub(crate) fn new(ring: &KeyRing, handle: &[u8]) -> Self {
        let kid = ring.signing_kid();
        Self { kid, tag: ring.tag(kid, b's', handle).expect("the signing key is in its ring") }
    }
}

impl fmt::Debug for SessionTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SessionTag({}, ****)", self.kid)
    }
}

/// The sign-in of a request, borrowed for one check.
#[derive(Clone, Copy, Default)]
pub enum SessionState<'a> {
    /// Nobody is signed in.
    #[default]
    Anonymous,
    /// Somebody is signed in.
    SignedIn {
        /// The login-session handle: stable over refresh and over a new cookie value, new at each sign-in, sign-out
        /// or change of user. Never the raw cookie value.
        handle: &'a [u8],
        /// [`crate::Csrf::session_tag`] of the handle, where the caller keeps it.
        tag: Option<SessionTag>,
    },
}

impl fmt::Debug for SessionState<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_signed_in() { "SignedIn(****)" } else { "Anonymous" })
    }
}

impl<'a> SessionState<'a> {
    /// A sign-in whose tag was not kept.
    #[must_use]
    pub fn of_handle(handle: &'a [u8]) -> Self {
        Self::SignedIn { handle, tag: None }
    }

    /// Whether somebody is signed in.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        matches!(self, Self::SignedIn { .. })
    }

    /// The tag under the key `kid`, all zeros when anonymous.
    pub(crate) fn tag(&self, ring: &KeyRing, kid: u8) -> Option<Tag> {
        match self {
            Self::Anonymous => Some(ANONYMOUS),
            Self::SignedIn { tag: Some(kept), .. } if kept.kid == kid => Some(kept.tag),
            Self::SignedIn { handle, .. } => ring.tag(kid, b's', handle),
        }
    }
}

/// The sign-in of a request as a session layer hands it to [`crate::CsrfLayer`]: put into the extensions of the
/// request by an outer layer, or into the extensions of the response by a handler that changed it.
#[derive(Clone)]
pub struct Session(Option<(Arc<[u8]>, SessionTag)>);

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Session({:?})", self.state())
    }
}

impl Session {
    /// Nobody is signed in; on a response: somebody has just signed out.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self(None)
    }

    pub(crate) fn signed_in(handle: &[u8], tag: SessionTag) -> Self {
        Self(Some((handle.into(), tag)))
    }

    /// The same, borrowed for a check.
    #[must_use]
    pub fn state(&self) -> SessionState<'_> {
        match &self.0 {
            None => SessionState::Anonymous,
            Some((handle, tag)) => SessionState::SignedIn { handle, tag: Some(*tag) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    #[test]
    fn a_kept_tag_serves_its_own_key_and_no_other() {
        let ring = KeyRing::derive(&[SecretKey::new(1, [1; 32]), SecretKey::new(2, [2; 32])]).unwrap();
        let session = Session::signed_in(b"handle", SessionTag::new(&ring, b"handle"));
        for kid in [1, 2] {
            assert_eq!(session.state().tag(&ring, kid), SessionState::of_handle(b"handle").tag(&ring, kid));
        }
        assert_ne!(session.state().tag(&ring, 1), session.state().tag(&ring, 2));
        assert_eq!(session.state().tag(&ring, 9), None);
        assert_eq!(Session::anonymous().state().tag(&ring, 1), Some([0; 8]));
    }

    #[test]
    fn nothing_prints_a_handle() {
        let ring = KeyRing::derive(&[SecretKey::new(1, [1; 32])]).unwrap();
        let session = Session::signed_in(b"handle", SessionTag::new(&ring, b"handle"));
        assert_eq!(format!("{session:?}"), "Session(SignedIn(****))");
    }
}
