//! What a visitor sees when something was refused or failed, and the reference of all reasons.

use askama::Template;
use doorward_core::Reason;
use doorward_core::reason::{self, Kind, Text};

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Problem, asset, path};

/// An error page, for every reason there is.
#[derive(Debug, Template)]
#[template(path = "failure.html")]
pub struct Failure {
    /// What every page shares. Needs no token: this page has a form only where somebody is signed in.
    pub chrome: Chrome,
    /// What happened.
    pub problem: Problem,
    /// Where to go from here.
    pub way: Way,
}

/// The way on from an error page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The landing page.
    Start,
    /// The same page again: its path.
    Again(String),
    /// The sign-in, and back to this path; empty for the landing page.
    SignIn(String),
    /// Where a new password is asked for: a link that is no good any more is mostly one for that.
    Forgotten,
    /// Nowhere: another try cannot help.
    Nowhere,
}

/// A form that came after the session had ended (RULINGS 16): it was not sent, and is never replayed.
#[derive(Debug, Template)]
#[template(path = "form_not_sent.html")]
pub struct FormNotSent {
    /// What every page shares; nobody is signed in.
    pub chrome: Chrome,
    /// Why the session ended.
    pub problem: Problem,
    /// The page with the form: where the sign-in leads back to; empty where it is not known.
    pub return_to: String,
}

/// The reference of all reasons.
#[derive(Debug, Template)]
#[template(path = "reasons.html")]
pub struct Reasons {
    /// What every page shares.
    pub chrome: Chrome,
}

impl Way {
    fn href(&self) -> Option<String> {
        match self {
            Self::Start => Some(path::APPS.to_owned()),
            Self::Again(path) => Some(path.clone()),
            Self::SignIn(return_to) => Some(path::sign_in(return_to)),
            Self::Forgotten => Some(path::FORGOTTEN.to_owned()),
            Self::Nowhere => None,
        }
    }

    fn label(&self) -> Text {
        match self {
            Self::Start | Self::Nowhere => text::error::GO_START,
            Self::Again(_) => text::error::GO_AGAIN,
            Self::SignIn(_) => text::error::GO_SIGN_IN,
            Self::Forgotten => text::recovery::FORGOTTEN,
        }
    }
}

impl FormNotSent {
    fn sign_in(&self) -> String {
        path::sign_in(&self.return_to)
    }
}

impl Reasons {
    /// The families that have an entry, each with its name.
    fn families() -> impl Iterator<Item = (&'static str, &'static [Reason])> {
        let found = ["doctor-site", "doctor-front", "doctor-proxy", "doctor-inner", "doctor-identity"];
        let families = reason::ALL.iter().filter_map(|family| Some((family.first()?.family(), *family)));
        families.chain(found.into_iter().zip(reason::CAUSES.iter().copied()))
    }

    fn kind(reason: &Reason) -> Text {
        match reason.kind {
            Kind::Refusal => text::error::KIND_REFUSAL,
            Kind::Cause => text::error::KIND_CAUSE,
        }
    }
}
