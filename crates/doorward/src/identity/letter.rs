//! What is written to people: letters that go into the outbox with the change that they are about.

use doorward_core::audit::Actor;
use doorward_core::identifier::UserId;
use doorward_core::language::Language;
use doorward_core::mail::Letter;
use doorward_core::store::{Factors as _, StoreError};
use doorward_core::user::{Email, User};

use super::{Author, Identity};
use crate::mail::{Addressee, Circumstances, Draft, Notice, Post, Site, letter};

impl Author<'_> {
    /// The language of whoever acts; English where no request tells.
    #[must_use]
    pub fn language(&self) -> Language {
        self.visit.map(|visit| visit.language).unwrap_or_default()
    }

    /// Where a change of this user's account comes from.
    fn circumstances(&self, user: &User) -> Circumstances {
        match self.visit {
            Some(visit) if self.actor == Actor::User(user.id) => Circumstances::own(visit),
            _ => Circumstances::of_others(),
        }
    }
}

impl Identity {
    /// The post.
    #[must_use]
    pub fn post(&self) -> &Post {
        &self.inner.post
    }

    /// Whether letters are sent: without mail, whatever needs them is not offered.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.inner.post.is_open()
    }

    /// A letter to a user, for [`doorward_core::store::Outbox::mailing`]; none where there is no mail.
    pub fn letter_to(&self, user: &User, words: impl FnOnce(&Site) -> Draft) -> Vec<Letter> {
        let addressee = Addressee { to: &user.email, user: Some(user.id) };
        self.inner.post.write(addressee, (self.now(), self.random()), words)
    }

    /// Whether the address of a user is proven.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn is_address_proven(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.inner.store.facts(user).await?.is_email_verified)
    }

    /// A letter to an address that is nobody's yet.
    pub fn letter_to_address(&self, to: &Email, words: impl FnOnce(&Site) -> Draft) -> Vec<Letter> {
        self.letter_about(to, None, words)
    }

    /// A letter to an address, about a user or nobody.
    pub(super) fn letter_about(
        &self,
        to: &Email,
        user: Option<UserId>,
        words: impl FnOnce(&Site) -> Draft,
    ) -> Vec<Letter> {
        self.inner.post.write(Addressee { to, user }, (self.now(), self.random()), words)
    }

    /// A notice to every proven address of a user, for [`doorward_core::store::Outbox::mailing`] with the change that
    /// it tells of; none where there is no mail, or no proven address: an unproven one may be a stranger's.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn notices(&self, user: &User, author: &Author<'_>, notice: &Notice) -> Result<Vec<Letter>, StoreError> {
        if !self.has_mail() || !self.inner.store.facts(user.id).await?.is_email_verified {
            return Ok(Vec::new());
        }
        Ok(self.notice(user, author, notice))
    }

    /// As [`Self::notices`], of what was done with a link: where a letter held it, it proves the address.
    ///
    /// # Errors
    /// `store.*`.
    pub(super) async fn notices_by_link(
        &self,
        (user, is_mailed): (&User, bool),
        author: &Author<'_>,
        notice: &Notice,
    ) -> Result<Vec<Letter>, StoreError> {
        if is_mailed { Ok(self.notice(user, author, notice)) } else { self.notices(user, author, notice).await }
    }

    fn notice(&self, user: &User, author: &Author<'_>, notice: &Notice) -> Vec<Letter> {
        let (language, now) = (author.language(), self.now());
        let circumstances = author.circumstances(user);
        self.letter_to(user, |site| letter::notice(site, (language, now), notice, &circumstances))
    }
}
