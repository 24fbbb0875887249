//! Hosts that behave badly on real sockets, what a run costs, what it must never tell, and words of other programs.

mod it {
    mod bad;
    mod cost;
    mod secret;
    mod server;
    mod way;
    mod words;
}
