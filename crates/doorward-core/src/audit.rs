//! Security events: who did what to whom, from where and why, in a chain that shows every change.

use std::net::IpAddr;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::clock::UnixTime;
use crate::identifier::{RequestId, SessionId, UserId};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident => $word:literal),+ $(,)?) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name),+ }

        impl Action {
            /// Every action, as the reference page lists them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable word, `thing.event`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

actions! {
    /// A user was made.
    UserCreated => "user.created",
    /// Name or groups of a user were changed.
    UserChanged => "user.changed",
    /// A user was disabled; all sessions ended.
    UserDisabled => "user.disabled",
    /// A user was enabled again.
    UserEnabled => "user.enabled",
    /// A user chose a new password.
    PasswordChanged => "password.changed",
    /// A password was reset by a link or by an administrator.
    PasswordReset => "password.reset",
    /// The stored form of a password was renewed with stronger parameters.
    PasswordRehashed => "password.rehashed",
    /// A sign-in succeeded, wholly or up to a pending stage.
    SignedIn => "session.signed_in",
    /// A session got a new identifier after a further step.
    SteppedUp => "session.stepped_up",
    /// A session entered the host of an app.
    AppEntered => "app.entered",
    /// One or more sessions ended.
    SessionEnded => "session.ended",
    /// A refresh token was exchanged.
    TokenRefreshed => "token.refreshed",
    /// A refresh token came twice; the session ended.
    TokenReused => "token.reused",
    /// A link was made.
    LinkCreated => "link.created",
    /// A link was used.
    LinkUsed => "link.used",
    /// A link was withdrawn.
    LinkRevoked => "link.revoked",
    /// A sign-in of an account was refused.
    SignInRefused => "session.refused",
    /// A second factor was enrolled; trusted devices ended.
    FactorAdded => "factor.added",
    /// A second factor was removed; trusted devices and the sessions that it had signed in ended.
    FactorRemoved => "factor.removed",
    /// A second factor, a trusted device or an app password got another name.
    FactorRenamed => "factor.renamed",
    /// A proof of a second factor was refused.
    FactorRefused => "factor.refused",
    /// All second factors were taken away, since they were lost.
    FactorsReset => "factor.reset",
    /// The days of grace in which a second factor can be enrolled have begun.
    GraceBegun => "factor.grace_begun",
    /// A new sheet of recovery codes was made; the one before is void.
    RecoveryCodesMade => "recovery.codes_made",
    /// A recovery code was used.
    RecoveryCodeUsed => "recovery.code_used",
    /// A code was sent by mail.
    EmailCodeSent => "factor.email_code_sent",
    /// A browser is trusted.
    DeviceTrusted => "device.trusted",
    /// A browser is no longer trusted.
    DeviceRemoved => "device.removed",
    /// An app password was made.
    AppPasswordMade => "app_password.made",
    /// An app password was withdrawn.
    AppPasswordRemoved => "app_password.removed",
    /// An e-mail address was proven.
    EmailVerified => "email.verified",
    /// A mail could not be sent and was given up, or found no room in the spool.
    MailFailed => "mail.failed",
    /// Keys were made or rotated.
    KeysRotated => "keys.rotated",
    /// A backup was written.
    BackupWritten => "backup.written",
    /// A backup was restored; the epoch was raised.
    BackupRestored => "backup.restored",
    /// The configuration was read anew.
    ConfigurationReloaded => "configuration.reloaded",
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// Somebody with a shell on the host.
    CommandLine,
    /// Doorward itself.
    System,
    /// Somebody who is not signed in.
    Stranger,
}

impl Actor {
    /// The actor as the store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::CommandLine => "command_line".to_owned(),
            Self::System => "system".to_owned(),
            Self::Stranger => "stranger".to_owned(),
        }
    }
}

