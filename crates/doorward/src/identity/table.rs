//! The live sessions in memory, found by cookie and by id without I/O.

mod ended;
mod shard;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use doorward_core::UnixTime;
use doorward_core::identifier::{LoginHandle, SessionId, UserId};
use doorward_core::session::{EndReason, EndedSession, Session, Timeouts};
use doorward_core::token::{self, TokenHash};
use doorward_core::user::User;
use parking_lot::{Mutex, RwLock};

use super::live::{Account, Live};
use ended::Ended;
pub(super) use ended::REMEMBERED;
use shard::Shards;

/// Seconds for which the news of other nodes may be missing before sessions are no longer believed.
pub const STALE_SECONDS: i64 = 60;

/// A clock that is slewed back by this many seconds is no sign of trouble.
const SLEW_SECONDS: i64 = 2;

/// The answer to a cookie that belongs to no session.
const UNKNOWN: &str = "session.unknown";

/// What one user has in the table.
#[derive(Debug)]
struct Owned {
    account: Arc<Account>,
    sessions: Vec<SessionId>,
}

/// The table of live sessions.
#[derive(Debug)]
pub struct Table {
    timeouts: Timeouts,
    is_shared: bool,
    by_token: Shards,
    by_id: Shards,
    by_handle: Shards,
    owners: RwLock<HashMap<UserId, Owned>>,
    devices: Mutex<HashSet<Arc<str>>>,
    ended: RwLock<Ended>,
    noted: Mutex<Vec<Arc<Live>>>,
    expired: Mutex<Vec<(Arc<Live>, EndReason)>>,
    heard_at: AtomicI64,
    count: AtomicUsize,
    /// Held by whoever adds or removes, so that the indexes always agree. Lookups never wait for it.
    change: Mutex<()>,
}

impl Table {
    /// An empty table. `is_shared` says that other nodes use the same store and may end sessions.
    #[must_use]
    pub fn new(timeouts: Timeouts, is_shared: bool) -> Self {
        Self {
            timeouts,
            is_shared,
            by_token: Shards::new(),
            by_id: Shards::new(),
            by_handle: Shards::new(),
            owners: RwLock::default(),
            devices: Mutex::default(),
            ended: RwLock::default(),
            noted: Mutex::default(),
            expired: Mutex::default(),
            heard_at: AtomicI64::new(i64::MIN),
            count: AtomicUsize::new(0),
            change: Mutex::new(()),
        }
    }

