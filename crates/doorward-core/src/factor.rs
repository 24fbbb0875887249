//! What a person proves beside the password: authenticators, codes, trusted devices, app passwords.
//!
//! # The design on one page
//!
//! **The person** has a phone, perhaps a security key, a sheet of recovery codes, and an e-mail address. The first
//! sign-in asks for nothing but says by which day a second factor must be there. Later each sign-in asks for one of
//! what is enrolled; "try another way" changes the way and never the requirement. Whoever lost the phone uses a code
//! of the sheet, proves the address where there is mail, and is led to replace what was lost.
//!
//! **The attacker** has the password, or the database without the keys, or a stolen cookie, or a clock to move:
//!
//! - *Half a sign-in does nothing.* A [`crate::signin::SignIn`] is one of a few moments, each makes a session with a
//!   [`crate::session::Stage`], and only the stage `full` is somebody. Which moment comes next is one pure function of what is
//!   proven and of the [`crate::signin::Demand`], which only [`policy::FactorPolicy::demand`] makes, anew at each step.
//! - *What is enrolled is asked for*, whatever the policy says: the policy decides what must be enrolled. What is
//!   enrolled and no longer good enough (an e-mail code under `strict`, a synced passkey where hardware is demanded) is
//!   asked for all the same, and then something better must be enrolled. Where nothing can be proven (a passkey of another
//!   domain, and no code left) nobody gets in; an administrator or the host helps.
//! - *Grace is counted once*: the store keeps when it began and never begins it again.
//! - *Once means once.* A TOTP step, a recovery code, an e-mail code, a challenge and the session that follows are one
//!   transaction, in which one conditional statement takes the value. The highest step used is kept, so a clock that is set back
//!   makes no code good again.
//! - *Guesses are paid before they are looked at* ([`crate::budget::BudgetKey::Factor`]), and only a right password opens
//!   the counter, so nobody is locked out by strangers. Each way is counted apart, so that wrong codes by mail use up nobody's
//!   tries at an app. Known browsers are counted apart, and a browser is known only once a sign-in was finished in it; a new
//!   password and the first factor forget them all, but for the one that asks. What is counted outlives a password that a
//!   mailbox has set, and goes with the last authenticator of its way.
//! - *A mailbox is one channel*: after a password was chosen by a link, a code by mail proves nothing more.
//! - *A trusted device is a token on the server*, of its own kind, named, ended one by one and all together by a
//!   new password, by any change of a factor, by disablement and by a restore, and the sessions that it signed in end with
//!   it. It stands in for the second factor and nothing more: such a session is one factor (`aal1`), never fresh, and sets
//!   no password.
//! - *Codes by mail go to the address of the account*, wherever that moves: what the former mailbox has signed in ends.
//! - *Enrolling needs a session that is whole or that waits for enrolling*; the store looks at its stage in the same
//!   transaction. What is removed ends the sessions that it signed in.
//!
//! **Where it departs from NIST SP 800-63B-4**, each only in the profile `standard`: trusted devices (section 5.1.1 forbids a
//! cookie in place of a factor) and e-mail codes (section 3.1.3.1 forbids e-mail as a factor). Both leave the session at `aal1`. TOTP accepts
//! the step before (ASVS 6.5.5 wants 30 seconds); `strict` does not. `acr` never says `aal3`: without attested
//! authenticators nobody can know.
//!
//! **Secrets at rest**: the store keeps [`Sealed`] texts, which the program encrypts under a key of the key directory with the id
//! and the user as associated data; codes are keyed hashes ([`code::CodeKey`]). A copy of the database alone opens nothing.
//!
//! To add a method: a variant of [`crate::signin::Method`], one of [`Detail`] where something is enrolled, one of
//! [`crate::store::Proof`] where the store takes something, and rows in the table of cases of [`policy`].

pub mod base32;
pub mod code;
pub mod policy;
pub mod totp;

use std::fmt;

use crate::clock::UnixTime;
use crate::identifier::{CredentialId, UserId};
use crate::token::TokenHash;
use crate::user::Name;

/// A secret that the program has encrypted. The store and this crate hand it on and cannot read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<str>);

impl Sealed {
    /// Takes an encrypted text over.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The encrypted text, for the store and for whoever holds the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealed(****)")
    }
}

/// The most that one user can have enrolled, of all kinds together.
pub const MOST_CREDENTIALS: usize = 20;

