//! `doorward migrate`: the versions of the database.

use clap::Subcommand;
use doorward_store::migration::{self, State};
use serde_json::json;

use super::open;
use super::{CONFIGURATION, Context, FAULT, FINDINGS, WELL};
use crate::config::Config;
use crate::node::location;

/// Arguments of `doorward migrate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell which migrations have run
    Status,
    /// Run those that have not
    Up,
}

/// Runs the command.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    let config = match Config::load(&context.inputs) {
        Ok(loaded) => loaded.config,
        Err(findings) => return open::found(context, &findings, CONFIGURATION),
    };
    let Some(runtime) = open::runtime() else { return FAULT };
    let place = location(&config);
    let states = runtime.block_on(async {
        match arguments.action {
            Action::Status => migration::status(&place).await,
            Action::Up => migration::up(&place).await,
        }
    });
    match states {
        Ok(states) => tell(context, &arguments.action, &states),
        Err(findings) => open::found(context, &findings, FINDINGS),
    }
}

fn tell(context: &Context, action: &Action, states: &[State]) -> u8 {
    let is_pending = states.iter().any(|state| !state.is_applied);
    let line = |state: &State| {
        let word = if state.is_applied { "applied" } else { "pending" };
        format!("{:>4}  {word}  {}", state.version, state.name)
    };
    let mut words = states.iter().map(line).collect::<Vec<_>>().join("\n");
    if matches!(action, Action::Up) && states.is_empty() {
        "nothing to do".clone_into(&mut words);
    }
    open::print(context, &json!(states), &words);
    if is_pending { FINDINGS } else { WELL }
}
