//! Links that were given to somebody: each is bound to its purpose, its user and the address that the user had.

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Event};
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::session::EndReason;
use doorward_core::store::{Link, Links, Purpose, Result, StoreError};
use doorward_core::token::TokenHash;
use doorward_core::user::{PasswordHash, User};
use sqlx::any::AnyRow;

use crate::factor;
use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::user::{self, NewPassword, groups_from, groups_text};
use crate::write::Write;

const INVITATION: &str = "invitation";
const PASSWORD_RESET: &str = "password_reset";
const EMAIL_VERIFICATION: &str = "email_verification";
const FACTOR_RESET: &str = "factor_reset";
const RECOVERY: &str = "recovery";
const REGISTRATION: &str = "registration";
const SET_UP: &str = "set_up";

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
        let invited = Purpose::Invitation { email: user.email.clone(), groups: user.groups.clone() };
        retry!(join(self, hash, &invited, user, event))
    }

    async fn reset_password(
        &self,
        hash: TokenHash,
        chosen: (&PasswordHash, Option<TokenHash>),
        event: &Event,
    ) -> Result<Option<User>> {
        retry!(reset(self, hash, chosen, event))
    }

    async fn register(&self, hash: TokenHash, user: &User, event: &Event) -> Result<bool> {
        let registered = Purpose::Registration { email: user.email.clone(), groups: user.groups.clone() };
        retry!(join(self, hash, &registered, user, event))
    }

    async fn set_up(&self, hash: TokenHash, user: &User, event: &Event) -> Result<bool> {
        if !user.is_administrator() {
            return Ok(false);
        }
        retry!(join(self, hash, &Purpose::SetUp, user, event))
    }

    async fn verify_email(&self, hash: TokenHash, event: &Event) -> Result<Option<User>> {
        retry!(verify(self, hash, event))
    }

    async fn reset_factors_by_link(&self, hash: TokenHash, event: &Event) -> Result<Option<User>> {
        retry!(reset_factors(self, hash, event))
    }

    async fn recover(&self, hash: TokenHash, password: &PasswordHash, event: &Event) -> Result<Option<User>> {
        retry!(recover(self, hash, password, event))
    }

    async fn revoke_link(&self, id: LinkId, event: &Event) -> Result<bool> {
        retry!(revoke(self, id, event))
    }
}

/// A link's purpose as its row keeps it.
struct Words {
    purpose: &'static str,
    person: String,
    groups: String,
    /// The address that is to be proven, where there is one beside the person.
    wanted: Option<String>,
}

/// The words of a purpose. A new address stands beside the user that it is for, in the column of groups, which such a link has none of.
fn words(purpose: &Purpose) -> Words {
    let of = |purpose, person: String| Words { purpose, person, groups: String::new(), wanted: None };
    match purpose {
        Purpose::Invitation { email, groups } => {
            Words { groups: groups_text(groups), ..of(INVITATION, email.to_string()) }
        }
        Purpose::Registration { email, groups } => {
            Words { groups: groups_text(groups), ..of(REGISTRATION, email.to_string()) }
        }
        Purpose::PasswordReset { user } => of(PASSWORD_RESET, user.to_string()),
        Purpose::FactorReset { user } => of(FACTOR_RESET, user.to_string()),
        Purpose::Recovery { user } => of(RECOVERY, user.to_string()),
        Purpose::EmailVerification { user, email } => {
            Words { wanted: Some(email.to_string()), ..of(EMAIL_VERIFICATION, user.to_string()) }
        }
        Purpose::SetUp => of(SET_UP, String::new()),
    }
}

fn purpose_from(row: &AnyRow) -> std::result::Result<Purpose, Failure> {
    let groups = || groups_from(&row.text("group_names")?);
    match row.text("purpose")?.as_str() {
        INVITATION => Ok(Purpose::Invitation { email: row.parse("person")?, groups: groups()? }),
        REGISTRATION => Ok(Purpose::Registration { email: row.parse("person")?, groups: groups()? }),
        PASSWORD_RESET => Ok(Purpose::PasswordReset { user: row.parse("person")? }),
        FACTOR_RESET => Ok(Purpose::FactorReset { user: row.parse("person")? }),
        RECOVERY => Ok(Purpose::Recovery { user: row.parse("person")? }),
        EMAIL_VERIFICATION => {
            Ok(Purpose::EmailVerification { user: row.parse("person")?, email: row.parse("group_names")? })
        }
        SET_UP => Ok(Purpose::SetUp),
        _ => Err(damaged("purpose")),
    }
}

