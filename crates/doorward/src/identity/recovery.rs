//! What people ask for by mail: a new password, an account, another address.
//!
//! Who asks is told the same whatever the address is. What depends on it is done after the answer
//! ([`Errand::run`]), so that no time tells it either; only the budgets, which every address has, are paid before.

use std::time::Duration;

use doorward_core::address::Network;
use doorward_core::audit::{Action, Actor};
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::identifier::UserId;
use doorward_core::password::{Password, PasswordError};
use doorward_core::session::Stage;
use doorward_core::store::{Audit as _, Budgets as _, Link, Links as _, Outbox as _, Purpose, StoreError, Users as _};
use doorward_core::token::{self, Kind};
use doorward_core::user::{Email, User};
use doorward_core::{Secret, UnixTime};

use super::guess::Attempt;
use super::{Author, Identity, Live, Refused, Visit};
use crate::config::Registration;
use crate::mail::letter::{self, RECOVERY_SECONDS, VERIFICATION_SECONDS};
use crate::mail::{Draft, Notice, Site};

/// The longest that a letter waits for, in milliseconds, so that it does not make the next request of whoever has asked a
/// little slower: that would tell whether there was a letter to write.
const LONGEST_PAUSE: u64 = 1_000;

/// What is left to do after the answer.
#[derive(Debug)]
#[must_use = "nothing is sent until the errand is run"]
pub struct Errand {
    identity: Identity,
    visit: Visit,
    email: Email,
    what: What,
    at: UnixTime,
}

#[derive(Debug)]
enum What {
    /// A link for a new password.
    Password,
    /// A link to make an account, in these groups.
    Account(std::collections::BTreeSet<doorward_core::user::Group>),
    /// A link that makes the address that of this user.
    Address(Box<User>),
}

impl Identity {
    /// Asks for a link by which a new password is chosen. Gives nothing to do where this address has had its letters.
    ///
    /// # Errors
    /// `mail.off`, `mail.wait` for the network, `user.email_invalid`, `store.*`; none of them depends on accounts.
    pub async fn ask_password(&self, visit: &Visit, typed: &str) -> Result<Option<Errand>, Refused> {
        let email = self.address(typed)?;
        self.errand(visit, email, What::Password).await
    }

    /// Asks for a link by which an account is made. Nothing exists before the link is used.
    ///
    /// # Errors
    /// `user.registration_closed`, `user.domain_closed`, and as [`Self::ask_password`].
    pub async fn ask_account(
        &self,
        visit: &Visit,
        typed: &str,
        registration: &Registration,
    ) -> Result<Option<Errand>, Refused> {
        if !registration.is_enabled {
            return Err(Refused::new("user.registration_closed"));
        }
        let email = self.address(typed)?;
        registration.check(&email).map_err(Refused::new)?;
        self.errand(visit, email, What::Account(registration.groups.clone())).await
    }

    /// Asks for a link by which an address becomes that of the account. Another one than the present needs the password.
    ///
    /// # Errors
    /// `password.wrong_current`, why the session is not whole, and as [`Self::ask_password`].
    pub async fn ask_address(
        &self,
        visit: &Visit,
        live: &Live,
        typed: &str,
        password: Option<Secret>,
    ) -> Result<Option<Errand>, Refused> {
        if live.stage != Stage::Full {
            return Err(Refused::new(doorward_core::policy::pending_code(live.stage)));
        }
        let email = self.address(typed)?;
        let user = self.user(live.user_id()).await?;
        if email != user.email {
            let wrong = || Refused::from(PasswordError::WrongCurrent);
            let text = password.ok_or_else(wrong)?;
            let password = Password::new(text.expose_secret()).map_err(|_| wrong())?;
            let attempt = Attempt { email: &user.email, user: Some(&user), password: &password, is_signed_in: true };
            let guess = self.guess(visit, attempt).await?;
            if !guess.is_right {
                return Err(wrong());
            }
            self.give_back(guess).await?;
        }
        self.errand(visit, email, What::Address(Box::new(user))).await
    }

    fn address(&self, typed: &str) -> Result<Email, Refused> {
        if !self.has_mail() {
            return Err(Refused::new("mail.off"));
        }
        typed.parse().map_err(|_| Refused::new("user.email_invalid"))
    }

    async fn errand(&self, visit: &Visit, email: Email, what: What) -> Result<Option<Errand>, Refused> {
        let keys = self.letter_keys(visit, &email, &what).await?;
        match self.inner.store.pay(&keys, self.now()).await? {
            Ok(()) => Ok(Some(Errand { identity: self.clone(), visit: visit.clone(), email, what, at: self.now() })),
            // Whether this address had letters is nobody's business but its owner's.
            Err((BudgetKey::MailTo(_) | BudgetKey::KnownMail(..), _)) => Ok(None),
            Err((_, Spent::Wait(seconds))) => Err(Refused::new("mail.wait").wait(seconds)),
            Err((_, Spent::Stopped)) => Err(Refused::new("mail.wait")),
        }
    }

