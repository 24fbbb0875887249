//! Sessions, live and ended.

mod end;

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::{EndReason, EndedSession, Kind, PastSession, Session, Stage, Timeouts};
use doorward_core::signin::{Methods, Proven};
use doorward_core::store::{NewSession, Result, Sessions, Which};
use doorward_core::user::PasswordHash;
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::write::Write;
use crate::{budget, refresh, sweep, user};

use end::{Gone, remember_end};
pub(crate) use end::{end, end_by_credential, end_by_devices};

macro_rules! select_session {
    ($rest:literal) => {
        concat!(
            "SELECT id, token, handle, user_id, kind, stage, methods, proven, credential, is_persistent, created_at, ",
            "authenticated_at, last_seen, address, device FROM user_session ",
            $rest
        )
    };
}

pub(crate) use select_session;

impl Sessions for Store {
    async fn live_sessions(&self, after: Option<SessionId>, limit: u32) -> Result<Vec<Session>> {
        retry!(live(self, after, limit))
    }

    async fn ended_sessions(&self, limit: u32) -> Result<Vec<EndedSession>> {
        retry!(ended(self, limit))
    }

    async fn past_sessions(&self, user: UserId, limit: u32) -> Result<Vec<PastSession>> {
        retry!(end::of_user(self, user, limit))
    }

