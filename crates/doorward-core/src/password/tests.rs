//! What the rules promise, by example.
