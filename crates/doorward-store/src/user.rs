//! Users.

use std::collections::BTreeSet;

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::budget::BudgetKey;
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::EndReason;
use doorward_core::store::{Result, StoreError, UserChange, Users, Which};
use doorward_core::token::TokenHash;
use doorward_core::user::{Email, Group, PasswordHash, Status, User};
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::write::Write;
use crate::{app_password, budget, device, link, session};

macro_rules! select_user {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, name, group_names, status, password, password_changed_at, must_change_password, ",
            "created_at FROM users ",
            $rest
        )
    };
}

impl Users for Store {
    async fn user(&self, id: UserId) -> Result<Option<User>> {
        retry!(by_id(self, id))
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>> {
        retry!(by_email(self, email))
    }

    async fn users(&self, after: &str, limit: u32) -> Result<Vec<User>> {
        retry!(list(self, after, limit))
    }

    async fn has_users(&self) -> Result<bool> {
        retry!(is_any_there(self))
    }

    async fn create_user(&self, user: &User, event: &Event) -> Result<()> {
        retry!(create(self, user, event))
    }

    async fn change_user(&self, id: UserId, change: &UserChange, event: &Event) -> Result<Option<User>> {
        retry!(change_one(self, id, change, event))
    }
}

/// Groups as one text with a space around each, so that `LIKE '% admins %'` finds one of them.
pub(crate) fn groups_text(groups: &BTreeSet<Group>) -> String {
    groups.iter().fold(" ".to_owned(), |text, group| text + group.as_str() + " ")
}

/// Reads what [`groups_text`] wrote.
pub(crate) fn groups_from(text: &str) -> std::result::Result<BTreeSet<Group>, Failure> {
    text.split_ascii_whitespace().map(|name| name.parse().map_err(|_| damaged("group_names"))).collect()
}

fn user_from(row: &AnyRow) -> std::result::Result<User, Failure> {
    Ok(User {
        id: row.parse("id")?,
        email: row.parse("email")?,
        name: row.parse("name")?,
        groups: groups_from(&row.text("group_names")?)?,
        status: row.word("status", Status::from_text)?,
        password: row.text_or_null("password")?.map(PasswordHash::new),
        password_changed_at: row.time("password_changed_at")?,
        must_change_password: row.flag("must_change_password")?,
        created_at: row.time("created_at")?,
    })
}

async fn by_id(store: &Store, id: UserId) -> std::result::Result<Option<User>, Failure> {
    let query = sqlx::query(select_user!("WHERE id = $1")).bind(id.to_string());
    query.fetch_optional(store.reader()).await?.as_ref().map(user_from).transpose()
}

async fn by_email(store: &Store, email: &Email) -> std::result::Result<Option<User>, Failure> {
    let query = sqlx::query(select_user!("WHERE email = $1")).bind(email.as_str());
    query.fetch_optional(store.reader()).await?.as_ref().map(user_from).transpose()
}

async fn list(store: &Store, after: &str, limit: u32) -> std::result::Result<Vec<User>, Failure> {
    let query = sqlx::query(select_user!("WHERE email > $1 ORDER BY email LIMIT $2"));
    let rows = query.bind(after.replace('\0', "")).bind(i64::from(limit)).fetch_all(store.reader()).await?;
    rows.iter().map(user_from).collect()
}

/// Whether there is any user, inside a transaction.
pub(crate) async fn has_any(write: &mut Write) -> std::result::Result<bool, Failure> {
    Ok(sqlx::query("SELECT id FROM users LIMIT 1").fetch_optional(write.on()).await?.is_some())
}

/// Notes that a user has proven an address; one that was proven before is forgotten.
pub(crate) async fn set_verified(
    write: &mut Write,
    user: UserId,
    email: &Email,
    at: UnixTime,
) -> std::result::Result<(), Failure> {
    let query = sqlx::query(
        "INSERT INTO verified_address (user_id, email, verified_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, verified_at = excluded.verified_at",
    );
    query.bind(user.to_string()).bind(email.as_str()).bind(at.0).execute(write.on()).await?;
    Ok(())
}

/// Whether, and which: the address of a user, where it is the one that was proven.
pub(crate) const VERIFIED: &str = "SELECT v.email AS email FROM verified_address v JOIN users u ON u.id = v.user_id \
     AND u.email = v.email WHERE v.user_id = $1";

/// Whether the address of a user is proven, inside a transaction.
pub(crate) async fn is_verified(write: &mut Write, user: UserId) -> std::result::Result<bool, Failure> {
    Ok(sqlx::query(VERIFIED).bind(user.to_string()).fetch_optional(write.on()).await?.is_some())
}

/// Notes that the password was chosen by a link, or that something stronger than the mailbox was proven since.
pub(crate) async fn set_reset_by_link(
    write: &mut Write,
    user: UserId,
    at: Option<UnixTime>,
) -> std::result::Result<(), Failure> {
    sqlx::query("DELETE FROM reset_by_link WHERE user_id = $1").bind(user.to_string()).execute(write.on()).await?;
    if let Some(at) = at {
        let query = sqlx::query("INSERT INTO reset_by_link (user_id, reset_at) VALUES ($1, $2)");
        query.bind(user.to_string()).bind(at.0).execute(write.on()).await?;
    }
    Ok(())
}

async fn is_any_there(store: &Store) -> std::result::Result<bool, Failure> {
    Ok(sqlx::query("SELECT id FROM users LIMIT 1").fetch_optional(store.reader()).await?.is_some())
}

async fn create(store: &Store, user: &User, event: &Event) -> std::result::Result<(), Failure> {
    let mut write = Write::audited(store).await?;
    insert(&mut write, user).await?;
    write.append(&about(event, user.id)).await?;
    write.commit().await
}

/// The event with its user, where the caller left it open.
pub(crate) fn about(event: &Event, user: UserId) -> Event {
    Event { user: event.user.or(Some(user)), ..event.clone() }
}

/// Adds a row.
pub(crate) async fn insert(write: &mut Write, user: &User) -> std::result::Result<(), Failure> {
    sqlx::query(
        "INSERT INTO users (id, email, name, group_names, status, password, password_changed_at, \
         must_change_password, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(user.id.to_string())
    .bind(user.email.as_str())
    .bind(user.name.as_str())
    .bind(groups_text(&user.groups))
    .bind(user.status.as_str())
    .bind(user.password.as_ref().map(|hash| hash.expose_hash().to_owned()))
    .bind(user.password_changed_at.0)
    .bind(i64::from(user.must_change_password))
    .bind(user.created_at.0)
    .execute(write.on())
    .await?;
    Ok(())
}

/// The user inside a transaction.
pub(crate) async fn read(write: &mut Write, id: UserId) -> std::result::Result<Option<User>, Failure> {
    let query = sqlx::query(select_user!("WHERE id = $1")).bind(id.to_string());
    query.fetch_optional(write.on()).await?.as_ref().map(user_from).transpose()
}

/// A new password and what follows from it.
pub(crate) struct NewPassword<'a> {
    /// The stored form.
    pub(crate) hash: &'a PasswordHash,
    /// Whether the next sign-in must choose another.
    pub(crate) must_change: bool,
    /// The session that stays.
    pub(crate) keep: Option<SessionId>,
    /// Why the others end.
    pub(crate) reason: EndReason,
    /// The browser that stays known, if it was.
    pub(crate) browser: Option<TokenHash>,
}

/// Stores a password, ends sessions, trusted devices and app passwords, clears the account's budgets and withdraws reset
/// links, which were made for the password before.
pub(crate) async fn set_password(
    write: &mut Write,
    user: &User,
    new: &NewPassword<'_>,
    event: &Event,
) -> std::result::Result<(), Failure> {
    sqlx::query("UPDATE users SET password = $2, must_change_password = $3, password_changed_at = $4 WHERE id = $1")
        .bind(user.id.to_string())
        .bind(new.hash.expose_hash())
        .bind(i64::from(new.must_change))
        .bind(event.at.0)
        .execute(write.on())
        .await?;
    budget::clear(write, &[BudgetKey::Account(user.email.clone())]).await?;
    budget::forget_browsers(write, user.id, new.browser).await?;
    set_reset_by_link(write, user.id, None).await?;
    link::withdraw_resets(write, user.id, event.at).await?;
    app_password::forget(write, user.id).await?;
    write.append(&about(event, user.id)).await?;
    session::end(write, Which::AllOf(user.id, new.keep), new.reason, event).await?;
    device::forget(write, (user.id, new.keep), event).await
}

/// From the first factor on a password alone is worth little, so nothing stays that somebody with the password alone can
/// have made before: other sessions, half ones too, recovery codes, app passwords, browsers that are known.
pub(crate) async fn leave_nothing(
    write: &mut Write,
    (owner, keep): (UserId, SessionId),
    event: &Event,
) -> std::result::Result<(), Failure> {
    sqlx::query("DELETE FROM recovery_code WHERE user_id = $1").bind(owner.to_string()).execute(write.on()).await?;
    app_password::forget(write, owner).await?;
    budget::forget_browsers(write, owner, None).await?;
    session::end(write, Which::AllOf(owner, Some(keep)), EndReason::FactorAdded, event).await?;
    Ok(())
}

async fn change_one(
    store: &Store,
    id: UserId,
    change: &UserChange,
    event: &Event,
) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let Some(before) = read(&mut write, id).await? else {
        return Ok(None);
    };
    if !apply(&mut write, &before, change, event).await? {
        return Ok(None);
    }
    let after = read(&mut write, id).await?.ok_or_else(|| damaged("id"))?;
    let was_in_charge = before.is_active() && before.is_administrator();
    let is_in_charge = after.is_active() && after.is_administrator();
    if was_in_charge && !is_in_charge {
        if !has_administrator(&mut write).await? {
            return Err(StoreError::LastAdministrator.into());
        }
        link::withdraw_of_author(&mut write, id, event.at).await?;
    }
    write.commit().await?;
    Ok(Some(after))
}