    async fn session(&self, id: SessionId) -> Result<Option<std::result::Result<Session, EndedSession>>> {
        retry!(one(self, id))
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>> {
        retry!(of_user(self, user))
    }

    async fn create_session(&self, new: &NewSession, password: Option<&PasswordHash>, event: &Event) -> Result<bool> {
        retry!(create(self, new, password, event))
    }

    async fn step_up(&self, old: SessionId, new: &NewSession, event: &Event) -> Result<bool> {
        retry!(replace(self, old, new, event))
    }

    async fn end_sessions(&self, which: Which, reason: EndReason, event: &Event) -> Result<Vec<SessionId>> {
        retry!(end_and_commit(self, which, reason, event))
    }

    async fn touch_sessions(&self, seen: &[(SessionId, UnixTime)]) -> Result<()> {
        // The order of ids keeps two nodes from waiting for each other's rows.
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        for batch in seen.chunks(1_000) {
            retry!(touch(self, batch))?;
        }
        Ok(())
    }

    async fn sweep(&self, now: UnixTime, timeouts: Timeouts) -> Result<Vec<(SessionId, EndReason)>> {
        sweep::run(self, now, timeouts).await
    }
}

/// Whether this session of this user has not ended.
pub(crate) async fn is_live(write: &mut Write, id: SessionId, user: UserId) -> std::result::Result<bool, Failure> {
    let query = sqlx::query("SELECT id FROM user_session WHERE id = $1 AND user_id = $2");
    let query = query.bind(id.to_string()).bind(user.to_string());
    Ok(query.fetch_optional(write.on()).await?.is_some())
}

/// The stage of a live session of this user.
pub(crate) async fn stage(
    write: &mut Write,
    id: SessionId,
    user: UserId,
) -> std::result::Result<Option<Stage>, Failure> {
    let query = sqlx::query("SELECT stage FROM user_session WHERE id = $1 AND user_id = $2");
    let query = query.bind(id.to_string()).bind(user.to_string());
    let row = query.fetch_optional(write.on()).await?;
    row.map(|row| row.word("stage", Stage::from_text)).transpose()
}

/// Reads one row of `user_session`.
pub(crate) fn session_from(row: &AnyRow) -> std::result::Result<Session, Failure> {
    let proven = row.word("proven", Proven::from_text)?;
    // Two columns say what was proven; a row that was changed by hand says it twice over.
    if Methods::from_bits(row.number("methods")?) != Some(proven.methods()) {
        return Err(damaged("proven"));
    }
    let credential = row.text_or_null("credential")?;
    let credential = credential.map(|id| id.parse().map_err(|_| damaged("credential"))).transpose()?;
    Ok(Session {
        id: row.parse("id")?,
        token: row.hash_or_null("token")?,
        handle: row.parse("handle")?,
        user: row.parse("user_id")?,
        kind: row.word("kind", Kind::from_text)?,
        stage: row.word("stage", Stage::from_text)?,
        proven,
        credential,
        is_persistent: row.flag("is_persistent")?,
        created_at: row.time("created_at")?,
        authenticated_at: row.time("authenticated_at")?,
        last_seen: row.time("last_seen")?,
        address: row.parse("address")?,
        device: row.text("device")?.into(),
    })
}

fn ended_from(row: &AnyRow) -> std::result::Result<EndedSession, Failure> {
    Ok(EndedSession {
        id: row.parse("id")?,
        token: row.hash_or_null("token")?,
        at: row.time("ended_at")?,
        reason: row.word("reason", EndReason::from_text)?,
    })
}

async fn live(store: &Store, after: Option<SessionId>, limit: u32) -> std::result::Result<Vec<Session>, Failure> {
    let query = sqlx::query(select_session!("WHERE id > $1 ORDER BY id LIMIT $2"));
    let after = after.map_or_else(String::new, |id| id.to_string());
    let rows = query.bind(after).bind(i64::from(limit)).fetch_all(store.reader()).await?;
    rows.iter().map(session_from).collect()
}

async fn ended(store: &Store, limit: u32) -> std::result::Result<Vec<EndedSession>, Failure> {
    let query =
        sqlx::query("SELECT id, token, ended_at, reason FROM ended_session ORDER BY ended_at DESC, id LIMIT $1");
    let rows = query.bind(i64::from(limit)).fetch_all(store.reader()).await?;
    rows.iter().map(ended_from).collect()
}

async fn one(
    store: &Store,
    id: SessionId,
) -> std::result::Result<Option<std::result::Result<Session, EndedSession>>, Failure> {
    let query = sqlx::query(select_session!("WHERE id = $1")).bind(id.to_string());
    if let Some(row) = query.fetch_optional(store.reader()).await? {
        return Ok(Some(Ok(session_from(&row)?)));
    }
    let query = sqlx::query("SELECT id, token, ended_at, reason FROM ended_session WHERE id = $1");
    let row = query.bind(id.to_string()).fetch_optional(store.reader()).await?;
    Ok(row.as_ref().map(ended_from).transpose()?.map(Err))
}

async fn of_user(store: &Store, user: UserId) -> std::result::Result<Vec<Session>, Failure> {
    let query = sqlx::query(select_session!("WHERE user_id = $1 ORDER BY last_seen DESC, id"));
    let rows = query.bind(user.to_string()).fetch_all(store.reader()).await?;
    rows.iter().map(session_from).collect()
}

async fn create(
    store: &Store,
    new: &NewSession,
    password: Option<&PasswordHash>,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let has_begun = begin(&mut write, new, password, event).await?;
    if has_begun {
        write.commit().await?;
    }
    Ok(has_begun)
}

/// Begins a session inside a transaction. False, and nothing is to be committed, where the user may not sign in.
pub(crate) async fn begin(
    write: &mut Write,
    new: &NewSession,
    password: Option<&PasswordHash>,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let session = &new.session;
    let Some(owner) = user::read(write, session.user).await? else {
        return Ok(false);
    };
    if !owner.is_active() || (password.is_some() && owner.password.as_ref() != password) {
        return Ok(false);
    }
    insert(write, session).await?;
    if let Some(token) = &new.refresh {
        refresh::insert(write, token, session.id).await?;
    }
    settle(write, new, event).await?;
    write.append(&in_session(event, session)).await?;
    if let Some(replaced) = new.replaces.filter(|replaced| *replaced != session.id) {
        end(write, Which::One(replaced), EndReason::Replaced, event).await?;
    }
    Ok(true)
}

/// Remembers the browser of a finished sign-in, and settles what was paid for guesses. A browser in which a sign-in
/// was only begun is not known: its guesses would be counted apart for whoever has the password.
async fn settle(write: &mut Write, new: &NewSession, event: &Event) -> std::result::Result<(), Failure> {
    if let Some(browser) = new.browser.filter(|_| new.session.stage == Stage::Full) {
        budget::remember_browser(write, new.session.user, browser, event.at).await?;
    }
    budget::clear(write, &new.clear).await?;
    budget::give_back(write, &new.refund).await
}

/// The event with its user and session, where the caller left them open.
fn in_session(event: &Event, session: &Session) -> Event {
    Event { session: event.session.or(Some(session.id)), ..user::about(event, session.user) }
}

async fn insert(write: &mut Write, session: &Session) -> std::result::Result<(), Failure> {
    sqlx::query(
        "INSERT INTO user_session (id, token, handle, user_id, kind, stage, methods, is_persistent, created_at, \
         authenticated_at, last_seen, address, device, proven, credential) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(session.id.to_string())
    .bind(session.token.map(doorward_core::token::TokenHash::to_text))
    .bind(session.handle.to_string())
    .bind(session.user.to_string())
    .bind(session.kind.as_str())
    .bind(session.stage.as_str())
    .bind(session.methods().to_bits())
    .bind(i64::from(session.is_persistent))
    .bind(session.created_at.0)
    .bind(session.authenticated_at.0)
    .bind(session.last_seen.0)
    .bind(session.address.to_string())
    .bind(session.device.replace('\0', "\u{fffd}"))
    .bind(session.proven.to_text())
    .bind(session.credential.map(|id| id.to_string()))
    .execute(write.on())
    .await?;
    Ok(())
}

async fn replace(store: &Store, old: SessionId, new: &NewSession, event: &Event) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let is_done = step(&mut write, old, new, event).await?.is_some();
    if is_done {
        write.commit().await?;
    }
    Ok(is_done)
}

/// Replaces a session by its next step inside a transaction, and gives back what is stored. Nothing, and nothing is to
/// be committed, where the old one has ended.
pub(crate) async fn step(
    write: &mut Write,
    old: SessionId,
    new: &NewSession,
    event: &Event,
) -> std::result::Result<Option<Session>, Failure> {
    let mut session = new.session.clone();
    // A step up stays with its user and its sign-in, whatever the caller says.
    let query = sqlx::query(
        "DELETE FROM user_session WHERE id = $1 AND user_id = $2 AND handle = $3 RETURNING token, credential",
    );
    let query = query.bind(old.to_string()).bind(session.user.to_string()).bind(session.handle.to_string());
    let Some(row) = query.fetch_optional(write.on()).await? else {
        return Ok(None);
    };
    let credential = row.text_or_null("credential")?.and_then(|id| id.parse().ok());
    session.credential = session.credential.or(credential);
    let token = row.text_or_null("token")?;
    let gone = Gone { id: old.to_string(), token, at: event.at, reason: EndReason::SteppedUp, of: None };
    remember_end(write, gone).await?;
    insert(write, &session).await?;
    match &new.refresh {
        Some(token) => refresh::insert(write, token, session.id).await?,
        None => refresh::move_session(write, old, session.id).await?,
    }
    settle(write, new, event).await?;
    write.append(&in_session(event, &session)).await?;
    Ok(Some(session))
}

async fn end_and_commit(
    store: &Store,
    which: Which,
    reason: EndReason,
    event: &Event,
) -> std::result::Result<Vec<SessionId>, Failure> {
    let mut write = Write::audited(store).await?;
    let ended = end(&mut write, which, reason, event).await?;
    write.commit().await?;
    Ok(ended)
}

async fn touch(store: &Store, batch: &[(SessionId, UnixTime)]) -> std::result::Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    for (id, at) in batch {
        sqlx::query("UPDATE user_session SET last_seen = $2 WHERE id = $1 AND last_seen < $2")
            .bind(id.to_string())
            .bind(at.0)
            .execute(write.on())
            .await?;
    }
    write.commit().await
}
