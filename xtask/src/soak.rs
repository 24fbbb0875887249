//! `cargo xtask soak`: a hundred thousand races for one-time values at the store, over kills and restarts.

use crate::{Outcome, shell};

/// Arguments of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many values are raced for
    #[arg(long, default_value_t = 100_000)]
    races: u32,
    /// An empty database of a PostgreSQL server; without it an embedded one
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Builds and runs the example `soak` of the store, which prints what came of it.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut cargo = shell::cargo(["run", "--quiet", "--release", "--package", "doorward-store", "--example", "soak"]);
    shell::run(cargo.arg("--").arg(arguments.races.to_string()).args(&arguments.database))
}
