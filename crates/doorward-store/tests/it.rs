//! The store as its users see it, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod it {
    mod contract;
    mod fault;
    mod place;
    mod postgres;
    mod request;
    mod sample;
    mod server;
}
