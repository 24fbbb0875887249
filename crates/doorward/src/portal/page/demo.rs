//! The demo app behind the login, where no app is configured.

use askama::Template;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, asset, path};

/// The demo app. Its form posts to [`path::DEMO_ECHO`].
#[derive(Debug, Template)]
#[template(path = "demo.html")]
pub struct Demo {
    /// What every page shares.
    pub chrome: Chrome,
    /// What the app was told of its visitor: names and values of header fields, without secrets.
    pub headers: Vec<(String, String)>,
}
