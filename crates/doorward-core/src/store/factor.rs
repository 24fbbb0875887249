//! What the domain asks of a store about second factors and the values that prove them.

use std::future::Future;
use std::net::IpAddr;

use super::{NewSession, Result};
use crate::audit::Event;
use crate::clock::UnixTime;
use crate::factor::code::EmailPurpose;
use crate::factor::policy::Keep;
use crate::factor::{Ceremony, Challenge, Credential};
use crate::identifier::{CredentialId, SessionId, UserId};
use crate::session::Session;
use crate::token::TokenHash;
use crate::user::{Name, PasswordHash};

/// What is known of a user's second factors, of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What is enrolled, oldest first.
    pub credentials: Vec<Credential>,
    /// How many recovery codes are unused.
    pub recovery_codes: usize,
    /// Whether the present address of the account was proven.
    pub is_email_verified: bool,
    /// Whether the password was chosen by a link and nothing stronger than a code by mail was proven since.
    pub is_reset_by_link: bool,
    /// When the days of grace began.
    pub grace_began_at: Option<UnixTime>,
}

/// What an enrolment rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A challenge that was taken before it was answered ([`Factors::take_challenge`]).
    Taken,
    /// A challenge that is used up by the enrolment itself.
    Challenge {
        /// Its hash.
        hash: TokenHash,
        /// What it is for.
        ceremony: Ceremony,
        /// Where it was asked for.
        browser: TokenHash,
    },
    /// A code by mail, of [`EmailPurpose::Enrolment`].
    EmailCode {
        /// The keyed hash of what was typed.
        hash: TokenHash,
        /// Where it was asked for.
        browser: TokenHash,
    },
}

/// Everything that one enrolment writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// What is enrolled.
    pub credential: Credential,
    /// The session that asks for it: live, the user's, and of a stage that may enrol.
    pub session: SessionId,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What became of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is stored.
    Done,
    /// A code by mail was wrong, and may be typed this often again.
    Wrong {
        /// Tries left.
        left: u32,
    },
    /// The evidence is used, void or another's, or the session has ended or may not enrol. Nothing is stored.
    Void,
    /// There is no room for another one.
    TooMany,
    /// The key is enrolled already, by this user or another, or codes by mail are.
    Taken,
}

/// A value that proves a second factor, after the program has checked what can be checked without the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A code of an authenticator: uses up its step and all before it.
    TotpStep {
        /// Which authenticator.
        credential: CredentialId,
        /// The step, as [`crate::factor::totp::TotpKey::verify`] gave it.
        step: i64,
    },
    /// An assertion of a passkey whose challenge was taken: moves its counter on.
    Passkey {
        /// Which one.
        credential: CredentialId,
        /// Its new record.
        record: Box<str>,
        /// Its new counter: higher than the last, or 0 where it always was.
        sign_count: u32,
        /// Whether a copy exists elsewhere (flag BS).
        is_backed_up: bool,
    },
    /// A recovery code: uses it up.
    RecoveryCode {
        /// Its keyed hash.
        hash: TokenHash,
    },
    /// A code by mail: uses it up, or counts a try.
    EmailCode {
        /// What it is for.
        purpose: EmailPurpose,
        /// Where it was asked for.
        browser: TokenHash,
        /// The keyed hash of what was typed.
        hash: TokenHash,
    },
    /// The cookie of a trusted device: stays good, and moves its end on.
    TrustedDevice {
        /// Its hash.
        hash: TokenHash,
        /// From where it is used.
        address: IpAddr,
        /// When it is forgotten.
        expires_at: UnixTime,
    },
}

/// What follows a proof, in the same transaction.
#[derive(Debug, Clone, Copy)]
pub enum Then<'a> {
    /// A sign-in begins, as by [`super::Sessions::create_session`].
    Begin {
        /// The session and all that belongs to it.
        new: &'a NewSession,
        /// The password that was checked, where one was.
        password: Option<&'a PasswordHash>,
    },
    /// A session takes its next step, as by [`super::Sessions::step_up`], with the same user and handle. Refresh tokens
    /// follow it, unless it brings one of its own: then the former ones end.
    StepUp {
        /// The session that stood before.
        old: SessionId,
        /// The session and all that belongs to it; `replaces` is not looked at.
        new: &'a NewSession,
    },
}

