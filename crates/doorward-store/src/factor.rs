//! Second factors: enrolling, naming, removing, and what is known of them.

mod loss;

use doorward_core::UnixTime;
use doorward_core::audit::Event;
use doorward_core::factor::policy::Keep;
use doorward_core::factor::{Ceremony, Challenge, Credential, Detail, MOST_CREDENTIALS, Passkey, Sealed};
use doorward_core::identifier::{CredentialId, SessionId, UserId};
use doorward_core::session::Stage;
use doorward_core::signin::Method;
use doorward_core::store::{
    Added, EmailChallenge, Factors, Facts, NewCredential, Proof, Proving, Result, StoreError, Then,
};
use doorward_core::token::TokenHash;
use doorward_core::user::Name;
use sqlx::any::AnyRow;

use crate::challenge::{self, Asked};
use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::write::Write;
use crate::{budget, device, proof, session, user};

use loss::{end_open_codes, reset_and_commit};
pub(crate) use loss::{move_email_codes, reset};

macro_rules! select_credential {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, kind, name, secret, last_step, key_id, rp_id, sign_count, is_discoverable, ",
            "is_device_bound, is_backed_up, transports, created_at, last_used_at FROM credential ",
            $rest
        )
    };
}

impl Factors for Store {
    async fn facts(&self, user: UserId) -> Result<Facts> {
        retry!(facts(self, user))
    }

    async fn passkey(&self, rp_id: &str, key_id: &str) -> Result<Option<Credential>> {
        retry!(by_key(self, rp_id, key_id))
    }

    async fn passkeys_elsewhere(&self, rp_id: &str) -> Result<u64> {
        retry!(elsewhere(self, rp_id))
    }

    async fn people_by_mail_alone(&self) -> Result<u64> {
        retry!(by_mail_alone(self))
    }

    async fn add_credential(&self, new: &NewCredential, event: &Event) -> Result<Added> {
        retry!(add(self, new, event))
    }

    async fn remove_credential(
        &self,
        session: (UserId, SessionId),
        id: CredentialId,
        keep: &Keep,
        event: &Event,
    ) -> Result<bool> {
        retry!(remove(self, session, id, keep, event))
    }

    async fn rename_credential(&self, user: UserId, id: CredentialId, name: &Name, event: &Event) -> Result<bool> {
        retry!(rename(self, user, id, name, event))
    }

    async fn prove(&self, proof: &Proof, then: Then<'_>, event: &Event) -> Result<Proving> {
        retry!(proof::prove(self, proof, then, event))
    }

    async fn replace_recovery_codes(
        &self,
        session: (UserId, SessionId),
        hashes: &[TokenHash],
        event: &Event,
    ) -> Result<bool> {
        retry!(replace_codes(self, session, hashes, event))
    }

    async fn begin_grace(&self, user: UserId, event: &Event) -> Result<UnixTime> {
        retry!(begin_grace(self, user, event))
    }

    async fn reset_factors(&self, user: UserId, event: &Event) -> Result<bool> {
        retry!(reset_and_commit(self, user, event))
    }

    async fn create_challenge(&self, new: &Challenge) -> Result<()> {
        retry!(challenge::create(self, new))
    }

    async fn challenge(
        &self,
        hash: TokenHash,
        ceremony: Ceremony,
        browser: TokenHash,
        now: UnixTime,
    ) -> Result<Option<Challenge>> {
        retry!(challenge::look(self, Asked { hash, ceremony, browser, now }))
    }

    async fn take_challenge(
        &self,
        hash: TokenHash,
        ceremony: Ceremony,
        browser: TokenHash,
        now: UnixTime,
    ) -> Result<Option<Challenge>> {
        retry!(challenge::take(self, Asked { hash, ceremony, browser, now }))
    }

    async fn create_email_code(&self, code: &EmailChallenge, event: &Event) -> Result<()> {
        retry!(challenge::create_code(self, code, event))
    }
}

