//! The pages: their views, templates, texts and assets. The handlers that fill them live in `web/portal`.
//!
//! One view struct and one template for each page; [`chrome::Chrome`] is what they share. Templates hold
//! no words: every text comes from the catalogue, in every language, and every value is escaped.
//!
//! To add a page: a struct in `page/`, a template of the same name, its texts in `catalogue/`, its path in
//! [`path`], and a sample in `tests/it/portal/sample.rs`, which brings it under all checks of markup.

pub mod asset;
pub(crate) mod catalogue;
pub mod chrome;
pub mod device;
pub mod done;
pub mod moment;
pub mod page;
pub mod path;
pub mod problem;
pub mod qr;

pub use chrome::{Banner, Chrome, Viewer};
pub use done::Done;
pub use moment::Moment;
pub use page::Page;
pub use problem::Problem;

/// The content security policy of every page: nothing inline, nothing from elsewhere, in no frame.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The policy of a page whose form ends at another origin: browsers ask it about each redirect after the form, too.
#[must_use]
pub fn policy_leading_to(origin: &str) -> String {
    CONTENT_SECURITY_POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}"))
}
