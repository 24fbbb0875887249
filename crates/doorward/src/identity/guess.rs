//! A guess at a password: admitted, then paid for durably, then looked at.

use doorward_core::address::Network;
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::identifier::UserId;
use doorward_core::password::Password;
use doorward_core::store::{Budgets as _, StoreError};
use doorward_core::user::{Email, User};

use super::hasher::{Busy, Ticket};
use super::{Identity, Refused, Visit};

/// One guess: who is said to be signing in, and with what.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    /// The account, whether it exists or not.
    pub(super) email: &'a Email,
    /// The user, where there is one.
    pub(super) user: Option<&'a User>,
    /// What was typed.
    pub(super) password: &'a Password,
    /// Whether a session of this very user asks.
    pub(super) is_signed_in: bool,
}

/// What came of a guess.
#[derive(Debug, Clone)]
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
    /// Makes one guess. The work is the same for every account that cannot be entered.
    pub(super) async fn guess(&self, visit: &Visit, attempt: Attempt<'_>) -> Result<Guess, Refused> {
        let Attempt { email, user, password, is_signed_in } = attempt;
        let known = self.known_browser(visit, user).await?;
        let network = Network::of(visit.address);
        let is_known = known.is_some() || is_signed_in;
        let shared = BudgetKey::Network(network);
        let own = known.unwrap_or_else(|| BudgetKey::Account(email.clone()));
        let keys = [own.clone(), shared.clone()];
        let place = self.inner.hasher.admit(&Ticket { account: email.clone(), network, is_known })?;
        if let Err((key, spent)) = self.inner.store.pay(&keys, self.now()).await? {
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

    /// Gives a guess back that was right and is followed by no sign-in, which would do so itself.
    pub(super) async fn give_back(&self, guess: Guess) -> Result<(), StoreError> {
        self.inner.store.refund(&[guess.own, guess.shared]).await
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
