//! Links for invitations and password resets.

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::session::EndReason;
use doorward_core::store::{Link, Links, Purpose, Result, Which};
use doorward_core::token::TokenHash;
use doorward_core::user::{PasswordHash, User};
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::user::{self, NewPassword, groups_from, groups_text};
use crate::write::Write;

const INVITATION: &str = "invitation";
const PASSWORD_RESET: &str = "password_reset";

impl Links for Store {
    async fn create_link(&self, link: &Link, event: &Event) -> Result<()> {
        retry!(create(self, link, event))
    }

    async fn link(&self, hash: TokenHash, now: UnixTime) -> Result<Option<Link>> {
        retry!(by_hash(self, hash, now))
    }

    async fn open_links(&self, now: UnixTime) -> Result<Vec<Link>> {
        retry!(open(self, now))
    }

    async fn accept_invitation(&self, hash: TokenHash, user: &User, event: &Event) -> Result<bool> {
        retry!(accept(self, hash, user, event))
    }

    async fn reset_password(&self, hash: TokenHash, password: &PasswordHash, event: &Event) -> Result<Option<User>> {
        retry!(reset(self, hash, password, event))
    }

    async fn revoke_link(&self, id: LinkId, event: &Event) -> Result<bool> {
        retry!(revoke(self, id, event))
    }
}

/// The two words that say what a link is for and whose it is, and the groups of an invitation.
fn purpose_text(purpose: &Purpose) -> (&'static str, String, String) {
    match purpose {
        Purpose::Invitation { email, groups } => (INVITATION, email.to_string(), groups_text(groups)),
        Purpose::PasswordReset { user } => (PASSWORD_RESET, user.to_string(), String::new()),
    }
}

fn purpose_from(row: &AnyRow) -> std::result::Result<Purpose, Failure> {
    match row.text("purpose")?.as_str() {
        INVITATION => {
            let groups = groups_from(&row.text("group_names")?)?;
            Ok(Purpose::Invitation { email: row.parse("person")?, groups })
        }
        PASSWORD_RESET => Ok(Purpose::PasswordReset { user: row.parse("person")? }),
        _ => Err(damaged("purpose")),
    }
}

fn link_from(row: &AnyRow) -> std::result::Result<Link, Failure> {
    Ok(Link {
        id: row.parse("id")?,
        hash: row.hash("hash")?,
        purpose: purpose_from(row)?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

async fn create(store: &Store, link: &Link, event: &Event) -> std::result::Result<(), Failure> {
    let mut write = Write::audited(store).await?;
    let (purpose, person, groups) = purpose_text(&link.purpose);
    withdraw(&mut write, purpose, &person, event.at).await?;
    sqlx::query(
        "INSERT INTO link (id, hash, purpose, person, group_names, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(link.id.to_string())
    .bind(link.hash.to_text())
    .bind(purpose)
    .bind(person)
    .bind(groups)
    .bind(link.created_at.0)
    .bind(link.expires_at.0)
    .execute(write.on())
    .await?;
    write.append(event).await?;
    write.commit().await
}

/// Withdraws the open links of one purpose and person.
async fn withdraw(write: &mut Write, purpose: &str, person: &str, at: UnixTime) -> std::result::Result<(), Failure> {
    let query = sqlx::query(
        "UPDATE link SET withdrawn_at = $3 \
         WHERE purpose = $1 AND person = $2 AND used_at IS NULL AND withdrawn_at IS NULL",
    );
    query.bind(purpose).bind(person).bind(at.0).execute(write.on()).await?;
    Ok(())
}

/// Withdraws the open reset links of a user, whose password has changed by another way.
pub(crate) async fn withdraw_resets(write: &mut Write, user: UserId, at: UnixTime) -> std::result::Result<(), Failure> {
    withdraw(write, PASSWORD_RESET, &user.to_string(), at).await
}

async fn by_hash(store: &Store, hash: TokenHash, now: UnixTime) -> std::result::Result<Option<Link>, Failure> {
    let query = sqlx::query(
        "SELECT id, hash, purpose, person, group_names, created_at, expires_at FROM link \
         WHERE hash = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2",
    );
    let row = query.bind(hash.to_text()).bind(now.0).fetch_optional(store.reader()).await?;
    row.as_ref().map(link_from).transpose()
}

async fn open(store: &Store, now: UnixTime) -> std::result::Result<Vec<Link>, Failure> {
    let query = sqlx::query(
        "SELECT id, hash, purpose, person, group_names, created_at, expires_at FROM link \
         WHERE used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $1 ORDER BY created_at DESC, id",
    );
    let rows = query.bind(now.0).fetch_all(store.reader()).await?;
    rows.iter().map(link_from).collect()
}

/// Uses a link up: one statement, so that of any number of racing calls one gets the row.
async fn consume(
    write: &mut Write,
    hash: TokenHash,
    purpose: &str,
    now: UnixTime,
) -> std::result::Result<Option<Purpose>, Failure> {
    let query = sqlx::query(
        "UPDATE link SET used_at = $3 WHERE hash = $1 AND purpose = $2 \
         AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $3 RETURNING purpose, person, group_names",
    );
    let row = query.bind(hash.to_text()).bind(purpose).bind(now.0).fetch_optional(write.on()).await?;
    row.as_ref().map(purpose_from).transpose()
}

async fn accept(store: &Store, hash: TokenHash, user: &User, event: &Event) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let purpose = consume(&mut write, hash, INVITATION, event.at).await?;
    // Nobody takes more out of an invitation than its sender put in.
    let invited = Purpose::Invitation { email: user.email.clone(), groups: user.groups.clone() };
    if purpose != Some(invited) {
        return Ok(false);
    }
    user::insert(&mut write, user).await?;
    write.append(&user::about(event, user.id)).await?;
    write.commit().await?;
    Ok(true)
}

async fn reset(
    store: &Store,
    hash: TokenHash,
    password: &PasswordHash,
    event: &Event,
) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let purpose = consume(&mut write, hash, PASSWORD_RESET, event.at).await?;
    let Some(Purpose::PasswordReset { user: id }) = purpose else {
        return Ok(None);
    };
    let Some(owner) = user::read(&mut write, id).await?.filter(User::is_active) else {
        return Ok(None);
    };
    let ends = Which::AllOf(id, None);
    let new = NewPassword { hash: password, must_change: false, ends, reason: EndReason::PasswordReset };
    user::set_password(&mut write, &owner, &new, event).await?;
    let after = user::read(&mut write, id).await?;
    write.commit().await?;
    Ok(after)
}

async fn revoke(store: &Store, id: LinkId, event: &Event) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query(
        "UPDATE link SET withdrawn_at = $2 \
         WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2",
    );
    if query.bind(id.to_string()).bind(event.at.0).execute(write.on()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    write.append(event).await?;
    write.commit().await?;
    Ok(true)
}
