//! What the domain asks of a store: one trait for each aggregate, one method for each unit of work.
//!
//! A method that changes something does the whole change and its audit row in one transaction, and has
//! made it durable before it returns. A method that consumes a one-time value does so in one statement,
//! so that of any number of racing calls exactly one succeeds.
//!
//! To add a query: add it to the trait of its aggregate, write it once in `doorward-store`, and add a
//! case to the contract suite there, which runs against every database.

mod device;
mod factor;
mod link;
mod mail;

use std::future::Future;

pub use device::{AppPasswords, Devices};
pub use factor::{Added, EmailChallenge, Evidence, Factors, Facts, NewCredential, Proof, Proving, Then};
pub use link::{Link, Links, Purpose};
pub use mail::Outbox;

use crate::audit::{Event, Record};
use crate::budget::{BudgetKey, Spent};
use crate::clock::UnixTime;
use crate::identifier::{AccessTokenId, LoginHandle, SessionId, UserId};
use crate::session::{EndReason, EndedSession, Session};
use crate::token::TokenHash;
use crate::user::{Email, Group, Name, PasswordHash, Status, User};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database does not answer, is read-only, or is busy beyond the wait. Ours; try later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// There is no room left on the disk. The operator's; try later.
    #[error("the disk is full: {0}")]
    Full(String),
    /// A row says what it cannot say, or the file is damaged. The operator's.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The e-mail address belongs to another user. The client's.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The last active administrator would lose the power to administrate. The client's.
    #[error("the last active administrator must stay one")]
    LastAdministrator,
    /// The last second factor that the policy accepts would go. The client's.
    #[error("the last second factor must stay")]
    LastFactor,
    /// There is a user already, so nobody is the first administrator any more. The client's.
    #[error("this installation is set up already")]
    AlreadySetUp,
}

impl StoreError {
    /// The code in the one list of reasons.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store.unavailable",
            Self::Full(_) => "store.full",
            Self::Corrupt(_) => "store.corrupt",
            Self::EmailTaken => "user.email_taken",
            Self::LastAdministrator => "user.last_administrator",
            Self::LastFactor => "factor.last_one",
            Self::AlreadySetUp => "user.already_set_up",
        }
    }
}

/// What a method of a store gives back.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A change to one user.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// Enables or disables; disabling ends all sessions with [`EndReason::UserDisabled`], trusted devices and app passwords.
    Status(Status),
    /// Another display name.
    Name(Name),
    /// Exactly these groups.
    Groups(std::collections::BTreeSet<Group>),
    /// Another password. Ends the user's sessions for `end`, all but `keep`, and clears what wrong
    /// guesses are counted for the account. Trusted devices and app passwords end, and no browser is known any more. Where
    /// nobody is to be kept, somebody in charge has set it, and what is counted for second factors goes, too.
    Password {
        /// The new stored form.
        hash: PasswordHash,
        /// Whether the next sign-in must choose another.
        must_change: bool,
        /// Why the sessions end.
        end: EndReason,
        /// The session that asks for it and stays. Where it has ended meanwhile, nothing is changed.
        keep: Option<SessionId>,
    },
    /// The same password in a stronger stored form; only where the stored form is still `old`.
    Rehash {
        /// What is stored now.
        old: PasswordHash,
        /// What shall be stored.
        new: PasswordHash,
    },
}

/// Users.
pub trait Users {
    /// The user with this id.
    fn user(&self, id: UserId) -> impl Future<Output = Result<Option<User>>> + Send;
    /// The user with this address.
    fn user_by_email(&self, email: &Email) -> impl Future<Output = Result<Option<User>>> + Send;
    /// At most `limit` users whose address sorts after `after`, in the order of addresses.
    fn users(&self, after: &str, limit: u32) -> impl Future<Output = Result<Vec<User>>> + Send;
    /// Whether there is any user at all.
    fn has_users(&self) -> impl Future<Output = Result<bool>> + Send;
    /// Adds a user. Fails with [`StoreError::EmailTaken`].
    fn create_user(&self, user: &User, event: &Event) -> impl Future<Output = Result<()>> + Send;
    /// Changes a user and gives back what is stored now; nothing where there is no such user (or no such
    /// stored form, or the session to keep has ended). Fails with [`StoreError::LastAdministrator`] rather than leave nobody in charge.
    fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        event: &Event,
    ) -> impl Future<Output = Result<Option<User>>> + Send;
}

