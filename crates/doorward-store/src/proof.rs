//! Using up what proves a second factor, and the session that follows, in one transaction.

use doorward_core::audit::{Action, Event};
use doorward_core::factor::code::EmailPurpose;
use doorward_core::identifier::{CredentialId, UserId};
use doorward_core::store::{Proof, Proving, Then};

use crate::challenge::{self, Outcome, Typed};
use crate::failure::Failure;
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;
use crate::{session, user};

/// What became of the value itself.
enum Used {
    /// It is used up; this stands for the factor, where something enrolled does.
    Up(Option<CredentialId>),
    /// Wrong, with so many tries left.
    Wrong(u32),
    /// It was not good any more.
    Void,
}

/// Proves and goes on.
pub(crate) async fn prove(store: &Store, proof: &Proof, then: Then<'_>, event: &Event) -> Result<Proving, Failure> {
    let mut write = Write::audited(store).await?;
    let (Then::Begin { new, .. } | Then::StepUp { new, .. }) = then;
    let owner = new.session.user;
    let credential = match consume(&mut write, proof, owner, event).await? {
        Used::Up(credential) => credential,
        Used::Void => return Ok(Proving::Void),
        Used::Wrong(left) => {
            // The try counts, and the log says so.
            let noted = Event { action: Action::FactorRefused, reason: "factor.code_wrong", ..event.clone() };
            write.append(&user::about(&noted, owner)).await?;
            write.commit().await?;
            return Ok(Proving::Wrong { left });
        }
    };
    let mut new = new.clone();
    new.session.credential = credential.or(new.session.credential);
    let session = match then {
        Then::Begin { password, .. } => {
            session::begin(&mut write, &new, password, event).await?.then(|| new.session.clone())
        }
        Then::StepUp { old, .. } => session::step(&mut write, old, &new, event).await?,
    };
    let Some(session) = session else {
        return Ok(Proving::Gone);
    };
    if matches!(proof, Proof::TotpStep { .. } | Proof::Passkey { .. } | Proof::RecoveryCode { .. }) {
        user::set_reset_by_link(&mut write, owner, None).await?;
    }
    if matches!(proof, Proof::RecoveryCode { .. }) {
        let noted = Event { action: Action::RecoveryCodeUsed, session: Some(session.id), ..event.clone() };
        write.append(&user::about(&noted, owner)).await?;
    }
    write.commit().await?;
    Ok(Proving::Done(Box::new(session)))
}

/// Uses the value up: one conditional statement for each kind, so that of any number of racing calls one gets the row.
async fn consume(write: &mut Write, proof: &Proof, owner: UserId, event: &Event) -> Result<Used, Failure> {
    let (user, now) = (owner.to_string(), event.at.0);
    let query = match proof {
        Proof::TotpStep { credential, step } => sqlx::query(
            "UPDATE credential SET last_step = $3, last_used_at = $4 \
             WHERE user_id = $1 AND id = $2 AND kind = 'totp' AND last_step < $3 RETURNING id",
        )
        .bind(user)
        .bind(credential.to_string())
        .bind(*step)
        .bind(now),
        // A counter that does not rise is that of a copy; authenticators without one say 0 for ever.
        Proof::Passkey { credential, record, sign_count, is_backed_up } => sqlx::query(
            "UPDATE credential SET sign_count = $3, secret = $4, is_backed_up = $5, last_used_at = $6 \
             WHERE user_id = $1 AND id = $2 AND kind = 'passkey' AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0)) \
             RETURNING id",
        )
        .bind(user)
        .bind(credential.to_string())
        .bind(i64::from(*sign_count))
        .bind(record.replace('\0', ""))
        .bind(i64::from(*is_backed_up))
        .bind(now),
        // A code of the sheet is no credential of its own.
        Proof::RecoveryCode { hash } => sqlx::query(
            "UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL \
             RETURNING hash",
        )
        .bind(user)
        .bind(hash.to_text())
        .bind(now),
        Proof::TrustedDevice { hash, address, expires_at } => sqlx::query(
            "UPDATE trusted_device SET last_used_at = $3, address = $4, expires_at = $5 \
             WHERE user_id = $1 AND hash = $2 AND expires_at > $3 RETURNING id",
        )
        .bind(user)
        .bind(hash.to_text())
        .bind(now)
        .bind(address.to_string())
        .bind(expires_at.0),
        Proof::EmailCode { purpose, browser, hash } => {
            let typed = Typed { user: owner, purpose: *purpose, browser: *browser, hash: *hash };
            return Ok(match challenge::type_code(write, typed, event.at).await? {
                Outcome::Right if *purpose == EmailPurpose::SecondFactor => {
                    Used::Up(note_mail(write, owner, now).await?)
                }
                Outcome::Right => Used::Up(None),
                Outcome::Wrong(left) => Used::Wrong(left),
                Outcome::Void => Used::Void,
            });
        }
    };
    let Some(row) = query.fetch_optional(write.on()).await? else {
        return Ok(Used::Void);
    };
    if matches!(proof, Proof::RecoveryCode { .. }) {
        return Ok(Used::Up(None));
    }
    row.parse("id").map(|id| Used::Up(Some(id)))
}

/// Notes that the codes by mail of a user were used, and gives back which factor that is: what it has signed in ends with
/// it.
async fn note_mail(write: &mut Write, owner: UserId, now: i64) -> Result<Option<CredentialId>, Failure> {
    let query =
        sqlx::query("UPDATE credential SET last_used_at = $2 WHERE user_id = $1 AND kind = 'email' RETURNING id");
    let row = query.bind(owner.to_string()).bind(now).fetch_optional(write.on()).await?;
    row.map(|row| row.parse("id")).transpose()
}
