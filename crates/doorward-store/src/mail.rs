//! The spool of mail.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Actor, Event};
use doorward_core::factor::Sealed;
use doorward_core::mail::{
    Failed, LEASE_SECONDS, Letter, MOST_FOR_ONE, MOST_OF_STRANGERS, MOST_WAITING, OF_STRANGERS, Taken, next_try,
};
use doorward_core::store::{Outbox, Result};
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::write::Write;

/// How many letters wait, how many of them for one address, and how many that strangers have caused. Without the letters
/// that were sent: of those there are many more.
const ROOM: &str = "SELECT COUNT(*) AS waiting, \
     CAST(COALESCE(SUM(CASE WHEN recipient = $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS for_one, \
     CAST(COALESCE(SUM(is_strangers), 0) AS BIGINT) AS of_strangers \
     FROM mail WHERE sent_at IS NULL AND failed_at IS NULL";

/// One statement takes them: first what people wait for who are signed in or known, then what strangers have caused. Of two
/// nodes that choose the same letter one finds it leased when its turn comes, since the condition stands outside of the
/// choice too.
const TAKE: &str = "UPDATE mail SET leased_until = $2, tries = tries + 1 WHERE leased_until <= $1 AND sent_at IS NULL \
     AND failed_at IS NULL AND id IN (SELECT id FROM mail WHERE due_at <= $1 AND leased_until <= $1 \
     AND expires_at > $1 AND sent_at IS NULL AND failed_at IS NULL ORDER BY is_strangers, due_at, id LIMIT $3) \
     RETURNING id, recipient, user_id, kind, body, created_at, expires_at, tries, leased_until";

/// How many letters wait.
const WAITING: &str = "SELECT COUNT(*) AS waiting FROM mail WHERE sent_at IS NULL AND failed_at IS NULL";

impl Outbox for Store {
    fn mailing(&self, letters: Vec<Letter>) -> Self {
        self.with_letters(letters)
    }

    async fn take_mail(&self, now: UnixTime, limit: u32) -> Result<Vec<Taken>> {
        retry!(take(self, now, limit))
    }

    async fn mail_sent(&self, taken: &Taken, now: UnixTime) -> Result<bool> {
        retry!(sent(self, taken, now))
    }

    async fn mail_failed(&self, taken: &Taken, why: &Failed, event: &Event) -> Result<bool> {
        retry!(failed(self, taken, why, event))
    }

    async fn waiting_mail(&self) -> Result<i64> {
        retry!(waiting(self))
    }
}

fn taken_from(row: &AnyRow) -> std::result::Result<Taken, Failure> {
    let user = row.text_or_null("user_id")?;
    let letter = Letter {
        id: row.parse("id")?,
        to: row.parse("recipient")?,
        user: user.map(|id| id.parse().map_err(|_| damaged("user_id"))).transpose()?,
        kind: row.text("kind")?.into(),
        body: Sealed::new(row.text("body")?),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    };
    Ok(Taken { letter, tries: row.number("tries")?, leased_until: row.time("leased_until")? })
}

/// Writes a letter with the change that it belongs to, or notes in the log that there was no room for it.
pub(crate) async fn spool(write: &mut Write, letter: &Letter) -> std::result::Result<(), Failure> {
    let row = sqlx::query(ROOM).bind(letter.to.as_str()).fetch_one(write.on()).await?;
    let is_strangers = OF_STRANGERS.contains(&&*letter.kind);
    let is_full = row.number("waiting")? >= MOST_WAITING
        || row.number("for_one")? >= MOST_FOR_ONE
        || (is_strangers && row.number("of_strangers")? >= MOST_OF_STRANGERS);
    if is_full {
        let event = Event::new(letter.created_at, Action::MailFailed, Actor::System);
        let event = Event { user: letter.user, ..event.with_detail(format!("{} has no room", letter.kind)) };
        return write.append(&event).await;
    }
    sqlx::query(
        "INSERT INTO mail (id, recipient, user_id, kind, body, created_at, expires_at, due_at, leased_until, tries, why, \
         is_strangers) VALUES ($1, $2, $3, $4, $5, $6, $7, $6, 0, 0, '', $8) ON CONFLICT (id) DO NOTHING",
    )
    .bind(letter.id.to_string())
    .bind(letter.to.as_str())
    .bind(letter.user.map(|id| id.to_string()))
    .bind(letter.kind.to_string())
    .bind(letter.body.as_str())
    .bind(letter.created_at.0)
    .bind(letter.expires_at.0)
    .bind(i64::from(is_strangers))
    .execute(write.on())
    .await?;
    Ok(())
}