fn detail_from(row: &AnyRow) -> std::result::Result<Detail, Failure> {
    match row.text("kind")?.as_str() {
        "totp" => Ok(Detail::Totp { secret: Sealed::new(row.text("secret")?), last_step: row.number("last_step")? }),
        "email" => Ok(Detail::EmailCode),
        "passkey" => Ok(Detail::Passkey(Passkey {
            key_id: row.text_or_null("key_id")?.ok_or_else(|| damaged("key_id"))?.into(),
            rp_id: row.text("rp_id")?.into(),
            record: row.text("secret")?.into(),
            sign_count: u32::try_from(row.number("sign_count")?).map_err(|_| damaged("sign_count"))?,
            is_discoverable: row.flag("is_discoverable")?,
            is_device_bound: row.flag("is_device_bound")?,
            is_backed_up: row.flag("is_backed_up")?,
            transports: row.text("transports")?.into(),
        })),
        _ => Err(damaged("kind")),
    }
}

fn credential_from(row: &AnyRow) -> std::result::Result<Credential, Failure> {
    Ok(Credential {
        id: row.parse("id")?,
        user: row.parse("user_id")?,
        name: row.parse("name")?,
        detail: detail_from(row)?,
        created_at: row.time("created_at")?,
        last_used_at: row.number_or_null("last_used_at")?.map(UnixTime),
    })
}

/// What one user has enrolled, inside a transaction.
async fn of_user(write: &mut Write, user: UserId) -> std::result::Result<Vec<Credential>, Failure> {
    let query = sqlx::query(select_credential!("WHERE user_id = $1 ORDER BY created_at, id"));
    let rows = query.bind(user.to_string()).fetch_all(write.on()).await?;
    rows.iter().map(credential_from).collect()
}

/// Reads one moment: what is asked of a sign-in must not be half of before and half of after.
async fn facts(store: &Store, user: UserId) -> std::result::Result<Facts, Failure> {
    let mut moment = store.reader().begin_with(store.dialect().begin_snapshot()).await?;
    let query = sqlx::query(select_credential!("WHERE user_id = $1 ORDER BY created_at, id"));
    let rows = query.bind(user.to_string()).fetch_all(&mut *moment).await?;
    let query = sqlx::query("SELECT COUNT(*) AS codes FROM recovery_code WHERE user_id = $1 AND used_at IS NULL");
    let codes = query.bind(user.to_string()).fetch_one(&mut *moment).await?.number("codes")?;
    let query = sqlx::query(user::VERIFIED);
    let verified = query.bind(user.to_string()).fetch_optional(&mut *moment).await?;
    let query = sqlx::query("SELECT began_at FROM grace WHERE user_id = $1");
    let grace = query.bind(user.to_string()).fetch_optional(&mut *moment).await?;
    let query = sqlx::query("SELECT user_id FROM reset_by_link WHERE user_id = $1");
    let reset = query.bind(user.to_string()).fetch_optional(&mut *moment).await?;
    moment.rollback().await?;
    Ok(Facts {
        credentials: rows.iter().map(credential_from).collect::<std::result::Result<_, _>>()?,
        recovery_codes: usize::try_from(codes).map_err(|_| damaged("codes"))?,
        is_email_verified: verified.is_some(),
        is_reset_by_link: reset.is_some(),
        grace_began_at: grace.map(|row| row.time("began_at")).transpose()?,
    })
}

async fn by_key(store: &Store, rp_id: &str, key_id: &str) -> std::result::Result<Option<Credential>, Failure> {
    let query = sqlx::query(select_credential!("WHERE rp_id = $1 AND key_id = $2"));
    let row = query.bind(plain(rp_id)).bind(plain(key_id)).fetch_optional(store.reader()).await?;
    row.as_ref().map(credential_from).transpose()
}

async fn elsewhere(store: &Store, rp_id: &str) -> std::result::Result<u64, Failure> {
    let query = sqlx::query("SELECT COUNT(*) AS passkeys FROM credential WHERE kind = 'passkey' AND rp_id <> $1");
    let row = query.bind(plain(rp_id)).fetch_one(store.reader()).await?;
    u64::try_from(row.number("passkeys")?).map_err(|_| damaged("passkeys"))
}

