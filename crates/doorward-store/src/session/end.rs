//! Ending sessions, and remembering why.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Event};
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::{EndReason, PastSession, Stage};
use doorward_core::signin::{Method, Methods};
use doorward_core::store::Which;
use sqlx::any::AnyRow;

use crate::failure::Failure;
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;

macro_rules! delete_session {
    ($rest:literal) => {
        concat!("DELETE FROM user_session ", $rest, " RETURNING id, token, user_id, stage, created_at, address, device")
    };
}

/// Ends live sessions inside a transaction, with an audit row for each: whoever reads the log, another
/// node included, learns exactly which sessions are over and why.
pub(crate) async fn end(
    write: &mut Write,
    which: Which,
    reason: EndReason,
    event: &Event,
) -> Result<Vec<SessionId>, Failure> {
    let query = match which {
        Which::One(id) => sqlx::query(delete_session!("WHERE id = $1")).bind(id.to_string()),
        Which::AllOf(user, keep) => {
            sqlx::query(delete_session!("WHERE user_id = $1 AND id <> $2")).bind(user.to_string()).bind(text_of(keep))
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
    let query = sqlx::query(delete_session!("WHERE credential = $1 AND id <> $2"));
    let rows = query.bind(credential.to_owned()).bind(text_of(keep)).fetch_all(write.on()).await?;
    note_ended(write, &rows, EndReason::FactorRemoved, event).await.map(drop)
}

/// Ends the sessions of a user that a trusted device has signed in, whichever it was and whether or not it is still
/// there, but for the one to keep. Where a factor was proven since, that one has signed the session in.
pub(crate) async fn end_by_devices(
    write: &mut Write,
    (user, keep): (UserId, Option<SessionId>),
    event: &Event,
) -> Result<usize, Failure> {
    let query = sqlx::query(delete_session!(
        "WHERE user_id = $1 AND id <> $2 AND (methods & $3) <> 0 \
         AND (credential IS NULL OR credential NOT IN (SELECT id FROM credential WHERE user_id = $1))"
    ));
    let device = Methods::default().with(Method::TrustedDevice).to_bits();
    let rows = query.bind(user.to_string()).bind(text_of(keep)).bind(device).fetch_all(write.on()).await?;
    Ok(note_ended(write, &rows, EndReason::FactorRemoved, event).await?.len())
}

/// An id as it is compared with; no row has an empty one.
fn text_of(id: Option<SessionId>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
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
        let of = (row.text("stage")? == Stage::Full.as_str()).then(|| Past::read(row)).transpose()?;
        let token = row.text_or_null("token")?;
        remember_end(write, Gone { id: id.to_string(), token, at: event.at, reason, of }).await?;
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
    /// Whose it was and where, for a whole one that has no next step: what its owner is shown.
    pub(crate) of: Option<Past>,
}

/// What is told of a whole session that is over.
pub(crate) struct Past {
    user: String,
    created_at: i64,
    address: String,
    device: String,
}

impl Past {
    fn read(row: &AnyRow) -> Result<Self, Failure> {
        Ok(Self {
            user: row.text("user_id")?,
            created_at: row.number("created_at")?,
            address: row.text("address")?,
            device: row.text("device")?,
        })
    }
}

/// The whole sessions of a user that have ended, the last one first.
pub(crate) async fn of_user(store: &Store, user: UserId, limit: u32) -> Result<Vec<PastSession>, Failure> {
    let query = sqlx::query(
        "SELECT id, ended_at, reason, created_at, address, device FROM ended_session WHERE user_id = $1 \
         ORDER BY ended_at DESC, id LIMIT $2",
    );
    let rows = query.bind(user.to_string()).bind(i64::from(limit)).fetch_all(store.reader()).await?;
    let past = |row: &AnyRow| {
        Ok(PastSession {
            id: row.parse("id")?,
            created_at: row.time("created_at")?,
            ended_at: row.time("ended_at")?,
            reason: row.word("reason", EndReason::from_text)?,
            address: row.parse("address")?,
            device: row.text("device")?.into(),
        })
    };
    rows.iter().map(past).collect()
}

/// Remembers why a session ended.
pub(crate) async fn remember_end(write: &mut Write, gone: Gone) -> Result<(), Failure> {
    let query = sqlx::query(
        "INSERT INTO ended_session (id, token, ended_at, reason, user_id, created_at, address, device) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let query = query.bind(gone.id).bind(gone.token).bind(gone.at.0).bind(gone.reason.as_str());
    let query = match gone.of {
        Some(past) => query.bind(Some(past.user)).bind(past.created_at).bind(past.address).bind(past.device),
        None => query.bind(None::<String>).bind(0_i64).bind(String::new()).bind(String::new()),
    };
    query.execute(write.on()).await?;
    Ok(())
}
