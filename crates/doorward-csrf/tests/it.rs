//! The tests of the crate as its users see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod it {
    mod allocation;
    mod cases;
    mod config;
    mod layer;
    mod story;
    mod token;
}
