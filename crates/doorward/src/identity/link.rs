//! Links for invitations and new passwords. The caller makes the URL; looking at a link uses nothing.

use std::collections::BTreeSet;

use doorward_core::Secret;
use doorward_core::address::Network;
use doorward_core::audit::{Action, Actor};
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::password::{Context, Password};
use doorward_core::store::{Budgets as _, Link, Links as _, Outbox as _, Purpose, Users as _};
use doorward_core::token::{self, Kind, TokenHash};
use doorward_core::user::{Email, Group, Name, PasswordHash, Status, User};

use super::hasher::Ticket;
use super::user::words;
use super::{Author, Identity, Live, Refused, Visit};
use crate::config::Registration;
use crate::mail::{Notice, letter};
use crate::portal::path;

/// Seconds for which an invitation is open.
const INVITATION_SECONDS: i64 = 7 * 86_400;

/// Seconds for which a link for a new password is open.
const RESET_SECONDS: i64 = 86_400;

/// Seconds for which a link of emergency access is open.
const RECOVERY_SECONDS: i64 = 3_600;

/// Seconds for which a link that takes second factors is open where it is handed over.
const FACTOR_RESET_SECONDS: i64 = 86_400;

impl Identity {
    /// Invites somebody.
    ///
    /// # Errors
    /// `user.email_taken`, `store.*`.
    pub async fn invite(
        &self,
        author: &Author<'_>,
        email: Email,
        groups: BTreeSet<Group>,
    ) -> Result<(Link, Secret), Refused> {
        if self.inner.store.user_by_email(&email).await?.is_some() {
            return Err(Refused::new("user.email_taken"));
        }
        let event = author.event(self.now(), Action::LinkCreated).with_detail(format!("{email}, {}", words(&groups)));
        let (link, secret) =
            self.draw_link(Kind::Invitation, Purpose::Invitation { email, groups }, INVITATION_SECONDS);
        self.inner.store.create_link(&link, &event).await?;
        Ok((link, secret))
    }

    /// Invites somebody by a letter. Nobody but its reader sees the link.
    ///
    /// # Errors
    /// `mail.off`, `user.email_taken`, `store.*`.
    pub async fn invite_by_mail(
        &self,
        author: &Author<'_>,
        email: Email,
        groups: BTreeSet<Group>,
    ) -> Result<Link, Refused> {
        if !self.has_mail() {
            return Err(Refused::new("mail.off"));
        }
        if self.inner.store.user_by_email(&email).await?.is_some() {
            return Err(Refused::new("user.email_taken"));
        }
        let event = author.event(self.now(), Action::LinkCreated);
        let event = event.with_detail(format!("{email}, by mail, {}", words(&groups)));
        let purpose = Purpose::Invitation { email: email.clone(), groups };
        let (link, secret) = self.draw_link(Kind::Invitation, purpose, INVITATION_SECONDS);
        let link = Link { is_mailed: true, ..link };
        let language = author.language();
        let letters = self.letter_to_address(&email, |site| letter::invitation(site, language, &secret));
        self.inner.store.mailing(letters).create_link(&link, &event).await?;
        Ok(link)
    }

    /// Makes a link by which a user can choose a new password.
    ///
    /// # Errors
    /// `user.not_found`, `user.not_for_oneself`, `store.*`.
    pub async fn reset_link(&self, author: &Author<'_>, user: UserId) -> Result<(Link, Secret), Refused> {
        let user = self.user(user).await?;
        // An open session would be enough to set a password without the present one.
        if author.actor == Actor::User(user.id) {
            return Err(Refused::new("user.not_for_oneself"));
        }
        let event = author.event(self.now(), Action::LinkCreated).about(user.id);
        let (link, secret) =
            self.draw_link(Kind::PasswordReset, Purpose::PasswordReset { user: user.id }, RESET_SECONDS);
        self.inner.store.create_link(&link, &event).await?;
        Ok((link, secret))
    }

    /// Makes a link by which somebody who has lost everything chooses a new password and loses the second factors, which
    /// are due anew at the next sign-in. Its owner is told, wherever an address is proven.
    ///
    /// # Errors
    /// `user.not_found`, `user.disabled`, `store.*`.
    pub async fn recovery_link(&self, author: &Author<'_>, user: UserId) -> Result<(Link, Secret), Refused> {
        let user = self.user(user).await?;
        if !user.is_active() {
            return Err(Refused::new("user.disabled"));
        }
        let event = author.event(self.now(), Action::LinkCreated).about(user.id).with_detail("emergency access");
        let (link, secret) = self.draw_link(Kind::Recovery, Purpose::Recovery { user: user.id }, RECOVERY_SECONDS);
        let notices = self.notices(&user, author, &Notice::EmergencyAccess).await?;
        self.inner.store.mailing(notices).create_link(&link, &event).await?;
        Ok((link, secret))
    }

