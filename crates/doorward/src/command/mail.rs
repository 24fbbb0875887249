//! `doorward mail test`: sends one letter and says at which step it stopped.

use clap::Subcommand;
use doorward_core::identifier::MailId;
use doorward_core::language::Language;
use doorward_core::user::Email;
use doorward_core::{Clock as _, Finding};
use serde_json::json;

use super::open;
use super::{CONFIGURATION, Context, FAULT, FINDINGS, WELL};
use crate::config::{Config, Mail};
use crate::mail::letter;
use crate::mail::{Courier, Parcel, Site, Step};
use crate::system::{SystemClock, SystemRandom};

/// Arguments of `doorward mail`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send a letter to an address now, and say at which step it stopped
    Test {
        /// To whom
        address: Email,
    },
}

/// Runs the command.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    let Action::Test { address } = &arguments.action;
    let config = match Config::load(&context.inputs) {
        Ok(loaded) => loaded.config,
        Err(findings) => return open::found(context, &findings, CONFIGURATION),
    };
    let Mail::Server(server) = &config.mail else {
        let finding = Finding::error("mail.off", "mail.server", "No mail server is configured.");
        let remedy = "server = \"smtp.example.com\"  # in [mail], with from, user and password_file";
        return open::found(context, &[finding.with_remedy(remedy)], FINDINGS);
    };
    let courier = match Courier::new(server, config.public_url().host()) {
        Ok(courier) => courier,
        Err(finding) => return open::found(context, &[finding], CONFIGURATION),
    };
    let Some(runtime) = open::runtime() else { return FAULT };
    runtime.block_on(send(context, &Site::new(config.public_url().origin()), &courier, address))
}

async fn send(context: &Context, site: &Site, courier: &Courier, to: &Email) -> u8 {
    let draft = letter::test(site, Language::English);
    let parcel = Parcel { id: MailId::random(&SystemRandom), to, at: SystemClock.now(), draft: &draft };
    let mut steps: Vec<Step> = Vec::new();
    let outcome = courier.deliver(parcel, &mut |step| steps.push(step)).await;
    let mut words: Vec<String> = steps.iter().map(|step| format!("  {:<10} well", step.as_str())).collect();
    if let Err(undelivered) = &outcome {
        words.push(format!("  {:<10} failed: {}", undelivered.step.as_str(), undelivered.why));
    }
    let mut report = json!({
        "server": courier.server(),
        "address": to,
        "delivered": outcome.is_ok(),
        "passed": steps.iter().map(|step| step.as_str()).collect::<Vec<_>>(),
    });
    let end = match &outcome {
        Ok(()) => {
            format!("{} took the letter to {to}. Look whether it arrives, and where it is filed.", courier.server())
        }
        Err(undelivered) => {
            let code = undelivered.step.code();
            let remedy = doorward_core::reason::find(code).map_or("", |reason| reason.remedy);
            report["failed"] = json!({ "step": undelivered.step.as_str(), "why": undelivered.why, "reason": code });
            format!("{} ({code})\n  hint: {remedy}", courier.server())
        }
    };
    open::print(context, &report, &format!("{}\n{end}", words.join("\n")));
    if outcome.is_ok() { WELL } else { FINDINGS }
}
