//! The pages behind links that were given to somebody. Opening one uses nothing; its form does.

use askama::Template;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Problem, asset, path};

/// Making an account by invitation. Posts `token`, `name` and `new_password` to [`path::INVITATION`].
#[derive(Debug, Template)]
#[template(path = "invitation.html")]
pub struct Invitation {
    /// What every page shares.
    pub chrome: Chrome,
    /// The secret of the link.
    pub token: String,
    /// The address that the account will have.
    pub email: String,
    /// Whether somebody invited them; else they registered.
    pub is_invited: bool,
    /// What was typed before.
    pub name: String,
    /// The fewest characters that a password has.
    pub password_minimum: usize,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}

/// Taking lost second factors away by a link. Posts `token` to [`path::RESET_FACTORS`].
#[derive(Debug, Template)]
#[template(path = "reset_factors.html")]
pub struct ResetFactors {
    /// What every page shares.
    pub chrome: Chrome,
    /// The secret of the link.
    pub token: String,
    /// Whose they are.
    pub email: String,
}

/// Choosing a new password by a link. Posts `token` and `new_password` to [`path::RESET`].
#[derive(Debug, Template)]
#[template(path = "reset.html")]
pub struct Reset {
    /// What every page shares.
    pub chrome: Chrome,
    /// The secret of the link.
    pub token: String,
    /// Whose password it will be, for the password manager; empty where it shall not be shown.
    pub email: String,
    /// The fewest characters that a password has.
    pub password_minimum: usize,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}

/// Making the first account. Posts `token`, `email`, `name` and `new_password` to [`path::SET_UP`].
#[derive(Debug, Template)]
#[template(path = "set_up.html")]
pub struct SetUp {
    /// What every page shares.
    pub chrome: Chrome,
    /// The secret of the link.
    pub token: String,
    /// The address that was typed before.
    pub email: String,
    /// The name that was typed before.
    pub name: String,
    /// The fewest characters that a password has.
    pub password_minimum: usize,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
}
