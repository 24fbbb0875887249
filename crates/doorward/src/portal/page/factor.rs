//! Second factors: the challenge, setting up, the printed sheet, and the page that shows what there is.

use askama::Template;
use doorward_core::identifier::CredentialId;
use doorward_core::language::Language;
use doorward_core::reason::Text;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Done, Moment, Problem, asset, path};

/// One way of proving, as a page offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorWay {
    /// A code of an authenticator app.
    Totp,
    /// A passkey or security key; needs scripts.
    Passkey,
    /// A code by mail.
    Email,
    /// A code of the printed sheet.
    RecoveryCode,
}

impl FactorWay {
    /// Every way, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Passkey, Self::Totp, Self::Email, Self::RecoveryCode];

    /// The word in forms, in addresses and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Email => "email",
            Self::RecoveryCode => "recovery_code",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }

    fn title(self) -> Text {
        match self {
            Self::Totp => text::factor::TOTP,
            Self::Passkey => text::factor::PASSKEY,
            Self::Email => text::factor::EMAIL,
            Self::RecoveryCode => text::factor::RECOVERY,
        }
    }

    fn hint(self) -> Text {
        match self {
            Self::Totp => text::factor::TOTP_HINT,
            Self::Passkey => text::factor::PASSKEY_HINT,
            Self::Email => text::factor::EMAIL_HINT,
            Self::RecoveryCode => text::factor::RECOVERY_HINT,
        }
    }

    /// Whether the code is of digits alone, so that phones show their keys.
    fn is_numeric(self) -> bool {
        !matches!(self, Self::RecoveryCode)
    }
}

/// Why somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// The sign-in misses it.
    SignIn,
    /// After a recovery code, the address must be proven.
    RecoveryMail,
    /// Something needs a proof that is not long ago.
    Again,
}

impl Asking {
    fn title(self) -> Text {
        match self {
            Self::SignIn => text::factor::CHALLENGE_TITLE,
            Self::RecoveryMail => text::factor::RECOVERY_MAIL_TITLE,
            Self::Again => text::factor::CONFIRM_TITLE,
        }
    }

    fn lead(self) -> Text {
        match self {
            Self::SignIn => text::factor::CHALLENGE_LEAD,
            Self::RecoveryMail => text::factor::RECOVERY_MAIL_LEAD,
            Self::Again => text::factor::CONFIRM_LEAD,
        }
    }

    /// The page and the target of its form: GET `way, return_to`, POST `way, code, trust, return_to`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::SignIn => path::SECOND_FACTOR,
            Self::RecoveryMail => path::RECOVERY_MAIL,
            Self::Again => path::CONFIRM,
        }
    }
}

/// The proof of a second factor: one way at a time, and the others by links. Without any way it says so and offers
/// only to leave.
#[derive(Debug, Template)]
#[template(path = "challenge.html")]
pub struct FactorChallenge {
    /// What every page shares.
    pub chrome: Chrome,
    /// Why somebody is asked.
    pub asking: Asking,
    /// Who is signing in.
    pub email: String,
    /// The way that is shown.
    pub way: Option<FactorWay>,
    /// The others.
    pub others: Vec<FactorWay>,
    /// Whether the password is asked for, since nothing else is set up.
    pub by_password: bool,
    /// Whether a second factor must be set up first, for the app that asks.
    pub needs_factor: bool,
    /// Whether this device can be trusted, and for how many days in all, however often it is used.
    pub can_trust: Option<u16>,
    /// Whether a code has just been sent.
    pub is_sent: bool,
    /// Where to go afterwards: a checked path, or empty.
    pub return_to: String,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}

impl FactorChallenge {
    fn link(&self, way: FactorWay) -> String {
        path::by_way(self.asking.path(), way.as_str(), &self.return_to)
    }
}

/// What can be set up, for a sign-in that waits for it.
#[derive(Debug, Template)]
#[template(path = "enrolment.html")]
pub struct Enrolment {
    /// What every page shares; without a viewer, since nobody is completely signed in.
    pub chrome: Chrome,
    /// Who is signing in.
    pub email: String,
    /// Whether it follows a recovery code, so that one may also go on without.
    pub is_recovery: bool,
    /// Whether codes by mail can be set up.
    pub can_email: bool,
    /// Whether only a key that cannot leave its device counts, so that nothing else is offered.
    pub needs_key: bool,
    /// Where to go afterwards: a checked path, or empty.
    pub return_to: String,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}

