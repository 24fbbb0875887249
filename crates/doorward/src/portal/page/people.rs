//! Everybody who can sign in, for administrators.

use askama::Template;
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::reason::Text;

use super::account::SessionRow;
use super::history::PastRow;
use crate::portal::catalogue as text;
use crate::portal::path::PersonAction;
use crate::portal::{Chrome, Done, Moment, Problem, asset, device, path};

/// The list of people, and the invitations that are still open.
#[derive(Debug, Template)]
#[template(path = "people.html")]
pub struct People {
    /// What every page shares.
    pub chrome: Chrome,
    /// What was searched for; empty for everybody.
    pub search: String,
    /// This page of the list, in the order of addresses.
    pub people: Vec<PersonRow>,
    /// Whether this is not the first page.
    pub is_later: bool,
    /// The value of `after` for the next page, where there is one.
    pub next: Option<String>,
    /// Open invitations and reset links, newest first.
    pub links: Vec<LinkRow>,
    /// Why the last form was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

/// One account in the list.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Whose.
    pub id: UserId,
    /// As shown to people.
    pub name: String,
    /// Signs in with this.
    pub email: String,
    /// Sorted.
    pub groups: Vec<String>,
    /// Whether the account can be used.
    pub is_active: bool,
    /// Whether it is the viewer's own.
    pub is_self: bool,
}

/// One open link.
#[derive(Debug, Clone)]
pub struct LinkRow {
    /// Its public name.
    pub id: LinkId,
    /// Whom it is for.
    pub email: String,
    /// What it does.
    pub kind: LinkKind,
    /// When it ends by itself.
    pub expires_at: Moment,
}

/// What an open link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Makes an account, for somebody who was invited.
    Invitation,
    /// Makes an account, for somebody who has asked for it.
    Registration,
    /// Lets somebody choose a password.
    Reset,
    /// Proves an address.
    Address,
    /// Takes lost second factors.
    FactorReset,
    /// Lets somebody choose a password and takes the second factors.
    EmergencyAccess,
}

impl LinkKind {
    fn words(self) -> Text {
        match self {
            Self::Invitation => text::people::LINK_INVITATION,
            Self::Registration => text::people::LINK_REGISTRATION,
            Self::Reset => text::people::LINK_RESET,
            Self::Address => text::people::LINK_ADDRESS,
            Self::FactorReset => text::people::LINK_FACTORS,
            Self::EmergencyAccess => text::people::LINK_EMERGENCY,
        }
    }
}

/// Adding somebody: by a link of invitation, or with a temporary password.
#[derive(Debug, Template)]
#[template(path = "person_new.html")]
pub struct PersonNew {
    /// What every page shares.
    pub chrome: Chrome,
    /// Whether the refused form was the one with the temporary password.
    pub is_by_password: bool,
    /// What was typed before.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub groups: String,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}

/// One account, and what can be done to it.
#[derive(Debug, Template)]
#[template(path = "person.html")]
pub struct PersonDetail {
    /// What every page shares.
    pub chrome: Chrome,
    /// The account.
    pub person: PersonRow,
    /// The groups as the field holds them, parted by spaces; what was typed where it was refused.
    pub groups: String,
    /// When the account was made.
    pub created_at: Moment,
    /// The live sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// Sessions that have ended, the last one first.
    pub past: Vec<PastRow>,
    /// Why the last form was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

/// Something secret to hand over to somebody, shown once. Send it with `Cache-Control: no-store`.
#[derive(Debug, Template)]
#[template(path = "handover.html")]
pub struct Handover {
    /// What every page shares.
    pub chrome: Chrome,
    /// What it is.
    pub thing: Thing,
    /// Whom it is for.
    pub email: String,
    /// The whole URL, or the password.
    pub secret: String,
    /// When it ends by itself; nothing for a password.
    pub expires_at: Option<Moment>,
}

/// What is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A link that makes an account.
    Invitation,
    /// A link that lets somebody choose a password.
    Reset,
    /// A link that takes lost second factors.
    FactorReset,
    /// A password for the first sign-in.
    TemporaryPassword,
}

impl Thing {
    fn title(self) -> Text {
        match self {
            Self::Invitation => text::handover::INVITATION_TITLE,
            Self::Reset => text::handover::RESET_TITLE,
            Self::FactorReset => text::handover::FACTORS_TITLE,
            Self::TemporaryPassword => text::handover::PASSWORD_TITLE,
        }
    }

    fn lead(self) -> Text {
        match self {
            Self::Invitation => text::handover::INVITATION_LEAD,
            Self::Reset => text::handover::RESET_LEAD,
            Self::FactorReset => text::handover::FACTORS_LEAD,
            Self::TemporaryPassword => text::handover::PASSWORD_LEAD,
        }
    }

    fn label(self) -> Text {
        match self {
            Self::Invitation | Self::Reset | Self::FactorReset => text::handover::LINK,
            Self::TemporaryPassword => text::handover::PASSWORD,
        }
    }
}

impl PersonRow {
    fn path(&self) -> String {
        path::person(self.id)
    }
}

impl PersonDetail {
    fn action(&self, action: PersonAction) -> String {
        path::person_action(self.person.id, action)
    }
}