async fn by_mail_alone(store: &Store) -> std::result::Result<u64, Failure> {
    let query = sqlx::query(
        "SELECT COUNT(*) AS people FROM users WHERE status = 'active' \
         AND id IN (SELECT user_id FROM credential WHERE kind = 'email') \
         AND id NOT IN (SELECT user_id FROM credential WHERE kind <> 'email') \
         AND id NOT IN (SELECT user_id FROM recovery_code WHERE used_at IS NULL)",
    );
    let row = query.fetch_one(store.reader()).await?;
    u64::try_from(row.number("people")?).map_err(|_| damaged("people"))
}

/// PostgreSQL has no text with a NUL in it.
fn plain(text: &str) -> String {
    text.replace('\0', "")
}

async fn may_enrol(write: &mut Write, id: SessionId, user: UserId) -> std::result::Result<bool, Failure> {
    Ok(session::stage(write, id, user).await?.is_some_and(Stage::may_enrol))
}

async fn add(store: &Store, new: &NewCredential, event: &Event) -> std::result::Result<Added, Failure> {
    let mut write = Write::audited(store).await?;
    let owner = new.credential.user;
    if !may_enrol(&mut write, new.session, owner).await? {
        return Ok(Added::Void);
    }
    match challenge::weigh(&mut write, &new.evidence, owner, event.at).await? {
        Added::Done => {}
        wrong @ Added::Wrong { .. } => {
            // The try counts.
            write.commit().await?;
            return Ok(wrong);
        }
        other => return Ok(other),
    }
    let there = of_user(&mut write, owner).await?;
    if there.len() >= MOST_CREDENTIALS {
        return Ok(Added::TooMany);
    }
    let is_mail = new.credential.detail == Detail::EmailCode;
    if is_mail && there.iter().any(|other| other.detail == Detail::EmailCode) {
        return Ok(Added::Taken);
    }
    if !insert(&mut write, &new.credential).await? {
        return Ok(Added::Taken);
    }
    write.append(&user::about(event, owner)).await?;
    if there.is_empty() {
        user::leave_nothing(&mut write, (owner, new.session), event).await?;
    }
    device::forget(&mut write, (owner, Some(new.session)), event).await?;
    write.commit().await?;
    Ok(Added::Done)
}

/// Adds a row. False where the key is enrolled already.
async fn insert(write: &mut Write, credential: &Credential) -> std::result::Result<bool, Failure> {
    let (secret, last_step, passkey) = match &credential.detail {
        Detail::Totp { secret, last_step } => (secret.as_str(), *last_step, None),
        Detail::Passkey(passkey) => (&*passkey.record, -1, Some(passkey)),
        Detail::EmailCode => ("", -1, None),
    };
    let flag = |read: fn(&Passkey) -> bool| i64::from(passkey.is_some_and(read));
    let query = sqlx::query(
        "INSERT INTO credential (id, user_id, kind, name, secret, last_step, key_id, rp_id, sign_count, \
         is_discoverable, is_device_bound, is_backed_up, transports, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (rp_id, key_id) DO NOTHING",
    );
    let query = query
        .bind(credential.id.to_string())
        .bind(credential.user.to_string())
        .bind(credential.detail.as_str())
        .bind(credential.name.as_str())
        .bind(plain(secret))
        .bind(last_step)
        .bind(passkey.map(|passkey| plain(&passkey.key_id)))
        .bind(passkey.map_or_else(String::new, |passkey| plain(&passkey.rp_id)))
        .bind(passkey.map_or(0, |passkey| i64::from(passkey.sign_count)))
        .bind(flag(|passkey| passkey.is_discoverable))
        .bind(flag(|passkey| passkey.is_device_bound))
        .bind(flag(|passkey| passkey.is_backed_up))
        .bind(passkey.map_or_else(String::new, |passkey| plain(&passkey.transports)))
        .bind(credential.created_at.0)
        .bind(credential.last_used_at.map(|at| at.0));
    Ok(query.execute(write.on()).await?.rows_affected() == 1)
}

