//! Links for invitations and new passwords. The caller makes the URL; looking at a link uses nothing.

use std::collections::BTreeSet;

use doorward_core::Secret;
use doorward_core::audit::{Action, Actor};
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::password::Context;
use doorward_core::store::{Link, Links as _, Outbox as _, Purpose, Users as _};
use doorward_core::token::{self, Kind, TokenHash};
use doorward_core::user::{Email, Group, Name, Status, User};

use super::user::words;
use super::{Author, Identity, Refused, Visit};
use crate::mail::{Notice, letter};

/// Seconds for which an invitation is open.
const INVITATION_SECONDS: i64 = 7 * 86_400;

/// Seconds for which a link for a new password is open.
const RESET_SECONDS: i64 = 86_400;

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
        let language = author.language();
        let letters = self.letter_to_address(&email, |site| letter::invitation(site, language, &secret));
        self.inner.store.mailing(letters).create_link(&link, &event).await?;
        Ok(link)
    }

    /// Makes a link by which a user can choose a new password.
    ///
    /// # Errors
    /// `user.not_found`, `store.*`.
    pub async fn reset_link(&self, author: &Author<'_>, user: UserId) -> Result<(Link, Secret), Refused> {
        let user = self.user(user).await?;
        let event = author.event(self.now(), Action::LinkCreated).about(user.id);
        let (link, secret) =
            self.draw_link(Kind::PasswordReset, Purpose::PasswordReset { user: user.id }, RESET_SECONDS);
        self.inner.store.create_link(&link, &event).await?;
        Ok((link, secret))
    }

    pub(super) fn draw_link(&self, kind: Kind, purpose: Purpose, seconds: i64) -> (Link, Secret) {
        let (secret, hash) = token::mint(kind, self.random());
        let now = self.now();
        let id = LinkId::random(self.random());
        (Link { id, hash, purpose, created_at: now, expires_at: now + seconds }, secret)
    }

    /// The open link of this text, of any kind.
    ///
    /// # Errors
    /// `user.link_invalid` where it is used, withdrawn, too old or none at all; `store.*`.
    pub async fn look(&self, text: &str) -> Result<Link, Refused> {
        const KINDS: [Kind; 5] =
            [Kind::Invitation, Kind::PasswordReset, Kind::Registration, Kind::EmailVerification, Kind::SetUp];
        self.open_link(KINDS.into_iter().find_map(|kind| token::parse(kind, text))).await
    }

    async fn open_link(&self, hash: Option<TokenHash>) -> Result<Link, Refused> {
        let hash = hash.ok_or_else(invalid)?;
        self.inner.store.link(hash, self.now()).await?.ok_or_else(invalid)
    }

    /// Accepts an invitation, or finishes a registration: makes the user, and signs nobody in.
    ///
    /// # Errors
    /// `user.link_invalid`, `password.*`, `user.email_taken`, `signin.busy`, `store.*`.
    pub async fn accept_invitation(
        &self,
        visit: &Visit,
        text: &str,
        name: Name,
        password: Secret,
    ) -> Result<User, Refused> {
        let hash = token::parse(Kind::Invitation, text).or_else(|| token::parse(Kind::Registration, text));
        let link = self.open_link(hash).await?;
        let (email, groups, is_invited) = match link.purpose {
            Purpose::Invitation { email, groups } => (email, groups, true),
            Purpose::Registration { email, groups } => (email, groups, false),
            _ => return Err(invalid()),
        };
        let context = Context { email: Some(&email), name: Some(&name), current: None };
        let hash = self.inner.hasher.hash(&self.check_password(&password, &context)?).await?;
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

    /// Stores the new password of whoever holds a reset link: ends all sessions, and signs nobody in.
    ///
    /// # Errors
    /// `user.link_invalid`, `password.*`, `signin.busy`, `store.*`.
    pub async fn reset_by_link(&self, visit: &Visit, text: &str, password: Secret) -> Result<User, Refused> {
        let link = self.open_link(token::parse(Kind::PasswordReset, text)).await?;
        let Purpose::PasswordReset { user } = link.purpose else { return Err(invalid()) };
        let user = self.inner.store.user(user).await?.filter(User::is_active).ok_or_else(invalid)?;
        let context = Context { email: Some(&user.email), name: Some(&user.name), current: None };
        let hash = self.inner.hasher.hash(&self.check_password(&password, &context)?).await?;
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event =
            author.event(self.now(), Action::PasswordReset).about(user.id).with_detail(format!("by {}", link.id));
        let notices = self.notices(&user, &author, &Notice::PasswordReset).await?;
        let user =
            self.inner.store.mailing(notices).reset_password(link.hash, &hash, &event).await?.ok_or_else(invalid)?;
        self.refresh_user(user.id).await?;
        Ok(user)
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
