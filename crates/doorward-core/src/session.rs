//! Sessions: who is signed in where, how strongly, until when, and why a session ended.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::clock::UnixTime;
use crate::identifier::{CredentialId, LoginHandle, SessionId, UserId};
use crate::signin::{Methods, Proven};
use crate::token::TokenHash;

/// How a client proves that it holds the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By an opaque cookie.
    Browser,
    /// By access and refresh tokens.
    Api,
}

/// How far the sign-in behind a session has come. Whatever is not [`Stage::Full`] can only finish or sign out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Complete.
    Full,
    /// A second factor is missing.
    SecondFactor,
    /// After a recovery code, the proof of the e-mail address is missing.
    RecoveryMail,
    /// A new password must be chosen first.
    PasswordChange,
    /// What was lost can be replaced, and nothing else be done.
    Recovery,
    /// A second factor must be enrolled, and nothing else can be done.
    Enrolment,
}

macro_rules! word {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the store, in the API and in logs.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

word!(Kind { Browser => "browser", Api => "api" });
word!(Stage {
    Full => "full",
    SecondFactor => "second_factor",
    RecoveryMail => "recovery_mail",
    PasswordChange => "password_change",
    Recovery => "recovery",
    Enrolment => "enrolment",
});

impl Stage {
    /// Whether a session of this stage may enrol something: a whole one, and those that wait for just that. Whoever still
    /// owes a factor enrols nothing.
    #[must_use]
    pub fn may_enrol(self) -> bool {
        matches!(self, Self::Full | Self::Recovery | Self::Enrolment)
    }
}

/// Seconds that a half-finished sign-in may take.
pub const PENDING_SECONDS: i64 = 600;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public name; a step up gives it a new one.
    pub id: SessionId,
    /// The hash of the cookie; nothing for [`Kind::Api`], whose tokens have a table of their own.
    pub token: Option<TokenHash>,
    /// What stays the same over every step up of one sign-in; CSRF tokens are bound to it.
    pub handle: LoginHandle,
    /// Whose session it is.
    pub user: UserId,
    /// Cookie or tokens.
    pub kind: Kind,
    /// How far the sign-in has come.
    pub stage: Stage,
    /// What was proven, and when.
    pub proven: Proven,
    /// What was enrolled or trusted before and has stood for the second factor: when it goes, the session ends.
    pub credential: Option<CredentialId>,
    /// Whether the cookie outlives the browser ("stay signed in").
    pub is_persistent: bool,
    /// When the first factor was proven.
    pub created_at: UnixTime,
    /// When somebody last proved who they are in this session: the claim `auth_time`.
    pub authenticated_at: UnixTime,
    /// The last request; written to the store in batches.
    pub last_seen: UnixTime,
    /// Where it was made from.
    pub address: IpAddr,
    /// What the client called itself: at most 160 characters without control characters.
    pub device: Box<str>,
}

/// Cuts what a client calls itself to what a session keeps.
#[must_use]
pub fn device_label(user_agent: &str) -> Box<str> {
    user_agent.chars().filter(|c| !c.is_control()).take(160).collect::<String>().into()
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Seconds without a request.
    pub idle: i64,
    /// Seconds in all.
    pub absolute: i64,
}

/// A named pair of timeouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// 7 days idle, 30 days in all: one person's server.
    #[default]
    Home,
    /// 1 hour idle, 24 hours in all (NIST SP 800-63B-4, section 2.2.3).
    Standard,
    /// 15 minutes idle, 12 hours in all (section 2.3.3).
    Strict,
}

word!(Profile { Home => "home", Standard => "standard", Strict => "strict" });

impl Profile {
    /// The timeouts of this profile.
    #[must_use]
    pub fn timeouts(self) -> Timeouts {
        let (idle, absolute) = match self {
            Self::Home => (7 * 86_400, 30 * 86_400),
            Self::Standard => (3_600, 86_400),
            Self::Strict => (900, 43_200),
        };
        Timeouts { idle, absolute }
    }
}

impl Session {
    /// What was proven.
    #[must_use]
    pub fn methods(&self) -> Methods {
        self.proven.methods()
    }

    /// Whether the session still stands at `now`, or why it has ended.
    ///
    /// # Errors
    /// The timeout that has passed.
    pub fn check(&self, now: UnixTime, timeouts: Timeouts) -> Result<(), EndReason> {
        let absolute = if self.stage == Stage::Full { timeouts.absolute } else { PENDING_SECONDS };
        if now.seconds_since(self.created_at) >= absolute {
            Err(EndReason::AbsoluteTimeout)
        } else if now.seconds_since(self.last_seen) >= timeouts.idle {
            Err(EndReason::IdleTimeout)
        } else {
            Ok(())
        }
    }
}

