//! The views: one struct for each page, holding exactly what its template shows.

mod account;
mod app_password;
mod confirm;
mod demo;
mod factor;
mod failure;
mod finish;
mod history;
mod link;
mod mail;
mod people;
mod recovery;
mod signin;

pub use account::{Account, AppLink, Apps, SessionRow};
pub use app_password::{AppPasswordMade, AppPasswordRow, AppPasswords};
pub use confirm::{Confirm, Question};
pub use demo::Demo;
pub use factor::{
    Asking, DeviceRow, EmailSetUp, Enrolment, FactorChallenge, FactorRow, FactorWay, RecoveryCodes, Security, TotpSetUp,
};
pub use failure::{Failure, FormNotSent, Reasons, Way};
pub use finish::ChoosePassword;
pub use history::PastRow;
pub use link::{Invitation, Reset, ResetFactors, SetUp};
pub use mail::{LetterRow, Letters};
pub use people::{Handover, LinkKind, LinkRow, People, PersonDetail, PersonNew, PersonRow, Thing};
pub use recovery::{AskAddress, Asked, OwnAddress, Prove};
pub use signin::{SignIn, SignedOut};

use askama::Template;

/// A page that can be sent.
pub trait Page {
    /// The whole document, for `text/html; charset=utf-8`.
    fn html(&self) -> String;
}

impl<T: Template> Page for T {
    fn html(&self) -> String {
        self.render().expect("a template fails only where a value's own Display fails, and none of ours does")
    }
}