    /// Makes a link by which somebody who has lost every second factor takes them away. Where there is mail it goes to its
    /// owner, and whoever made it never sees it. Nobody makes one for themselves: a session that somebody left open would
    /// be enough to take the second factor off.
    ///
    /// # Errors
    /// `user.not_found`, `user.disabled`, `user.not_for_oneself`, `store.*`.
    pub async fn factor_reset_link(
        &self,
        (visit, live): (&Visit, &Live),
        user: UserId,
    ) -> Result<(Link, Option<Secret>), Refused> {
        let user = self.user(user).await?;
        if user.id == live.user_id() {
            return Err(Refused::new("user.not_for_oneself"));
        }
        if !user.is_active() {
            return Err(Refused::new("user.disabled"));
        }
        let event = Author::of(live, visit).event(self.now(), Action::LinkCreated).about(user.id);
        let is_mailed = self.has_mail();
        // The letter says how long, and a mailbox is read by more people than one hand hands a link to.
        let seconds = if is_mailed { letter::RECOVERY_SECONDS } else { FACTOR_RESET_SECONDS };
        let (link, secret) = self.draw_link(Kind::FactorReset, Purpose::FactorReset { user: user.id }, seconds);
        let link = Link { is_mailed, ..link };
        let address = path::reset_factors(secret.expose_secret());
        let letters = self.letter_to(&user, |site| letter::factor_reset(site, visit.language, &address));
        let event = event.with_detail(if is_mailed { "second factors, by mail" } else { "second factors" });
        self.inner.store.mailing(letters).create_link(&link, &event).await?;
        Ok((link, (!is_mailed).then_some(secret)))
    }

    /// Takes the second factors of whoever holds a link for it: ends all sessions, and signs nobody in.
    ///
    /// # Errors
    /// `user.link_invalid`, `store.*`.
    pub async fn reset_factors_by_link(&self, visit: &Visit, text: &str) -> Result<User, Refused> {
        let link = self.open_link(token::parse(Kind::FactorReset, text)).await?;
        let Purpose::FactorReset { user } = link.purpose else { return Err(invalid()) };
        let user = self.inner.store.user(user).await?.filter(User::is_active).ok_or_else(invalid)?;
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event = author.event(self.now(), Action::FactorsReset).about(user.id);
        let event = event.with_detail(format!("by {}", link.id));
        let notices = self.notices_by_link((&user, link.is_mailed), &author, &Notice::FactorsReset).await?;
        let reset = self.inner.store.mailing(notices).reset_factors_by_link(link.hash, &event).await?;
        let user = reset.ok_or_else(invalid)?;
        self.refresh_user(user.id).await?;
        Ok(user)
    }

    pub(super) fn draw_link(&self, kind: Kind, purpose: Purpose, seconds: i64) -> (Link, Secret) {
        let (secret, hash) = token::mint(kind, self.random());
        let now = self.now();
        let id = LinkId::random(self.random());
        (Link { id, hash, purpose, is_mailed: false, created_at: now, expires_at: now + seconds }, secret)
    }

    /// The open link of this text, of any kind that has a page.
    ///
    /// # Errors
    /// `user.link_invalid` where it is used, withdrawn, too old or none at all; `store.*`.
    pub async fn look(&self, text: &str) -> Result<Link, Refused> {
        const KINDS: [Kind; 7] = [
            Kind::Invitation,
            Kind::PasswordReset,
            Kind::Recovery,
            Kind::FactorReset,
            Kind::Registration,
            Kind::EmailVerification,
            Kind::SetUp,
        ];
        self.open_link(KINDS.into_iter().find_map(|kind| token::parse(kind, text))).await
    }

    async fn open_link(&self, hash: Option<TokenHash>) -> Result<Link, Refused> {
        let hash = hash.ok_or_else(invalid)?;
        self.inner.store.link(hash, self.now()).await?.ok_or_else(invalid)
    }

