//! The post: makes a letter for the outbox out of words, sealed, since it may hold a link or a code.

use std::sync::Arc;

use doorward_core::identifier::{MailId, UserId};
use doorward_core::mail::Letter;
use doorward_core::user::Email;
use doorward_core::{Random, UnixTime};
use zeroize::Zeroizing;

use super::letter::{Draft, Site};
use crate::identity::seal::{Context, Sealer};

/// Writes letters, or none where there is no mail. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Post(Option<Arc<Office>>);

#[derive(Debug)]
struct Office {
    site: Site,
    sealer: Sealer,
}

/// To whom a letter goes.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The address.
    pub to: &'a Email,
    /// The user, where it is one.
    pub user: Option<UserId>,
}

impl Post {
    /// No mail: nothing is written.
    #[must_use]
    pub fn closed() -> Self {
        Self(None)
    }

    /// Writes letters with links to this site.
    #[must_use]
    pub fn open(site: Site, sealer: Sealer) -> Self {
        Self(Some(Arc::new(Office { site, sealer })))
    }

    /// Whether letters are written.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// One letter, as [`doorward_core::store::Outbox::mailing`] takes it; none where there is no mail.
    ///
    /// # Panics
    /// Never: words and numbers are always JSON.
    pub fn write(
        &self,
        addressee: Addressee<'_>,
        (now, random): (UnixTime, &dyn Random),
        words: impl FnOnce(&Site) -> Draft,
    ) -> Vec<Letter> {
        let Some(office) = &self.0 else { return Vec::new() };
        let draft = words(&office.site);
        let id = MailId::random(random);
        let text = Zeroizing::new(serde_json::to_vec(&draft).expect("words and numbers are always JSON"));
        vec![Letter {
            id,
            to: addressee.to.clone(),
            user: addressee.user,
            kind: draft.kind.clone(),
            body: office.sealer.seal(context(&id, addressee.user), &text, random),
            created_at: now,
            expires_at: now + draft.seconds,
        }]
    }

    /// Opens a letter that was taken out of the outbox; nothing where it was written under other keys.
    #[must_use]
    pub fn read(&self, letter: &Letter) -> Option<Draft> {
        let text = self.0.as_ref()?.sealer.open(context(&letter.id, letter.user), &letter.body)?;
        serde_json::from_slice(&text).ok()
    }
}

fn context(id: &MailId, user: Option<UserId>) -> Context<'_> {
    Context { what: "mail", id: id.as_bytes(), user }
}
