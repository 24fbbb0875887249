//! Tests with real sockets: hosts that behave badly, what a run costs, and what it must never tell.

mod it {
    mod bad;
    mod cost;
    mod secret;
    mod server;
    mod way;
}