/// Why a session ended: the answer to "why was I signed out".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its holder signed out.
    SignedOut,
    /// Its holder ended it from another session.
    Revoked,
    /// An administrator ended it.
    RevokedByAdministrator,
    /// Too long without a request.
    IdleTimeout,
    /// Too old.
    AbsoluteTimeout,
    /// The account was disabled.
    UserDisabled,
    /// The password was changed in another session.
    PasswordChanged,
    /// The password was reset by a link or by an administrator.
    PasswordReset,
    /// Somebody signed in with the same browser.
    Replaced,
    /// The session got a new identifier, and an old one was presented.
    SteppedUp,
    /// A backup was restored; everything before it has ended.
    EpochRaised,
    /// A refresh token was used twice.
    TokenReuse,
    /// The factor or the trusted device that had signed it in was removed.
    FactorRemoved,
    /// All second factors of the account were taken away, since they were lost.
    FactorsReset,
    /// The days in which a second factor could be set up are over.
    EnrolmentDue,
    /// The first second factor was set up in another session; this one knew only the password.
    FactorAdded,
}

word!(EndReason {
    SignedOut => "signed_out",
    Revoked => "revoked",
    RevokedByAdministrator => "revoked_by_administrator",
    IdleTimeout => "idle_timeout",
    AbsoluteTimeout => "absolute_timeout",
    UserDisabled => "user_disabled",
    PasswordChanged => "password_changed",
    PasswordReset => "password_reset",
    Replaced => "replaced",
    SteppedUp => "stepped_up",
    EpochRaised => "epoch_raised",
    TokenReuse => "token_reuse",
    FactorRemoved => "factor_removed",
    FactorsReset => "factors_reset",
    EnrolmentDue => "enrolment_due",
    FactorAdded => "factor_added",
});

impl EndReason {
    /// The code in the one list of reasons.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "session.signed_out",
            Self::Revoked => "session.revoked",
            Self::RevokedByAdministrator => "session.revoked_by_administrator",
            Self::IdleTimeout => "session.idle_timeout",
            Self::AbsoluteTimeout => "session.absolute_timeout",
            Self::UserDisabled => "session.user_disabled",
            Self::PasswordChanged => "session.password_changed",
            Self::PasswordReset => "session.password_reset",
            Self::Replaced => "session.replaced",
            Self::SteppedUp => "session.stepped_up",
            Self::EpochRaised => "session.epoch_raised",
            Self::TokenReuse => "token.reuse",
            Self::FactorRemoved => "session.factor_removed",
            Self::FactorsReset => "session.factors_reset",
            Self::EnrolmentDue => "session.enrolment_due",
            Self::FactorAdded => "session.factor_added",
        }
    }
}

/// A session that is over, as far as it must be remembered to say why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// Its public name.
    pub id: SessionId,
    /// The hash of its cookie, where it had one.
    pub token: Option<TokenHash>,
    /// When it ended.
    pub at: UnixTime,
    /// Why.
    pub reason: EndReason,
}

/// A whole session that is over, as its owner is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSession {
    /// Its public name at the end.
    pub id: SessionId,
    /// When the first factor was proven.
    pub created_at: UnixTime,
    /// When it ended.
    pub ended_at: UnixTime,
    /// Why.
    pub reason: EndReason,
    /// Where it was made from.
    pub address: IpAddr,
    /// What the client called itself.
    pub device: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            id: "ses_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
            token: None,
            handle: "lgn_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
            user: "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
            kind: Kind::Browser,
            stage: Stage::Full,
            proven: Proven::default(),
            credential: None,
            is_persistent: false,
            created_at: UnixTime(1_000),
            authenticated_at: UnixTime(1_000),
            last_seen: UnixTime(1_000),
            address: [127, 0, 0, 1].into(),
            device: "curl/8".into(),
        }
    }

    #[test]
    fn ends_to_the_second() {
        let timeouts = Profile::Strict.timeouts();
        assert_eq!(session().check(UnixTime(1_899), timeouts), Ok(()));
        assert_eq!(session().check(UnixTime(1_900), timeouts), Err(EndReason::IdleTimeout));
        let busy = Session { last_seen: UnixTime(44_199), ..session() };
        assert_eq!(busy.check(UnixTime(44_199), timeouts), Ok(()));
        assert_eq!(busy.check(UnixTime(44_200), timeouts), Err(EndReason::AbsoluteTimeout));
    }

    #[test]
    fn half_a_sign_in_lasts_ten_minutes() {
        let pending = Session { stage: Stage::SecondFactor, last_seen: UnixTime(1_599), ..session() };
        assert_eq!(pending.check(UnixTime(1_599), Profile::Home.timeouts()), Ok(()));
        assert_eq!(pending.check(UnixTime(1_600), Profile::Home.timeouts()), Err(EndReason::AbsoluteTimeout));
    }

    #[test]
    fn every_word_comes_back() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::from_text(reason.as_str()), Some(*reason));
            assert!(crate::reason::find(reason.code()).is_some(), "{}", reason.code());
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::from_text(stage.as_str()), Some(*stage));
        }
    }
}
