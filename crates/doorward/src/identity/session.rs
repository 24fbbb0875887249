//! Sessions in use: found by their cookie, listed, ended, stepped up.

use std::sync::Arc;

use doorward_core::audit::{Action, Actor};
use doorward_core::identifier::{LoginHandle, SessionId, UserId};
use doorward_core::session::{EndReason, Kind, PastSession, Session, Stage};
use doorward_core::signin::SignIn;
use doorward_core::store::{NewSession, Sessions as _, Which};
use doorward_core::user::User;

use super::{Author, Identity, Live, Refused, SignedIn, Visit};

impl Identity {
    /// The session of a cookie: no I/O, and nothing allocated.
    ///
    /// # Errors
    /// `session.unknown`, why it has ended, or `store.unavailable` where the news of other nodes is missing.
    pub fn session_by_cookie(&self, cookie: &str) -> Result<Arc<Live>, &'static str> {
        self.table().find(cookie, self.now())
    }

    /// As [`Self::session_by_cookie`], and where nothing is known of the cookie, hears the other nodes
    /// first: one of them may have made the session a moment ago.
    ///
    /// # Errors
    /// As [`Self::session_by_cookie`].
    pub async fn session_by_new_cookie(&self, cookie: &str) -> Result<Arc<Live>, &'static str> {
        match self.session_by_cookie(cookie) {
            Err("session.unknown") if self.inner.is_shared => {
                self.follow().await.map_err(|error| error.code())?;
                self.session_by_cookie(cookie)
            }
            found => found,
        }
    }

    /// Whether the session of this sign-in still stands. Asking is no request: it keeps nobody signed in.
    #[must_use]
    pub fn stands(&self, handle: LoginHandle) -> bool {
        self.table().stands(handle, self.now())
    }

    /// How many sessions are live.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.table().len()
    }

    /// The live sessions of a user, newest first.
    #[must_use]
    pub fn sessions_of(&self, user: UserId) -> Vec<Arc<Live>> {
        self.table().sessions_of(user, self.now())
    }

    /// The whole sessions of a user that have ended in the last thirty days, the last one first, at most `limit`.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn past_sessions(&self, user: UserId, limit: u32) -> Result<Vec<PastSession>, Refused> {
        Ok(self.inner.store.past_sessions(user, limit).await?)
    }

    /// Ends the session that asks for it.
    ///
    /// # Errors
    /// `store.*`; the session stands then.
    pub async fn sign_out(&self, visit: &Visit, live: &Live) -> Result<(), Refused> {
        let author = Author::of(live, visit);
        self.end(&author, Which::One(live.id), EndReason::SignedOut).await.map(drop)
    }

    /// Ends one session of `owner`.
    ///
    /// # Errors
    /// `session.not_found` where it is not the owner's or has ended; `store.*`.
    pub async fn end_session(
        &self,
        author: &Author<'_>,
        owner: UserId,
        id: SessionId,
        reason: EndReason,
    ) -> Result<(), Refused> {
        let not_found = || Refused::new("session.not_found");
        match self.inner.store.session(id).await? {
            Some(Ok(session)) if session.user == owner => {}
            _ => return Err(not_found()),
        }
        let ended = self.end(author, Which::One(id), reason).await?;
        if ended == 0 { Err(not_found()) } else { Ok(()) }
    }

    /// Ends all sessions of `owner`, but for the one to keep. Gives back how many.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn end_sessions(
        &self,
        author: &Author<'_>,
        owner: UserId,
        keep: Option<SessionId>,
        reason: EndReason,
    ) -> Result<usize, Refused> {
        self.end(author, Which::AllOf(owner, keep), reason).await
    }

    async fn end(&self, author: &Author<'_>, which: Which, reason: EndReason) -> Result<usize, Refused> {
        let event = author.event(self.now(), Action::SessionEnded).because(reason.code());
        let ended = self.inner.store.end_sessions(which, reason, &event).await?;
        for id in &ended {
            self.table().end(*id, reason);
        }
        Ok(ended.len())
    }

    /// Gives a session its next step: a new name and a new cookie, or new tokens; the handle stays.
    pub(super) async fn step_up(
        &self,
        visit: &Visit,
        live: &Live,
        user: &User,
        moment: &SignIn,
    ) -> Result<SignedIn, Refused> {
        let now = self.now();
        let (cookie, drawn) = self.draw(visit, user, (live.kind, moment), now);
        // Of two factors only one was proven again: the claim about both keeps its time.
        let is_weaker = live.stage == Stage::Full && live.methods.is_two_factor();
        let session = Session {
            handle: live.handle,
            credential: live.credential,
            is_persistent: live.is_persistent,
            created_at: live.created_at,
            authenticated_at: if is_weaker { live.authenticated_at } else { now },
            ..drawn
        };
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        // Tokens name their session, so new tokens come with a new one.
        let pair = (live.kind == Kind::Api).then(|| self.draw_pair(session.id, now));
        let event = author.event(now, Action::SteppedUp).about(user.id).in_session(session.id);
        let event = event.with_detail(super::follow::replaces(live.id));
        let new = NewSession {
            refresh: pair.as_ref().map(|(_, refresh)| refresh.clone()),
            session,
            replaces: None,
            browser: visit.browser,
            clear: Vec::new(),
            refund: Vec::new(),
        };
        if !self.inner.store.step_up(live.id, &new, &event).await? {
            return Err(self.gone(live));
        }
        self.table().end(live.id, EndReason::SteppedUp);
        let live = self.show(&new.session, user).await?;
        let tokens = pair.map(|(secret, refresh)| self.pair(&live, secret, &refresh, now));
        Ok(SignedIn { live, cookie, tokens, device: None })
    }
}
