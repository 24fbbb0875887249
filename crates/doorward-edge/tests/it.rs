//! The data plane on real sockets: a door in front, apps behind it that behave in every way, and an authority.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and may begin tasks"
)]

mod it {
    mod acme;
    mod answer;
    mod app;
    mod door;
    mod framing;
    mod http2;
    mod keep;
    mod odd;
    mod pebble;
    mod spoof;
    mod tls;
    mod tunnel;
    mod upload;
}