/// The most devices that one user can trust; the one that was used longest ago goes first.
pub const MOST_DEVICES: usize = 20;

/// The most app passwords that one user can have.
pub const MOST_APP_PASSWORDS: usize = 50;

/// Seconds for which the state of a ceremony waits for its answer.
pub const CHALLENGE_SECONDS: i64 = 300;

/// Seconds for which a device is trusted after it was last used, at most ([`policy::FactorPolicy::trusted_until`]).
pub const DEVICE_SECONDS: i64 = 30 * 86_400;

/// What a user has enrolled as a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its public name.
    pub id: CredentialId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: Name,
    /// What it is.
    pub detail: Detail,
    /// When it was enrolled.
    pub created_at: UnixTime,
    /// When it last proved somebody.
    pub last_used_at: Option<UnixTime>,
}

/// What kind of factor it is, and what is needed to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// An authenticator app that shows codes (RFC 6238).
    Totp {
        /// The 20 bytes of its key, encrypted.
        secret: Sealed,
        /// The highest step whose code was accepted; the next one must be higher.
        last_step: i64,
    },
    /// A passkey or security key.
    Passkey(Passkey),
    /// Codes by mail to the verified address of the account.
    EmailCode,
}

/// A public key credential (Web Authentication, Level 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The credential id, base64url.
    pub key_id: Box<str>,
    /// The domain that it was made for. Browsers offer it nowhere else.
    pub rp_id: Box<str>,
    /// The credential as the program's library keeps it; here it is only text.
    pub record: Box<str>,
    /// The last signature counter; 0 for ever where the authenticator has none.
    pub sign_count: u32,
    /// Whether it can sign in without a name being typed.
    pub is_discoverable: bool,
    /// Whether the key cannot leave its device (flag BE is 0).
    pub is_device_bound: bool,
    /// Whether a copy exists elsewhere (flag BS).
    pub is_backed_up: bool,
    /// How it is reached, such as `internal` or `usb,nfc`.
    pub transports: Box<str>,
}

impl Detail {
    /// The word in the store and in the API.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Totp { .. } => "totp",
            Self::Passkey(_) => "passkey",
            Self::EmailCode => "email",
        }
    }
}

/// A browser that its owner trusts: it stands in for the second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDevice {
    /// Its public name.
    pub id: CredentialId,
    /// Whose it is.
    pub user: UserId,
    /// The hash of its cookie.
    pub hash: TokenHash,
    /// What its owner calls it.
    pub name: Name,
    /// Where it was last used.
    pub address: std::net::IpAddr,
    /// When it was trusted.
    pub created_at: UnixTime,
    /// When it last stood in.
    pub last_used_at: UnixTime,
    /// When it is forgotten; each use moves it on, up to an end that nothing moves.
    pub expires_at: UnixTime,
}

/// A password for one native client of one app: good for that app alone, never at the portal or the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    /// Its public name.
    pub id: CredentialId,
    /// Whose it is.
    pub user: UserId,
    /// The name of the app that it opens, and no other.
    pub app: Box<str>,
    /// What its owner calls it.
    pub name: Name,
    /// The hash of the token.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was last used, to the hour.
    pub last_used_at: Option<UnixTime>,
    /// When it ends by itself, where it does.
    pub expires_at: Option<UnixTime>,
}

/// What the state of a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceremony {
    /// Enrolling a passkey.
    PasskeyEnrolment,
    /// Proving a passkey.
    PasskeyProof,
    /// Enrolling an authenticator app: the key that was shown and not yet confirmed.
    TotpEnrolment,
}

impl Ceremony {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PasskeyEnrolment => "passkey_enrolment",
            Self::PasskeyProof => "passkey_proof",
            Self::TotpEnrolment => "totp_enrolment",
        }
    }
}

/// The state of a ceremony between its question and its answer: good once, in the browser that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The hash of what the browser sends back.
    pub hash: TokenHash,
    /// What it is for.
    pub ceremony: Ceremony,
    /// Whose it is; nothing for a sign-in without a name.
    pub user: Option<UserId>,
    /// The hash of what the browser holds: the session, or before there is one the bind cookie.
    pub browser: TokenHash,
    /// What the server needs to check the answer, encrypted where it is secret.
    pub state: Sealed,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it is void.
    pub expires_at: UnixTime,
}