/// A new authenticator app: the key, and the form for its first code.
#[derive(Debug, Template)]
#[template(path = "totp.html")]
pub struct TotpSetUp {
    /// What every page shares.
    pub chrome: Chrome,
    /// Comes back with the code.
    pub challenge: String,
    /// The key in groups of four.
    pub key: String,
    /// The same as a picture: markup that was made here.
    pub picture: Option<String>,
    /// What its owner calls it.
    pub name: String,
    /// Where to go afterwards: a checked path, or empty.
    pub return_to: String,
    /// Why the last code was refused.
    pub problem: Option<Problem>,
}

impl Enrolment {
    /// Where one goes on after setting up a passkey: to the sheet of codes, which only a recovery has already.
    fn after_passkey(&self) -> String {
        if self.is_recovery {
            if self.return_to.is_empty() { path::APPS.to_owned() } else { self.return_to.clone() }
        } else {
            path::leading_to(path::RECOVERY_CODES, &self.return_to)
        }
    }
}

impl TotpSetUp {
    /// What an app is called whose owner says nothing.
    #[must_use]
    pub fn usual_name(language: Language) -> &'static str {
        text::factor::TOTP_NAME_DEFAULT.in_(language)
    }
}

/// Codes by mail: the form for the first one.
#[derive(Debug, Template)]
#[template(path = "email_codes.html")]
pub struct EmailSetUp {
    /// What every page shares.
    pub chrome: Chrome,
    /// Where to go afterwards: a checked path, or empty.
    pub return_to: String,
    /// Why the last code was refused.
    pub problem: Option<Problem>,
}

/// The sheet of recovery codes: an offer, or the codes, shown once.
#[derive(Debug, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodes {
    /// What every page shares.
    pub chrome: Chrome,
    /// For whom; printed with the codes.
    pub email: String,
    /// The codes; none where they are offered.
    pub codes: Vec<String>,
    /// Where to go afterwards: a checked path.
    pub next: String,
    /// The same as it is sent back.
    pub return_to: String,
}

/// One thing that proves a second factor.
#[derive(Debug, Clone)]
pub struct FactorRow {
    /// Its public name.
    pub id: CredentialId,
    /// What kind it is.
    pub way: FactorWay,
    /// What its owner calls it.
    pub name: String,
    /// When it was set up.
    pub created_at: Moment,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// Whether it belongs to another address and does not work here.
    pub is_elsewhere: bool,
}

/// One trusted device.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its public name.
    pub id: CredentialId,
    /// What its owner calls it.
    pub name: String,
    /// Where it was last used.
    pub address: String,
    /// When it last stood in.
    pub last_used_at: Moment,
}

/// What proves who one is, and what is trusted.
#[derive(Debug, Template)]
#[template(path = "security.html")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of which shows or hides one thing")]
pub struct Security {
    /// What every page shares.
    pub chrome: Chrome,
    /// What is set up.
    pub factors: Vec<FactorRow>,
    /// Whether two ways and a sheet of codes are suggested.
    pub is_suggested: bool,
    /// How many recovery codes are unused.
    pub recovery_codes: usize,
    /// Whether codes by mail can be set up.
    pub can_email: bool,
    /// Whether only a key that cannot leave its device counts, so that nothing else is offered.
    pub needs_key: bool,
    /// Whether devices can be trusted at all.
    pub allows_devices: bool,
    /// Whether this one can be trusted now.
    pub can_trust: bool,
    /// The devices that are trusted, the last used first.
    pub devices: Vec<DeviceRow>,
    /// Where to go afterwards, for whoever was led here: a checked path, or empty.
    pub return_to: String,
    /// Why the last form was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

impl Security {
    /// Where one goes on after setting up a passkey: to the sheet of codes where there is none.
    fn after_passkey(&self) -> String {
        match (self.recovery_codes, self.return_to.is_empty()) {
            (0, _) => path::leading_to(path::RECOVERY_CODES, &self.return_to),
            (_, true) => Done::FactorAdded.at(path::SECURITY),
            (_, false) => self.return_to.clone(),
        }
    }
}
