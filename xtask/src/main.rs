//! The project's own commands, started as `cargo xtask <command>`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these are commands for a terminal: printing is what they are for"
)]

mod accept;
mod bench;
mod client;
mod dist;
mod docs;
mod lab;
mod lint;
mod need;
mod run;
mod served;
mod shell;
#[cfg(test)]
mod shipped;
mod soak;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// What a command ends with: nothing to say, or what went wrong.
type Outcome<T = ()> = Result<T, Trouble>;

/// Why a command stopped, and with it the exit code.
#[derive(Debug)]
enum Trouble {
    /// Something was checked and is not as it should be: exit code 1.
    Failed(String),
    /// The person has to do something first: exit code 2.
    Usage(String),
}

impl Trouble {
    fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
enum Command {
    /// Build Doorward and serve it in development, with its data in ./doorward-data
    Run(run::Arguments),
    /// Run every test, after installing the system packages they need
    Test(test::Arguments),
    /// Check formatting, lints, the shape of the tree, licences and generated files
    Lint,
    /// Measure, and print every published number as a ratio with its target
    Bench(bench::Arguments),
    /// Race for one-time values at the store, over kills and restarts
    Soak(soak::Arguments),
    /// Show on the real program that the two outages Doorward exists for are gone
    Accept(accept::Arguments),
    /// Examine broken deployments and their healthy twins with the doctor, and print a score
    Lab(lab::Arguments),
    /// Write the reference pages from the code
    Docs(docs::Arguments),
    /// Make the release files: binary, archive, Debian package, checksums
    Dist(dist::Arguments),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Run(arguments) => run::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint => lint::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Accept(arguments) => accept::run(&arguments),
        Command::Lab(arguments) => lab::run(&arguments),
        Command::Docs(arguments) => docs::run(&arguments),
        Command::Dist(arguments) => dist::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Failed(text)) => {
            eprintln!("xtask: {text}");
            ExitCode::from(1)
        }
        Err(Trouble::Usage(text)) => {
            eprintln!("xtask: {text}");
            ExitCode::from(2)
        }
    }
}
