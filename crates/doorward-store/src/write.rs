//! One transaction that changes something, with its place in the audit chain.

use std::sync::Arc;

use doorward_core::audit::{Event, Record};
use doorward_core::mail::Letter;
use sqlx::{Any, AnyConnection, Transaction};

use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::mail;
use crate::row::Columns as _;
use crate::store::Store;

/// A writing transaction. Dropped without [`Write::commit`], it has changed nothing.
///
/// An audited transaction takes the head of the audit chain first, so audited transactions run one after
/// another in both databases: each sees everything that the one before has written, there are no gaps and
/// no write skew, and none of them can deadlock with another.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    dialect: Dialect,
    head: Option<Head>,
    letters: Arc<[Letter]>,
}

struct Head {
    seq: i64,
    chain: String,
    is_moved: bool,
}

impl Write {
    /// Begins an audited transaction.
    pub(crate) async fn audited(store: &Store) -> Result<Self, Failure> {
        let mut write = Self::unaudited(store).await?;
        let row = sqlx::query(write.dialect.lock_head()).fetch_optional(write.on()).await?;
        let row = row.ok_or_else(|| Failure::corrupt("the audit chain has no head"))?;
        write.head = Some(Head { seq: row.number("seq")?, chain: row.text("chain")?, is_moved: false });
        Ok(write)
    }

    /// Begins a transaction that writes only what needs no audit row, such as counters.
    pub(crate) async fn unaudited(store: &Store) -> Result<Self, Failure> {
        let dialect = store.dialect();
        let transaction = store.writer().begin_with(dialect.begin_write()).await?;
        Ok(Self { transaction, dialect, head: None, letters: store.letters() })
    }

    /// The connection, for a query.
    pub(crate) fn on(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Which database this is.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Appends an event to the audit chain.
    pub(crate) async fn append(&mut self, event: &Event) -> Result<(), Failure> {
        let Some(head) = &mut self.head else {
            return Err(Failure::corrupt("an event in a transaction without the head of the chain"));
        };
        let record = Record::place(&storable(event), head.seq + 1, &head.chain);
        *head = Head { seq: record.seq, chain: record.chain.clone(), is_moved: true };
        insert(&mut self.transaction, record).await
    }

    /// Makes everything durable. Letters that belong to the change are written with it.
    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        if self.head.as_ref().is_some_and(|head| head.is_moved) {
            for letter in self.letters.clone().iter() {
                mail::spool(&mut self, letter).await?;
            }
        }
        if let Some(head) = self.head.take().filter(|head| head.is_moved) {
            sqlx::query("UPDATE audit_head SET seq = $1, chain = $2 WHERE id = 1")
                .bind(head.seq)
                .bind(head.chain)
                .execute(self.on())
                .await?;
        }
        Ok(self.transaction.commit().await?)
    }
}

/// PostgreSQL has no text with a NUL in it; the chain must be the same in both databases.
fn storable(event: &Event) -> Event {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    Event { device: clean(&event.device).into(), detail: clean(&event.detail), ..event.clone() }
}

/// Writes one record as it is.
pub(crate) async fn insert(connection: &mut AnyConnection, record: Record) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO audit (seq, happened_at, action, actor, user_id, session_id, address, device, reason, \
         request_id, detail, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(record.seq)
    .bind(record.at.0)
    .bind(record.action)
    .bind(record.actor)
    .bind(record.user)
    .bind(record.session)
    .bind(record.address)
    .bind(record.device)
    .bind(record.reason)
    .bind(record.request)
    .bind(record.detail)
    .bind(record.chain)
    .execute(connection)
    .await?;
    Ok(())
}
