//! `doorward csrf explain`: what a CSRF token says about itself.

use clap::Subcommand;
use doorward_core::UnixTime;
use serde_json::json;

use super::open::{self, Opened};
use super::{Context, FINDINGS, WELL};
use crate::web::app::seconds;

/// Arguments of `doorward csrf`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell when, under which key and for whom a token was made, and whether it is good
    Explain {
        /// The token: `timestamp:nonce:signature`
        token: String,
    },
}

/// Runs the command.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    let Action::Explain { token } = &arguments.action;
    open::with(context, async |opened| Ok(explain(context, &opened, token)))
}

fn explain(context: &Context, opened: &Opened, token: &str) -> u8 {
    let csrf = &opened.settings.csrf;
    let now = opened.node.clock.now();
    let Some(found) = csrf.explain(token, seconds(now)) else {
        let text = "This is no token: one has a time, 43 characters and 64 hex digits, joined by colons.";
        open::print(context, &json!({"is_token": false}), text);
        return FINDINGS;
    };
    let issued = UnixTime(i64::try_from(found.issued_at.0).unwrap_or_default()).to_rfc3339();
    let refusal = found.refusal.map(doorward_csrf::Reason::code);
    let value = json!({
        "is_token": true, "issued_at": issued, "age_seconds": found.age_seconds, "kid": found.kid,
        "key_fingerprint": found.key_fingerprint, "is_signature_valid": found.is_signature_valid,
        "is_anonymous": found.is_anonymous, "refusal": refusal,
    });
    let text = format!(
        "made:       {issued} ({} s ago)\nkey:        {} {}\nsignature:  {}\nmade for:   {}\nverdict:    {}",
        found.age_seconds,
        found.kid,
        found.key_fingerprint.as_deref().unwrap_or("(unknown here: another installation, or a key that was removed)"),
        if found.is_signature_valid { "valid" } else { "not valid" },
        if found.is_anonymous { "a browser that is not signed in" } else { "a browser that is signed in" },
        refusal.unwrap_or("good, in the browser that it was made for"),
    );
    open::print(context, &value, &text);
    if refusal.is_some() { FINDINGS } else { WELL }
}
