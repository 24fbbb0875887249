//! What the domain asks of a store about links that were given to somebody.

use std::collections::BTreeSet;
use std::future::Future;

use super::Result;
use crate::audit::Event;
use crate::clock::UnixTime;
use crate::identifier::{LinkId, UserId};
use crate::token::TokenHash;
use crate::user::{Email, Group, PasswordHash, User};

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Make an account with this address and these groups.
    Invitation {
        /// Whose it will be.
        email: Email,
        /// Its groups.
        groups: BTreeSet<Group>,
    },
    /// Choose a new password for this user. Void when the user's address changes, as are all links of a user.
    PasswordReset {
        /// Whose.
        user: UserId,
    },
    /// Prove an address of this user, which then becomes the address of the account.
    EmailVerification {
        /// Whose.
        user: UserId,
        /// The address that the link was sent to.
        email: Email,
    },
    /// Take all second factors from this user, who has lost them.
    FactorReset {
        /// Whose.
        user: UserId,
    },
    /// Choose a new password for this user and take all second factors, in one: for whoever has lost everything, made by
    /// somebody with a shell on the host.
    Recovery {
        /// Whose.
        user: UserId,
    },
    /// Make an account with this proven address; asked for by the person.
    Registration {
        /// Whose it will be.
        email: Email,
        /// Its groups, as the configuration says.
        groups: BTreeSet<Group>,
    },
    /// Make the first account, which administrates.
    SetUp,
}

/// One link that was given to somebody. Looking at it uses nothing; the form behind it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its public name.
    pub id: LinkId,
    /// What is looked up.
    pub hash: TokenHash,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether it was written into a letter and shown to nobody: who has it reads the mailbox.
    pub is_mailed: bool,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends by itself.
    pub expires_at: UnixTime,
}

/// Links.
pub trait Links {
    /// Stores a link, whose author is the actor of the event. Earlier unused links of the same purpose and person are
    /// withdrawn; those of others only by somebody who acts in a name: what a stranger asks for withdraws nothing but what
    /// strangers have asked for. A link of a user is bound to the address that the user has now, and one that an
    /// administrator has made goes with the power to make it.
    fn create_link(&self, link: &Link, event: &Event) -> impl Future<Output = Result<()>> + Send;
    /// The link that can still be used at `now`.
    fn link(&self, hash: TokenHash, now: UnixTime) -> impl Future<Output = Result<Option<Link>>> + Send;
    /// The links that can still be used at `now`, newest first.
    fn open_links(&self, now: UnixTime) -> impl Future<Output = Result<Vec<Link>>> + Send;
    /// Uses an invitation up and adds the user, whose address is proven where the link was mailed. False where the link is
    /// used, withdrawn or expired.
    fn accept_invitation(
        &self,
        hash: TokenHash,
        user: &User,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Uses a reset link up, stores the password that was chosen in this browser, ends all sessions of the user with
    /// [`EndReason::PasswordReset`] and clears the account's budget. From then on
    /// [`super::Facts::is_reset_by_link`]. Of the known browsers only the one that is named stays known, with what is counted for it:
    /// whoever was in there before is kept out by nobody's wrong codes, and a mailbox wins no tries. A mailed link proves
    /// the address. Nothing where the link is used, withdrawn or expired, or where the user is disabled.
    fn reset_password(
        &self,
        hash: TokenHash,
        chosen: (&PasswordHash, Option<TokenHash>),
        event: &Event,
    ) -> impl Future<Output = Result<Option<User>>> + Send;
    /// Uses a registration up and adds the user, whose address is proven by it. False where the link is used, withdrawn or
    /// expired, or where the user is another or in other groups.
    fn register(&self, hash: TokenHash, user: &User, event: &Event) -> impl Future<Output = Result<bool>> + Send;
    /// Uses the set-up link up and adds the first administrator. Fails with [`super::StoreError::AlreadySetUp`] where
    /// there is any user; false where the link is used, withdrawn or expired, or the user does not administrate.
    fn set_up(&self, hash: TokenHash, user: &User, event: &Event) -> impl Future<Output = Result<bool>> + Send;
    /// Uses a verification up: the address is the user's and proven. Where it is another than before, codes by mail go to
    /// it from then on, and what the former mailbox has signed in ends, but for the session of the event. Fails with [`super::StoreError::EmailTaken`] where it
    /// belongs to somebody else meanwhile; nothing where the link is used, withdrawn or expired, or the user is disabled.
    fn verify_email(&self, hash: TokenHash, event: &Event) -> impl Future<Output = Result<Option<User>>> + Send;
    /// Uses a factor reset up, as [`super::Factors::reset_factors`]. Signs nobody in.
    fn reset_factors_by_link(
        &self,
        hash: TokenHash,
        event: &Event,
    ) -> impl Future<Output = Result<Option<User>>> + Send;
    /// Uses a recovery link up: stores the password as [`Self::reset_password`] and takes the second factors as
    /// [`super::Factors::reset_factors`], both or neither. Signs nobody in.
    fn recover(
        &self,
        hash: TokenHash,
        password: &PasswordHash,
        event: &Event,
    ) -> impl Future<Output = Result<Option<User>>> + Send;
    /// Withdraws a link. False where it was not open.
    fn revoke_link(&self, id: LinkId, event: &Event) -> impl Future<Output = Result<bool>> + Send;
}
