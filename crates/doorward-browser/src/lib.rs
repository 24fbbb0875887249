//! The browser of Doorward: a Chromium driver over raw `DevTools` messages, tools for agents on top of it, and the reason
//! why a cookie was refused.
//!
//! One driver serves three users: the tool server ([`mcp`]), sign-in tests ([`e2e`]) and the doctor's last link. It starts a Chromium that ends
//! with the process, drives tabs as a person would, and records what the browser tells of requests and cookies.

pub mod act;
pub mod authenticator;
pub mod browser;
pub mod chromium;
mod connection;
pub mod device;
pub mod diagnosis;
pub mod e2e;
pub mod failure;
mod har;
pub mod mcp;
mod navigate;
pub mod options;
pub mod origin;
pub mod output;
mod page;
pub mod recorder;
mod redact;
mod resolver;
pub mod screenshot;
mod settle;
pub mod snapshot;
mod storage;
pub mod tab;
pub mod verdict;
mod wire;

pub use browser::Browser;
pub use failure::Failure;
pub use options::{Options, Policy};
pub use tab::Tab;