fn link_from(row: &AnyRow) -> std::result::Result<Link, Failure> {
    Ok(Link {
        id: row.parse("id")?,
        hash: row.hash("hash")?,
        purpose: purpose_from(row)?,
        is_mailed: row.flag("is_mailed")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

async fn create(store: &Store, link: &Link, event: &Event) -> std::result::Result<(), Failure> {
    let mut write = Write::audited(store).await?;
    let words = words(&link.purpose);
    let author = event.actor.to_text();
    // What a stranger asks for withdraws nothing that somebody has made in their own name.
    let query = sqlx::query(
        "UPDATE link SET withdrawn_at = $3 WHERE purpose = $1 AND person = $2 AND used_at IS NULL \
         AND withdrawn_at IS NULL AND ($4 <> 'stranger' OR author = 'stranger')",
    );
    let query = query.bind(words.purpose).bind(words.person.clone()).bind(event.at.0).bind(author.clone());
    query.execute(write.on()).await?;
    sqlx::query(
        "INSERT INTO link (id, hash, purpose, person, group_names, created_at, expires_at, address, author, is_mailed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, COALESCE((SELECT email FROM users WHERE id = $4), ''), $8, $9)",
    )
    .bind(link.id.to_string())
    .bind(link.hash.to_text())
    .bind(words.purpose)
    .bind(words.person)
    .bind(words.wanted.unwrap_or(words.groups))
    .bind(link.created_at.0)
    .bind(link.expires_at.0)
    .bind(author)
    .bind(i64::from(link.is_mailed))
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

/// Withdraws the open links of a user whose password has changed by another way: resets, and another address that
/// somebody with the password before may have asked for.
pub(crate) async fn withdraw_resets(write: &mut Write, user: UserId, at: UnixTime) -> std::result::Result<(), Failure> {
    withdraw(write, PASSWORD_RESET, &user.to_string(), at).await?;
    withdraw(write, EMAIL_VERIFICATION, &user.to_string(), at).await?;
    withdraw(write, RECOVERY, &user.to_string(), at).await
}

/// Withdraws the open links that somebody has made who may make none any more.
pub(crate) async fn withdraw_of_author(
    write: &mut Write,
    author: UserId,
    at: UnixTime,
) -> std::result::Result<(), Failure> {
    let query =
        sqlx::query("UPDATE link SET withdrawn_at = $2 WHERE author = $1 AND used_at IS NULL AND withdrawn_at IS NULL");
    query.bind(author.to_string()).bind(at.0).execute(write.on()).await?;
    Ok(())
}

/// Withdraws the open factor resets of a user, whose factors were taken away by another way.
pub(crate) async fn withdraw_factor_resets(
    write: &mut Write,
    user: UserId,
    at: UnixTime,
) -> std::result::Result<(), Failure> {
    withdraw(write, FACTOR_RESET, &user.to_string(), at).await
}

async fn by_hash(store: &Store, hash: TokenHash, now: UnixTime) -> std::result::Result<Option<Link>, Failure> {
    let query = sqlx::query(
        "SELECT id, hash, purpose, person, group_names, is_mailed, created_at, expires_at FROM link \
         WHERE hash = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2 \
         AND address = COALESCE((SELECT email FROM users WHERE users.id = link.person), '')",
    );
    let row = query.bind(hash.to_text()).bind(now.0).fetch_optional(store.reader()).await?;
    row.as_ref().map(link_from).transpose()
}

async fn open(store: &Store, now: UnixTime) -> std::result::Result<Vec<Link>, Failure> {
    let query = sqlx::query(
        "SELECT id, hash, purpose, person, group_names, is_mailed, created_at, expires_at FROM link \
         WHERE used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $1 \
         AND address = COALESCE((SELECT email FROM users WHERE users.id = link.person), '') ORDER BY created_at DESC, id",
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
) -> std::result::Result<Option<Used>, Failure> {
    let query = sqlx::query(
        "UPDATE link SET used_at = $3 WHERE hash = $1 AND purpose = $2 \
         AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $3 \
         AND address = COALESCE((SELECT email FROM users WHERE users.id = link.person), '') \
         RETURNING purpose, person, group_names, is_mailed",
    );
    let row = query.bind(hash.to_text()).bind(purpose).bind(now.0).fetch_optional(write.on()).await?;
    row.map(|row| Ok(Used { purpose: purpose_from(&row)?, is_mailed: row.flag("is_mailed")? })).transpose()
}

/// What a link was that is used up.
struct Used {
    purpose: Purpose,
    is_mailed: bool,
}

/// Uses a link up and adds the user, who must be exactly whom the link is for.
async fn join(
    store: &Store,
    hash: TokenHash,
    expected: &Purpose,
    user: &User,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let consumed = consume(&mut write, hash, words(expected).purpose, event.at).await?;
    // Nobody takes more out of a link than its sender put in.
    let Some(link) = consumed.filter(|link| link.purpose == *expected) else {
        return Ok(false);
    };
    if *expected == Purpose::SetUp && user::has_any(&mut write).await? {
        return Err(StoreError::AlreadySetUp.into());
    }
    user::insert(&mut write, user).await?;
    // Whoever uses a link that only a letter held has read that letter; a registration never travels otherwise.
    if link.is_mailed || matches!(expected, Purpose::Registration { .. }) {
        user::set_verified(&mut write, user.id, &user.email, event.at).await?;
    }
    write.append(&user::about(event, user.id)).await?;
    write.commit().await?;
    Ok(true)
}

async fn verify(store: &Store, hash: TokenHash, event: &Event) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let used = consume(&mut write, hash, EMAIL_VERIFICATION, event.at).await?;
    let Some(Purpose::EmailVerification { user: id, email }) = used.map(|used| used.purpose) else {
        return Ok(None);
    };
    let Some(before) = user::read(&mut write, id).await?.filter(User::is_active) else {
        return Ok(None);
    };
    if before.email != email {
        factor::move_email_codes(&mut write, id, &email, event).await?;
    }
    let query = sqlx::query("UPDATE users SET email = $2 WHERE id = $1");
    query.bind(id.to_string()).bind(email.as_str()).execute(write.on()).await?;
    user::set_verified(&mut write, id, &email, event.at).await?;
    write.append(&user::about(event, id)).await?;
    let after = user::read(&mut write, id).await?;
    write.commit().await?;
    Ok(after)
}

/// Uses up a link that was made for somebody's account, and gives back whose; nothing where the account is disabled.
/// Whoever uses a link that only a letter held has read that letter: the address is proven.
async fn consume_of(
    write: &mut Write,
    hash: TokenHash,
    purpose: &str,
    at: UnixTime,
) -> std::result::Result<Option<User>, Failure> {
    let Some(Used { purpose, is_mailed }) = consume(write, hash, purpose, at).await? else {
        return Ok(None);
    };
    let (Purpose::PasswordReset { user } | Purpose::FactorReset { user } | Purpose::Recovery { user }) = purpose else {
        return Ok(None);
    };
    let owner = user::read(write, user).await?.filter(User::is_active);
    if let Some(owner) = owner.as_ref().filter(|_| is_mailed) {
        user::set_verified(write, owner.id, &owner.email, at).await?;
    }
    Ok(owner)
}

/// Stores the password that somebody has chosen by a link, and ends every session.
async fn choose(
    write: &mut Write,
    owner: &User,
    (password, browser): (&PasswordHash, Option<TokenHash>),
    event: &Event,
) -> std::result::Result<(), Failure> {
    let reason = EndReason::PasswordReset;
    let new = NewPassword { hash: password, must_change: false, keep: None, reason, browser };
    user::set_password(write, owner, &new, event).await
}

async fn reset_factors(store: &Store, hash: TokenHash, event: &Event) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let Some(owner) = consume_of(&mut write, hash, FACTOR_RESET, event.at).await? else {
        return Ok(None);
    };
    factor::reset(&mut write, owner.id, event).await?;
    write.commit().await?;
    Ok(Some(owner))
}

async fn reset(
    store: &Store,
    hash: TokenHash,
    chosen: (&PasswordHash, Option<TokenHash>),
    event: &Event,
) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let Some(owner) = consume_of(&mut write, hash, PASSWORD_RESET, event.at).await? else {
        return Ok(None);
    };
    choose(&mut write, &owner, chosen, event).await?;
    user::set_reset_by_link(&mut write, owner.id, Some(event.at)).await?;
    let after = user::read(&mut write, owner.id).await?;
    write.commit().await?;
    Ok(after)
}

async fn recover(
    store: &Store,
    hash: TokenHash,
    password: &PasswordHash,
    event: &Event,
) -> std::result::Result<Option<User>, Failure> {
    let mut write = Write::audited(store).await?;
    let Some(owner) = consume_of(&mut write, hash, RECOVERY, event.at).await? else {
        return Ok(None);
    };
    choose(&mut write, &owner, (password, None), event).await?;
    let factors = Event { action: Action::FactorsReset, ..event.clone() };
    factor::reset(&mut write, owner.id, &factors).await?;
    let after = user::read(&mut write, owner.id).await?;
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
