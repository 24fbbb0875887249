//! Trusted devices.

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::factor::{MOST_DEVICES, TrustedDevice};
use doorward_core::identifier::{CredentialId, SessionId, UserId};
use doorward_core::session::Stage;
use doorward_core::store::{Devices, Result};
use doorward_core::token::TokenHash;
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::session::{self, select_session, session_from};
use crate::store::Store;
use crate::user;
use crate::write::Write;

macro_rules! select_device {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, hash, name, address, created_at, last_used_at, expires_at FROM trusted_device ",
            $rest
        )
    };
}

impl Devices for Store {
    async fn trust_device(&self, device: &TrustedDevice, session: SessionId, event: &Event) -> Result<bool> {
        retry!(trust(self, device, session, event))
    }

    async fn trusted_devices(&self, user: UserId, now: UnixTime) -> Result<Vec<TrustedDevice>> {
        retry!(of_user(self, user, now))
    }

    async fn trusted_device(&self, hash: TokenHash, now: UnixTime) -> Result<Option<TrustedDevice>> {
        retry!(by_hash(self, hash, now))
    }

    async fn remove_devices(&self, user: UserId, which: Option<CredentialId>, event: &Event) -> Result<u64> {
        retry!(remove(self, user, which, event))
    }
}

fn device_from(row: &AnyRow) -> std::result::Result<TrustedDevice, Failure> {
    Ok(TrustedDevice {
        id: row.parse("id")?,
        user: row.parse("user_id")?,
        hash: row.hash("hash")?,
        name: row.parse("name")?,
        address: row.parse("address")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time("last_used_at")?,
        expires_at: row.time("expires_at")?,
    })
}

async fn trust(
    store: &Store,
    device: &TrustedDevice,
    session: SessionId,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query(select_session!("WHERE id = $1 AND user_id = $2"));
    let row = query.bind(session.to_string()).bind(device.user.to_string()).fetch_optional(write.on()).await?;
    let asking = row.as_ref().map(session_from).transpose()?;
    if !asking.is_some_and(|session| session.stage == Stage::Full && session.methods().is_two_factor()) {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO trusted_device (id, user_id, hash, name, address, created_at, last_used_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(device.id.to_string())
    .bind(device.user.to_string())
    .bind(device.hash.to_text())
    .bind(device.name.as_str())
    .bind(device.address.to_string())
    .bind(device.created_at.0)
    .bind(device.last_used_at.0)
    .bind(device.expires_at.0)
    .execute(write.on())
    .await?;
    let query = sqlx::query(
        "DELETE FROM trusted_device WHERE user_id = $1 AND id <> $2 AND id NOT IN (SELECT id FROM trusted_device \
         WHERE user_id = $1 AND id <> $2 ORDER BY last_used_at DESC, id LIMIT $3)",
    );
    let most = i64::try_from(MOST_DEVICES - 1).unwrap_or(i64::MAX);
    query.bind(device.user.to_string()).bind(device.id.to_string()).bind(most).execute(write.on()).await?;
    write.append(&user::about(event, device.user)).await?;
    write.commit().await?;
    Ok(true)
}

async fn of_user(store: &Store, user: UserId, now: UnixTime) -> std::result::Result<Vec<TrustedDevice>, Failure> {
    let query = sqlx::query(select_device!("WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id"));
    let rows = query.bind(user.to_string()).bind(now.0).fetch_all(store.reader()).await?;
    rows.iter().map(device_from).collect()
}

async fn by_hash(store: &Store, hash: TokenHash, now: UnixTime) -> std::result::Result<Option<TrustedDevice>, Failure> {
    let query = sqlx::query(select_device!("WHERE hash = $1 AND expires_at > $2"));
    let row = query.bind(hash.to_text()).bind(now.0).fetch_optional(store.reader()).await?;
    row.as_ref().map(device_from).transpose()
}

async fn remove(
    store: &Store,
    user: UserId,
    which: Option<CredentialId>,
    event: &Event,
) -> std::result::Result<u64, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query("DELETE FROM trusted_device WHERE user_id = $1 AND (id = $2 OR $2 = '') RETURNING id");
    let query = query.bind(user.to_string()).bind(which.map_or_else(String::new, |id| id.to_string()));
    let rows = query.fetch_all(write.on()).await?;
    let mut is_news = !rows.is_empty();
    for row in &rows {
        session::end_by_credential(&mut write, &row.text("id")?, None, event).await?;
    }
    if which.is_none() {
        is_news |= session::end_by_devices(&mut write, (user, None), event).await? > 0;
    }
    if is_news {
        write.append(&user::about(event, user)).await?;
        write.commit().await?;
    }
    Ok(rows.len() as u64)
}

/// Ends the trust in all devices of a user inside a transaction, whose event says why, and the sessions that they have
/// signed in, but for the one that asks.
pub(crate) async fn forget(
    write: &mut Write,
    (user, keep): (UserId, Option<SessionId>),
    event: &Event,
) -> std::result::Result<(), Failure> {
    sqlx::query("DELETE FROM trusted_device WHERE user_id = $1").bind(user.to_string()).execute(write.on()).await?;
    session::end_by_devices(write, (user, keep), event).await.map(drop)
}