/// One event, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: UnixTime,
    /// What.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// Which user it is about.
    pub user: Option<UserId>,
    /// Which session it is about.
    pub session: Option<SessionId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// What the client called itself, at most 160 characters.
    pub device: Box<str>,
    /// A code of the one list of reasons, where there is one.
    pub reason: &'static str,
    /// In which request.
    pub request: Option<RequestId>,
    /// Further words for people, such as the groups that were set. Never a secret.
    pub detail: String,
}

impl Event {
    /// An event of the system without further circumstances.
    #[must_use]
    pub fn new(at: UnixTime, action: Action, actor: Actor) -> Self {
        Self {
            at,
            action,
            actor,
            user: None,
            session: None,
            address: None,
            device: "".into(),
            reason: "",
            request: None,
            detail: String::new(),
        }
    }

    /// The same event about this user.
    #[must_use]
    pub fn about(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// The same event about this session.
    #[must_use]
    pub fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// The same event with a reason code.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// The same event with words for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// An event in its place, as the store gives it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// 1 for the first event, without gaps.
    pub seq: i64,
    /// Unix seconds.
    pub at: UnixTime,
    /// [`Action::as_str`].
    pub action: String,
    /// [`Actor::to_text`].
    pub actor: String,
    /// The user it is about, or empty.
    pub user: String,
    /// The session it is about, or empty.
    pub session: String,
    /// The address, or empty.
    pub address: String,
    /// The device, or empty.
    pub device: String,
    /// The reason code, or empty.
    pub reason: String,
    /// The request, or empty.
    pub request: String,
    /// Further words.
    pub detail: String,
    /// The link to the event before: SHA-256 in lower-case hex.
    #[serde(skip)]
    pub chain: String,
}

impl Record {
    /// Puts an event after `previous` (the chain text of the event before; empty for the first).
    #[must_use]
    pub fn place(event: &Event, seq: i64, previous: &str) -> Self {
        let mut record = Self {
            seq,
            at: event.at,
            action: event.action.as_str().to_owned(),
            actor: event.actor.to_text(),
            user: event.user.map_or_else(String::new, |id| id.to_string()),
            session: event.session.map_or_else(String::new, |id| id.to_string()),
            address: event.address.map_or_else(String::new, |address| address.to_string()),
            device: event.device.to_string(),
            reason: event.reason.to_owned(),
            request: event.request.map_or_else(String::new, |id| id.to_string()),
            detail: event.detail.clone(),
            chain: String::new(),
        };
        record.chain = record.link(previous);
        record
    }

    /// Whether this record stands unchanged after `previous`.
    #[must_use]
    pub fn follows(&self, previous: &str) -> bool {
        self.chain == self.link(previous)
    }

    /// Each field enters with its length, so that no two records have the same bytes.
    fn link(&self, previous: &str) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.0.to_string());
        let fields: [&str; 12] = [
            previous,
            &seq,
            &at,
            &self.action,
            &self.actor,
            &self.user,
            &self.session,
            &self.address,
            &self.device,
            &self.reason,
            &self.request,
            &self.detail,
        ];
        let mut digest = Sha256::new_with_prefix(b"doorward audit v1");
        for field in fields {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field);
        }
        digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: i64, previous: &str) -> Record {
        let event = Event::new(UnixTime(7), Action::UserCreated, Actor::CommandLine).with_detail("admins");
        Record::place(&event, seq, previous)
    }

    #[test]
    fn a_changed_field_breaks_the_chain() {
        let first = record(1, "");
        let second = record(2, &first.chain);
        assert!(first.follows("") && second.follows(&first.chain));
        assert!(!second.follows(""));
        assert!(!Record { detail: "users".to_owned(), ..first.clone() }.follows(""));
        // Moving a border between two fields is a change too.
        let moved = Record { reason: "a".to_owned(), request: String::new(), ..first.clone() };
        let other = Record { reason: String::new(), request: "a".to_owned(), ..first };
        assert_ne!(moved.link(""), other.link(""));
    }
}
