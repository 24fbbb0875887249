//! Tokens of API clients: giving out pairs, exchanging refresh tokens, and the first use of access tokens.

use std::collections::HashMap;
use std::sync::Arc;

use doorward_core::audit::Action;
use doorward_core::identifier::{AccessTokenId, SessionId};
use doorward_core::session::{EndReason, Kind};
use doorward_core::store::{RefreshToken, RefreshTokens as _, Rotation, Sessions as _, Which};
use doorward_core::token;
use doorward_core::{Secret, UnixTime};
use parking_lot::Mutex;

use super::{Author, Identity, Live, Refused, Visit, access};

/// How many first uses are remembered. Beyond that the store is asked once more, which is no harm.
const MOST_USED: usize = 100_000;

/// An access token and the refresh token that renews it.
#[derive(Debug)]
pub struct Pair {
    /// Goes into `Authorization: Bearer`.
    pub access: Secret,
    /// Goes to the refresh endpoint, once.
    pub refresh: Secret,
    /// Seconds for which the access token is good.
    pub expires_in: i64,
}

/// The access tokens whose first use the store has noted, with their ends.
#[derive(Debug, Default)]
pub(super) struct Used(Mutex<HashMap<AccessTokenId, UnixTime>>);

impl Used {
    fn has(&self, id: AccessTokenId) -> bool {
        self.0.lock().contains_key(&id)
    }

    fn remember(&self, id: AccessTokenId, until: UnixTime) {
        let mut used = self.0.lock();
        if used.len() >= MOST_USED {
            used.clear();
        }
        used.insert(id, until);
    }

    /// Forgets what is over.
    pub(super) fn forget(&self, now: UnixTime) {
        self.0.lock().retain(|_, until| *until > now);
    }
}

impl Identity {
    /// The public keys with which other services verify tokens (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.inner.keyring.jwks()
    }

    /// A refresh token of a session, and what the store keeps of it.
    pub(super) fn draw_pair(&self, session: SessionId, now: UnixTime) -> (Secret, RefreshToken) {
        let (secret, hash) = token::mint(token::Kind::Refresh, self.random());
        let access = AccessTokenId::random(self.random());
        let expires_at = now + self.inner.timeouts.idle;
        (secret, RefreshToken { hash, session, access, created_at: now, expires_at })
    }

    /// The pair for a refresh token that is stored.
    pub(super) fn pair(&self, live: &Live, refresh: Secret, stored: &RefreshToken, now: UnixTime) -> Pair {
        let issue = |ring: &_| access::issue(ring, &self.inner.issuer, live, stored.access, now);
        Pair { access: self.inner.keyring.with_ring(issue), refresh, expires_in: access::LIFETIME }
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// # Errors
    /// `token.malformed`, `token.unknown`, `token.expired`; `token.reuse` where it had been used and its
    /// successor too: two parties hold it, and the session has ended; why the session ended; `store.*`.
    pub async fn refresh(&self, visit: &Visit, text: &str) -> Result<(Arc<Live>, Pair), Refused> {
        let presented = token::parse(token::Kind::Refresh, text).ok_or_else(|| Refused::new("token.malformed"))?;
        let now = self.now();
        // The store takes the session from the presented token; this one is only a place holder.
        let (secret, successor) = self.draw_pair(SessionId::random(self.random()), now);
        let event = Author::stranger(visit).event(now, Action::TokenRefreshed);
        let session = match self.inner.store.rotate(presented, &successor, &event).await? {
            Rotation::Rotated(session) | Rotation::Reissued(session) => session,
            Rotation::Reused(session) => {
                self.table().end(session, EndReason::TokenReuse);
                return Err(Refused::new(EndReason::TokenReuse.code()));
            }
            Rotation::Expired => return Err(Refused::new("token.expired")),
            Rotation::Unknown => return Err(Refused::new("token.unknown")),
        };
        let live = self.api_session(session).await?;
        let pair = self.pair(&live, secret, &successor, now);
        Ok((live, pair))
    }

    /// The session of an access token.
    ///
    /// # Errors
    /// `token.malformed`, `token.expired`, `token.reuse`, why its session ended, `store.*`.
    pub async fn session_by_bearer(&self, visit: &Visit, text: &str) -> Result<Arc<Live>, Refused> {
        let now = self.now();
        let access = self.inner.keyring.with_ring(|ring| access::read(ring, &self.inner.issuer, text, now));
        let access = access.map_err(Refused::new)?;
        let live = self.api_session(access.session).await?;
        if live.user_id() != access.user {
            return Err(Refused::new("token.malformed"));
        }
        if self.inner.used.has(access.id) {
            return Ok(live);
        }
        if self.inner.store.mark_access_used(access.id, now).await? {
            self.inner.used.remember(access.id, access.expires_at);
            return Ok(live);
        }
        // It was withdrawn when its refresh token came again: whoever shows it now is the second party.
        let code = EndReason::TokenReuse.code();
        let event = Author::stranger(visit).event(now, Action::TokenReused).about(live.user_id());
        let event = event.in_session(live.id).because(code);
        self.inner.store.end_sessions(Which::One(live.id), EndReason::TokenReuse, &event).await?;
        self.table().end(live.id, EndReason::TokenReuse);
        Err(Refused::new(code))
    }

    /// A live session with tokens. Another node may have made it a moment ago.
    async fn api_session(&self, id: SessionId) -> Result<Arc<Live>, Refused> {
        let found = match self.table().find_id(id, self.now()) {
            Err("session.unknown") if self.inner.is_shared => {
                self.follow().await?;
                self.table().find_id(id, self.now())
            }
            found => found,
        };
        found
            .and_then(|live| if live.kind == Kind::Api { Ok(live) } else { Err("token.malformed") })
            .map_err(Refused::new)
    }
}
