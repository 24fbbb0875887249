//! `doorward session`: who is signed in where, and ending it.

use clap::Subcommand;
use doorward_core::audit::{Action as Happened, Actor, Event};
use doorward_core::identifier::SessionId;
use doorward_core::session::{EndReason, Session};
use doorward_core::store::{Sessions as _, Which};
use doorward_core::user::Email;
use serde_json::{Value, json};

use super::open::{self, Opened};
use super::{Context, WELL};
use crate::identity::{Author, Refused};

/// Arguments of `doorward session`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the live sessions of a user, or of everybody
    List {
        /// Whose
        email: Option<Email>,
    },
    /// End one session
    End {
        /// `ses_…`
        id: SessionId,
    },
    /// End every session of a user
    EndAll {
        /// Whose
        email: Email,
    },
}

/// Runs the command.
#[must_use]
pub fn run(context: &Context, arguments: Arguments) -> u8 {
    open::with(context, async |opened| act(context, &opened, arguments.action).await)
}

async fn act(context: &Context, opened: &Opened, action: Action) -> Result<u8, Refused> {
    let identity = &opened.node.identity;
    let (value, words) = match action {
        Action::List { email } => {
            let sessions = match email {
                Some(email) => opened.node.store.sessions_of(identity.user_by_email(&email).await?.id).await?,
                None => everybody(opened).await?,
            };
            let lines: Vec<_> = sessions.iter().map(line).collect();
            (sessions.iter().map(view).collect(), lines.join("\n"))
        }
        Action::End { id } => {
            let event = Event::new(identity.now(), Happened::SessionEnded, Actor::CommandLine);
            let reason = EndReason::RevokedByAdministrator;
            let ended = opened.node.store.end_sessions(Which::One(id), reason, &event.because(reason.code())).await?;
            if ended.is_empty() {
                return Err(Refused::new("session.not_found"));
            }
            (json!({"ended": ended.len()}), format!("{id} has ended"))
        }
        Action::EndAll { email } => {
            let id = identity.user_by_email(&email).await?.id;
            let reason = EndReason::RevokedByAdministrator;
            let ended = identity.end_sessions(&Author::command_line(), id, None, reason).await?;
            (json!({"ended": ended}), format!("{ended} sessions have ended"))
        }
    };
    open::print(context, &value, &words);
    Ok(WELL)
}

async fn everybody(opened: &Opened) -> Result<Vec<Session>, Refused> {
    const PAGE: u32 = 1_000;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = opened.node.store.live_sessions(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        all.extend(page);
    }
}

fn view(session: &Session) -> Value {
    json!({
        "id": session.id, "user": session.user, "kind": session.kind, "stage": session.stage,
        "created_at": session.created_at, "last_seen": session.last_seen, "address": session.address,
        "device": session.device, "amr": session.methods(),
    })
}

fn line(session: &Session) -> String {
    let seen = session.last_seen.to_rfc3339();
    format!("{}  {}  {seen}  {:<15}  {}", session.id, session.user, session.address, session.device)
}
