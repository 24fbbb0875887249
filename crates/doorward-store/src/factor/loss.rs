//! Factors that change without being named one by one: all go that somebody has lost, and codes by mail follow the address.

use doorward_core::audit::{Action, Event};
use doorward_core::identifier::UserId;
use doorward_core::session::EndReason;
use doorward_core::store::Which;
use doorward_core::user::Email;

use crate::failure::Failure;
use crate::row::Columns as _;
use crate::store::Store;
use crate::write::Write;
use crate::{app_password, budget, device, link, session, user};

/// Takes everything from a user. False where there is no such user.
pub(super) async fn reset_and_commit(store: &Store, owner: UserId, event: &Event) -> Result<bool, Failure> {
    let mut write = Write::audited(store).await?;
    if user::read(&mut write, owner).await?.is_none() {
        return Ok(false);
    }
    reset(&mut write, owner, event).await?;
    write.commit().await?;
    Ok(true)
}

/// Lets codes by mail follow the address inside a transaction: the new mailbox was proven a moment ago, and an account
/// that had nothing else must not be opened by the password alone from now on. What the former mailbox has signed in ends,
/// but for the session of the event, and so does trust; codes that are on their way are void.
pub(crate) async fn move_email_codes(
    write: &mut Write,
    owner: UserId,
    to: &Email,
    event: &Event,
) -> Result<(), Failure> {
    end_open_codes(write, owner).await?;
    // What it is called is where it goes.
    let name: String = to.as_str().chars().take(100).collect();
    let query = sqlx::query("UPDATE credential SET name = $2 WHERE user_id = $1 AND kind = 'email' RETURNING id");
    let Some(row) = query.bind(owner.to_string()).bind(name).fetch_optional(write.on()).await? else {
        return Ok(());
    };
    let id = row.text("id")?;
    let moved = Event { action: Action::FactorRenamed, ..event.clone() };
    write.append(&user::about(&moved.with_detail(format!("email {id}, with the address")), owner)).await?;
    session::end_by_credential(write, &id, event.session, event).await?;
    device::forget(write, (owner, event.session), event).await
}

/// Makes the codes by mail void that are on their way to a user.
pub(super) async fn end_open_codes(write: &mut Write, owner: UserId) -> Result<(), Failure> {
    let query = sqlx::query("DELETE FROM email_code WHERE user_id = $1");
    query.bind(owner.to_string()).execute(write.on()).await?;
    Ok(())
}

/// Takes everything from a user inside a transaction. The days of grace are over, so that nobody signs in with a
/// password alone where there were two factors a moment ago.
pub(crate) async fn reset(write: &mut Write, owner: UserId, event: &Event) -> Result<(), Failure> {
    for sql in [
        "DELETE FROM credential WHERE user_id = $1",
        "DELETE FROM recovery_code WHERE user_id = $1",
        "DELETE FROM email_code WHERE user_id = $1",
        "DELETE FROM challenge WHERE user_id = $1",
        "DELETE FROM reset_by_link WHERE user_id = $1",
        "INSERT INTO grace (user_id, began_at) VALUES ($1, 0) ON CONFLICT (user_id) DO UPDATE SET began_at = 0",
    ] {
        sqlx::query(sql).bind(owner.to_string()).execute(write.on()).await?;
    }
    budget::forget_browsers(write, owner, None).await?;
    budget::clear_factors(write, owner).await?;
    app_password::forget(write, owner).await?;
    link::withdraw_factor_resets(write, owner, event.at).await?;
    write.append(&user::about(event, owner)).await?;
    session::end(write, Which::AllOf(owner, None), EndReason::FactorsReset, event).await?;
    device::forget(write, (owner, None), event).await
}
