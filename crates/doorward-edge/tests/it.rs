//! The data plane on real sockets: a door in front, and apps behind it that behave in every way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod it {
    mod answer;
    mod app;
    mod door;
    mod keep;
}
