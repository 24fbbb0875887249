//! Notices: what is told to the owner of an account when something about it was changed.

use std::net::IpAddr;

use doorward_core::reason::Text;
use doorward_core::user::{Email, Name};

use crate::identity::Visit;
use crate::portal::catalogue::letter as text;

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The password, by its owner.
    PasswordChanged,
    /// The password, by a link.
    PasswordReset,
    /// The password, by an administrator or on the host.
    PasswordResetForThem,
    /// A second factor was enrolled.
    FactorAdded(Name),
    /// A second factor was removed.
    FactorRemoved(Name),
    /// All second factors were taken away, since they were lost.
    FactorsReset,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A new sheet of recovery codes was made.
    RecoveryCodesRenewed,
    /// A sign-in from a browser or a network that was not seen before.
    NewDevice,
    /// A browser is trusted.
    DeviceTrusted(Name),
    /// An app password was made.
    AppPasswordAdded(Name),
    /// The address of the account is another one now.
    EmailChanged(Email),
    /// Somebody with a shell on the host opened the account.
    EmergencyAccess,
}

impl Notice {
    /// The kind of the letter, its title and its text.
    pub(super) fn words(&self) -> (&'static str, Text, Text) {
        match self {
            Self::PasswordChanged => ("password_changed", text::PASSWORD_CHANGED, text::PASSWORD_CHANGED_LEAD),
            Self::PasswordReset => ("password_reset_done", text::PASSWORD_CHANGED, text::PASSWORD_RESET_LEAD),
            Self::PasswordResetForThem => ("password_reset_for_you", text::PASSWORD_CHANGED, text::PASSWORD_FOR_YOU),
            Self::FactorAdded(_) => ("factor_added", text::FACTOR_ADDED, text::FACTOR_ADDED_LEAD),
            Self::FactorRemoved(_) => ("factor_removed", text::FACTOR_REMOVED, text::FACTOR_REMOVED_LEAD),
            Self::FactorsReset => ("factors_reset", text::FACTORS_GONE, text::FACTORS_GONE_LEAD),
            Self::RecoveryCodeUsed => ("recovery_code_used", text::CODE_USED, text::CODE_USED_LEAD),
            Self::RecoveryCodesRenewed => ("recovery_codes_renewed", text::CODES_RENEWED, text::CODES_RENEWED_LEAD),
            Self::NewDevice => ("new_device", text::NEW_DEVICE, text::NEW_DEVICE_LEAD),
            Self::DeviceTrusted(_) => ("device_trusted", text::DEVICE_TRUSTED, text::DEVICE_TRUSTED_LEAD),
            Self::AppPasswordAdded(_) => ("app_password_added", text::APP_PASSWORD, text::APP_PASSWORD_LEAD),
            Self::EmailChanged(_) => ("email_changed", text::EMAIL_CHANGED, text::EMAIL_CHANGED_LEAD),
            Self::EmergencyAccess => ("emergency_access", text::EMERGENCY, text::EMERGENCY_LEAD),
        }
    }

    /// What the text names.
    pub(super) fn thing(&self) -> Option<String> {
        match self {
            Self::FactorAdded(name)
            | Self::FactorRemoved(name)
            | Self::DeviceTrusted(name)
            | Self::AppPasswordAdded(name) => Some(name.to_string()),
            Self::EmailChanged(email) => Some(email.to_string()),
            _ => None,
        }
    }
}

/// Where a change came from.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The address; nothing where it came from the host itself.
    pub address: Option<IpAddr>,
    /// What the client called itself; may be empty.
    pub device: Box<str>,
    /// Whether the owner of the account made the change, as far as we know.
    pub is_own: bool,
}

impl Circumstances {
    /// A change that the owner made in this request.
    #[must_use]
    pub fn own(visit: &Visit) -> Self {
        Self { address: Some(visit.address), device: visit.device.clone(), is_own: true }
    }

    /// A change that somebody else made: an administrator, or whoever has a shell on the host. Their address is theirs.
    #[must_use]
    pub fn of_others() -> Self {
        Self { address: None, device: "".into(), is_own: false }
    }
}
