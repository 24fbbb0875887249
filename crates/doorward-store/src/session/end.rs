//! Ending sessions, and remembering why.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Event};
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::EndReason;
use doorward_core::store::Which;
use sqlx::any::AnyRow;

use crate::failure::Failure;
use crate::row::Columns as _;
use crate::write::Write;

/// Ends live sessions inside a transaction, with an audit row for each: whoever reads the log, another
/// node included, learns exactly which sessions are over and why.
pub(crate) async fn end(
    write: &mut Write,
    which: Which,
    reason: EndReason,
    event: &Event,
) -> Result<Vec<SessionId>, Failure> {
    let query = match which {
        Which::One(id) => {
            sqlx::query("DELETE FROM user_session WHERE id = $1 RETURNING id, token, user_id").bind(id.to_string())
        }
        Which::AllOf(user, keep) => {
            sqlx::query("DELETE FROM user_session WHERE user_id = $1 AND id <> $2 RETURNING id, token, user_id")
                .bind(user.to_string())
                .bind(keep.map_or_else(String::new, |id| id.to_string()))
        }
    };
    let rows = query.fetch_all(write.on()).await?;
    note_ended(write, &rows, reason, event).await
}

/// Ends the sessions that this credential has signed in, but for the one to keep.
pub(crate) async fn end_by_credential(
    write: &mut Write,
    credential: &str,
    keep: Option<SessionId>,
    event: &Event,
) -> Result<(), Failure> {
    let query = sqlx::query("DELETE FROM user_session WHERE credential = $1 AND id <> $2 RETURNING id, token, user_id");
    let query = query.bind(credential.to_owned()).bind(keep.map_or_else(String::new, |id| id.to_string()));
    let rows = query.fetch_all(write.on()).await?;
    note_ended(write, &rows, EndReason::FactorRemoved, event).await.map(drop)
}

async fn note_ended(
    write: &mut Write,
    rows: &[AnyRow],
    reason: EndReason,
    event: &Event,
) -> Result<Vec<SessionId>, Failure> {
    let mut ended = Vec::with_capacity(rows.len());
    for row in rows {
        let id: SessionId = row.parse("id")?;
        let token = row.text_or_null("token")?;
        remember_end(write, Gone { id: id.to_string(), token, at: event.at, reason }).await?;
        write.append(&ending(event, id, row.parse("user_id")?, reason)).await?;
        ended.push(id);
    }
    Ok(ended)
}

/// The audit event of one ended session, under the circumstances of the event that ended it.
pub(crate) fn ending(event: &Event, session: SessionId, user: UserId, reason: EndReason) -> Event {
    let detail = if event.action == Action::SessionEnded { event.detail.clone() } else { String::new() };
    Event {
        action: Action::SessionEnded,
        user: Some(user),
        session: Some(session),
        reason: reason.code(),
        detail,
        ..event.clone()
    }
}

/// A session that is no longer live.
pub(crate) struct Gone {
    /// Its id, as stored.
    pub(crate) id: String,
    /// The hash of its cookie, as stored.
    pub(crate) token: Option<String>,
    /// When it ended.
    pub(crate) at: UnixTime,
    /// Why.
    pub(crate) reason: EndReason,
}

/// Remembers why a session ended.
pub(crate) async fn remember_end(write: &mut Write, gone: Gone) -> Result<(), Failure> {
    sqlx::query("INSERT INTO ended_session (id, token, ended_at, reason) VALUES ($1, $2, $3, $4)")
        .bind(gone.id)
        .bind(gone.token)
        .bind(gone.at.0)
        .bind(gone.reason.as_str())
        .execute(write.on())
        .await?;
    Ok(())
}
