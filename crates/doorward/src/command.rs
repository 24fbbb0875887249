//! The commands of `doorward`, one file for each.

pub mod explain;
pub mod health;
pub mod tune;
