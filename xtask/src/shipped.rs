//! What is shipped beside the program: container files, whose steps are tried here without Docker, and CI.

mod ci;
mod compose;
mod dockerfile;
