//! The tests of the program as its users see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod it {
    mod harness;
    mod matrix;
    mod portal;
    mod story;
}