    /// The session of a cookie.
    ///
    /// # Errors
    /// `session.unknown`, why it has ended, or `store.unavailable` where the news of other nodes is missing.
    pub fn find(&self, cookie: &str, now: UnixTime) -> Result<Arc<Live>, &'static str> {
        let token = token::parse(token::Kind::Session, cookie).ok_or(UNKNOWN)?;
        self.believe(now)?;
        let found = self.by_token.find(word(token.as_bytes()), |live| live.token == Some(token));
        let Some(live) = found else {
            return Err(self.ended.read().by_token(token).map_or(UNKNOWN, EndReason::code));
        };
        self.check(live, now)
    }

    /// The session with this id, under the same rules as [`Self::find`].
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_id(&self, id: SessionId, now: UnixTime) -> Result<Arc<Live>, &'static str> {
        self.believe(now)?;
        let Some(live) = self.peek(id) else {
            return Err(self.ended.read().by_id(id).map_or(UNKNOWN, EndReason::code));
        };
        self.check(live, now)
    }

    /// The session of this sign-in, under the same rules as [`Self::find`].
    ///
    /// # Errors
    /// `session.unknown`, why it ended a moment ago, or `store.unavailable`.
    pub fn find_handle(&self, handle: LoginHandle, now: UnixTime) -> Result<Arc<Live>, &'static str> {
        self.believe(now)?;
        let found = self.by_handle.find(word(handle.as_bytes()), |live| live.handle == handle);
        self.check(found.ok_or(UNKNOWN)?, now)
    }

    /// Whether the session of this sign-in stands, without counting as a request.
    #[must_use]
    pub fn stands(&self, handle: LoginHandle, now: UnixTime) -> bool {
        let found = self.by_handle.find(word(handle.as_bytes()), |live| live.handle == handle);
        self.believe(now).is_ok() && found.is_some_and(|live| live.check(now, self.timeouts).is_ok())
    }

    /// The session with this id, whatever the clock says, and without counting as a request.
    #[must_use]
    pub fn peek(&self, id: SessionId) -> Option<Arc<Live>> {
        self.by_id.find(word(id.as_bytes()), |live| live.id == id)
    }

    fn believe(&self, now: UnixTime) -> Result<(), &'static str> {
        let age = now.0.saturating_sub(self.heard_at.load(Ordering::Acquire));
        if self.is_shared && !(-SLEW_SECONDS..STALE_SECONDS).contains(&age) {
            return Err("store.unavailable");
        }
        Ok(())
    }

    fn check(&self, live: Arc<Live>, now: UnixTime) -> Result<Arc<Live>, &'static str> {
        match live.check(now, self.timeouts) {
            Ok(()) => {
                if live.touch(now) {
                    self.noted.lock().push(Arc::clone(&live));
                }
                Ok(live)
            }
            Err(reason) => {
                // Over for good: a clock that goes back afterwards does not revive it.
                if self.end(live.id, reason) {
                    self.expired.lock().push((live, reason));
                }
                Err(reason.code())
            }
        }
    }

    /// Adds a session, or gives back the one that is there already. Nothing where it has ended meanwhile:
    /// what was read from the store a moment ago may be old.
    pub fn insert(&self, session: &Session, user: &Arc<User>) -> Option<Arc<Live>> {
        let _change = self.change.lock();
        if let Some(live) = self.peek(session.id) {
            return Some(live);
        }
        if self.ended.read().by_id(session.id).is_some() {
            return None;
        }
        let device = self.device(&session.device);
        let account = {
            let mut owners = self.owners.write();
            let owned = owners.entry(session.user).or_insert_with(|| Owned {
                account: Arc::new(Account::new(Arc::clone(user))),
                sessions: Vec::with_capacity(1),
            });
            owned.sessions.push(session.id);
            Arc::clone(&owned.account)
        };
        let live = Arc::new(Live::new(session, device, account));
        self.by_id.insert(word(session.id.as_bytes()), Arc::clone(&live), |live| word(live.id.as_bytes()));
        self.by_handle.insert(word(session.handle.as_bytes()), Arc::clone(&live), |live| word(live.handle.as_bytes()));
        if let Some(token) = session.token {
            self.by_token.insert(word(token.as_bytes()), Arc::clone(&live), token_word);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        Some(live)
    }

    /// Many sessions have the same device: its text is kept once.
    fn device(&self, label: &str) -> Arc<str> {
        let mut devices = self.devices.lock();
        if let Some(known) = devices.get(label) {
            return Arc::clone(known);
        }
        let device: Arc<str> = label.into();
        devices.insert(Arc::clone(&device));
        device
    }

    /// Takes a session out and remembers why. False where it was not there.
    pub fn end(&self, id: SessionId, reason: EndReason) -> bool {
        let _change = self.change.lock();
        let Some(live) = self.by_id.remove(word(id.as_bytes()), |live| live.id == id) else {
            // Whoever has read it before and is about to add it must not.
            self.ended.write().remember(id, None, reason);
            return false;
        };
        self.by_handle.remove(word(live.handle.as_bytes()), |other| other.id == id);
        if let Some(token) = live.token {
            self.by_token.remove(word(token.as_bytes()), |other| other.id == id);
        }
        let mut owners = self.owners.write();
        if let Some(owned) = owners.get_mut(&live.owner) {
            owned.sessions.retain(|session| *session != id);
            if owned.sessions.is_empty() {
                owners.remove(&live.owner);
            }
        }
        self.ended.write().remember(id, live.token, reason);
        self.count.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// Remembers sessions that had ended before this start, oldest first.
    pub fn remember(&self, ended: &[EndedSession]) {
        let mut memory = self.ended.write();
        for session in ended {
            memory.remember(session.id, session.token, session.reason);
        }
    }

    /// Shows a changed user in all its sessions.
    pub fn replace_user(&self, user: &Arc<User>) {
        if let Some(owned) = self.owners.read().get(&user.id) {
            owned.account.replace(Arc::clone(user));
        }
    }

    /// The user, where it has a live session here.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.owners.read().get(&id).map(|owned| owned.account.user())
    }

    /// The ids of a user's sessions.
    #[must_use]
    pub fn ids_of(&self, user: UserId) -> Vec<SessionId> {
        self.owners.read().get(&user).map_or_else(Vec::new, |owned| owned.sessions.clone())
    }

    /// The live sessions of a user, newest first.
    #[must_use]
    pub fn sessions_of(&self, user: UserId, now: UnixTime) -> Vec<Arc<Live>> {
        let ids = self.ids_of(user);
        let mut all: Vec<_> = ids.into_iter().filter_map(|id| self.peek(id)).collect();
        all.retain(|live| live.check(now, self.timeouts).is_ok());
        all.sort_by_key(|live| std::cmp::Reverse((live.created_at, live.id)));
        all
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that the news of other nodes was read at `now`.
    pub fn heard(&self, now: UnixTime) {
        self.heard_at.store(now.0, Ordering::Release);
    }

    /// Takes the sessions whose last request the store should hear of.
    pub(super) fn take_noted(&self) -> Vec<(Arc<Live>, UnixTime)> {
        let noted = std::mem::take(&mut *self.noted.lock());
        let seen = |live: Arc<Live>| {
            // The flag falls before the time is read: a request in between is noted again.
            live.is_noted.store(false, Ordering::Release);
            let at = live.last_seen();
            (live, at)
        };
        noted.into_iter().map(seen).collect()
    }

    /// Puts back what could not be written.
    pub(super) fn note_again(&self, sessions: impl Iterator<Item = Arc<Live>>) {
        let mut noted = self.noted.lock();
        noted.extend(sessions.filter(|live| !live.is_noted.swap(true, Ordering::AcqRel)));
    }

    /// Takes the sessions that were found to be over, so that the store may end them too.
    pub(super) fn take_expired(&self) -> Vec<(Arc<Live>, EndReason)> {
        std::mem::take(&mut *self.expired.lock())
    }

    /// Puts back what could not be ended in the store.
    pub(super) fn expire_again(&self, sessions: impl Iterator<Item = (Arc<Live>, EndReason)>) {
        self.expired.lock().extend(sessions);
    }

    /// The sessions that will be idle for too long within `seconds`.
    pub(super) fn nearly_idle(&self, now: UnixTime, seconds: i64) -> Vec<Arc<Live>> {
        let limit = self.timeouts.idle - seconds;
        self.by_id.collect(|live| now.seconds_since(live.last_seen()) >= limit)
    }

    /// Every session there is.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.by_id.collect(|_| true)
    }

    /// Forgets the devices that no session has any more.
    pub(super) fn prune(&self) {
        let _change = self.change.lock();
        self.devices.lock().retain(|device| Arc::strong_count(device) > 1);
    }
}

/// Eight bytes of a value that nobody but us chooses: random ids, and hashes of random tokens.
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

fn token_word(live: &Live) -> u64 {
    live.token.as_ref().map_or(0, |token: &TokenHash| word(token.as_bytes()))
}

#[cfg(test)]
mod tests;
