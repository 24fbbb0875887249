//! Keeping the table true: loading it, hearing what other processes and nodes did, writing what was seen.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use doorward_core::audit::{Action, Record};
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::{EndReason, Session, Timeouts};
use doorward_core::store::{Audit as _, Result, Sessions as _, Users as _, Which, Whole as _};
use doorward_core::user::User;

use super::import::IMPORTED;
use super::table::REMEMBERED;
use super::{Author, Identity, Live, Refused};

/// Rows that are read at once.
const BATCH: u32 = 1_000;

/// Seconds by which the store lags behind the table: it hears of requests once a minute.
const LAG_SECONDS: i64 = 120;

/// The most sessions that one round looks up or ends one by one, so that a round stays short.
const ROUND: usize = 500;

/// The words by which an event names the session that a new one takes the place of.
const REPLACES: &str = "replaces ";

/// The detail of an event whose session takes the place of another.
pub(super) fn replaces(old: SessionId) -> String {
    format!("{REPLACES}{old}")
}

impl Identity {
    /// Fills the table: the newest ended sessions, then every live one with its user.
    ///
    /// # Errors
    /// Where the store could not be read; the table is incomplete then and must not be used.
    pub async fn load(&self) -> Result<()> {
        let (store, now) = (&self.inner.store, self.now());
        // What happens while the sessions are read comes after this place, and is heard by `follow`.
        let epoch = store.epoch().await?;
        let place = store.newest().await?;
        let mut ended = store.ended_sessions(u32::try_from(REMEMBERED).unwrap_or(u32::MAX)).await?;
        ended.reverse();
        self.table().remember(&ended);
        let mut users = self.all_users().await?;
        self.inner.hasher.learn(users.values().filter_map(|user| user.password.as_ref())).await;
        let mut after = None;
        loop {
            let sessions = store.live_sessions(after, BATCH).await?;
            for session in &sessions {
                let user = match users.get(&session.user) {
                    Some(user) => Some(Arc::clone(user)),
                    None => store.user(session.user).await?.map(Arc::new),
                };
                if let Some(user) = user {
                    self.table().insert(session, &user);
                    users.entry(user.id).or_insert(user);
                }
            }
            match sessions.last() {
                Some(last) if sessions.len() == BATCH as usize => after = Some(last.id),
                _ => break,
            }
        }
        self.inner.epoch.store(epoch, Ordering::Release);
        self.inner.place.store(place, Ordering::Release);
        self.table().heard(now);
        Ok(())
    }

