//! Where one lands after the sign-in, and one's own account.

use askama::Template;
use doorward_core::identifier::SessionId;
use doorward_core::language::Language;
use doorward_core::signin::{Method, Methods};

use super::history::PastRow;
use crate::portal::catalogue as text;
use crate::portal::{Chrome, Done, Moment, Problem, asset, device, path};

/// Where one lands after the sign-in: what can be reached from here.
#[derive(Debug, Template)]
#[template(path = "apps.html")]
pub struct Apps {
    /// What every page shares.
    pub chrome: Chrome,
    /// The apps that this person may open.
    pub apps: Vec<AppLink>,
    /// Whether the demo app is there, because no app is configured.
    pub has_demo: bool,
}

/// One app.
#[derive(Debug, Clone)]
pub struct AppLink {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is: an absolute `http` or `https` URL, or a path.
    pub url: String,
}

/// One's own account.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct Account {
    /// What every page shares.
    pub chrome: Chrome,
    /// Whether letters are sent: then the address can be confirmed and changed.
    pub has_mail: bool,
    /// The groups of the account, sorted.
    pub groups: Vec<String>,
    /// When the account was made.
    pub created_at: Moment,
    /// When the password was chosen.
    pub password_changed_at: Moment,
    /// The fewest characters that a password has.
    pub password_minimum: usize,
    /// The live sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// Sessions that have ended, the last one first.
    pub past: Vec<PastRow>,
    /// Why the last form was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

/// One live session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its public name.
    pub id: SessionId,
    /// What the client called itself; shown in readable words.
    pub device: String,
    /// Where it was made from.
    pub address: String,
    /// When the sign-in was.
    pub created_at: Moment,
    /// The last request.
    pub last_seen: Moment,
    /// Whether this very page belongs to it.
    pub is_this: bool,
    /// Whether a program holds it by tokens.
    pub is_api: bool,
    /// Whether its sign-in is not finished.
    pub is_half: bool,
    /// What signed it in, and proved it since.
    pub methods: Methods,
}

impl SessionRow {
    /// What signed it in, in words.
    pub(crate) fn how(&self, language: Language) -> String {
        let name = |method| match method {
            Method::Password => text::account::BY_PASSWORD,
            Method::OneTimeCode => text::factor::TOTP,
            Method::Passkey | Method::HardwareKey => text::factor::PASSKEY,
            Method::EmailCode => text::factor::EMAIL,
            Method::RecoveryCode => text::factor::RECOVERY,
            Method::TrustedDevice => text::account::BY_DEVICE,
        };
        self.methods.iter().map(|method| name(method).in_(language)).collect::<Vec<_>>().join(", ")
    }
}

impl Account {
    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_this)
    }
}
