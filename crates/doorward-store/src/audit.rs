//! The audit log and its chain.

use doorward_core::audit::{Event, Record};
use doorward_core::store::{Audit, AuditQuery, RefusalCount, Result};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::refusal;
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;

macro_rules! select_record {
    ($rest:literal) => {
        concat!(
            "SELECT seq, happened_at, action, actor, user_id, session_id, address, device, reason, request_id, ",
            "detail, chain FROM audit ",
            $rest
        )
    };
}

/// How many records a walk along the chain holds at once.
const BATCH: i64 = 1_000;

impl Audit for Store {
    async fn append(&self, event: &Event) -> Result<()> {
        retry!(append_and_commit(self, event))
    }

    async fn records(&self, query: &AuditQuery) -> Result<Vec<Record>> {
        retry!(newest_first(self, query))
    }

    async fn records_after(&self, seq: i64, limit: u32) -> Result<Vec<Record>> {
        retry!(oldest_first(self, seq, limit))
    }

    async fn newest(&self) -> Result<i64> {
        retry!(head(self))
    }

    async fn verify_chain(&self) -> Result<std::result::Result<i64, i64>> {
        retry!(verify(self))
    }

    async fn count_refusals(&self, counts: &[RefusalCount]) -> Result<()> {
        retry!(refusal::count(self, counts))
    }
}

fn record_from(row: &AnyRow) -> std::result::Result<Record, Failure> {
    Ok(Record {
        seq: row.number("seq")?,
        at: row.time("happened_at")?,
        action: row.text("action")?,
        actor: row.text("actor")?,
        user: row.text("user_id")?,
        session: row.text("session_id")?,
        address: row.text("address")?,
        device: row.text("device")?,
        reason: row.text("reason")?,
        request: row.text("request_id")?,
        detail: row.text("detail")?,
        chain: row.text("chain")?,
    })
}

async fn append_and_commit(store: &Store, event: &Event) -> std::result::Result<(), Failure> {
    let mut write = Write::audited(store).await?;
    write.append(event).await?;
    write.commit().await
}

async fn newest_first(store: &Store, query: &AuditQuery) -> std::result::Result<Vec<Record>, Failure> {
    let before = query.before.unwrap_or(i64::MAX);
    let limit = i64::from(query.limit);
    let sql = match (query.user, query.request) {
        (None, None) => {
            sqlx::query(select_record!("WHERE seq < $1 ORDER BY seq DESC LIMIT $2")).bind(before).bind(limit)
        }
        (Some(user), None) => sqlx::query(select_record!("WHERE seq < $1 AND user_id = $3 ORDER BY seq DESC LIMIT $2"))
            .bind(before)
            .bind(limit)
            .bind(user.to_string()),
        (None, Some(request)) => {
            sqlx::query(select_record!("WHERE seq < $1 AND request_id = $3 ORDER BY seq DESC LIMIT $2"))
                .bind(before)
                .bind(limit)
                .bind(request.to_string())
        }
        (Some(user), Some(request)) => sqlx::query(select_record!(
            "WHERE seq < $1 AND user_id = $3 AND request_id = $4 ORDER BY seq DESC LIMIT $2"
        ))
        .bind(before)
        .bind(limit)
        .bind(user.to_string())
        .bind(request.to_string()),
    };
    sql.fetch_all(store.reader()).await?.iter().map(record_from).collect()
}

async fn oldest_first(store: &Store, seq: i64, limit: u32) -> std::result::Result<Vec<Record>, Failure> {
    let query = sqlx::query(select_record!("WHERE seq > $1 ORDER BY seq LIMIT $2"));
    let rows = query.bind(seq).bind(i64::from(limit)).fetch_all(store.reader()).await?;
    rows.iter().map(record_from).collect()
}

async fn head(store: &Store) -> std::result::Result<i64, Failure> {
    let row = sqlx::query("SELECT seq FROM audit_head WHERE id = 1").fetch_optional(store.reader()).await?;
    row.ok_or_else(|| Failure::corrupt("the audit chain has no head"))?.number("seq")
}

async fn verify(store: &Store) -> std::result::Result<std::result::Result<i64, i64>, Failure> {
    let mut snapshot = store.reader().begin_with(store.dialect().begin_snapshot()).await?;
    let row = sqlx::query("SELECT seq, chain FROM audit_head WHERE id = 1").fetch_optional(&mut *snapshot).await?;
    let row = row.ok_or_else(|| Failure::corrupt("the audit chain has no head"))?;
    let (length, last) = (row.number("seq")?, row.text("chain")?);
    let walked = walk(&mut snapshot).await?;
    snapshot.rollback().await?;
    Ok(walked.and_then(|(seq, chain)| {
        // Records beyond the head were put there by hand; a head beyond the records lost its tail.
        if seq == length && chain == last { Ok(length) } else { Err(seq.min(length) + 1) }
    }))
}

/// Follows the chain from its beginning: the last place and link, or the first place that does not fit.
async fn walk(connection: &mut AnyConnection) -> std::result::Result<std::result::Result<(i64, String), i64>, Failure> {
    let (mut seq, mut chain) = (0, String::new());
    loop {
        let query = sqlx::query(select_record!("WHERE seq > $1 ORDER BY seq LIMIT $2")).bind(seq).bind(BATCH);
        let rows = query.fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(Ok((seq, chain)));
        }
        for row in &rows {
            let record = record_from(row)?;
            if record.seq != seq + 1 || !record.follows(&chain) {
                return Ok(Err(seq + 1));
            }
            (seq, chain) = (record.seq, record.chain);
        }
    }
}
