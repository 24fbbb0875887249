//! `cargo xtask run`: Doorward in development.

use crate::{Outcome, shell};

/// Arguments of `cargo xtask run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `development` unless the environment says otherwise
    #[arg(long, env = "ENVIRONMENT", default_value = "development")]
    environment: String,
    /// Build with optimisation
    #[arg(long)]
    release: bool,
    /// Arguments for `doorward serve`
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds Doorward and serves until it is stopped.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut cargo = shell::cargo(["run", "--package", "doorward"]);
    if arguments.release {
        cargo.arg("--release");
    }
    cargo.args(["--", "serve", "--data", "doorward-data"]);
    cargo.args(&arguments.serve);
    cargo.env("ENVIRONMENT", &arguments.environment);
    shell::run(&mut cargo)
}
