//! The container files, whose steps are tried here without Docker.

mod compose;
mod dockerfile;