/// What became of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proving {
    /// It was good; this session is stored.
    Done(Box<Session>),
    /// A code by mail was wrong, and may be typed this often again. The try is counted.
    Wrong {
        /// Tries left.
        left: u32,
    },
    /// It was used before, is too old, was withdrawn, or is another's. Nothing has changed.
    Void,
    /// The session has ended, or the user was disabled or has another password meanwhile. Nothing has changed and the
    /// value is still good.
    Gone,
}

/// A code by mail that waits to be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChallenge {
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub purpose: EmailPurpose,
    /// The hash of what the browser holds that asked.
    pub browser: TokenHash,
    /// The keyed hash of the code.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it is void.
    pub expires_at: UnixTime,
}

/// Second factors.
pub trait Factors {
    /// What a sign-in asks about, of one moment.
    fn facts(&self, user: UserId) -> impl Future<Output = Result<Facts>> + Send;
    /// The passkey with this credential id at this domain, for a sign-in without a name.
    fn passkey(&self, rp_id: &str, key_id: &str) -> impl Future<Output = Result<Option<Credential>>> + Send;
    /// How many passkeys were made for another domain.
    fn passkeys_elsewhere(&self, rp_id: &str) -> impl Future<Output = Result<u64>> + Send;
    /// How many people who may sign in can prove a second factor by codes by mail and by nothing else, a sheet of recovery
    /// codes included.
    fn people_by_mail_alone(&self) -> impl Future<Output = Result<u64>> + Send;
    /// Enrols something. Trusted devices end, with the sessions that they signed in; with the first factor, all that a
    /// password alone can have left behind.
    fn add_credential(&self, new: &NewCredential, event: &Event) -> impl Future<Output = Result<Added>> + Send;
    /// Removes something. Trusted devices end, and so does every session that it or they signed in, but for `session`, the
    /// whole and live one that asks. With the last of its way goes what is counted for that. False where either is not the user's. Fails with [`super::StoreError::LastFactor`] where too little would stay.
    fn remove_credential(
        &self,
        session: (UserId, SessionId),
        id: CredentialId,
        keep: &Keep,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Gives a factor, a trusted device or an app password another name. False where it is not the user's.
    fn rename_credential(
        &self,
        user: UserId,
        id: CredentialId,
        name: &Name,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Uses a proof up and does what follows, in one transaction. The event is about the session.
    fn prove(&self, proof: &Proof, then: Then<'_>, event: &Event) -> impl Future<Output = Result<Proving>> + Send;
    /// Stores a new sheet of recovery codes, by their keyed hashes; the sheet before is void. False unless `session` is a
    /// live one of this user that may enrol.
    fn replace_recovery_codes(
        &self,
        session: (UserId, SessionId),
        hashes: &[TokenHash],
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Begins the days of grace, once, and gives back when they began.
    fn begin_grace(&self, user: UserId, event: &Event) -> impl Future<Output = Result<UnixTime>> + Send;
    /// Takes everything that is enrolled from a user, recovery codes, trusted devices and app passwords included; ends all
    /// sessions; leaves no grace. False where there is no such user.
    fn reset_factors(&self, user: UserId, event: &Event) -> impl Future<Output = Result<bool>> + Send;
    /// Stores the state of a ceremony; the one before of the same kind and browser is void. No audit row: it opens nothing.
    fn create_challenge(&self, challenge: &Challenge) -> impl Future<Output = Result<()>> + Send;
    /// Looks at a challenge of this ceremony in this browser. Uses nothing.
    fn challenge(
        &self,
        hash: TokenHash,
        ceremony: Ceremony,
        browser: TokenHash,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Challenge>>> + Send;
    /// Takes a challenge: one of many callers gets it, and nobody after. One that comes from another browser or ceremony is
    /// void from then on.
    fn take_challenge(
        &self,
        hash: TokenHash,
        ceremony: Ceremony,
        browser: TokenHash,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Challenge>>> + Send;
    /// Stores a code by mail; the one before of the same user, purpose and browser is void.
    fn create_email_code(&self, code: &EmailChallenge, event: &Event) -> impl Future<Output = Result<()>> + Send;
}
