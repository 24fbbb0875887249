//! Signing in: one guess, one transaction, one new session.

use std::sync::Arc;

use doorward_core::audit::{Action, Actor};
use doorward_core::factor::policy::Enrolment;
use doorward_core::identifier::{LoginHandle, SessionId};
use doorward_core::password::Password;
use doorward_core::session::{EndReason, Kind, Session};
use doorward_core::signin::{First, Method, SignIn};
use doorward_core::store::{
    Devices as _, Factors as _, Facts, NewSession, Outbox as _, Proof, Proving, Sessions as _, Then, UserChange,
    Users as _,
};
use doorward_core::token::{self, TokenHash};
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
    /// The token of a trusted device that this browser holds.
    pub device: Option<TokenHash>,
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
    /// The token of this browser, where it is trusted from now on.
    pub device: Option<Secret>,
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

    async fn begin(&self, visit: &Visit, user: &User, guess: Guess, wish: Wish) -> Result<SignedIn, Refused> {
        let now = self.now();
        let facts = self.facts_at_sign_in(visit, user).await?;
        let device = self.device_of(visit, user, wish.device).await?;
        let demand = self.demand_by(user, &facts, device.is_some());
        let asked = SignIn::begin(First::Password, demand, now);
        let kind = if wish.tokens { Kind::Api } else { Kind::Browser };
        let (moment, proof) = trusted(asked, device, now);
        let (cookie, session) = self.draw(visit, user, (kind, &moment), now);
        let session = Session { is_persistent: wish.stay && !wish.tokens, ..session };
        let pair = wish.tokens.then(|| self.draw_pair(session.id, now));
        let new = NewSession {
            refresh: pair.as_ref().map(|(_, refresh)| refresh.clone()),
            session,
            replaces: wish.previous.filter(|_| !wish.tokens),
            browser: visit.browser,
            clear: vec![guess.own],
            refund: vec![guess.shared],
        };
        let live = match proof {
            Some(proof) => self.open_by(visit, user, new, &proof).await?,
            None => self.open(visit, user, new, Action::SignedIn).await?,
        };
        let tokens = pair.map(|(secret, refresh)| self.pair(&live, secret, &refresh, now));
        Ok(SignedIn { live, cookie, tokens, device: None })
    }

    /// What the store knows of the factors of somebody whose password was right. The days of grace begin with the first
    /// sign-in that is told of them.
    pub(super) async fn facts_at_sign_in(&self, visit: &Visit, user: &User) -> Result<Facts, Refused> {
        let facts = self.inner.store.facts(user.id).await?;
        let enrolment = self.demand_by(user, &facts, false).enrolment();
        let is_due = matches!(enrolment, Enrolment::DueBy(_) | Enrolment::Now);
        if facts.grace_began_at.is_some() || !is_due {
            return Ok(facts);
        }
        let author = Author { actor: Actor::System, visit: Some(visit) };
        let event = author.event(self.now(), Action::GraceBegun).about(user.id);
        let began = self.inner.store.begin_grace(user.id, &event).await?;
        Ok(Facts { grace_began_at: Some(began), ..facts })
    }

    /// What the store must accept of a device, where this very user trusts it.
    async fn device_of(&self, visit: &Visit, user: &User, hash: Option<TokenHash>) -> Result<Option<Proof>, Refused> {
        let (Some(hash), now) = (hash, self.now()) else { return Ok(None) };
        let found = self.inner.store.trusted_device(hash, now).await?;
        let Some(device) = found.filter(|device| device.user == user.id) else { return Ok(None) };
        let expires_at = self.factor_policy().trusted_until(device.created_at, now);
        // Where the days were made fewer, what was trusted before them is not any more.
        Ok((expires_at > now).then_some(Proof::TrustedDevice { hash, address: visit.address, expires_at }))
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
        let letters = self.news_of_sign_in(visit, user, &new.session).await?;
        if !self.inner.store.mailing(letters).create_session(&new, user.password.as_ref(), &event).await? {
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

    /// As [`Self::open`], with a trusted device in place of the second factor: the store looks at it once more.
    async fn open_by(&self, visit: &Visit, user: &User, new: NewSession, proof: &Proof) -> Result<Arc<Live>, Refused> {
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event = author.event(self.now(), Action::SignedIn).about(user.id).in_session(new.session.id);
        let then = Then::Begin { new: &new, password: user.password.as_ref() };
        let letters = self.news_of_sign_in(visit, user, &new.session).await?;
        match self.inner.store.mailing(letters).prove(proof, then, &event).await? {
            Proving::Done(session) => {
                if let Some(replaced) = new.replaces {
                    self.table().end(replaced, EndReason::Replaced);
                }
                self.show(&session, user).await
            }
            // The trust ended a moment ago: this sign-in is asked like every other, at the next try.
            Proving::Void | Proving::Wrong { .. } | Proving::Gone => Err(Refused::new(WRONG)),
        }
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

/// The moment to which a trusted device leads, with the proof that the store must accept; or the moment as it is.
fn trusted(asked: SignIn, device: Option<Proof>, now: UnixTime) -> (SignIn, Option<Proof>) {
    let Some(proof) = device else { return (asked, None) };
    match asked {
        SignIn::SecondFactor(moment) => match moment.choose(Method::TrustedDevice) {
            Ok(choice) => (choice.proven(now), Some(proof)),
            Err(moment) => (SignIn::SecondFactor(moment), None),
        },
        other => (other, None),
    }
}