    /// Accepts an invitation, or finishes a registration, where people may still register: makes the user, and signs nobody
    /// in.
    ///
    /// # Errors
    /// `user.link_invalid`, `user.link_wait`, `user.registration_closed`, `user.domain_closed`, `password.*`,
    /// `user.email_taken`, `signin.busy`, `store.*`.
    pub async fn accept_invitation(
        &self,
        visit: &Visit,
        text: &str,
        (name, password): (Name, &Secret),
        registration: &Registration,
    ) -> Result<User, Refused> {
        let hash = token::parse(Kind::Invitation, text).or_else(|| token::parse(Kind::Registration, text));
        let link = self.open_link(hash).await?;
        let (email, groups, is_invited) = match link.purpose {
            Purpose::Invitation { email, groups } => (email, groups, true),
            Purpose::Registration { email, groups } => {
                registration.check(&email).map_err(Refused::new)?;
                (email, groups, false)
            }
            _ => return Err(invalid()),
        };
        let context = Context { email: Some(&email), name: Some(&name), current: None };
        let password = self.check_password(password, &context)?;
        let hash = self.hash_by_link(visit, (link.id, is_invited), &password, &email).await?;
        let now = self.now();
        let user = User {
            id: UserId::random(self.random()),
            email,
            name,
            groups,
            status: Status::Active,
            password: Some(hash),
            password_changed_at: now,
            must_change_password: false,
            created_at: now,
        };
        let event = Author::stranger(visit).event(now, Action::UserCreated).about(user.id);
        let event = event.with_detail(format!("by {}, {}", link.id, words(&user.groups)));
        let is_made = if is_invited {
            self.inner.store.accept_invitation(link.hash, &user, &event).await?
        } else {
            self.inner.store.register(link.hash, &user, &event).await?
        };
        if is_made { Ok(user) } else { Err(invalid()) }
    }

    /// Stores the new password of whoever holds a reset link: ends all sessions, and signs nobody in. A browser in which a
    /// sign-in was finished before stays known, so that wrong codes of somebody with the old password keep nobody out.
    ///
    /// # Errors
    /// `user.link_invalid`, `user.link_wait`, `password.*`, `signin.busy`, `store.*`.
    pub async fn reset_by_link(&self, visit: &Visit, text: &str, password: Secret) -> Result<User, Refused> {
        let hash = token::parse(Kind::PasswordReset, text).or_else(|| token::parse(Kind::Recovery, text));
        let link = self.open_link(hash).await?;
        let (user, is_recovery) = match link.purpose {
            Purpose::PasswordReset { user } => (user, false),
            Purpose::Recovery { user } => (user, true),
            _ => return Err(invalid()),
        };
        let user = self.inner.store.user(user).await?.filter(User::is_active).ok_or_else(invalid)?;
        let context = Context { email: Some(&user.email), name: Some(&user.name), current: None };
        let password = self.check_password(&password, &context)?;
        let hash = self.hash_by_link(visit, (link.id, true), &password, &user.email).await?;
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event =
            author.event(self.now(), Action::PasswordReset).about(user.id).with_detail(format!("by {}", link.id));
        let notices = self.notices_by_link((&user, link.is_mailed), &author, &Notice::PasswordReset).await?;
        let store = self.inner.store.mailing(notices);
        let user = if is_recovery {
            store.recover(link.hash, &hash, &event).await?
        } else {
            store.reset_password(link.hash, (&hash, visit.browser), &event).await?
        };
        let user = user.ok_or_else(invalid)?;
        self.refresh_user(user.id).await?;
        Ok(user)
    }

    /// Hashes the password that somebody has chosen by a link: a guess of the link is paid, and the hash waits in the queue
    /// like that of a sign-in. Whoever was given a link by somebody in charge, or by the owner's mailbox, waits among those
    /// whose browsers are known, so that a flood of strangers keeps them from nothing.
    pub(super) async fn hash_by_link(
        &self,
        visit: &Visit,
        (link, is_known): (LinkId, bool),
        password: &Password,
        account: &Email,
    ) -> Result<PasswordHash, Refused> {
        let ticket = Ticket { account: account.clone(), network: Network::of(visit.address), is_known };
        let place = self.inner.hasher.admit(&ticket)?;
        match self.inner.store.pay(&[BudgetKey::Link(link)], self.now()).await? {
            Ok(()) => Ok(place.hash(password).await?),
            Err((_, Spent::Wait(seconds))) => Err(Refused::new("user.link_wait").wait(seconds)),
            Err((_, Spent::Stopped)) => Err(invalid()),
        }
    }

    /// The links that can still be used, newest first.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn open_links(&self) -> Result<Vec<Link>, Refused> {
        Ok(self.inner.store.open_links(self.now()).await?)
    }

    /// Withdraws a link.
    ///
    /// # Errors
    /// `user.link_invalid` where it is not open; `store.*`.
    pub async fn revoke_link(&self, author: &Author<'_>, id: LinkId) -> Result<(), Refused> {
        let event = author.event(self.now(), Action::LinkRevoked).with_detail(id.to_string());
        if self.inner.store.revoke_link(id, &event).await? { Ok(()) } else { Err(invalid()) }
    }
}

fn invalid() -> Refused {
    Refused::new("user.link_invalid")
}
