//! Refresh tokens, and the first use of the access tokens that were given out with them.
//!
//! A token that was exchanged stays, with the hash of its successor, so that its second coming is noticed.
//! A successor that is replaced because its answer was lost stays too, as withdrawn: whoever presents it
//! later is a second party.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Event};
use doorward_core::identifier::{AccessTokenId, SessionId, UserId};
use doorward_core::session::EndReason;
use doorward_core::store::{RefreshToken, RefreshTokens, Result, Rotation, Which};
use doorward_core::token::TokenHash;

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::session;
use crate::store::Store;
use crate::write::Write;

impl RefreshTokens for Store {
    async fn rotate(&self, presented: TokenHash, successor: &RefreshToken, event: &Event) -> Result<Rotation> {
        retry!(rotate(self, presented, successor, event))
    }

    async fn mark_access_used(&self, access: AccessTokenId, at: UnixTime) -> Result<bool> {
        retry!(mark(self, access, at))
    }
}

/// A stored token, as far as an exchange looks at it.
struct Stored {
    session: SessionId,
    expires_at: UnixTime,
    is_used: bool,
    is_access_used: bool,
    is_withdrawn: bool,
    successor: Option<String>,
}

/// One exchange.
struct Exchange<'a> {
    hash: &'a str,
    successor: &'a RefreshToken,
    at: UnixTime,
    is_again: bool,
}

async fn read(write: &mut Write, hash: &str) -> std::result::Result<Option<Stored>, Failure> {
    let query = sqlx::query(
        "SELECT session_id, expires_at, used_at, access_used_at, withdrawn_at, successor \
         FROM refresh_token WHERE hash = $1",
    );
    let Some(row) = query.bind(hash).fetch_optional(write.on()).await? else {
        return Ok(None);
    };
    Ok(Some(Stored {
        session: row.parse("session_id")?,
        expires_at: row.time("expires_at")?,
        is_used: row.number_or_null("used_at")?.is_some(),
        is_access_used: row.number_or_null("access_used_at")?.is_some(),
        is_withdrawn: row.number_or_null("withdrawn_at")?.is_some(),
        successor: row.text_or_null("successor")?,
    }))
}

async fn rotate(
    store: &Store,
    presented: TokenHash,
    successor: &RefreshToken,
    event: &Event,
) -> std::result::Result<Rotation, Failure> {
    let mut write = Write::audited(store).await?;
    let hash = presented.to_text();
    let Some(token) = read(&mut write, &hash).await? else {
        return Ok(Rotation::Unknown);
    };
    let Some(user) = owner(&mut write, token.session).await? else {
        return Ok(Rotation::Expired);
    };
    let is_lost_answer = token.is_used && !token.is_withdrawn && is_unused(&mut write, &token).await?;
    if (token.is_used || token.is_withdrawn) && !is_lost_answer {
        return reuse(write, token.session, user, event).await;
    }
    if token.expires_at <= event.at {
        return Ok(Rotation::Expired);
    }
    if is_lost_answer && !withdraw(&mut write, &token, event.at).await? {
        return reuse(write, token.session, user, event).await;
    }
    let exchange = Exchange { hash: &hash, successor, at: event.at, is_again: is_lost_answer };
    if !consume(&mut write, &exchange).await? {
        return Err(Failure::Conflict("a refresh token changed while it was exchanged".to_owned()));
    }
    insert(&mut write, successor, token.session).await?;
    let noted = Event { user: Some(user), session: Some(token.session), ..event.clone() };
    write.append(&noted).await?;
    write.commit().await?;
    Ok(if is_lost_answer { Rotation::Reissued(token.session) } else { Rotation::Rotated(token.session) })
}

/// Whose live session this is.
async fn owner(write: &mut Write, session: SessionId) -> std::result::Result<Option<UserId>, Failure> {
    let query = sqlx::query("SELECT user_id FROM user_session WHERE id = $1").bind(session.to_string());
    query.fetch_optional(write.on()).await?.map(|row| row.parse("user_id")).transpose()
}

/// Whether nobody has used what the token was exchanged for.
async fn is_unused(write: &mut Write, token: &Stored) -> std::result::Result<bool, Failure> {
    let Some(successor) = &token.successor else {
        return Ok(false);
    };
    let next = read(write, successor).await?;
    Ok(next.is_some_and(|next| !next.is_used && !next.is_access_used && !next.is_withdrawn))
}

/// Withdraws the unused successor. False where its access token was used this very moment.
async fn withdraw(write: &mut Write, token: &Stored, at: UnixTime) -> std::result::Result<bool, Failure> {
    let query = sqlx::query(
        "UPDATE refresh_token SET withdrawn_at = $2 \
         WHERE hash = $1 AND used_at IS NULL AND access_used_at IS NULL AND withdrawn_at IS NULL",
    );
    let query = query.bind(token.successor.clone()).bind(at.0);
    Ok(query.execute(write.on()).await?.rows_affected() == 1)
}

/// Marks the presented token as used, in one statement that only one of many callers can win, or gives a
/// used one its new successor.
async fn consume(write: &mut Write, exchange: &Exchange<'_>) -> std::result::Result<bool, Failure> {
    let query = sqlx::query(
        "UPDATE refresh_token SET used_at = COALESCE(used_at, $2), successor = $3 \
         WHERE hash = $1 AND (used_at IS NULL OR $4 = 1) AND withdrawn_at IS NULL",
    );
    let query = query.bind(exchange.hash).bind(exchange.at.0).bind(exchange.successor.hash.to_text());
    let query = query.bind(i64::from(exchange.is_again));
    Ok(query.execute(write.on()).await?.rows_affected() == 1)
}

async fn reuse(
    mut write: Write,
    session: SessionId,
    user: UserId,
    event: &Event,
) -> std::result::Result<Rotation, Failure> {
    let noted = Event {
        action: Action::TokenReused,
        user: Some(user),
        session: Some(session),
        reason: EndReason::TokenReuse.code(),
        ..event.clone()
    };
    write.append(&noted).await?;
    session::end(&mut write, Which::One(session), EndReason::TokenReuse, &noted).await?;
    write.commit().await?;
    Ok(Rotation::Reused(session))
}

/// Adds a token of this session.
pub(crate) async fn insert(
    write: &mut Write,
    token: &RefreshToken,
    session: SessionId,
) -> std::result::Result<(), Failure> {
    sqlx::query(
        "INSERT INTO refresh_token (hash, session_id, access_id, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token.hash.to_text())
    .bind(session.to_string())
    .bind(token.access.to_string())
    .bind(token.created_at.0)
    .bind(token.expires_at.0)
    .execute(write.on())
    .await?;
    Ok(())
}

/// Lets the tokens follow their session to its new id.
pub(crate) async fn move_session(
    write: &mut Write,
    old: SessionId,
    new: SessionId,
) -> std::result::Result<(), Failure> {
    let query = sqlx::query("UPDATE refresh_token SET session_id = $2 WHERE session_id = $1");
    query.bind(old.to_string()).bind(new.to_string()).execute(write.on()).await?;
    Ok(())
}

async fn mark(store: &Store, access: AccessTokenId, at: UnixTime) -> std::result::Result<bool, Failure> {
    let mut write = Write::unaudited(store).await?;
    let query = sqlx::query(
        "UPDATE refresh_token SET access_used_at = COALESCE(access_used_at, $2) \
         WHERE access_id = $1 AND withdrawn_at IS NULL",
    );
    let query = query.bind(access.to_string()).bind(at.0);
    let is_known = query.execute(write.on()).await?.rows_affected() > 0;
    write.commit().await?;
    Ok(is_known)
}