/// A refresh token and the access token that was given out with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// What is looked up.
    pub hash: TokenHash,
    /// The session it renews.
    pub session: SessionId,
    /// The `jti` of the access token given out with it.
    pub access: AccessTokenId,
    /// When it was given out.
    pub created_at: UnixTime,
    /// When it ends by itself.
    pub expires_at: UnixTime,
}

/// Everything that one successful sign-in writes.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// Its first refresh token, for an API client.
    pub refresh: Option<RefreshToken>,
    /// The session that this browser had before: it ends with [`EndReason::Replaced`].
    pub replaces: Option<SessionId>,
    /// The browser, so that it is known next time; remembered only where the sign-in is finished.
    pub browser: Option<TokenHash>,
    /// Budgets to clear, because the guess was right.
    pub clear: Vec<BudgetKey>,
    /// Budgets that others share, to give this one guess back to.
    pub refund: Vec<BudgetKey>,
}

/// Which sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(SessionId),
    /// All of a user's, but for the one named.
    AllOf(UserId, Option<SessionId>),
}

/// Sessions.
pub trait Sessions {
    /// Every session that has not ended, for the table in memory; in batches, to bound memory.
    fn live_sessions(&self, after: Option<SessionId>, limit: u32) -> impl Future<Output = Result<Vec<Session>>> + Send;
    /// The newest ended sessions, newest first.
    fn ended_sessions(&self, limit: u32) -> impl Future<Output = Result<Vec<EndedSession>>> + Send;
    /// The newest whole sessions of one user that have ended, the last one first; a step up ends none.
    fn past_sessions(
        &self,
        user: UserId,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<crate::session::PastSession>>> + Send;
    /// One session: live, ended, or nothing.
    fn session(
        &self,
        id: SessionId,
    ) -> impl Future<Output = Result<Option<std::result::Result<Session, EndedSession>>>> + Send;
    /// The live sessions of one user.
    fn sessions_of(&self, user: UserId) -> impl Future<Output = Result<Vec<Session>>> + Send;
    /// Writes a successful sign-in. False where the user was disabled or is gone meanwhile, or where the
    /// password is no longer `password` (it was changed while it was being checked).
    fn create_session(
        &self,
        new: &NewSession,
        password: Option<&PasswordHash>,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Replaces a session by its next step: new id, new token, same handle. False where it has ended
    /// meanwhile. The old id is remembered as [`EndReason::SteppedUp`]; the credential that stood for its second
    /// factor stays where the new step names none. Refresh tokens follow it, unless it brings one of its own: then the
    /// former ones end. `replaces` is not looked at.
    fn step_up(&self, old: SessionId, new: &NewSession, event: &Event) -> impl Future<Output = Result<bool>> + Send;
    /// Ends sessions and gives back which ones really ended by this call.
    fn end_sessions(
        &self,
        which: Which,
        reason: EndReason,
        event: &Event,
    ) -> impl Future<Output = Result<Vec<SessionId>>> + Send;
    /// Writes when sessions were last seen. No audit row.
    fn touch_sessions(&self, seen: &[(SessionId, UnixTime)]) -> impl Future<Output = Result<()>> + Send;
    /// Ends what has timed out and deletes what nobody asks for any more. Gives back what it ended.
    fn sweep(
        &self,
        now: UnixTime,
        timeouts: crate::session::Timeouts,
    ) -> impl Future<Output = Result<Vec<(SessionId, EndReason)>>> + Send;
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good; the successor is stored.
    Rotated(SessionId),
    /// It had been used, and nobody has used what it was exchanged for: the answer was lost on the way.
    /// The unused successor is gone and the new one is stored in its place.
    Reissued(SessionId),
    /// It had been used, and so had its successor: two parties hold it. The session has ended.
    Reused(SessionId),
    /// It is too old, or its session has ended.
    Expired,
    /// Nobody ever gave it out.
    Unknown,
}

/// Refresh tokens, and the first use of access tokens.
pub trait RefreshTokens {
    /// Exchanges a token. `successor.session` is set by the store from the presented token.
    fn rotate(
        &self,
        presented: TokenHash,
        successor: &RefreshToken,
        event: &Event,
    ) -> impl Future<Output = Result<Rotation>> + Send;
    /// Notes that an access token is used for the first time on this node. False where it was never given
    /// out or was withdrawn: then two parties hold the refresh token before it.
    fn mark_access_used(&self, access: AccessTokenId, at: UnixTime) -> impl Future<Output = Result<bool>> + Send;
}

/// A code by which a session enters the host of an app: it is carried by one redirect and good for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryCode {
    /// The hash of the code.
    pub hash: TokenHash,
    /// The sign-in that enters.
    pub handle: LoginHandle,
    /// Whose it is.
    pub user: UserId,
    /// The host that it is for, and no other.
    pub host: Box<str>,
    /// The hash of what the browser holds that asked for it, so that nobody enters with somebody else's code.
    pub state: TokenHash,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it is void.
    pub expires_at: UnixTime,
}

/// Codes of entry.
pub trait Entries {
    /// Stores a code.
    fn create_entry(&self, code: &EntryCode) -> impl Future<Output = Result<()>> + Send;
    /// Uses a code up, at this host and in the browser that asked for it. Nothing where it is used, void, or another's.
    fn use_entry(
        &self,
        hash: TokenHash,
        host: &str,
        state: TokenHash,
        event: &Event,
    ) -> impl Future<Output = Result<Option<LoginHandle>>> + Send;
}

/// Guess budgets and known browsers.
pub trait Budgets {
    /// Pays one guess from every key, or from none: the first key without one is named.
    fn pay(
        &self,
        keys: &[BudgetKey],
        now: UnixTime,
    ) -> impl Future<Output = Result<std::result::Result<(), (BudgetKey, Spent)>>> + Send;
    /// Gives one paid guess back to every key: the password was never looked at.
    fn refund(&self, keys: &[BudgetKey]) -> impl Future<Output = Result<()>> + Send;
    /// Whether this browser has signed in to this account before.
    fn is_known_browser(&self, user: UserId, browser: TokenHash) -> impl Future<Output = Result<bool>> + Send;
}

/// Refusals of strangers, counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusalCount {
    /// The hour they fell into: unix seconds, a multiple of 3600.
    pub hour: UnixTime,
    /// The reason code.
    pub reason: &'static str,
    /// The network they came from, as text.
    pub network: String,
    /// How many.
    pub count: i64,
    /// One of them, to look up.
    pub sample: Option<crate::identifier::RequestId>,
}

