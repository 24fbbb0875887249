//! Signing in, and having signed out.

use askama::Template;
use doorward_core::Reason;

use crate::portal::catalogue as text;
use crate::portal::{Chrome, Done, Problem, asset, path};

/// The sign-in. Posts `email`, `password`, `stay` (`on` or absent), `return_to` and the token to [`path::SIGN_IN`].
#[derive(Debug, Template)]
#[template(path = "signin.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is one line of the page that is there or not")]
pub struct SignIn {
    /// What every page shares.
    pub chrome: Chrome,
    /// What was typed before; empty at first.
    pub email: String,
    /// Whether "stay signed in" is offered: the profile of sessions allows it.
    pub can_stay: bool,
    /// Whether it is ticked.
    pub stay: bool,
    /// Whether a forgotten password can be mended by mail.
    pub has_mail: bool,
    /// Whether people may make accounts for themselves.
    pub can_register: bool,
    /// Where to go afterwards: a path of this host that the handler has checked; empty for the landing page.
    pub return_to: String,
    /// The name of the app that asked for the sign-in.
    pub app: Option<String>,
    /// Why the last attempt was refused.
    pub problem: Option<Problem>,
    /// Why an earlier session ended: one of the family `session`.
    pub ended: Option<&'static Reason>,
    /// What has just been done: an account made, a password chosen.
    pub done: Option<Done>,
}

/// After signing out.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// What every page shares; nobody is signed in.
    pub chrome: Chrome,
    /// Why, where it was not by one's own wish.
    pub ended: Option<&'static Reason>,
}
