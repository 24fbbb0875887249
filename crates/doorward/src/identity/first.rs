//! The first administrator, and random passwords that people can copy.

use doorward_core::random::bytes;
use doorward_core::store::{StoreError, Users as _};
use doorward_core::user::{ADMINISTRATORS, Email, Group, Name};
use doorward_core::{Random, Secret};

use super::{Author, Identity, NewUser, Refused};

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

fn administrator(email: Email, password: Secret) -> NewUser {
    NewUser {
        email,
        name: "Administrator".parse::<Name>().expect("a plain word is a name"),
        groups: [ADMINISTRATORS.parse::<Group>().expect("the group's own name is a group")].into(),
        password: Some(password),
        must_change: false,
    }
}
