//! The tests of the data plane over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and may begin tasks"
)]

mod it {
    mod acme;
    mod pebble;
    mod tls;
}
