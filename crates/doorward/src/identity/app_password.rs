//! App passwords: for a client that shows no page, good for one app, never at the pages or the API.
//!
//! A client sends its password with every request, so what the store says of one is kept in memory: until the next
//! change of anything is heard of, which takes a second at most, and never longer than [`KEPT_SECONDS`]. The password has
//! 256 random bits: it is looked up before a guess is paid, and only a wrong one is counted. Nobody is let in by a count.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use doorward_core::address::Network;
use doorward_core::audit::Action;
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::factor::AppPassword;
use doorward_core::factor::policy::Enrolment;
use doorward_core::identifier::{CredentialId, LoginHandle, SessionId, UserId};
use doorward_core::session::{Kind, Session, Stage};
use doorward_core::signin::Proven;
use doorward_core::store::{Added, AppPasswords as _, Budgets as _, Outbox as _, Users as _};
use doorward_core::token::{self, TokenHash};
use doorward_core::user::{Name, User};
use doorward_core::{Secret, UnixTime};
use parking_lot::Mutex;

use super::live::Account;
use super::{Author, Identity, Live, Refused, Visit};
use crate::mail::Notice;

/// Seconds for which an answer of the store is believed.
const KEPT_SECONDS: i64 = 30;

/// Answers that are kept at once.
const MOST_KEPT: usize = 4_096;

/// Seconds between two notes of the last use.
const NOTED_SECONDS: i64 = 3_600;

/// The most days for which one can be made.
const MOST_DAYS: i64 = 3_650;

/// The answer to everything that is no app password of this app and this name.
pub const WRONG_PASSWORD: &str = "app.password_wrong";

/// One to be made.
#[derive(Debug)]
pub struct NewAppPassword {
    /// The app that it opens; the caller has seen to it that there is such an app, and that it takes them.
    pub app: Box<str>,
    /// What its owner calls it.
    pub name: Name,
    /// Days until it ends, where it does.
    pub days: Option<i64>,
}

/// One that was made, with its secret, which is shown this once.
#[derive(Debug)]
pub struct MadeAppPassword {
    /// What is kept of it.
    pub kept: AppPassword,
    /// What the client sends.
    pub secret: Secret,
}

/// What the store said a moment ago.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<(TokenHash, Box<str>), Answer>>);

#[derive(Debug, Clone)]
struct Answer {
    /// The client; nothing where there is no such app password.
    client: Option<Client>,
    at: UnixTime,
    /// The newest audit record that was heard then.
    place: i64,
}

#[derive(Debug, Clone)]
struct Client {
    live: Arc<Live>,
    ends_at: Option<UnixTime>,
}

impl Kept {
    /// Believes nothing any more.
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }

    fn find(&self, key: &(TokenHash, Box<str>), place: i64, now: UnixTime) -> Option<Answer> {
        let kept = self.0.lock();
        let answer = kept.get(key)?;
        let is_new = answer.place == place && (0..KEPT_SECONDS).contains(&now.seconds_since(answer.at));
        is_new.then(|| answer.clone())
    }

    fn keep(&self, key: (TokenHash, Box<str>), answer: Answer) {
        let mut kept = self.0.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, answer);
    }
}

