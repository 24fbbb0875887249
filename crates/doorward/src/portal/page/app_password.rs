//! The pages of app passwords.

use askama::Template;
use doorward_core::identifier::CredentialId;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Done, Moment, Problem, asset, path};

/// One's app passwords, and the form for another.
#[derive(Debug, Template)]
#[template(path = "app_passwords.html")]
pub struct AppPasswords {
    /// What every page shares.
    pub chrome: Chrome,
    /// The apps that take them.
    pub apps: Vec<String>,
    /// What there is, newest first.
    pub passwords: Vec<AppPasswordRow>,
    /// What was chosen before.
    pub app: String,
    /// What was typed before.
    pub name: String,
    /// Whether its owner must first prove once more who they are.
    pub needs_confirmation: bool,
    /// Why the last form was refused.
    pub problem: Option<Problem>,
    /// What has just been done.
    pub done: Option<Done>,
}

/// One app password.
#[derive(Debug, Clone)]
pub struct AppPasswordRow {
    /// Its public name.
    pub id: CredentialId,
    /// What its owner calls it.
    pub name: String,
    /// The app that it opens.
    pub app: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last used.
    pub last_used_at: Option<Moment>,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// Whether that is over.
    pub is_over: bool,
}

/// A new app password, shown once. Send it with `Cache-Control: no-store`.
#[derive(Debug, Template)]
#[template(path = "app_password_made.html")]
pub struct AppPasswordMade {
    /// What every page shares.
    pub chrome: Chrome,
    /// The app that it opens.
    pub app: String,
    /// What the client sends as name.
    pub email: String,
    /// The password.
    pub secret: String,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
}
