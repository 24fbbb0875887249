//! Signing in: one guess, one transaction, one new session.

use std::sync::Arc;

use doorward_core::audit::{Action, Actor};
use doorward_core::factor::policy::{Enrolled, FactorPolicy, Requirement};
use doorward_core::identifier::{LoginHandle, SessionId};
use doorward_core::password::Password;
use doorward_core::session::{EndReason, Kind, Session};
use doorward_core::signin::{Demand, First, SignIn};
use doorward_core::store::{Factors as _, NewSession, Sessions as _, UserChange, Users as _};
use doorward_core::token;
use doorward_core::user::{Email, User};
use doorward_core::{Secret, UnixTime};

use super::guess::{Attempt, Guess};
use super::{Author, Identity, Live, Pair, Refused, Visit};

/// The one answer to everything that is not the right password of an account that can be used.
const WRONG: &str = "signin.credentials_wrong";

/// What somebody presents.
#[derive(Debug)]
pub struct Credentials<'a> {
    /// The address, as it was typed.
    pub email: &'a str,
    /// The password, as it was typed.
    pub password: Secret,
}

/// What somebody wants to have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Access and refresh tokens rather than a cookie.
    pub tokens: bool,
    /// A cookie that outlives the browser.
    pub stay: bool,
    /// The session that this browser has now: it ends when the new one begins.
    pub previous: Option<SessionId>,
}

/// A session that has begun, with what proves it: a cookie or tokens, never both.
#[derive(Debug)]
pub struct SignedIn {
    /// The session. Its stage says whether something is still missing.
    pub live: Arc<Live>,
    /// The value of the session cookie.
    pub cookie: Option<Secret>,
    /// The tokens.
    pub tokens: Option<Pair>,
}

impl Identity {
    /// Signs somebody in.
    ///
    /// # Errors
    /// `signin.credentials_wrong` for an unknown account, a disabled one and a wrong password alike;
    /// `signin.account_wait`, `signin.network_wait`, `signin.account_stopped`, `signin.busy`, `store.*`.
    pub async fn sign_in(&self, visit: &Visit, credentials: Credentials<'_>, wish: Wish) -> Result<SignedIn, Refused> {
        // What cannot be right costs no guess and no hash.
        let email: Email = credentials.email.parse().map_err(|_| Refused::new(WRONG))?;
        let password = Password::new(credentials.password.expose_secret()).map_err(|_| Refused::new(WRONG))?;
        let user = self.inner.store.user_by_email(&email).await?;
        let attempt = Attempt { email: &email, user: user.as_ref(), password: &password, is_signed_in: false };
        let guess = self.guess(visit, attempt).await?;
        let user = user.filter(|user| guess.is_right && user.is_active()).ok_or_else(|| Refused::new(WRONG))?;
        let needs_rehash = guess.needs_rehash;
        let begun = self.begin(visit, &user, guess.clone(), wish).await;
        let signed_in = match begun {
            Err(refused) if refused.code == WRONG => {
                let user = self.rehashed(&user, &password).await?.ok_or(refused)?;
                return self.begin(visit, &user, guess, wish).await;
            }
            begun => begun?,
        };
        if needs_rehash {
            self.rehash(visit, &user, &password).await;
        }
        Ok(signed_in)
    }

    /// What a sign-in of this user asks for. Nobody can enrol yet; what the store knows is asked for all the same, so
    /// that a database on which somebody has enrolled lets nobody in with less.
    pub(super) async fn demand(&self, user: &User) -> Result<Demand, Refused> {
        let facts = self.inner.store.facts(user.id).await?;
        let enrolled = Enrolled {
            recovery_codes: facts.recovery_codes,
            is_email_verified: facts.is_email_verified,
            grace_began_at: facts.grace_began_at,
            ..Enrolled::of(&facts.credentials, "")
        };
        let policy = FactorPolicy { requirement: Requirement::Off, ..FactorPolicy::default() };
        Ok(policy.demand(user, &enrolled, self.now()))
    }

