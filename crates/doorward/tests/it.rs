//! The tests of the program as its users see it.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed, and says why")]

mod it {
    mod attack;
    mod authz;
    mod browser;
    mod door;
    mod harness;
    mod mail;
    mod matrix;
    mod passkey;
    mod portal;
    mod race;
    mod review;
    mod story;
    mod tls;
}
