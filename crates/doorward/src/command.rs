//! The commands of `doorward`, one file for each.

pub mod tune;
