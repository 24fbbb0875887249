//! What commands share that work on the installation itself: opening it, and answering in words or in JSON.

use std::io::Write as _;
use std::sync::Arc;

use doorward_core::{Finding, reason};
use doorward_store::RequestLog;
use serde_json::Value;

use super::{CONFIGURATION, Context, FAULT, FINDINGS, explain, health, report};
use crate::config::Config;
use crate::identity::Refused;
use crate::node::Node;
use crate::system::{SystemClock, SystemRandom};
use crate::watch::Watch;
use crate::web::app::Settings;

/// The installation, open.
#[derive(Debug)]
pub struct Opened {
    /// Store, keys and identity.
    pub node: Node,
    /// The settings in force.
    pub settings: Settings,
}

/// Opens the installation and runs an action on it.
///
/// The exit code is that of the action; 2 where the configuration is wrong, 1 for any other finding.
pub fn with<A>(context: &Context, action: A) -> u8
where
    A: AsyncFnOnce(Opened) -> Result<u8, Refused>,
{
    let config = match Config::load(&context.inputs) {
        Ok(loaded) => loaded.config,
        Err(findings) => return found(context, &findings, CONFIGURATION),
    };
    let Some(runtime) = runtime() else { return FAULT };
    runtime.block_on(async {
        let opened = match Node::open(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await {
            Ok(node) => {
                let watch = Watch::new(Arc::clone(&node.clock), None);
                Settings::of(config, node.identity.keyring(), None, &watch).map(|settings| Opened { node, settings })
            }
            Err(findings) => return found(context, &findings, FINDINGS),
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(findings) => return found(context, &findings, CONFIGURATION),
        };
        match action(opened).await {
            Ok(code) => code,
            Err(refused) => found(context, &[told(&refused)], FINDINGS),
        }
    })
}

/// A refusal in the words for whoever runs the server.
fn told(refused: &Refused) -> Finding {
    let Some(reason) = reason::find(refused.code) else {
        return Finding::error(refused.code, "", refused.to_string());
    };
    let why = match &refused.source {
        Some(source) => format!("{} {source}", reason.operator),
        None => reason.operator.to_owned(),
    };
    Finding::error(refused.code, reason.title.en, why).with_remedy(reason.remedy)
}

/// The runtime of a command that is no server.
#[must_use]
pub fn runtime() -> Option<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().ok()
}

/// Prints findings on standard error and gives `code` back.
#[must_use]
pub fn found(context: &Context, findings: &[Finding], code: u8) -> u8 {
    let mut out = std::io::stderr().lock();
    let _ = if context.json { report::json(findings, &mut out) } else { report::text(findings, &mut out) };
    code
}

/// Prints an answer: as JSON where that was asked for, else in words.
pub fn print(context: &Context, value: &Value, words: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone, such as `head`, is no fault of the command.
    let _ = if context.json { writeln!(out, "{value:#}") } else { writeln!(out, "{words}") };
}

/// Tells what is known of a request. The memory of requests is a file of its own, so that it can be read beside a
/// running server.
#[must_use]
pub fn explain(context: &Context, arguments: &explain::Arguments) -> u8 {
    with(context, async |opened| {
        let file = opened.settings.config.data.join("requests.db");
        let remembered = match RequestLog::find_in(&file, arguments.request).await {
            Ok(remembered) => remembered,
            Err(finding) => return Ok(found(context, &[finding], FINDINGS)),
        };
        let mut out = std::io::stdout().lock();
        match explain::run(arguments, context.json, remembered.as_ref(), &opened.node.store, &mut out).await {
            Ok(code) => Ok(code),
            Err(explain::ExplainError::Store(error)) => Err(error.into()),
            Err(_) => Ok(FAULT),
        }
    })
}

/// Asks the running server whether it can serve.
#[must_use]
pub fn health(context: &Context, arguments: &health::Arguments) -> u8 {
    let Some(runtime) = runtime() else { return FAULT };
    runtime.block_on(health::run(arguments, context.json, &mut std::io::stdout())).unwrap_or(FAULT)
}