    /// What a letter is counted for. Those of a session are counted for its user, and those for a forgotten password for a
    /// browser in which a sign-in was finished: what strangers have sent to an address keeps its owner from neither.
    async fn letter_keys(&self, visit: &Visit, email: &Email, what: &What) -> Result<Vec<BudgetKey>, StoreError> {
        if let What::Address(user) = what {
            let own = BudgetKey::MailBy(user.id);
            let is_own = user.email == *email;
            return Ok(if is_own { vec![own] } else { vec![own, BudgetKey::MailOfSessions(email.clone())] });
        }
        let known = match (what, visit.browser) {
            (What::Password, Some(browser)) => {
                // An address without an account asks the store as well: the time must not tell them apart.
                let user = self.inner.store.user_by_email(email).await?;
                let id = user.map_or_else(|| UserId::random(self.random()), |user| user.id);
                let is_known = self.inner.store.is_known_browser(id, browser).await?;
                is_known.then_some(BudgetKey::KnownMail(id, browser))
            }
            _ => None,
        };
        let to = known.unwrap_or_else(|| BudgetKey::MailTo(email.clone()));
        Ok(vec![BudgetKey::MailNetwork(Network::of(visit.address)), to])
    }

    /// Uses the link up that proves an address: it is that of the account from now on. Its former owner is told. What the
    /// former mailbox has signed in ends, but for the session in which the link is opened.
    ///
    /// # Errors
    /// `user.link_invalid`, `user.email_taken`, `store.*`.
    pub async fn prove_address(&self, visit: &Visit, live: Option<&Live>, text: &str) -> Result<User, Refused> {
        let invalid = || Refused::new("user.link_invalid");
        let hash = token::parse(Kind::EmailVerification, text).ok_or_else(invalid)?;
        let link = self.inner.store.link(hash, self.now()).await?.ok_or_else(invalid)?;
        let Purpose::EmailVerification { user, email } = link.purpose else { return Err(invalid()) };
        let before = self.inner.store.user(user).await?.ok_or_else(invalid)?;
        let author = Author { actor: Actor::User(user), visit: Some(visit) };
        let event = author.event(self.now(), Action::EmailVerified).about(user).with_detail(format!("by {}", link.id));
        let event = match live.filter(|live| live.user_id() == user) {
            Some(live) => event.in_session(live.id),
            None => event,
        };
        let notices = if before.email == email {
            Vec::new()
        } else {
            self.notices(&before, &author, &Notice::EmailChanged(email)).await?
        };
        let user = self.inner.store.mailing(notices).verify_email(hash, &event).await?.ok_or_else(invalid)?;
        self.refresh_user(user.id).await?;
        Ok(user)
    }
}

impl Errand {
    /// Does it, at some moment of the next second. What goes wrong is for the log: whoever asked has their answer.
    pub async fn run(self) {
        let mut chance = [0; 8];
        self.identity.random().fill(&mut chance);
        tokio::time::sleep(Duration::from_millis(u64::from_be_bytes(chance) % LONGEST_PAUSE)).await;
        if let Err(error) = self.work().await {
            tracing::error!(reason = error.code(), request = %self.visit.request, %error, "a letter was not written");
        }
    }

    async fn work(&self) -> Result<(), StoreError> {
        let owner = self.identity.inner.store.user_by_email(&self.email).await?;
        match (&self.what, owner) {
            (What::Password, Some(user)) if user.is_active() => self.password(&user).await,
            (What::Account(_), Some(user)) if user.is_active() => self.known(&user).await,
            (What::Account(groups), None) => {
                let purpose = Purpose::Registration { email: self.email.clone(), groups: groups.clone() };
                self.link(Kind::Registration, purpose, VERIFICATION_SECONDS, letter::registration).await
            }
            (What::Address(user), owner) if owner.as_ref().is_none_or(|owner| owner.id == user.id) => {
                let purpose = Purpose::EmailVerification { user: user.id, email: self.email.clone() };
                self.link(Kind::EmailVerification, purpose, VERIFICATION_SECONDS, letter::verify_address).await
            }
            // Nobody, disabled, or somebody else's.
            _ => Ok(()),
        }
    }

    async fn password(&self, user: &User) -> Result<(), StoreError> {
        let purpose = Purpose::PasswordReset { user: user.id };
        self.link(Kind::PasswordReset, purpose, RECOVERY_SECONDS, letter::password_reset).await
    }

    async fn known(&self, user: &User) -> Result<(), StoreError> {
        let language = self.visit.language;
        let letters = self.identity.letter_to(user, |site| letter::already_registered(site, language));
        let author = Author::stranger(&self.visit);
        let event = author.event(self.at, Action::LinkCreated).about(user.id).because("user.email_taken");
        self.identity.inner.store.mailing(letters).append(&event).await
    }

    async fn link(
        &self,
        kind: Kind,
        purpose: Purpose,
        seconds: i64,
        words: fn(&Site, doorward_core::Language, &Secret) -> Draft,
    ) -> Result<(), StoreError> {
        let (identity, language) = (&self.identity, self.visit.language);
        let user = match &purpose {
            Purpose::PasswordReset { user } | Purpose::EmailVerification { user, .. } => Some(*user),
            _ => None,
        };
        let event = Author::stranger(&self.visit).event(self.at, Action::LinkCreated);
        let event = doorward_core::audit::Event { user, ..event.with_detail(kind_word(kind)) };
        let (link, secret) = identity.draw_link(kind, purpose, seconds);
        let link = Link { is_mailed: true, ..link };
        let letters = identity.letter_about(&self.email, user, |site| words(site, language, &secret));
        identity.inner.store.mailing(letters).create_link(&link, &event).await
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::PasswordReset => "password reset, by mail",
        Kind::EmailVerification => "address to prove, by mail",
        _ => "registration, by mail",
    }
}