    async fn all_users(&self) -> Result<HashMap<UserId, Arc<User>>> {
        let mut all = HashMap::new();
        let mut after = String::new();
        loop {
            let users = self.inner.store.users(&after, BATCH).await?;
            let is_last = users.len() < BATCH as usize;
            if let Some(last) = users.last() {
                last.email.as_str().clone_into(&mut after);
            }
            all.extend(users.into_iter().map(|user| (user.id, Arc::new(user))));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Hears what was done since the last call, here and elsewhere. To be called every second: what the
    /// command line or another node ends is over here after that.
    ///
    /// # Errors
    /// Where the audit log could not be read. On a shared store sessions are no longer believed after
    /// [`super::table::STALE_SECONDS`] without it.
    pub async fn follow(&self) -> Result<()> {
        let asked = self.inner.rounds.load(Ordering::Acquire);
        let _one = self.inner.following.lock().await;
        // The first of two rounds may have begun before this call; the second has heard everything since.
        if self.inner.rounds.load(Ordering::Acquire) >= asked + 2 {
            return Ok(());
        }
        // A restored log is another one, often a shorter one: a place in the old one says nothing about it.
        if self.inner.store.epoch().await? != self.inner.epoch.load(Ordering::Acquire) {
            self.reload().await?;
        }
        loop {
            let now = self.now();
            let place = self.inner.place.load(Ordering::Acquire);
            let records = self.inner.store.records_after(place, BATCH).await?;
            self.hear(&records).await?;
            if let Some(last) = records.last() {
                self.inner.place.store(last.seq, Ordering::Release);
            }
            if records.len() < BATCH as usize {
                self.table().heard(now);
                self.inner.rounds.fetch_add(1, Ordering::AcqRel);
                return Ok(());
            }
        }
    }

    async fn hear(&self, records: &[Record]) -> Result<()> {
        let (mut users, mut imported) = (BTreeSet::new(), BTreeSet::new());
        for record in records {
            let session = record.session.parse::<SessionId>().ok();
            match (Action::from_text(&record.action), session) {
                (Some(Action::SignedIn | Action::SteppedUp), Some(id)) => {
                    if let Some(old) = record.detail.strip_prefix(REPLACES).and_then(|old| old.parse().ok()) {
                        self.table().end(old, EndReason::SteppedUp);
                    }
                    if self.table().peek(id).is_none() {
                        self.adopt(id).await?;
                    }
                }
                (Some(Action::SessionEnded), Some(id)) => {
                    let reason = EndReason::ALL.iter().find(|reason| reason.code() == record.reason);
                    self.table().end(id, reason.copied().unwrap_or(EndReason::Revoked));
                }
                (Some(Action::BackupRestored), _) => return self.reload().await,
                (Some(Action::UserCreated), _) if record.detail.starts_with(IMPORTED) => {
                    imported.extend(record.user.parse::<UserId>().ok());
                }
                (Some(_), _) => users.extend(record.user.parse::<UserId>().ok()),
                (None, _) => {}
            }
        }
        for user in users.into_iter().filter(|user| self.table().user(*user).is_some()) {
            self.refresh_user(user).await?;
        }
        self.learn(imported).await
    }

    /// Learns how long the hashes of accounts take that were imported a moment ago.
    async fn learn(&self, imported: BTreeSet<UserId>) -> Result<()> {
        let mut stored = Vec::new();
        for user in imported {
            stored.extend(self.inner.store.user(user).await?.and_then(|user| user.password));
        }
        self.inner.hasher.learn(stored.iter()).await;
        Ok(())
    }

    /// Takes a session over that another node has made.
    async fn adopt(&self, id: SessionId) -> Result<()> {
        let Some(Ok(session)) = self.inner.store.session(id).await? else { return Ok(()) };
        if let Some(user) = self.inner.store.user(session.user).await? {
            self.table().insert(&session, &Arc::new(user));
            self.look_again(id, session.user).await?;
        }
        Ok(())
    }

    /// A restored database is another past: everything in memory is over.
    async fn reload(&self) -> Result<()> {
        tracing::warn!("a backup was restored: every session has ended; restart, since keys may have come with it");
        for live in self.table().all() {
            self.table().end(live.id, EndReason::EpochRaised);
        }
        self.load().await
    }

    /// Reads a user and its sessions, and shows in memory what is so now.
    pub(super) async fn refresh_user(&self, id: UserId) -> Result<()> {
        self.inner.app_passwords.forget();
        let _one = self.inner.refreshing.lock().await;
        let known = self.table().ids_of(id);
        let user = self.inner.store.user(id).await?.map(Arc::new);
        let sessions = self.inner.store.sessions_of(id).await?;
        let live: BTreeSet<SessionId> = sessions.iter().map(|session| session.id).collect();
        for id in known.into_iter().filter(|id| !live.contains(id)) {
            let reason = match self.inner.store.session(id).await? {
                Some(Err(ended)) => ended.reason,
                _ => EndReason::Revoked,
            };
            self.table().end(id, reason);
        }
        if let Some(user) = user {
            self.table().replace_user(&user);
            for session in &sessions {
                self.table().insert(session, &user);
            }
        }
        Ok(())
    }

    /// Shows a session that was just written, and looks once more: whoever ended it before it was in the
    /// table could not take it out.
    pub(super) async fn show(&self, session: &Session, user: &User) -> std::result::Result<Arc<Live>, Refused> {
        let shown = self.table().insert(session, &Arc::new(user.clone()));
        if let Err(error) = self.look_again(session.id, user.id).await {
            self.table().end(session.id, EndReason::Revoked);
            return Err(error.into());
        }
        let is_there = self.table().peek(session.id).is_some();
        shown.filter(|_| is_there).ok_or_else(|| Refused::new(EndReason::Revoked.code()))
    }

    async fn look_again(&self, session: SessionId, user: UserId) -> Result<()> {
        let _one = self.inner.refreshing.lock().await;
        let user = self.inner.store.user(user).await?;
        match (self.inner.store.session(session).await?, user) {
            (Some(Ok(_)), Some(user)) => self.table().replace_user(&Arc::new(user)),
            (Some(Err(ended)), _) => {
                self.table().end(session, ended.reason);
            }
            _ => {
                self.table().end(session, EndReason::Revoked);
            }
        }
        Ok(())
    }

    /// Writes when sessions were last seen, and ends in the store what was found to be over. To be
    /// called every few seconds, and at shutdown.
    ///
    /// # Errors
    /// Where the store could not be written; the next call tries again.
    pub async fn flush(&self) -> Result<()> {
        let noted = self.table().take_noted();
        let seen: Vec<_> = noted.iter().map(|(live, at)| (live.id, *at)).collect();
        if !seen.is_empty()
            && let Err(error) = self.inner.store.touch_sessions(&seen).await
        {
            self.table().note_again(noted.into_iter().map(|(live, _)| live));
            return Err(error);
        }
        let mut expired = self.table().take_expired().into_iter();
        let mut result = Ok(());
        for (live, reason) in expired.by_ref().take(ROUND) {
            let event = Author::system().event(self.now(), Action::SessionEnded);
            let event = event.about(live.user_id()).in_session(live.id).because(reason.code());
            if let Err(error) = self.inner.store.end_sessions(Which::One(live.id), reason, &event).await {
                self.table().expire_again(std::iter::once((live, reason)));
                result = Err(error);
                break;
            }
        }
        self.table().expire_again(expired);
        result
    }

    /// Ends what has timed out, here and in the store. To be called every minute.
    ///
    /// # Errors
    /// Where the store could not be read or written; the next call tries again.
    pub async fn sweep(&self) -> Result<()> {
        self.flush().await?;
        if self.inner.is_shared {
            self.hear_of_requests().await?;
        }
        let now = self.now();
        let Timeouts { idle, absolute } = self.inner.timeouts;
        let late = Timeouts { idle: idle + LAG_SECONDS, absolute };
        for (id, reason) in self.inner.store.sweep(now, late).await? {
            self.table().end(id, reason);
        }
        self.end_overdue().await?;
        self.table().prune();
        self.inner.used.forget(now);
        Ok(())
    }

    /// A session that looks idle here may be busy at another node.
    async fn hear_of_requests(&self) -> Result<()> {
        for live in self.table().nearly_idle(self.now(), LAG_SECONDS).into_iter().take(ROUND) {
            match self.inner.store.session(live.id).await? {
                Some(Ok(session)) => {
                    live.saw(session.last_seen);
                }
                Some(Err(ended)) => {
                    self.table().end(live.id, ended.reason);
                }
                None => {}
            }
        }
        Ok(())
    }
}
