//! The domain of Doorward: users, sessions, sign-in, policy, reasons and findings.
//!
//! Nothing in this crate does I/O, asks a clock or draws random bytes: time, chance and storage come
//! in through the traits of [`clock`], [`random`] and [`store`], so that every rule is a function that a test can call.

pub mod address;
pub mod app;
pub mod audit;
pub mod budget;
pub mod cause;
pub mod clock;
pub mod factor;
pub mod finding;
pub mod identifier;
pub mod language;
pub mod mail;
pub mod password;
pub mod policy;
pub mod random;
pub mod reason;
pub mod secret;
pub mod session;
pub mod signin;
pub mod store;
pub mod token;
pub mod user;

pub use cause::Link;
pub use clock::{Clock, UnixTime};
pub use finding::{Finding, Severity};
pub use language::Language;
pub use random::Random;
pub use reason::Reason;
pub use secret::Secret;
