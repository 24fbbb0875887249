//! The door: requests to apps, from the gate over judge and permit to the app and back.
//!
//! It stands beside the router, not inside it, because most requests pass here: nothing is allocated for what goes
//! well, and what does not go well leaves by the same way as every answer of our own.

pub mod bounce;
pub mod client;
mod front;
pub mod judge;
mod lasting;
mod log;
mod onward;
mod refuse;
mod sketch;
pub mod table;
mod threshold;
pub mod told;

pub use bounce::form_page;
pub use front::front;
pub(in crate::web) use onward::OVERRIDES;
pub use sketch::Sketch;
pub use table::{Place, Spot, Table};
