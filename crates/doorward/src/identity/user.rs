//! The care of users: making, finding, changing them.

use std::collections::BTreeSet;

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::identifier::UserId;
use doorward_core::password::{Context, Password};
use doorward_core::session::EndReason;
use doorward_core::store::{Outbox as _, UserChange, Users as _};
use doorward_core::user::{Email, Group, Name, Status, User};

use super::{Author, Identity, Refused};
use crate::mail::Notice;

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    /// Signs in with this.
    pub email: Email,
    /// Shown to people.
    pub name: Name,
    /// The groups.
    pub groups: BTreeSet<Group>,
    /// The password, where one is given.
    pub password: Option<Secret>,
    /// Whether the first sign-in must choose another.
    pub must_change: bool,
}

/// A change that an administrator makes.
#[derive(Debug, Clone)]
pub enum Change {
    /// Enables or disables; disabling ends all sessions.
    Status(Status),
    /// Another name.
    Name(Name),
    /// Exactly these groups.
    Groups(BTreeSet<Group>),
}

impl Identity {
    /// The user with this id.
    ///
    /// # Errors
    /// `user.not_found`, `store.*`.
    pub async fn user(&self, id: UserId) -> Result<User, Refused> {
        self.inner.store.user(id).await?.ok_or_else(not_found)
    }

    /// The user with this address.
    ///
    /// # Errors
    /// `user.not_found`, `store.*`.
    pub async fn user_by_email(&self, email: &Email) -> Result<User, Refused> {
        self.inner.store.user_by_email(email).await?.ok_or_else(not_found)
    }

    /// At most `limit` users whose address sorts after `after`.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn users(&self, after: &str, limit: u32) -> Result<Vec<User>, Refused> {
        Ok(self.inner.store.users(after, limit).await?)
    }

    /// Makes a user.
    ///
    /// # Errors
    /// `password.*`, `user.email_taken`, `signin.busy`, `store.*`.
    pub async fn create_user(&self, author: &Author<'_>, new: NewUser) -> Result<User, Refused> {
        let NewUser { email, name, groups, password, must_change } = new;
        let hash = match password {
            Some(text) => {
                let context = Context { email: Some(&email), name: Some(&name), current: None };
                Some(self.inner.hasher.hash(&self.check_password(&text, &context)?).await?)
            }
            None => None,
        };
        let now = self.now();
        let user = User {
            id: UserId::random(self.random()),
            email,
            name,
            groups,
            status: Status::Active,
            password: hash,
            password_changed_at: now,
            must_change_password: must_change,
            created_at: now,
        };
        let event = author.event(now, Action::UserCreated).about(user.id).with_detail(words(&user.groups));
        self.inner.store.create_user(&user, &event).await?;
        Ok(user)
    }

    /// Changes a user. It holds for all live sessions at once.
    ///
    /// # Errors
    /// `user.not_found`, `user.last_administrator`, `store.*`.
    pub async fn change_user(&self, author: &Author<'_>, id: UserId, change: Change) -> Result<User, Refused> {
        let (action, detail, change) = match change {
            Change::Status(Status::Active) => (Action::UserEnabled, String::new(), UserChange::Status(Status::Active)),
            Change::Status(status) => (Action::UserDisabled, String::new(), UserChange::Status(status)),
            Change::Name(name) => (Action::UserChanged, "name".to_owned(), UserChange::Name(name)),
            Change::Groups(groups) => (Action::UserChanged, words(&groups), UserChange::Groups(groups)),
        };
        let event = author.event(self.now(), action).about(id).with_detail(detail);
        let user = self.inner.store.change_user(id, &change, &event).await?.ok_or_else(not_found)?;
        self.refresh_user(id).await?;
        Ok(user)
    }

    /// Gives a user a new random password, which the next sign-in must replace. All sessions end.
    ///
    /// # Errors
    /// `user.not_found`, `signin.busy`, `store.*`.
    pub async fn reset_password(&self, author: &Author<'_>, id: UserId) -> Result<(User, Secret), Refused> {
        let text = super::first::random_password(self.random());
        let hash = self.inner.hasher.hash(&Password::new(text.expose_secret())?).await?;
        let change = UserChange::Password { hash, must_change: true, end: EndReason::PasswordReset, keep: None };
        let event = author.event(self.now(), Action::PasswordReset).about(id);
        let before = self.user(id).await?;
        let notices = self.notices(&before, author, &Notice::PasswordResetForThem).await?;
        let user = self.inner.store.mailing(notices).change_user(id, &change, &event).await?.ok_or_else(not_found)?;
        self.refresh_user(id).await?;
        Ok((user, text))
    }
}

fn not_found() -> Refused {
    Refused::new("user.not_found")
}

/// The groups as the audit log tells them.
pub(super) fn words(groups: &BTreeSet<Group>) -> String {
    let names: Vec<&str> = groups.iter().map(Group::as_str).collect();
    format!("groups: {}", names.join(" "))
}
