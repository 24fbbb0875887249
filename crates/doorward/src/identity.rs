//! Identity at work: hashing, live sessions, keys, tokens, sign-in and the care of accounts.

pub mod hasher;
