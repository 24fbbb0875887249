//! The tests of the program as its users see it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed and says why, and an authority of its own has the time of this machine"
)]

mod it {
    mod attack;
    mod authz;
    mod browser;
    mod door;
    mod harness;
    mod matrix;
    mod portal;
    mod story;
    mod tls;
}
