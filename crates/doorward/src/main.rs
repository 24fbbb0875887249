//! The program `doorward`.

fn main() {}
