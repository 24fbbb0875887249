//! Sessions of an account, live and ended, as the pages of its owner and of administrators list them.

use doorward_core::reason::Text;
use doorward_core::session::{EndReason, PastSession};

use crate::portal::catalogue::history as text;
use crate::portal::moment::Moment;

/// One session that has ended.
#[derive(Debug, Clone)]
pub struct PastRow {
    /// What the client called itself; shown in readable words.
    pub device: String,
    /// Where it was made from.
    pub address: String,
    /// When the sign-in was.
    pub created_at: Moment,
    /// When it ended.
    pub ended_at: Moment,
    /// Why.
    pub reason: EndReason,
}

impl PastRow {
    /// What is shown of a session that has ended.
    #[must_use]
    pub fn of(past: &PastSession) -> Self {
        Self {
            device: past.device.to_string(),
            address: past.address.to_string(),
            created_at: Moment(past.created_at),
            ended_at: Moment(past.ended_at),
            reason: past.reason,
        }
    }

    /// Why it ended, in words.
    pub(crate) fn why(&self) -> Text {
        match self.reason {
            EndReason::SignedOut => text::SIGNED_OUT,
            EndReason::Revoked => text::REVOKED,
            EndReason::RevokedByAdministrator => text::BY_ADMINISTRATOR,
            EndReason::IdleTimeout => text::IDLE,
            EndReason::AbsoluteTimeout => text::OLD,
            EndReason::UserDisabled => text::DISABLED,
            EndReason::PasswordChanged => text::PASSWORD_CHANGED,
            EndReason::PasswordReset => text::PASSWORD_RESET,
            EndReason::Replaced => text::REPLACED,
            EndReason::SteppedUp => text::RENEWED,
            EndReason::EpochRaised => text::RESTORED,
            EndReason::TokenReuse => text::TOKEN_REUSE,
            EndReason::FactorRemoved => text::FACTOR_REMOVED,
            EndReason::FactorsReset => text::FACTORS_RESET,
            EndReason::EnrolmentDue => text::ENROLMENT_DUE,
            EndReason::FactorAdded => text::FACTOR_ADDED,
        }
    }
}
