//! What time alone ends: sessions that have timed out, and rows that nobody asks for any more.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Actor, Event};
use doorward_core::budget::{DAY_SECONDS, LONGEST_WAIT, WINDOW_SECONDS};
use doorward_core::identifier::SessionId;
use doorward_core::session::{EndReason, PENDING_SECONDS, Session, Timeouts};
use doorward_core::store::{Result, Which};

use crate::failure::{Failure, retry};
use crate::session::{self, select_session, session_from};
use crate::store::Store;
use crate::write::Write;

/// How many sessions one transaction ends, so that others get the writer in between.
const BATCH: i64 = 200;

/// Seconds for which ended sessions and closed links are remembered, to say why.
const REMEMBERED: i64 = 30 * 86_400;

/// Seconds for which wrong guesses against an address are remembered after the last one. Equal for addresses
/// with and without an account, so that the wait tells nobody which is which.
const GUESSES_REMEMBERED: i64 = 90 * 86_400;

/// How many rows strangers can have in the table of budgets, of each kind; those that have paid least go first, then the
/// oldest. Whoever has enough networks to reach this gains nothing by it: known accounts and browsers are not touched,
/// and to push out what a mailbox was sent costs as many letters to each of as many others.
const STRANGERS: i64 = 100_000;

/// A letter that is of no more use is given up, and its body goes at once.
pub(crate) const TOO_LATE: &str = "UPDATE mail SET failed_at = $1, body = '', why = 'too late' \
     WHERE sent_at IS NULL AND failed_at IS NULL AND expires_at <= $1";

/// Ends and deletes.
pub(crate) async fn run(store: &Store, now: UnixTime, timeouts: Timeouts) -> Result<Vec<(SessionId, EndReason)>> {
    let mut ended = Vec::new();
    loop {
        let due = retry!(timed_out(store, now, timeouts))?;
        if due.is_empty() {
            break;
        }
        let batch = retry!(end(store, now, timeouts, &due))?;
        if batch.is_empty() {
            break;
        }
        ended.extend(batch);
    }
    retry!(delete(store, now))?;
    Ok(ended)
}

/// Looks without holding the writer.
async fn timed_out(store: &Store, now: UnixTime, timeouts: Timeouts) -> std::result::Result<Vec<Session>, Failure> {
    let query = sqlx::query(select_session!(
        "WHERE created_at <= $1 OR last_seen <= $2 OR (stage <> 'full' AND created_at <= $3) LIMIT $4"
    ));
    let query = query.bind((now - timeouts.absolute).0).bind((now - timeouts.idle).0);
    let rows = query.bind((now - PENDING_SECONDS).0).bind(BATCH).fetch_all(store.reader()).await?;
    rows.iter().map(session_from).collect()
}

/// Ends what is still timed out inside the transaction: somebody may have been seen meanwhile.
async fn end(
    store: &Store,
    now: UnixTime,
    timeouts: Timeouts,
    due: &[Session],
) -> std::result::Result<Vec<(SessionId, EndReason)>, Failure> {
    let mut write = Write::audited(store).await?;
    let event = Event::new(now, Action::SessionEnded, Actor::System);
    let mut ended = Vec::new();
    for candidate in due {
        let query = sqlx::query(select_session!("WHERE id = $1")).bind(candidate.id.to_string());
        let Some(row) = query.fetch_optional(write.on()).await? else {
            continue;
        };
        if let Err(reason) = session_from(&row)?.check(now, timeouts) {
            session::end(&mut write, Which::One(candidate.id), reason, &event).await?;
            ended.push((candidate.id, reason));
        }
    }
    write.commit().await?;
    Ok(ended)
}

/// Deletes what has no more meaning. No audit rows: nothing that anybody could still use goes.
async fn delete(store: &Store, now: UnixTime) -> std::result::Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    for (sql, before) in [
        ("DELETE FROM ended_session WHERE ended_at < $1", now - REMEMBERED),
        ("DELETE FROM refresh_token WHERE expires_at < $1", now - REMEMBERED),
        ("DELETE FROM entry_code WHERE expires_at < $1", now),
        ("DELETE FROM challenge WHERE expires_at < $1", now),
        ("DELETE FROM email_code WHERE expires_at < $1", now),
        ("DELETE FROM trusted_device WHERE expires_at < $1", now),
        ("DELETE FROM app_password WHERE expires_at < $1", now - REMEMBERED),
        (TOO_LATE, now),
        ("DELETE FROM mail WHERE created_at < $1 AND (sent_at IS NOT NULL OR failed_at IS NOT NULL)", now - REMEMBERED),
        ("DELETE FROM link WHERE expires_at < $1", now - REMEMBERED),
        // A network's guesses mean nothing once its window and its longest wait are over.
        (
            "DELETE FROM budget WHERE touched_at < $1 \
             AND (budget_key LIKE 'network:%' OR budget_key LIKE 'app:%' OR budget_key LIKE 'post:%')",
            now - (WINDOW_SECONDS + LONGEST_WAIT),
        ),
        (
            "DELETE FROM budget WHERE touched_at < $1 AND consecutive = 0 AND budget_key NOT LIKE 'factor:%'",
            now - (WINDOW_SECONDS + LONGEST_WAIT),
        ),
        ("DELETE FROM budget WHERE touched_at < $1 AND consecutive = 0", now - DAY_SECONDS),
        (
            "DELETE FROM budget WHERE touched_at < $1 AND (budget_key LIKE 'mail:%' OR budget_key LIKE 'code:%' \
             OR budget_key LIKE 'letter:%')",
            now - DAY_SECONDS,
        ),
        ("DELETE FROM budget WHERE touched_at < $1 AND budget_key LIKE 'link:%'", now - REMEMBERED),
        // Known accounts keep their count of guesses in a row (NIST SP 800-63B-4, section 3.2.2).
        (
            "DELETE FROM budget WHERE touched_at < $1 AND budget_key LIKE 'account:%' \
             AND substr(budget_key, 9) NOT IN (SELECT email FROM users)",
            now - GUESSES_REMEMBERED,
        ),
    ] {
        sqlx::query(sql).bind(before.0).execute(write.on()).await?;
    }
    for sql in [
        "DELETE FROM budget WHERE budget_key IN (SELECT budget_key FROM budget \
         WHERE budget_key LIKE 'network:%' ORDER BY touched_at DESC LIMIT 1000000 OFFSET $1)",
        "DELETE FROM budget WHERE budget_key IN (SELECT budget_key FROM budget \
         WHERE budget_key LIKE 'account:%' AND substr(budget_key, 9) NOT IN (SELECT email FROM users) \
         ORDER BY touched_at DESC LIMIT 1000000 OFFSET $1)",
        "DELETE FROM budget WHERE budget_key IN (SELECT budget_key FROM budget \
         WHERE budget_key LIKE 'post:%' OR budget_key LIKE 'app:%' ORDER BY touched_at DESC LIMIT 1000000 OFFSET $1)",
        "DELETE FROM budget WHERE budget_key IN (SELECT budget_key FROM budget \
         WHERE budget_key LIKE 'mail:%' ORDER BY consecutive DESC, touched_at DESC LIMIT 1000000 OFFSET $1)",
    ] {
        sqlx::query(sql).bind(STRANGERS).execute(write.on()).await?;
    }
    write.commit().await
}