async fn remove(
    store: &Store,
    (owner, asking): (UserId, SessionId),
    id: CredentialId,
    keep: &Keep,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    if session::stage(&mut write, asking, owner).await? != Some(Stage::Full) {
        return Ok(false);
    }
    let query = sqlx::query("DELETE FROM credential WHERE id = $1 AND user_id = $2 RETURNING kind");
    let Some(row) = query.bind(id.to_string()).bind(owner.to_string()).fetch_optional(write.on()).await? else {
        return Ok(false);
    };
    // Audited transactions run one after another, so of two removals at once the second sees what the first has left.
    let is_proven = user::is_verified(&mut write, owner).await?;
    let left = of_user(&mut write, owner).await?;
    if !keep.is_met(&left, is_proven) {
        return Err(StoreError::LastFactor.into());
    }
    let kind = row.text("kind")?;
    if !left.iter().any(|other| other.detail.as_str() == kind) {
        end_way(&mut write, owner, &kind).await?;
    }
    write.append(&user::about(event, owner)).await?;
    session::end_by_credential(&mut write, &id.to_string(), Some(asking), event).await?;
    device::forget(&mut write, (owner, Some(asking)), event).await?;
    write.commit().await?;
    Ok(true)
}

/// Forgets what is open and counted for a kind of which nothing is enrolled any more.
async fn end_way(write: &mut Write, owner: UserId, kind: &str) -> std::result::Result<(), Failure> {
    match kind {
        "totp" => budget::clear_way(write, owner, Method::OneTimeCode).await,
        "email" => {
            end_open_codes(write, owner).await?;
            budget::clear_way(write, owner, Method::EmailCode).await
        }
        _ => Ok(()),
    }
}

async fn rename(
    store: &Store,
    owner: UserId,
    id: CredentialId,
    name: &Name,
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    let mut renamed = 0;
    for sql in [
        "UPDATE credential SET name = $3 WHERE id = $1 AND user_id = $2",
        "UPDATE trusted_device SET name = $3 WHERE id = $1 AND user_id = $2",
        "UPDATE app_password SET name = $3 WHERE id = $1 AND user_id = $2",
    ] {
        let query = sqlx::query(sql).bind(id.to_string()).bind(owner.to_string()).bind(name.as_str());
        renamed += query.execute(write.on()).await?.rows_affected();
    }
    if renamed == 0 {
        return Ok(false);
    }
    write.append(&user::about(event, owner)).await?;
    write.commit().await?;
    Ok(true)
}

async fn replace_codes(
    store: &Store,
    (owner, asking): (UserId, SessionId),
    hashes: &[TokenHash],
    event: &Event,
) -> std::result::Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    if !may_enrol(&mut write, asking, owner).await? {
        return Ok(false);
    }
    sqlx::query("DELETE FROM recovery_code WHERE user_id = $1").bind(owner.to_string()).execute(write.on()).await?;
    budget::clear_way(&mut write, owner, Method::RecoveryCode).await?;
    for hash in hashes {
        let query = sqlx::query("INSERT INTO recovery_code (hash, user_id, created_at) VALUES ($1, $2, $3)");
        query.bind(hash.to_text()).bind(owner.to_string()).bind(event.at.0).execute(write.on()).await?;
    }
    write.append(&user::about(event, owner)).await?;
    write.commit().await?;
    Ok(true)
}

async fn begin_grace(store: &Store, owner: UserId, event: &Event) -> std::result::Result<UnixTime, Failure> {
    let mut write = Write::audited(store).await?;
    let query = sqlx::query("INSERT INTO grace (user_id, began_at) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING");
    let query = query.bind(owner.to_string()).bind(event.at.0);
    let has_begun = query.execute(write.on()).await?.rows_affected() == 1;
    let query = sqlx::query("SELECT began_at FROM grace WHERE user_id = $1").bind(owner.to_string());
    let began = query.fetch_one(write.on()).await?.time("began_at")?;
    if has_begun {
        write.append(&user::about(event, owner)).await?;
        write.commit().await?;
    }
    Ok(began)
}
