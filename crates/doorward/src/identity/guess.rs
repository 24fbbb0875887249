//! A guess at a password: admitted, then paid for durably, then looked at.

use std::collections::HashMap;

use doorward_core::UnixTime;
use doorward_core::address::Network;
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::identifier::UserId;
use doorward_core::password::Password;
use doorward_core::store::{Budgets as _, StoreError};
use doorward_core::user::{Email, User};
use parking_lot::Mutex;

use super::hasher::{Busy, Ticket};
use super::{Identity, Refused, Visit};

/// Seconds for which a refusal of the store is repeated without asking it again: a flood of refused
/// guesses must not take the database's writer.
const REPEAT_SECONDS: i64 = 5;

/// How many such refusals are remembered.
const MOST_WAITS: usize = 10_000;

/// The keys whose guesses are spent, as the store said a moment ago.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<HashMap<BudgetKey, (UnixTime, Spent)>>);

impl Waits {
    fn find(&self, keys: &[BudgetKey], now: UnixTime) -> Option<(BudgetKey, Spent)> {
        let waits = self.0.lock();
        keys.iter().find_map(|key| {
            let (asked_at, spent) = waits.get(key)?;
            let age = now.seconds_since(*asked_at);
            let left = match spent {
                Spent::Wait(seconds) => Spent::Wait(seconds - age),
                Spent::Stopped => Spent::Stopped,
            };
            let is_over = !(0..REPEAT_SECONDS).contains(&age) || matches!(left, Spent::Wait(..=0));
            (!is_over).then(|| (key.clone(), left))
        })
    }

    fn remember(&self, key: BudgetKey, spent: Spent, now: UnixTime) {
        let mut waits = self.0.lock();
        if waits.len() >= MOST_WAITS {
            waits.clear();
        }
        waits.insert(key, (now, spent));
    }

    /// Forgets everything, since a budget was cleared.
    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// What came of a guess.
#[derive(Debug)]
pub(super) struct Guess {
    /// Whether it was right.
    pub(super) is_right: bool,
    /// Whether the stored form should be renewed.
    pub(super) needs_rehash: bool,
    /// The budget of the account or the known browser: cleared by a right guess.
    pub(super) own: BudgetKey,
    /// The budget of the network: gets this one guess back.
    pub(super) shared: BudgetKey,
}

impl From<Busy> for Refused {
    fn from(busy: Busy) -> Self {
        Self::new("signin.busy").wait(i64::from(busy.retry_after))
    }
}

impl Identity {
    /// Makes one guess for `email`. `user` is nobody for an unknown account: the work is the same.
    pub(super) async fn guess(
        &self,
        visit: &Visit,
        email: &Email,
        user: Option<&User>,
        password: &Password,
    ) -> Result<Guess, Refused> {
        let known = self.known_browser(visit, user).await?;
        let network = Network::of(visit.address);
        let shared = BudgetKey::Network(network);
        let own = known.clone().unwrap_or_else(|| BudgetKey::Account(email.clone()));
        let keys = [own.clone(), shared.clone()];
        if let Some((key, spent)) = self.inner.waits.find(&keys, self.now()) {
            return Err(refusal(&key, spent));
        }
        let place = self.inner.hasher.admit(&Ticket { account: email.clone(), network, is_known: known.is_some() })?;
        let now = self.now();
        if let Err((key, spent)) = self.inner.store.pay(&keys, now).await? {
            self.inner.waits.remember(key.clone(), spent, now);
            return Err(refusal(&key, spent));
        }
        let stored = user.filter(|user| user.is_active()).and_then(|user| user.password.as_ref());
        // From here on the guess is paid, even if the client goes away.
        let verdict = match place.verify(password, stored).await {
            Ok(verdict) => verdict,
            Err(busy) => {
                // Nobody looked at the password.
                self.inner.store.refund(&keys).await?;
                return Err(busy.into());
            }
        };
        if let (Some(fault), Some(user)) = (verdict.fault, user) {
            tracing::error!(user = %user.id, %fault, "a stored password cannot be verified");
        }
        Ok(Guess { is_right: verdict.is_right, needs_rehash: verdict.needs_rehash, own, shared })
    }

    /// The budget of this browser, where it has signed in to this account before.
    async fn known_browser(&self, visit: &Visit, user: Option<&User>) -> Result<Option<BudgetKey>, StoreError> {
        let Some(browser) = visit.browser else { return Ok(None) };
        // An unknown account asks the store as well: the time must not tell them apart.
        let id = user.map_or_else(|| UserId::random(self.random()), |user| user.id);
        let is_known = self.inner.store.is_known_browser(id, browser).await?;
        Ok(is_known.then_some(BudgetKey::KnownBrowser(id, browser)))
    }
}

fn refusal(key: &BudgetKey, spent: Spent) -> Refused {
    match (spent, key) {
        (Spent::Stopped, _) => Refused::new("signin.account_stopped"),
        (Spent::Wait(seconds), BudgetKey::Network(_)) => Refused::new("signin.network_wait").wait(seconds),
        (Spent::Wait(seconds), _) => Refused::new("signin.account_wait").wait(seconds),
    }
}
