//! What is left to do of a half-finished sign-in. Nothing else can be reached from these pages.

use askama::Template;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Problem, asset, path};

/// A password that must be chosen before the sign-in is complete. Posts `new_password` to [`path::CHOOSE_PASSWORD`].
#[derive(Debug, Template)]
#[template(path = "choose_password.html")]
pub struct ChoosePassword {
    /// What every page shares; without a viewer, since nobody is completely signed in.
    pub chrome: Chrome,
    /// Whose password it will be; for the password manager of the browser.
    pub email: String,
    /// Where to go afterwards: a checked path, or empty.
    pub return_to: String,
    /// The fewest characters that a password has.
    pub password_minimum: usize,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}
