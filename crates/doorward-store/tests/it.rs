//! The store as its users see it, on both databases.

mod it {
    mod contract;
    mod fault;
    mod place;
    mod postgres;
    mod request;
    mod sample;
    mod server;
}
