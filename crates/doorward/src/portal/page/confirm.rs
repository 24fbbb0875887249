//! A question before something that cannot be taken back, for browsers without scripts as for all others.

use askama::Template;
use doorward_core::identifier::{CredentialId, UserId};
use doorward_core::reason::Text;

use crate::portal::catalogue as text;
use crate::portal::path::{self, PersonAction};
use crate::portal::{Chrome, asset};

/// A question whose yes is a form and whose no is a link.
#[derive(Debug, Template)]
#[template(path = "confirm.html")]
pub struct Confirm {
    /// What every page shares.
    pub chrome: Chrome,
    /// What is asked.
    pub question: Question,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// Sign out here?
    SignOut,
    /// End all one's other sessions?
    EndOthers,
    /// Remove this factor?
    RemoveFactor {
        /// Which one.
        id: CredentialId,
        /// What its owner calls it.
        name: String,
    },
    /// Disable this account?
    Disable {
        /// Whose.
        id: UserId,
        /// The address of the account.
        email: String,
    },
    /// End every session of this person?
    EndSessions {
        /// Whose.
        id: UserId,
        /// The address of the account.
        email: String,
    },
}

impl Question {
    fn title(&self) -> Text {
        match self {
            Self::SignOut => text::confirm::SIGN_OUT_TITLE,
            Self::EndOthers => text::confirm::END_OTHERS_TITLE,
            Self::RemoveFactor { .. } => text::factor::REMOVE_TITLE,
            Self::Disable { .. } => text::confirm::DISABLE_TITLE,
            Self::EndSessions { .. } => text::confirm::END_SESSIONS_TITLE,
        }
    }

    fn lead(&self) -> Text {
        match self {
            Self::SignOut => text::confirm::SIGN_OUT_LEAD,
            Self::EndOthers => text::confirm::END_OTHERS_LEAD,
            Self::RemoveFactor { .. } => text::factor::REMOVE_LEAD,
            Self::Disable { .. } => text::confirm::DISABLE_LEAD,
            Self::EndSessions { .. } => text::confirm::END_SESSIONS_LEAD,
        }
    }

    fn yes(&self) -> Text {
        match self {
            Self::SignOut => text::shell::SIGN_OUT,
            Self::EndOthers => text::account::END_OTHERS,
            Self::RemoveFactor { .. } => text::factor::REMOVE,
            Self::Disable { .. } => text::people::DISABLE,
            Self::EndSessions { .. } => text::people::END_SESSIONS,
        }
    }

    fn is_dangerous(&self) -> bool {
        !matches!(self, Self::SignOut)
    }

    fn subject(&self) -> &str {
        match self {
            Self::SignOut | Self::EndOthers => "",
            Self::RemoveFactor { name, .. } => name,
            Self::Disable { email, .. } | Self::EndSessions { email, .. } => email,
        }
    }

    fn action(&self) -> String {
        match self {
            Self::SignOut => path::SIGN_OUT.to_owned(),
            Self::EndOthers => path::SESSIONS_END.to_owned(),
            Self::RemoveFactor { id, .. } => path::about(path::FACTOR_REMOVE, id),
            Self::Disable { id, .. } => path::person_action(*id, PersonAction::Disable),
            Self::EndSessions { id, .. } => path::person_action(*id, PersonAction::EndSessions),
        }
    }

    fn back(&self) -> String {
        match self {
            Self::SignOut => path::APPS.to_owned(),
            Self::EndOthers => path::ACCOUNT.to_owned(),
            Self::RemoveFactor { .. } => path::SECURITY.to_owned(),
            Self::Disable { id, .. } | Self::EndSessions { id, .. } => path::person(*id),
        }
    }
}
