//! CSRF protection that never turns an honest user away and explains each refusal.

#![cfg_attr(feature = "tower", doc = include_str!("../README.md"))]

mod config;
mod cookie;
mod csrf;
mod decision;
mod environment;
mod hint;
mod key;
#[cfg(feature = "tower")]
mod layer;
mod mac;
mod option;
mod origin;
mod pattern;
mod problem;
mod reason;
mod report;
mod request;
mod rule;
mod session;
#[cfg(test)]
mod table;
mod token;

pub use config::Builder;
pub use cookie::{MAX_SAME_NAME, cookie_values};
pub use csrf::{Csrf, MESSAGE, Minted, Visitor};
pub use decision::{Decision, FormValue, Phase, Provenance, TokenFacts, Trust};
pub use environment::{Environment, System, UnixSeconds};
pub use key::{KeyRing, MIN_SECRET_BYTES, SecretKey};
#[cfg(feature = "tower")]
pub use layer::{Connection, CsrfLayer, CsrfService, Form, FormField, FormToken, Replay};
pub use option::{Mode, Rotate, UnknownWord, Unproven};
pub use origin::{Destination, Scheme};
pub use problem::{ConfigError, Problem};
pub use reason::Reason;
pub use report::{Report, SessionMatch};
pub use request::RequestView;
pub use session::{Session, SessionState, SessionTag};
pub use token::Explanation;