/// A question to the audit log.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Only records before this place; nothing for the newest.
    pub before: Option<i64>,
    /// Only records about this user.
    pub user: Option<UserId>,
    /// Only records of this request.
    pub request: Option<crate::identifier::RequestId>,
    /// At most this many, newest first.
    pub limit: u32,
}

/// The audit log.
pub trait Audit {
    /// Appends an event that changes nothing else.
    fn append(&self, event: &Event) -> impl Future<Output = Result<()>> + Send;
    /// Records, newest first.
    fn records(&self, query: &AuditQuery) -> impl Future<Output = Result<Vec<Record>>> + Send;
    /// Records after a place, oldest first, at most `limit`: how other nodes and the command line are heard.
    fn records_after(&self, seq: i64, limit: u32) -> impl Future<Output = Result<Vec<Record>>> + Send;
    /// The place of the newest record; 0 where there is none.
    fn newest(&self) -> impl Future<Output = Result<i64>> + Send;
    /// Walks the whole chain: the number of records, or the place of the first that does not fit.
    fn verify_chain(&self) -> impl Future<Output = Result<std::result::Result<i64, i64>>> + Send;
    /// Adds to the counts of refused strangers. Bounded: beyond 1,000 rows an hour, further networks are
    /// counted together under `other`; rows older than 90 days go.
    fn count_refusals(&self, counts: &[RefusalCount]) -> impl Future<Output = Result<()>> + Send;
}

/// The store as a whole.
pub trait Whole {
    /// Really asks the database something.
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;
    /// Rises with each restore; whatever was made in an earlier epoch has ended.
    fn epoch(&self) -> impl Future<Output = Result<i64>> + Send;
}
