//! The commands of `doorward`, one file for each.

pub mod backup;
pub mod completion;
pub mod config;
pub mod csrf;
pub mod doctor;
pub mod e2e;
pub mod explain;
pub mod health;
pub mod init;
pub mod mail;
pub mod mcp;
pub mod migrate;
pub mod open;
pub mod proxy;
pub mod reference;
pub mod report;
pub mod serve;
pub mod session;
pub mod tune;
pub mod user;

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Flags, Inputs};

/// Nothing is wrong.
pub const WELL: u8 = 0;
/// The command ran and found something.
pub const FINDINGS: u8 = 1;
/// The command cannot run: wrong usage, or a configuration with errors.
pub const CONFIGURATION: u8 = 2;
/// Our own fault.
pub const FAULT: u8 = 70;

/// A login in front of any web app, that says what is broken when people cannot get in.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, arg_required_else_help = true, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve
    Serve,
    /// Ask a few questions and write a commented doorward.toml
    Init(init::InitArgs),
    /// Check, show or explain the configuration
    Config(config::ConfigArgs),
    /// Print the configuration of the proxy in front, filled in from this one
    ProxyConfig(proxy::ProxyArgs),
    /// List, make and change users
    User(user::Arguments),
    /// List and end sessions
    Session(session::Arguments),
    /// Try whether mail works
    Mail(mail::Arguments),
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
    /// Serve the browser's tools to agents (Model Context Protocol)
    Mcp(Box<mcp::Arguments>),
    /// Play sign-in tests in plain words in a real browser
    E2e(Box<e2e::Arguments>),
    /// Find out why people cannot sign in
    Doctor(Box<doctor::Arguments>),
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

/// The flags of a command line that serves; none of any other.
fn flags_of_serving(words: &[String]) -> Option<Flags> {
    let cli = Cli::try_parse_from(words).ok()?;
    matches!(cli.command, Command::Serve).then_some(cli.flags)
}

/// Runs the command of this process and gives back its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { CONFIGURATION } else { WELL });
        }
    };
    let context = Context { inputs: Inputs::of_process(cli.flags), json: cli.json };
    ExitCode::from(match cli.command {
        Command::Serve => serve::run(&context),
        Command::Init(arguments) => printed(|out| ask(&arguments, &context.inputs, out)),
        Command::Config(arguments) => printed(|out| config::run(&arguments, &context.inputs, context.json, out)),
        Command::ProxyConfig(arguments) => printed(|out| {
            let mut remarks = std::io::stderr();
            proxy::run(&arguments, &context.inputs, context.json, out, &mut remarks)
        }),
        Command::User(arguments) => user::run(&context, arguments),
        Command::Session(arguments) => session::run(&context, arguments),
        Command::Mail(arguments) => mail::run(&context, &arguments),
        Command::Migrate(arguments) => migrate::run(&context, &arguments),
        Command::Backup(arguments) => backup::backup(&context, &arguments),
        Command::Restore(arguments) => backup::restore(&context, &arguments),
        Command::Tune(arguments) => tune::run(&arguments, context.json),
        Command::Csrf(arguments) => csrf::run(&context, &arguments),
        Command::Mcp(arguments) => mcp::run(&context, &arguments),
        Command::E2e(arguments) => e2e::run(&context, &arguments),
        Command::Doctor(arguments) => doctor::run(&context, &arguments),
        Command::Explain(arguments) => open::explain(&context, &arguments),
        Command::Health(arguments) => open::health(&context, &arguments),
        Command::Reference(arguments) => reference::run(&arguments),
        Command::Completions(arguments) => completion::completions(&arguments),
        Command::Man => completion::man(),
    })
}

/// Runs a command that writes to standard output. A reader that has gone, such as `head`, is no fault of ours.
fn printed(command: impl FnOnce(&mut dyn Write) -> std::io::Result<u8>) -> u8 {
    match command(&mut std::io::stdout().lock()) {
        Ok(code) => code,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => WELL,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "doorward: {error}");
            FAULT
        }
    }
}

fn ask(arguments: &init::InitArgs, inputs: &Inputs, out: &mut dyn Write) -> std::io::Result<u8> {
    let stdin = std::io::stdin();
    let is_interactive = stdin.is_terminal();
    init::run(arguments, inputs, init::Terminal { input: &mut stdin.lock(), is_interactive }, out)
}
