//! `doorward completions` and `doorward man`: made from the commands themselves.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, FAULT, WELL};

/// Arguments of `doorward completions`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell to complete in
    shell: Shell,
}

/// Prints the completions of a shell.
#[must_use]
pub fn completions(arguments: &Arguments) -> u8 {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "doorward", &mut std::io::stdout());
    WELL
}

/// Prints the man page.
#[must_use]
pub fn man() -> u8 {
    match clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout()) {
        Ok(()) => WELL,
        Err(_) => FAULT,
    }
}