    async fn begin(&self, visit: &Visit, user: &User, guess: Guess, wish: Wish) -> Result<SignedIn, Refused> {
        let now = self.now();
        let moment = SignIn::begin(First::Password, self.demand(user).await?, now);
        let kind = if wish.tokens { Kind::Api } else { Kind::Browser };
        let (cookie, session) = self.draw(visit, user, (kind, &moment), now);
        let session = Session { is_persistent: wish.stay && !wish.tokens, ..session };
        let replaces = wish.previous.filter(|_| !wish.tokens);
        let pair = wish.tokens.then(|| self.draw_pair(session.id, now));
        let new = NewSession {
            refresh: pair.as_ref().map(|(_, refresh)| refresh.clone()),
            session,
            replaces,
            browser: visit.browser,
            clear: vec![guess.own],
            refund: vec![guess.shared],
        };
        self.open(visit, user, new, Action::SignedIn).await.map(|live| {
            let tokens = pair.map(|(secret, refresh)| self.pair(&live, secret, &refresh, now));
            SignedIn { live, cookie, tokens }
        })
    }

    /// A new session of this moment, with a new name, a new handle and, for a browser, a new cookie.
    pub(super) fn draw(
        &self,
        visit: &Visit,
        user: &User,
        (kind, moment): (Kind, &SignIn),
        now: UnixTime,
    ) -> (Option<Secret>, Session) {
        let random = self.random();
        let (cookie, token) = match kind {
            Kind::Browser => Some(token::mint(token::Kind::Session, random)).unzip(),
            Kind::Api => (None, None),
        };
        let session = Session {
            id: SessionId::random(random),
            token,
            handle: LoginHandle::random(random),
            user: user.id,
            kind,
            stage: moment.stage(),
            proven: moment.proven(),
            credential: None,
            is_persistent: false,
            created_at: now,
            authenticated_at: now,
            last_seen: now,
            address: visit.address,
            device: visit.device.clone(),
        };
        (cookie, session)
    }

    /// Writes a new session and shows it in the table.
    pub(super) async fn open(
        &self,
        visit: &Visit,
        user: &User,
        new: NewSession,
        action: Action,
    ) -> Result<Arc<Live>, Refused> {
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event = author.event(self.now(), action).about(user.id).in_session(new.session.id);
        if !self.inner.store.create_session(&new, user.password.as_ref(), &event).await? {
            // Disabled, or another password, while this one was being checked.
            return Err(Refused::new(WRONG));
        }
        if let Some(replaced) = new.replaces {
            self.table().end(replaced, EndReason::Replaced);
        }
        self.show(&new.session, user).await
    }

    /// The user as it stands now, where the same password was stored in another form while it was being checked: a sign-in
    /// beside this one has renewed it.
    async fn rehashed(&self, before: &User, password: &Password) -> Result<Option<User>, Refused> {
        let now = self.inner.store.user(before.id).await?.filter(User::is_active);
        // Another password has another moment; a renewed form keeps it.
        let is_renewed =
            |now: &User| now.password != before.password && now.password_changed_at == before.password_changed_at;
        let Some(user) = now.filter(is_renewed) else { return Ok(None) };
        let Some(stored) = &user.password else { return Ok(None) };
        let verdict = self.inner.hasher.verify_again(password, stored).await?;
        Ok(verdict.is_right.then_some(user))
    }

    /// Renews the stored form of a password. The sign-in stands whatever comes of it.
    async fn rehash(&self, visit: &Visit, user: &User, password: &Password) {
        let (Some(old), Ok(new)) = (user.password.clone(), self.inner.hasher.hash(password).await) else { return };
        let author = Author { actor: Actor::System, visit: Some(visit) };
        let event = author.event(self.now(), Action::PasswordRehashed).about(user.id);
        match self.inner.store.change_user(user.id, &UserChange::Rehash { old, new }, &event).await {
            Ok(_) => self.refresh_user(user.id).await.unwrap_or_else(|error| {
                tracing::warn!(user = %user.id, %error, "a renewed password is not shown yet");
            }),
            Err(error) => tracing::warn!(user = %user.id, %error, "a stored password was not renewed"),
        }
    }
}
