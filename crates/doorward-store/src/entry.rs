//! Codes by which a session enters the host of an app.

use doorward_core::audit::Event;
use doorward_core::identifier::{LoginHandle, UserId};
use doorward_core::store::{Entries, EntryCode, Result};
use doorward_core::token::TokenHash;

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;

impl Entries for Store {
    async fn create_entry(&self, code: &EntryCode) -> Result<()> {
        retry!(create(self, code))
    }

    async fn use_entry(
        &self,
        hash: TokenHash,
        host: &str,
        state: TokenHash,
        event: &Event,
    ) -> Result<Option<LoginHandle>> {
        retry!(consume(self, hash, host, state, event))
    }
}

/// A code alone lets nobody in, so only its use is audited.
async fn create(store: &Store, code: &EntryCode) -> std::result::Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    sqlx::query(
        "INSERT INTO entry_code (hash, handle, user_id, host, browser, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(code.hash.to_text())
    .bind(code.handle.to_string())
    .bind(code.user.to_string())
    .bind(code.host.to_string())
    .bind(code.state.to_text())
    .bind(code.created_at.0)
    .bind(code.expires_at.0)
    .execute(write.on())
    .await?;
    write.commit().await
}

/// One statement, so that of any number of racing calls one gets the row. A code that comes to another host or from
/// another browser is used up too: whoever has it must not get to try again.
async fn consume(
    store: &Store,
    hash: TokenHash,
    host: &str,
    state: TokenHash,
    event: &Event,
) -> std::result::Result<Option<LoginHandle>, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query(
        "UPDATE entry_code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
         RETURNING handle, user_id, host, browser",
    );
    let Some(row) = query.bind(hash.to_text()).bind(event.at.0).fetch_optional(write.on()).await? else {
        return Ok(None);
    };
    let is_right = row.text("host")? == host && row.hash("browser")? == state;
    let user: UserId = row.parse("user_id")?;
    if is_right {
        write.append(&crate::user::about(event, user)).await?;
    }
    write.commit().await?;
    Ok(if is_right { Some(row.parse("handle")?) } else { None })
}
