//! The letters of a development server.

use askama::Template;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Moment, asset, path};

/// The newest letters.
#[derive(Debug, Template)]
#[template(path = "mail.html")]
pub struct Letters {
    /// What every page shares.
    pub chrome: Chrome,
    /// The newest first.
    pub letters: Vec<LetterRow>,
}

/// One letter.
#[derive(Debug)]
pub struct LetterRow {
    /// To whom.
    pub to: String,
    /// When it was written.
    pub at: Moment,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The link in it.
    pub link: Option<String>,
}
