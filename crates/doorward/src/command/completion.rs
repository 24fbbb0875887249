//! `doorward completions` and `doorward man`: made from the commands themselves.

use std::io::Write as _;

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
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "doorward", &mut text);
    print(&text)
}

/// Prints the man page.
#[must_use]
pub fn man() -> u8 {
    let mut text = Vec::new();
    match clap_mangen::Man::new(Cli::command()).render(&mut text) {
        Ok(()) => print(&text),
        Err(_) => FAULT,
    }
}

/// A reader that has gone, such as `head`, is no fault of the command.
fn print(text: &[u8]) -> u8 {
    std::io::stdout().lock().write_all(text).ok();
    WELL
}
