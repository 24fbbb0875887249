//! What people ask for by mail.

use askama::Template;
use doorward_core::reason::Text;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Done, Problem, asset, path};

/// What somebody asks for with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A new password.
    Password,
    /// An account.
    Account,
}

impl Asked {
    fn title(self) -> Text {
        match self {
            Self::Password => text::recovery::PASSWORD_TITLE,
            Self::Account => text::recovery::ACCOUNT_TITLE,
        }
    }

    fn lead(self) -> Text {
        match self {
            Self::Password => text::recovery::PASSWORD_LEAD,
            Self::Account => text::recovery::ACCOUNT_LEAD,
        }
    }

    fn sent(self) -> Text {
        match self {
            Self::Password => text::recovery::PASSWORD_SENT,
            Self::Account => text::recovery::ACCOUNT_SENT,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Password => path::FORGOTTEN,
            Self::Account => path::REGISTER,
        }
    }
}

/// Asks for an address, or says that a letter is on its way where there is somebody for it. Posts `email`.
#[derive(Debug, Template)]
#[template(path = "ask_address.html")]
pub struct AskAddress {
    /// What every page shares.
    pub chrome: Chrome,
    /// What is asked for.
    pub asked: Asked,
    /// What was typed.
    pub email: String,
    /// Whether it was asked for.
    pub is_sent: bool,
    /// Why it was refused.
    pub problem: Option<Problem>,
}

/// The address of one's account. Posts `email` and, for another address, `current_password`.
#[derive(Debug, Template)]
#[template(path = "own_address.html")]
pub struct OwnAddress {
    /// What every page shares.
    pub chrome: Chrome,
    /// The address of the account.
    pub present: String,
    /// Whether it is proven.
    pub is_proven: bool,
    /// What was typed.
    pub email: String,
    /// Why it was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

/// Asks before an address is proven. Posts `token`.
#[derive(Debug, Template)]
#[template(path = "prove.html")]
pub struct Prove {
    /// What every page shares.
    pub chrome: Chrome,
    /// The secret of the link.
    pub token: String,
    /// The address.
    pub email: String,
}
