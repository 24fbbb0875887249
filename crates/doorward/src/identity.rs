//! Identity at work: hashing, live sessions, keys, tokens, sign-in and the care of accounts.

pub mod access;
mod account;
pub mod app_password;
mod entry;
pub mod factor;
mod first;
mod follow;
mod guess;
pub mod hasher;
mod import;
pub mod keyring;
mod letter;
mod link;
mod live;
mod recovery;
mod refresh;
mod refused;
pub mod seal;
mod session;
mod signin;
pub mod table;
mod told;
mod user;
mod visit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use doorward_core::password::Rules;
use doorward_core::session::Timeouts;
use doorward_core::{Clock, Random, UnixTime};
use doorward_store::{Location, Store};

use crate::mail::Post;

pub use account::PasswordChange;
pub use app_password::{MadeAppPassword, NewAppPassword, WRONG_PASSWORD};
pub use entry::Entered;
pub use first::{Initial, random_password};
pub use hasher::Hasher;
pub use keyring::Keyring;
pub use live::Live;
pub use recovery::Errand;
pub use refresh::Pair;
pub use refused::Refused;
pub use seal::Sealer;
pub use signin::{Credentials, SignedIn, Wish};
pub use table::Table;
pub use told::Told;
pub use user::{Change, NewUser};
pub use visit::{Author, Visit};

/// What an [`Identity`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// Verifies and makes stored passwords.
    pub hasher: Hasher,
    /// The keys of this installation.
    pub keyring: Keyring,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// How long sessions live.
    pub timeouts: Timeouts,
    /// What a new password must be.
    pub rules: Rules,
    /// What is asked for beside a password.
    pub factors: factor::FactorSettings,
    /// Writes letters, where there is mail.
    pub post: Post,
    /// The claim `iss` of access tokens: the public URL, without a slash at its end.
    pub issuer: Box<str>,
}

/// Who is who, and who is signed in. Clones share everything.
#[derive(Debug, Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    hasher: Hasher,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    timeouts: Timeouts,
    rules: Rules,
    factors: factor::FactorSettings,
    post: Post,
    issuer: Box<str>,
    is_shared: bool,
    table: Table,
    used: refresh::Used,
    app_passwords: app_password::Kept,
    /// The newest audit record that was heard.
    place: AtomicI64,
    /// The epoch of the store in which the table was filled.
    epoch: AtomicI64,
    /// How often it was read to its end.
    rounds: AtomicU64,
    /// Held by the one who reads the audit log.
    following: tokio::sync::Mutex<()>,
    /// Held while a user is read and shown in its sessions, so that an older reading never wins.
    refreshing: tokio::sync::Mutex<()>,
}

impl Identity {
    /// Puts the parts together, without asking the store anything. Commands need no more; a server
    /// calls [`Self::load`] before its first request.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, hasher, keyring, clock, random, timeouts, rules, factors, post, issuer } = parts;
        // Several nodes can use one server, and none knows of the others.
        let is_shared = matches!(store.location(), Location::Postgres(_));
        let inner = Inner {
            table: Table::new(timeouts, is_shared),
            used: refresh::Used::default(),
            app_passwords: app_password::Kept::default(),
            place: AtomicI64::new(0),
            epoch: AtomicI64::new(0),
            rounds: AtomicU64::new(0),
            following: tokio::sync::Mutex::default(),
            refreshing: tokio::sync::Mutex::default(),
            store,
            hasher,
            keyring,
            clock,
            random,
            timeouts,
            rules,
            factors,
            post,
            issuer,
            is_shared,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The hash workers.
    #[must_use]
    pub fn hasher(&self) -> &Hasher {
        &self.inner.hasher
    }

    /// The keys.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    /// The time source.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// The source of chance.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.inner.random
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.inner.clock.now()
    }

    /// How long sessions live.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.inner.timeouts
    }

    /// What a new password must be.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    fn table(&self) -> &Table {
        &self.inner.table
    }
}

#[cfg(test)]
mod tests;
