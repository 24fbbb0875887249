//! One live session in memory: what is asked of it at each request, without I/O.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use doorward_core::UnixTime;
use doorward_core::identifier::{CredentialId, LoginHandle, SessionId, UserId};
use doorward_core::policy::Standing;
use doorward_core::session::{EndReason, Kind, PENDING_SECONDS, Session, Stage, Timeouts};
use doorward_core::signin::{Methods, Proven};
use doorward_core::token::TokenHash;
use doorward_core::user::User;
use parking_lot::{Mutex, RwLock};

use super::told::{Passes, Told};

/// The user behind one or more live sessions. A change of the user shows in all of them at once.
#[derive(Debug)]
pub(super) struct Account {
    user: RwLock<Arc<User>>,
    /// Made at the first request to an app, and anew after each change of the user.
    told: RwLock<Option<Arc<Told>>>,
}

impl Account {
    pub(super) fn new(user: Arc<User>) -> Self {
        Self { user: RwLock::new(user), told: RwLock::default() }
    }

    pub(super) fn replace(&self, user: Arc<User>) {
        let mut current = self.user.write();
        *current = user;
        *self.told.write() = None;
    }

    fn told(&self) -> Arc<Told> {
        if let Some(told) = &*self.told.read() {
            return Arc::clone(told);
        }
        // The user is held, so that no change comes between the reading and the keeping.
        let user = self.user.read();
        let told = Arc::new(Told::of(&user));
        *self.told.write() = Some(Arc::clone(&told));
        told
    }

    pub(super) fn user(&self) -> Arc<User> {
        Arc::clone(&self.user.read())
    }
}

/// A session that has not ended.
#[derive(Debug)]
pub struct Live {
    /// Its public name.
    pub id: SessionId,
    /// What CSRF tokens are bound to; the same over every step up.
    pub handle: LoginHandle,
    /// Cookie or tokens.
    pub kind: Kind,
    /// How far the sign-in has come.
    pub stage: Stage,
    /// What was proven.
    pub methods: Methods,
    /// When each of it was proven.
    pub proven: Proven,
    /// What was enrolled or trusted before and stood for the second factor.
    pub credential: Option<CredentialId>,
    /// Whether the cookie outlives the browser.
    pub is_persistent: bool,
    /// When the first factor was proven.
    pub created_at: UnixTime,
    /// When somebody last proved who they are.
    pub authenticated_at: UnixTime,
    /// Where it was made from.
    pub address: IpAddr,
    /// What the client called itself.
    pub device: Arc<str>,
    pub(super) token: Option<TokenHash>,
    pub(super) account: Arc<Account>,
    pub(super) owner: UserId,
    pub(super) is_noted: AtomicBool,
    /// The signed identities that apps were told a few seconds ago; most sessions have none at most times.
    pub(super) passes: Mutex<Option<Box<Passes>>>,
    last_seen: AtomicI64,
}

impl Live {
    pub(super) fn new(session: &Session, device: Arc<str>, account: Arc<Account>) -> Self {
        Self {
            id: session.id,
            handle: session.handle,
            kind: session.kind,
            stage: session.stage,
            methods: session.methods(),
            proven: session.proven,
            credential: session.credential,
            is_persistent: session.is_persistent,
            created_at: session.created_at,
            authenticated_at: session.authenticated_at,
            address: session.address,
            device,
            token: session.token,
            account,
            owner: session.user,
            is_noted: AtomicBool::new(false),
            passes: Mutex::default(),
            last_seen: AtomicI64::new(session.last_seen.0),
        }
    }

    /// Whose session it is.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.owner
    }

    /// The user as it stands now.
    #[must_use]
    pub fn user(&self) -> Arc<User> {
        self.account.user()
    }

    /// What apps are told of the user as it stands now.
    #[must_use]
    pub fn told(&self) -> Arc<Told> {
        self.account.told()
    }

    /// The last request.
    #[must_use]
    pub fn last_seen(&self) -> UnixTime {
        UnixTime(self.last_seen.load(Ordering::Relaxed))
    }

    /// Whether this is no session but a client with an app password: nothing that a person could prove stands behind it.
    #[must_use]
    pub fn is_app_password(&self) -> bool {
        self.methods.is_empty()
    }

    /// The claim `amr`: what was proven, and of an app password just that.
    #[must_use]
    pub fn amr(&self) -> Vec<&'static str> {
        if self.is_app_password() { vec!["app_password"] } else { self.methods.amr() }
    }

    /// What the policy asks about.
    #[must_use]
    pub fn standing(&self, now: UnixTime) -> Standing {
        Standing {
            session: self.id,
            user: self.owner,
            stage: self.stage,
            is_administrator: self.account.user.read().is_administrator(),
            two_factor_age: self.proven.second_factor_age(now),
            confirmation_age: None,
        }
    }

    /// The session as the store keeps it.
    #[must_use]
    pub fn to_session(&self) -> Session {
        Session {
            id: self.id,
            token: self.token,
            handle: self.handle,
            user: self.owner,
            kind: self.kind,
            stage: self.stage,
            proven: self.proven,
            credential: self.credential,
            is_persistent: self.is_persistent,
            created_at: self.created_at,
            authenticated_at: self.authenticated_at,
            last_seen: self.last_seen(),
            address: self.address,
            device: Box::from(&*self.device),
        }
    }

    /// Whether the session still stands: the rule of [`Session::check`], without making a [`Session`].
    ///
    /// A clock that went back makes no session younger than it was when it was last seen.
    pub(super) fn check(&self, now: UnixTime, timeouts: Timeouts) -> Result<(), EndReason> {
        let seen = self.last_seen();
        let now = now.max(seen);
        let absolute = if self.stage == Stage::Full { timeouts.absolute } else { PENDING_SECONDS };
        if now.seconds_since(self.created_at) >= absolute {
            Err(EndReason::AbsoluteTimeout)
        } else if now.seconds_since(seen) >= timeouts.idle {
            Err(EndReason::IdleTimeout)
        } else {
            Ok(())
        }
    }

    /// Notes a request. True where a new minute has begun and the store should hear of it.
    pub(super) fn touch(&self, now: UnixTime) -> bool {
        let seen = self.last_seen.load(Ordering::Relaxed);
        if now.0 <= seen {
            return false;
        }
        self.last_seen.fetch_max(now.0, Ordering::Relaxed);
        now.0.div_euclid(60) != seen.div_euclid(60) && !self.is_noted.swap(true, Ordering::Relaxed)
    }

    /// Takes over what another node has seen; false where that is not newer.
    pub(super) fn saw(&self, seen: UnixTime) -> bool {
        self.last_seen.fetch_max(seen.0, Ordering::Relaxed) < seen.0
    }
}
