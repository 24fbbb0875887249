//! The commands of `doorward`, one file for each.

pub mod backup;
pub mod completion;
pub mod config;
pub mod csrf;
pub mod explain;
pub mod health;
pub mod init;
pub mod migrate;
pub mod open;
pub mod reference;
pub mod report;
pub mod serve;
pub mod session;
pub mod tune;
pub mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Flags, Inputs};

/// Well.
pub const WELL: u8 = 0;
/// Something was found that is not as it should be.
pub const FOUND: u8 = 1;
/// Used wrongly, or configured wrongly.
pub const USAGE: u8 = 2;
/// Our fault.
pub const FAULT: u8 = 70;

/// A login in front of any web app, that says what is broken when people cannot get in.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, arg_required_else_help = true, propagate_version = true)]
pub struct Cli {
    /// Where everything is kept
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The file of variables to read instead of `./.env`
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve
    Serve(serve::Arguments),
    /// Ask a few questions and write a commented doorward.toml
    Init(init::Arguments),
    /// Check, show or explain the configuration
    Config(config::Arguments),
    /// List, make and change users
    User(user::Arguments),
    /// List and end sessions
    Session(session::Arguments),
    /// Show or run the migrations of the database
    Migrate(migrate::Arguments),
    /// Write everything, keys included, into one file
    Backup(backup::BackupArguments),
    /// Put a backup back; every session and unused link ends
    Restore(backup::RestoreArguments),
    /// Measure this machine and choose how passwords are hashed
    Tune(tune::Arguments),
    /// Look into a CSRF token
    Csrf(csrf::Arguments),
    /// Tell everything that is known of a request
    Explain(explain::Arguments),
    /// Ask the running server whether it can serve
    Health(health::Arguments),
    /// Print a reference page made from the code
    Reference(reference::Arguments),
    /// Print completions for a shell
    Completions(completion::Arguments),
    /// Print the man page
    Man,
}

/// What every command is started with.
#[derive(Debug)]
pub struct Context {
    /// Flags, environment and files.
    pub inputs: Inputs,
    /// Whether to answer in JSON.
    pub json: bool,
}

/// Runs the command of this process and gives back its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { WELL });
        }
    };
    let listen = match &cli.command {
        Command::Serve(arguments) => arguments.listen.clone(),
        _ => Vec::new(),
    };
    let flags = Flags { listen, data: cli.data, config: cli.config, env_file: cli.env_file };
    let context = Context { inputs: Inputs::of_process(flags), json: cli.json };
    ExitCode::from(match cli.command {
        Command::Serve(_) => serve::run(&context),
        Command::Init(arguments) => init::run(&arguments, &context.inputs),
        Command::Config(arguments) => config::run(&arguments, &context.inputs, context.json),
        Command::User(arguments) => user::run(&context, arguments),
        Command::Session(arguments) => session::run(&context, arguments),
        Command::Migrate(arguments) => migrate::run(&context, &arguments),
        Command::Backup(arguments) => backup::backup(&context, &arguments),
        Command::Restore(arguments) => backup::restore(&context, &arguments),
        Command::Tune(arguments) => tune::run(&arguments, context.json),
        Command::Csrf(arguments) => csrf::run(&context, &arguments),
        Command::Explain(arguments) => explain::run(&context, &arguments),
        Command::Health(arguments) => health::run(&context, &arguments),
        Command::Reference(arguments) => reference::run(&arguments),
        Command::Completions(arguments) => completion::completions(&arguments),
        Command::Man => completion::man(),
    })
}
