//! App passwords.

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::factor::{AppPassword, MOST_APP_PASSWORDS};
use doorward_core::identifier::{CredentialId, SessionId, UserId};
use doorward_core::session::Stage;
use doorward_core::store::{Added, AppPasswords, Result};
use doorward_core::token::TokenHash;
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;
use crate::{session, user};

impl AppPasswords for Store {
    async fn make_app_password(&self, password: &AppPassword, session: SessionId, event: &Event) -> Result<Added> {
        retry!(make(self, password, session, event))
    }

    async fn app_passwords(&self, user: UserId) -> Result<Vec<AppPassword>> {
        retry!(of_user(self, user))
    }

    async fn app_password(&self, hash: TokenHash, app: &str, now: UnixTime) -> Result<Option<AppPassword>> {
        retry!(by_hash(self, hash, app, now))
    }

    async fn touch_app_password(&self, id: CredentialId, at: UnixTime) -> Result<()> {
        retry!(touch(self, id, at))
    }

    async fn remove_app_password(&self, user: UserId, id: CredentialId, event: &Event) -> Result<bool> {
        retry!(remove(self, user, id, event))
    }
}

fn password_from(row: &AnyRow) -> std::result::Result<AppPassword, Failure> {
    Ok(AppPassword {
        id: row.parse("id")?,
        user: row.parse("user_id")?,
        app: row.text("app")?.into(),
        name: row.parse("name")?,
        hash: row.hash("hash")?,
        created_at: row.time("created_at")?,
        last_used_at: row.number_or_null("last_used_at")?.map(UnixTime),
        expires_at: row.number_or_null("expires_at")?.map(UnixTime),
    })
}

async fn make(
    store: &Store,
    password: &AppPassword,
    session: SessionId,
    event: &Event,
) -> std::result::Result<Added, Failure> {
    let mut write = Write::audited(store).await?;
    if session::stage(&mut write, session, password.user).await? != Some(Stage::Full) {
        return Ok(Added::Void);
    }
    let query = sqlx::query("SELECT id FROM app_password WHERE user_id = $1").bind(password.user.to_string());
    if query.fetch_all(write.on()).await?.len() >= MOST_APP_PASSWORDS {
        return Ok(Added::TooMany);
    }
    sqlx::query(
        "INSERT INTO app_password (id, user_id, app, name, hash, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(password.id.to_string())
    .bind(password.user.to_string())
    .bind(password.app.to_string())
    .bind(password.name.as_str())
    .bind(password.hash.to_text())
    .bind(password.created_at.0)
    .bind(password.expires_at.map(|at| at.0))
    .execute(write.on())
    .await?;
    write.append(&user::about(event, password.user)).await?;
    write.commit().await?;
    Ok(Added::Done)
}

async fn of_user(store: &Store, user: UserId) -> std::result::Result<Vec<AppPassword>, Failure> {
    let query = sqlx::query(
        "SELECT id, user_id, app, name, hash, created_at, last_used_at, expires_at FROM app_password \
         WHERE user_id = $1 ORDER BY created_at DESC, id",
    );
    let rows = query.bind(user.to_string()).fetch_all(store.reader()).await?;
    rows.iter().map(password_from).collect()
}

async fn by_hash(
    store: &Store,
    hash: TokenHash,
    app: &str,
    now: UnixTime,
) -> std::result::Result<Option<AppPassword>, Failure> {
    let query = sqlx::query(
        "SELECT id, user_id, app, name, hash, created_at, last_used_at, expires_at FROM app_password \
         WHERE hash = $1 AND app = $2 AND (expires_at IS NULL OR expires_at > $3) \
         AND user_id IN (SELECT id FROM users WHERE status = 'active')",
    );
    let query = query.bind(hash.to_text()).bind(app.replace('\0', "")).bind(now.0);
    query.fetch_optional(store.reader()).await?.as_ref().map(password_from).transpose()
}

async fn touch(store: &Store, id: CredentialId, at: UnixTime) -> std::result::Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    let query = sqlx::query("UPDATE app_password SET last_used_at = $2 WHERE id = $1");
    query.bind(id.to_string()).bind(at.0).execute(write.on()).await?;
    write.commit().await
}

async fn remove(store: &Store, user: UserId, id: CredentialId, event: &Event) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query("DELETE FROM app_password WHERE id = $1 AND user_id = $2");
    if query.bind(id.to_string()).bind(user.to_string()).execute(write.on()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    write.append(&user::about(event, user)).await?;
    write.commit().await?;
    Ok(true)
}

/// Ends all of a user's inside a transaction, whose event says why.
pub(crate) async fn forget(write: &mut Write, user: UserId) -> std::result::Result<(), Failure> {
    sqlx::query("DELETE FROM app_password WHERE user_id = $1").bind(user.to_string()).execute(write.on()).await?;
    Ok(())
}
