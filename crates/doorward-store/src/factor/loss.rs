//! Factors that go without being named one by one: all that somebody has lost, and codes by mail with their mailbox.

use doorward_core::audit::{Action, Event};
use doorward_core::identifier::UserId;
use doorward_core::session::EndReason;
use doorward_core::store::Which;

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

/// Ends codes by mail inside a transaction: they were set up for a mailbox that is no longer that of the account. The
/// sessions that they have finished go on; codes that are on their way are void.
pub(crate) async fn end_email_codes(write: &mut Write, owner: UserId, event: &Event) -> Result<(), Failure> {
    let query = sqlx::query("DELETE FROM email_code WHERE user_id = $1");
    query.bind(owner.to_string()).execute(write.on()).await?;
    let query = sqlx::query("DELETE FROM credential WHERE user_id = $1 AND kind = 'email' RETURNING id");
    let Some(row) = query.bind(owner.to_string()).fetch_optional(write.on()).await? else {
        return Ok(());
    };
    device::forget(write, owner).await?;
    let detail = format!("email {}, with the address", row.text("id")?);
    let removed = Event { action: Action::FactorRemoved, ..event.clone() }.with_detail(detail);
    write.append(&user::about(&removed, owner)).await
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
    budget::forget_browsers(write, owner).await?;
    budget::clear_factors(write, owner).await?;
    device::forget(write, owner).await?;
    app_password::forget(write, owner).await?;
    link::withdraw_factor_resets(write, owner, event.at).await?;
    write.append(&user::about(event, owner)).await?;
    session::end(write, Which::AllOf(owner, None), EndReason::FactorsReset, event).await?;
    Ok(())
}
