//! The data plane on real sockets: a door in front, apps behind it that behave in every way, certificates and who
//! issues them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod it {
    mod acme;
    mod answer;
    mod app;
    mod door;
    mod keep;
    mod pebble;
    mod tls;
}
