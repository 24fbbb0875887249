//! The first administrator, and random passwords that people can copy.

use doorward_core::audit::Action;
use doorward_core::identifier::UserId;
use doorward_core::password::Context;
use doorward_core::random::bytes;
use doorward_core::store::{Links as _, Purpose, StoreError, Users as _};
use doorward_core::token::{self, Kind};
use doorward_core::user::{ADMINISTRATORS, Email, Group, Name, Status, User};
use doorward_core::{Random, Secret};

use super::{Author, Identity, NewUser, Refused, Visit};

/// Seconds for which the set-up link is open.
const SET_UP_SECONDS: i64 = 86_400;

/// Without letters and digits that look alike; `0` and `1` are left out.
const ALPHABET: &[u8; 34] = b"abcdefghijklmnopqrstuvwxyz23456789";

/// Characters of a random password: 122 bits.
const LENGTH: usize = 24;

/// The sign-in of the first administrator, to be shown once.
#[derive(Debug)]
pub struct Initial {
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret,
}

/// A random password of 24 characters of `[a-z2-9]`, each as likely as any other.
#[must_use]
pub fn random_password(random: &dyn Random) -> Secret {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        for byte in bytes::<32>(random) {
            // Bytes beyond the last multiple of 34 would make the first letters likelier.
            if byte < 238 && text.len() < LENGTH {
                text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    Secret::new(text)
}

impl Identity {
    /// Makes the first administrator where there is no user at all. Nothing where there is one.
    ///
    /// # Errors
    /// `user.email_invalid`; `password.*` where the given password is too weak; `signin.busy`, `store.*`.
    pub async fn ensure_administrator(
        &self,
        email: &str,
        password: Option<Secret>,
    ) -> Result<Option<Initial>, Refused> {
        if self.inner.store.has_users().await? {
            return Ok(None);
        }
        let email: Email = email.parse().map_err(|_| Refused::new("user.email_invalid"))?;
        let password = password.unwrap_or_else(|| random_password(self.random()));
        let new = administrator(email.clone(), password.clone());
        match self.create_user(&Author::system(), new).await {
            Ok(_) => Ok(Some(Initial { email: email.to_string(), password })),
            // Another process was faster.
            Err(Refused { source: Some(StoreError::EmailTaken), .. }) => Ok(None),
            Err(refused) => Err(refused),
        }
    }
}

impl Identity {
    /// A link by which the first administrator makes an account, where there is no user at all; earlier ones are void.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn set_up_link(&self) -> Result<Option<Secret>, Refused> {
        if self.inner.store.has_users().await? {
            return Ok(None);
        }
        let event = Author::system().event(self.now(), Action::LinkCreated).with_detail("set-up");
        let (link, secret) = self.draw_link(Kind::SetUp, Purpose::SetUp, SET_UP_SECONDS);
        self.inner.store.create_link(&link, &event).await?;
        Ok(Some(secret))
    }

    /// Uses the set-up link up: makes the first administrator, and signs nobody in.
    ///
    /// # Errors
    /// `user.link_invalid`, `user.link_wait`, `user.already_set_up`, `password.*`, `signin.busy`, `store.*`.
    ///
    /// # Panics
    /// Never: the group of administrators is a group.
    pub async fn set_up(
        &self,
        visit: &Visit,
        text: &str,
        (email, name): (Email, Name),
        password: &Secret,
    ) -> Result<User, Refused> {
        let invalid = || Refused::new("user.link_invalid");
        let hash = token::parse(Kind::SetUp, text).ok_or_else(invalid)?;
        let link = self.inner.store.link(hash, self.now()).await?.ok_or_else(invalid)?;
        let context = Context { email: Some(&email), name: Some(&name), current: None };
        let password = self.check_password(password, &context)?;
        let stored = self.hash_by_link(visit, (link.id, true), &password, &email).await?;
        let now = self.now();
        let user = User {
            id: UserId::random(self.random()),
            email,
            name,
            groups: [ADMINISTRATORS.parse::<Group>().expect("the group's own name is a group")].into(),
            status: Status::Active,
            password: Some(stored),
            password_changed_at: now,
            must_change_password: false,
            created_at: now,
        };
        let event = Author::stranger(visit).event(now, Action::UserCreated).about(user.id);
        let event = event.with_detail(format!("by {}, the set-up link", link.id));
        if self.inner.store.set_up(hash, &user, &event).await? { Ok(user) } else { Err(invalid()) }
    }
}

fn administrator(email: Email, password: Secret) -> NewUser {
    NewUser {
        email,
        name: "Administrator".parse::<Name>().expect("a plain word is a name"),
        groups: [ADMINISTRATORS.parse::<Group>().expect("the group's own name is a group")].into(),
        password: Some(password),
        must_change: false,
    }
}