async fn apply(
    write: &mut Write,
    user: &User,
    change: &UserChange,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let id = user.id.to_string();
    match change {
        UserChange::Password { hash, must_change, end, keep } => {
            // Whoever lost the session a moment ago must not set the password after that.
            if let Some(keep) = keep
                && !session::is_live(write, *keep, user.id).await?
            {
                return Ok(false);
            }
            let new = NewPassword { hash, must_change: *must_change, keep: *keep, reason: *end, browser: None };
            set_password(write, user, &new, event).await?;
            if keep.is_none() {
                // Somebody in charge has set it: what was guessed at with the password before keeps its owner out no more.
                budget::clear_factors(write, user.id).await?;
            }
            return Ok(true);
        }
        UserChange::Rehash { old, new } => {
            let query = sqlx::query("UPDATE users SET password = $3 WHERE id = $1 AND password = $2");
            let query = query.bind(id).bind(old.expose_hash()).bind(new.expose_hash());
            if query.execute(write.on()).await?.rows_affected() == 0 {
                return Ok(false);
            }
        }
        UserChange::Status(status) => {
            let query = sqlx::query("UPDATE users SET status = $2 WHERE id = $1");
            query.bind(id).bind(status.as_str()).execute(write.on()).await?;
        }
        UserChange::Name(name) => {
            let query = sqlx::query("UPDATE users SET name = $2 WHERE id = $1");
            query.bind(id).bind(name.as_str()).execute(write.on()).await?;
        }
        UserChange::Groups(groups) => {
            let query = sqlx::query("UPDATE users SET group_names = $2 WHERE id = $1");
            query.bind(id).bind(groups_text(groups)).execute(write.on()).await?;
        }
    }
    write.append(&about(event, user.id)).await?;
    if matches!(change, UserChange::Status(Status::Disabled)) {
        app_password::forget(write, user.id).await?;
        link::withdraw_resets(write, user.id, event.at).await?;
        link::withdraw_factor_resets(write, user.id, event.at).await?;
        session::end(write, Which::AllOf(user.id, None), EndReason::UserDisabled, event).await?;
        device::forget(write, (user.id, None), event).await?;
    }
    Ok(true)
}

/// Whether anybody who may sign in may administrate.
async fn has_administrator(write: &mut Write) -> std::result::Result<bool, Failure> {
    let query = sqlx::query("SELECT id FROM users WHERE status = 'active' AND group_names LIKE '% admins %' LIMIT 1");
    Ok(query.fetch_optional(write.on()).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_back() {
        for names in [vec![], vec!["admins"], vec!["admins", "ops-team.2"]] {
            let groups: BTreeSet<Group> = names.iter().map(|name| name.parse().unwrap()).collect();
            assert_eq!(groups_from(&groups_text(&groups)).unwrap(), groups);
        }
        assert!(groups_from(" Not A Group! ").is_err());
        assert_eq!(doorward_core::user::ADMINISTRATORS, "admins", "the query for administrators says so too");
    }
}
