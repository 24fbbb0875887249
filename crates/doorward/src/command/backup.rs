//! `doorward backup` and `doorward restore`: everything in one file, keys included.

use std::path::PathBuf;
use std::sync::Arc;

use doorward_core::audit::{Action, Actor, Event};
use doorward_core::{Clock as _, Finding};
use serde_json::json;

use super::open;
use super::{CONFIGURATION, Context, FAULT, FINDINGS, WELL};
use crate::config::Config;
use crate::identity::Refused;
use crate::node::{acme_files, is_of_acme, location, make_private, put_back_acme};
use crate::system::SystemClock;

/// Arguments of `doorward backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArguments {
    /// The file to write; it must not exist yet
    file: PathBuf,
}

/// Arguments of `doorward restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArguments {
    /// The file that `doorward backup` wrote
    file: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

/// Writes a backup.
#[must_use]
pub fn backup(context: &Context, arguments: &BackupArguments) -> u8 {
    open::with(context, async |opened| {
        let now = opened.node.clock.now();
        let event = Event::new(now, Action::BackupWritten, Actor::CommandLine);
        let keys = opened.node.identity.keyring().files();
        let all = keys.and_then(|keys| Ok([keys, acme_files(&opened.settings.config.data)?].concat()));
        let files = match all {
            Ok(files) => files,
            Err(finding) => return Ok(open::found(context, &[finding], FINDINGS)),
        };
        match opened.node.store.backup(&arguments.file, &files, &event).await {
            Ok(summary) => {
                let file = arguments.file.display();
                let words = format!(
                    "{file} holds {} rows and {} files of keys and certificates. Keep it as safe as the server.",
                    summary.rows, summary.files
                );
                open::print(
                    context,
                    &json!({"rows": summary.rows, "keys": summary.files, "schema": summary.schema}),
                    &words,
                );
                Ok::<_, Refused>(WELL)
            }
            Err(finding) => Ok(open::found(context, &[finding], FINDINGS)),
        }
    })
}

/// Puts a backup back.
#[must_use]
pub fn restore(context: &Context, arguments: &RestoreArguments) -> u8 {
    let config = match Config::load(&context.inputs) {
        Ok(loaded) => loaded.config,
        Err(findings) => return open::found(context, &findings, CONFIGURATION),
    };
    let Some(runtime) = open::runtime() else { return FAULT };
    match runtime.block_on(put_back(&config, arguments)) {
        Ok((epoch, rows)) => {
            let words = format!(
                "{rows} rows are back, in epoch {epoch}: every session and every unused link has ended.\n\
                 Restart Doorward where it runs, since keys came back too."
            );
            open::print(context, &json!({"epoch": epoch, "rows": rows}), &words);
            WELL
        }
        Err(findings) => open::found(context, &findings, FINDINGS),
    }
}

async fn put_back(config: &Config, arguments: &RestoreArguments) -> Result<(i64, u64), Vec<Finding>> {
    make_private(&config.data).map_err(|finding| vec![finding])?;
    let file = &arguments.file;
    if doorward_store::verify(file).map_err(|finding| vec![finding])?.files == 0 {
        // Passwords could not be checked without their keys, so nothing is replaced.
        let why = "It holds no keys, and accounts are of no use without them.";
        return Err(vec![Finding::error("store.backup_damaged", file.display().to_string(), why)]);
    }
    let clock = Arc::new(SystemClock);
    let event = Event::new(clock.now(), Action::BackupRestored, Actor::CommandLine);
    let restored = doorward_store::restore(&location(config), file, arguments.force, &event).await?;
    let (acme, keys): (Vec<_>, Vec<_>) = restored.files.into_iter().partition(is_of_acme);
    crate::identity::Keyring::restore(&config.data.join("keys"), &keys).map_err(|finding| vec![finding])?;
    put_back_acme(&config.data, acme.iter()).map_err(|finding| vec![finding])?;
    Ok((restored.epoch, restored.summary.rows))
}
