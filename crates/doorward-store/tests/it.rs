//! The store as its users see it, on both databases.

mod it {
    mod contract;
    mod place;
    mod sample;
}
