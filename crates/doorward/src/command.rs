//! The commands of `doorward`, one file for each.

pub mod config;
pub mod explain;
pub mod health;
pub mod init;
pub mod report;
pub mod tune;

/// Nothing is wrong.
pub const WELL: u8 = 0;
/// The command ran and found something.
pub const FINDINGS: u8 = 1;
/// The command cannot run: wrong usage, or a configuration with errors.
pub const CONFIGURATION: u8 = 2;
/// Our own fault.
pub const FAULT: u8 = 70;
