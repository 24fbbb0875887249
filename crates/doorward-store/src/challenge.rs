//! The state of ceremonies, and codes by mail: what waits for one answer from one browser.

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::factor::code::{EMAIL_TRIES, EmailPurpose};
use doorward_core::factor::{Ceremony, Challenge, Sealed};
use doorward_core::identifier::UserId;
use doorward_core::store::{Added, EmailChallenge, Evidence};
use doorward_core::token::TokenHash;
use sqlx::any::AnyRow;

use crate::failure::Failure;
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::user;
use crate::write::Write;

/// Which challenge is asked for, by whom and when.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Its hash.
    pub(crate) hash: TokenHash,
    /// What for.
    pub(crate) ceremony: Ceremony,
    /// From where.
    pub(crate) browser: TokenHash,
    /// When.
    pub(crate) now: UnixTime,
}

fn challenge_from(row: &AnyRow, asked: Asked) -> Result<Option<Challenge>, Failure> {
    let user = row.text_or_null("user_id")?;
    let challenge = Challenge {
        hash: asked.hash,
        ceremony: asked.ceremony,
        user: user.map(|id| id.parse().map_err(|_| damaged("user_id"))).transpose()?,
        browser: row.hash("browser")?,
        state: Sealed::new(row.text("state")?),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    };
    let is_theirs = row.text("ceremony")? == asked.ceremony.as_str() && challenge.browser == asked.browser;
    Ok(Some(challenge).filter(|_| is_theirs))
}

/// Stores a challenge; the one before of the same ceremony and browser goes.
pub(crate) async fn create(store: &Store, challenge: &Challenge) -> Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    let query = sqlx::query("DELETE FROM challenge WHERE browser = $1 AND ceremony = $2");
    query.bind(challenge.browser.to_text()).bind(challenge.ceremony.as_str()).execute(write.on()).await?;
    sqlx::query(
        "INSERT INTO challenge (hash, ceremony, user_id, browser, state, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(challenge.hash.to_text())
    .bind(challenge.ceremony.as_str())
    .bind(challenge.user.map(|id| id.to_string()))
    .bind(challenge.browser.to_text())
    .bind(challenge.state.as_str())
    .bind(challenge.created_at.0)
    .bind(challenge.expires_at.0)
    .execute(write.on())
    .await?;
    write.commit().await
}

/// Looks at a challenge.
pub(crate) async fn look(store: &Store, asked: Asked) -> Result<Option<Challenge>, Failure> {
    let query = sqlx::query(
        "SELECT ceremony, user_id, browser, state, created_at, expires_at FROM challenge \
         WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
    );
    let row = query.bind(asked.hash.to_text()).bind(asked.now.0).fetch_optional(store.reader()).await?;
    row.map_or(Ok(None), |row| challenge_from(&row, asked))
}

/// Takes a challenge: one statement, so that of any number of racing calls one gets the row. One that comes to another
/// ceremony or from another browser is used up too: whoever has it must not get to try again.
pub(crate) async fn take(store: &Store, asked: Asked) -> Result<Option<Challenge>, Failure> {
    let mut write = Write::unaudited(store).await?;
    let taken = consume(&mut write, asked).await?;
    write.commit().await?;
    Ok(taken)
}

/// As [`take`], inside a transaction.
pub(crate) async fn consume(write: &mut Write, asked: Asked) -> Result<Option<Challenge>, Failure> {
    let query = sqlx::query(
        "UPDATE challenge SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
         RETURNING ceremony, user_id, browser, state, created_at, expires_at",
    );
    let row = query.bind(asked.hash.to_text()).bind(asked.now.0).fetch_optional(write.on()).await?;
    row.map_or(Ok(None), |row| challenge_from(&row, asked))
}

/// Stores a code by mail in the place of the one before.
pub(crate) async fn create_code(store: &Store, code: &EmailChallenge, event: &Event) -> Result<(), Failure> {
    let mut write = Write::audited(store).await?;
    sqlx::query(
        "INSERT INTO email_code (user_id, purpose, browser, hash, tries, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (user_id, purpose, browser) DO UPDATE SET \
         hash = excluded.hash, tries = 0, created_at = excluded.created_at, expires_at = excluded.expires_at, \
         used_at = NULL",
    )
    .bind(code.user.to_string())
    .bind(code.purpose.as_str())
    .bind(code.browser.to_text())
    .bind(code.hash.to_text())
    .bind(code.created_at.0)
    .bind(code.expires_at.0)
    .execute(write.on())
    .await?;
    write.append(&user::about(event, code.user)).await?;
    write.commit().await
}

/// What somebody typed for a code by mail.
pub(crate) struct Typed {
    /// Whose it is.
    pub(crate) user: UserId,
    /// What for.
    pub(crate) purpose: EmailPurpose,
    /// From where.
    pub(crate) browser: TokenHash,
    /// Its keyed hash.
    pub(crate) hash: TokenHash,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Right, and used up.
    Right,
    /// Wrong; this many tries are left. The try must be committed.
    Wrong(u32),
    /// There is none that waits.
    Void,
}

/// Uses a code by mail up, or counts a try: one statement does both, so that five tries are five however many run at once.
pub(crate) async fn type_code(write: &mut Write, typed: Typed, now: UnixTime) -> Result<Outcome, Failure> {
    let query = sqlx::query(
        "UPDATE email_code SET tries = tries + 1, used_at = CASE WHEN hash = $4 THEN CAST($5 AS BIGINT) END \
         WHERE user_id = $1 AND purpose = $2 AND browser = $3 AND used_at IS NULL AND tries < $6 AND expires_at > $5 \
         RETURNING tries, used_at",
    );
    let query = query.bind(typed.user.to_string()).bind(typed.purpose.as_str()).bind(typed.browser.to_text());
    let query = query.bind(typed.hash.to_text()).bind(now.0).bind(i64::from(EMAIL_TRIES));
    let Some(row) = query.fetch_optional(write.on()).await? else {
        return Ok(Outcome::Void);
    };
    if row.number_or_null("used_at")?.is_some() {
        return Ok(Outcome::Right);
    }
    let tries = u32::try_from(row.number("tries")?).map_err(|_| damaged("tries"))?;
    Ok(Outcome::Wrong(EMAIL_TRIES.saturating_sub(tries)))
}

/// Uses up what an enrolment rests on.
pub(crate) async fn weigh(
    write: &mut Write,
    evidence: &Evidence,
    owner: UserId,
    now: UnixTime,
) -> Result<Added, Failure> {
    match evidence {
        Evidence::Taken => Ok(Added::Done),
        Evidence::Challenge { hash, ceremony, browser } => {
            let asked = Asked { hash: *hash, ceremony: *ceremony, browser: *browser, now };
            let taken = consume(write, asked).await?;
            Ok(if taken.is_some_and(|taken| taken.user == Some(owner)) { Added::Done } else { Added::Void })
        }
        Evidence::EmailCode { hash, browser } => {
            let typed = Typed { user: owner, purpose: EmailPurpose::Enrolment, browser: *browser, hash: *hash };
            Ok(match type_code(write, typed, now).await? {
                Outcome::Right => Added::Done,
                Outcome::Wrong(left) => Added::Wrong { left },
                Outcome::Void => Added::Void,
            })
        }
    }
}