async fn take(store: &Store, now: UnixTime, limit: u32) -> std::result::Result<Vec<Taken>, Failure> {
    let mut write = Write::unaudited(store).await?;
    let query = sqlx::query(TAKE).bind(now.0).bind((now + LEASE_SECONDS).0).bind(i64::from(limit));
    let rows = query.fetch_all(write.on()).await?;
    write.commit().await?;
    let mut taken: Vec<Taken> = rows.iter().map(taken_from).collect::<std::result::Result<_, _>>()?;
    taken.sort_by_key(|taken| (taken.letter.created_at, taken.letter.id));
    Ok(taken)
}

async fn sent(store: &Store, taken: &Taken, now: UnixTime) -> std::result::Result<bool, Failure> {
    let mut write = Write::unaudited(store).await?;
    let query = sqlx::query(
        "UPDATE mail SET sent_at = $4, body = '', why = '' \
         WHERE id = $1 AND leased_until = $2 AND tries = $3 AND sent_at IS NULL AND failed_at IS NULL",
    );
    let query = query.bind(taken.letter.id.to_string()).bind(taken.leased_until.0).bind(taken.tries).bind(now.0);
    let is_theirs = query.execute(write.on()).await?.rows_affected() == 1;
    write.commit().await?;
    Ok(is_theirs)
}

async fn failed(store: &Store, taken: &Taken, failed: &Failed, event: &Event) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let next = next_try(taken.tries, event.at, taken.letter.expires_at).filter(|_| !failed.is_final);
    let why: String = failed.why.chars().filter(|character| !character.is_control()).take(300).collect();
    let query = sqlx::query(
        "UPDATE mail SET due_at = COALESCE($4, due_at), leased_until = 0, why = $5, \
         failed_at = CASE WHEN $4 IS NULL THEN CAST($6 AS BIGINT) END, \
         body = CASE WHEN $4 IS NULL THEN '' ELSE body END \
         WHERE id = $1 AND leased_until = $2 AND tries = $3 AND sent_at IS NULL AND failed_at IS NULL",
    );
    let query = query.bind(taken.letter.id.to_string()).bind(taken.leased_until.0).bind(taken.tries);
    let query = query.bind(next.map(|at| at.0)).bind(why.clone()).bind(event.at.0);
    if query.execute(write.on()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    if next.is_none() {
        let detail = format!("{}: {why}", taken.letter.kind);
        write.append(&Event { user: taken.letter.user, detail, ..event.clone() }).await?;
    }
    write.commit().await?;
    Ok(true)
}

async fn waiting(store: &Store) -> std::result::Result<i64, Failure> {
    sqlx::query(WAITING).fetch_one(store.reader()).await?.number("waiting")
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;
    use crate::{Location, migration};

    #[tokio::test]
    async fn what_was_sent_is_not_looked_through() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::embedded(directory.path());
        migration::up(&location).await.unwrap();
        let store = Store::open(&location).await.unwrap();
        let old = "DELETE FROM mail WHERE created_at < $1 AND (sent_at IS NOT NULL OR failed_at IS NOT NULL)";
        for (sql, index) in [
            (ROOM, "mail_room"),
            (TAKE, "mail_next"),
            (WAITING, "mail_"),
            (crate::sweep::TOO_LATE, "mail_"),
            (old, "mail_created"),
        ] {
            let question = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = sqlx::query(question).fetch_all(store.reader()).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert!(plan.iter().any(|step| step.contains(&format!("INDEX {index}"))), "{sql}: {plan:?}");
            let is_whole = |step: &String| step.starts_with("SCAN mail") && !step.contains("INDEX");
            assert!(!plan.iter().any(is_whole), "{sql}: {plan:?}");
        }
    }
}