impl Identity {
    /// Makes one. The caller has seen to it that the session was confirmed.
    ///
    /// # Errors
    /// `app.password_date`, `factor.too_many`, why the session ended, `store.*`.
    pub async fn make_app_password(
        &self,
        visit: &Visit,
        live: &Live,
        new: NewAppPassword,
    ) -> Result<MadeAppPassword, Refused> {
        let now = self.now();
        if new.days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Err(Refused::new("app.password_date"));
        }
        let user = self.user(live.user_id()).await?;
        let (secret, hash) = token::mint(token::Kind::AppPassword, self.random());
        let kept = AppPassword {
            id: CredentialId::random(self.random()),
            user: user.id,
            app: new.app,
            name: new.name,
            hash,
            created_at: now,
            last_used_at: None,
            expires_at: new.days.map(|days| now + days * 86_400),
        };
        let author = Author::of(live, visit);
        let event = author.event(now, Action::AppPasswordMade).about(user.id).in_session(live.id);
        let event = event.with_detail(format!("{}, {}", kept.app, kept.name));
        let notices = self.notices(&user, &author, &Notice::AppPasswordAdded(kept.name.clone())).await?;
        match self.inner.store.mailing(notices).make_app_password(&kept, live.id, &event).await? {
            Added::Done => Ok(MadeAppPassword { kept, secret }),
            Added::TooMany => Err(Refused::new("factor.too_many")),
            _ => Err(Refused::new(self.table().find_id(live.id, now).err().unwrap_or("session.unknown"))),
        }
    }

    /// All of a user's, newest first.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn app_passwords(&self, user: UserId) -> Result<Vec<AppPassword>, Refused> {
        Ok(self.inner.store.app_passwords(user).await?)
    }

    /// Withdraws one.
    ///
    /// # Errors
    /// `app.password_not_found`, `store.*`.
    pub async fn remove_app_password(
        &self,
        author: &Author<'_>,
        user: UserId,
        id: CredentialId,
    ) -> Result<(), Refused> {
        let event = author.event(self.now(), Action::AppPasswordRemoved).about(user).with_detail(id.to_string());
        let is_removed = self.inner.store.remove_app_password(user, id, &event).await?;
        self.inner.app_passwords.forget();
        if is_removed { Ok(()) } else { Err(Refused::new("app.password_not_found")) }
    }

    /// The client that sends this app password to this app: somebody at the strength of one factor, never fresh.
    ///
    /// `name` is what stands before the colon of HTTP Basic: the address or the name of its owner.
    ///
    /// # Errors
    /// [`WRONG_PASSWORD`], `signin.network_wait` where this network has sent too many wrong ones, `store.*`.
    pub async fn session_by_app_password(
        &self,
        visit: &Visit,
        app: &str,
        name: Option<&str>,
        secret: &str,
    ) -> Result<Arc<Live>, Refused> {
        let now = self.now();
        let hash = token::parse(token::Kind::AppPassword, secret).ok_or_else(|| Refused::new(WRONG_PASSWORD))?;
        let key = (hash, app.into());
        let place = self.inner.place.load(Ordering::Acquire);
        if let Some(answer) = self.inner.app_passwords.find(&key, place, now) {
            return open(answer.client, name, now);
        }
        let found = self.look_up(visit, hash, app, now).await?;
        if found.is_none() {
            self.pay_for_wrong(visit, now).await?;
        }
        self.inner.app_passwords.keep(key, Answer { client: found.clone(), at: now, place });
        open(found, name, now)
    }

    async fn look_up(
        &self,
        visit: &Visit,
        hash: TokenHash,
        app: &str,
        now: UnixTime,
    ) -> Result<Option<Client>, Refused> {
        let Some(kept) = self.inner.store.app_password(hash, app, now).await? else { return Ok(None) };
        let Some(user) = self.inner.store.user(kept.user).await?.filter(User::is_active) else { return Ok(None) };
        if self.is_overdue(&user).await? {
            tracing::info!(user = %user.id, credential = %kept.id, "an app password is refused: its owner must set up a second factor, and make a new one then");
            return Ok(None);
        }
        let is_due = kept.last_used_at.is_none_or(|at| now.seconds_since(at) >= NOTED_SECONDS);
        if is_due && let Err(error) = self.inner.store.touch_app_password(kept.id, now).await {
            // Reading goes on where writing does not: the client is who it is.
            tracing::warn!(%error, "the last use of an app password was not noted");
        }
        let live = Live::new(&self.stand_in(visit, &kept, now), visit.device.as_ref().into(), account(user));
        Ok(Some(Client { live: Arc::new(live), ends_at: kept.expires_at }))
    }

    /// Whether somebody had to set up a second factor by now: until then no client of theirs gets in with less, either.
    async fn is_overdue(&self, user: &User) -> Result<bool, Refused> {
        Ok(self.demand(user).await?.enrolment() == Enrolment::Now)
    }

    /// What stands for the client where a session is asked for. It is in no table, and proves nothing.
    fn stand_in(&self, visit: &Visit, kept: &AppPassword, now: UnixTime) -> Session {
        Session {
            id: SessionId::random(self.random()),
            token: None,
            handle: LoginHandle::random(self.random()),
            user: kept.user,
            kind: Kind::Api,
            stage: Stage::Full,
            proven: Proven::default(),
            credential: Some(kept.id),
            is_persistent: false,
            created_at: kept.created_at,
            authenticated_at: kept.created_at,
            last_seen: now,
            address: visit.address,
            device: visit.device.clone(),
        }
    }

    async fn pay_for_wrong(&self, visit: &Visit, now: UnixTime) -> Result<(), Refused> {
        let key = BudgetKey::AppPassword(Network::of(visit.address));
        match self.inner.store.pay(&[key], now).await? {
            Err((_, Spent::Wait(seconds))) => Err(Refused::new("signin.network_wait").wait(seconds)),
            Err((_, Spent::Stopped)) | Ok(()) => Ok(()),
        }
    }

    /// Whether the app password behind a client still stands: for a tunnel that lasts.
    pub async fn app_password_stands(&self, live: &Live) -> bool {
        let (true, Some(id)) = (live.is_app_password(), live.credential) else { return false };
        let now = self.now();
        // Where the store does not answer, what was let in stays, as a session does.
        if self.is_overdue(&live.user()).await.unwrap_or(false) {
            return false;
        }
        self.app_passwords(live.user_id())
            .await
            .map_or(true, |all| all.iter().any(|kept| kept.id == id && kept.expires_at.is_none_or(|end| end > now)))
    }
}

/// The client, where the name is right and it has not ended.
fn open(client: Option<Client>, name: Option<&str>, now: UnixTime) -> Result<Arc<Live>, Refused> {
    let stands = |client: &Client| is_of(&client.live, name) && client.ends_at.is_none_or(|end| end > now);
    client.filter(stands).map(|client| client.live).ok_or_else(|| Refused::new(WRONG_PASSWORD))
}

fn account(user: User) -> Arc<Account> {
    Arc::new(Account::new(Arc::new(user)))
}

/// Whether the name that came along is one of its owner's. With Bearer none comes.
fn is_of(live: &Live, name: Option<&str>) -> bool {
    let user = live.user();
    name.is_none_or(|name| {
        name.parse().is_ok_and(|email: doorward_core::user::Email| email == user.email) || name == user.name.as_str()
    })
}
