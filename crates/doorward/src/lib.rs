//! Doorward as a library of its own program: what `main` starts, and what tests and benches call.

pub mod command;
pub mod config;
pub mod identity;
pub mod import;
pub mod mail;
pub mod node;
pub mod portal;
pub mod system;
pub mod watch;
pub mod web;
