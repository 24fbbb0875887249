//! The store as its users see it, on both databases.

mod contract;
mod place;
mod sample;
