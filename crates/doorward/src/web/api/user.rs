//! `/api/v1/admin/users`: the care of accounts.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::Path;
use doorward_core::identifier::UserId;
use doorward_core::session::EndReason;
use doorward_core::user::{Group, Name, Status, User, UserError};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invitation::{LinkAnswer, link_answer};
use super::session::{Ended, EndedSessionView, SessionView, parse, past};
use crate::identity::Change;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Users on one page of the list.
const PAGE: u32 = 100;

/// A user as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// `usr_…`.
    id: String,
    /// Signs in with this.
    email: String,
    /// Shown to people.
    name: String,
    /// Sorted.
    groups: Vec<String>,
    /// `active` or `disabled`.
    status: &'static str,
    /// Whether a password has been chosen.
    has_password: bool,
    /// Whether the next sign-in must choose a new one.
    must_change_password: bool,
    /// Unix seconds.
    created_at: i64,
    /// How many live sessions there are.
    sessions: usize,
}

/// One page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accounts {
    /// In the order of e-mail addresses.
    users: Vec<Account>,
    /// What to pass as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// `active` or `disabled`. Disabling ends every session at once.
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
    /// The display name.
    #[schema(max_length = 1024)]
    name: Option<String>,
    /// Exactly these groups.
    #[schema(max_items = 100)]
    groups: Option<Vec<String>>,
}

impl Account {
    fn of(user: &User, exchange: &Exchange) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            groups: user.groups.iter().map(ToString::to_string).collect(),
            status: user.status.as_str(),
            has_password: user.password.is_some(),
            must_change_password: user.must_change_password,
            created_at: user.created_at.0,
            sessions: exchange.app.identity().sessions_of(user.id).len(),
        }
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        Self::of(error.code())
    }
}

/// Reads group names.
///
/// # Errors
/// `user.group_invalid`.
pub fn parse_groups<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<Group>, Failure> {
    names.into_iter().map(|name| name.parse::<Group>().map_err(Failure::from)).collect()
}

/// Lists accounts.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "administration",
    params(("after" = Option<String>, Query, description = "The address after which the page begins")),
    responses((status = 200, description = "One page", body = Accounts), super::problem::Problems)
)]
pub async fn list(exchange: Exchange) -> Result<Json<Accounts>, Failure> {
    let after = exchange.parameter("after").unwrap_or_default();
    let users = exchange.app.identity().users(&after, PAGE).await?;
    let is_full = users.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = users.last().filter(|_| is_full).map(|user| user.email.to_string());
    Ok(Json(Accounts { users: users.iter().map(|user| Account::of(user, &exchange)).collect(), next }))
}

/// Shows one account.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The account", body = Account), super::problem::Problems)
)]
pub async fn get(exchange: Exchange, Path(id): Path<String>) -> Result<Json<Account>, Failure> {
    let user = exchange.app.identity().user(parse(&id, "user.not_found")?).await?;
    Ok(Json(Account::of(&user, &exchange)))
}

/// Changes one account.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "administration", request_body = AccountChange,
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The account as it is now", body = Account), super::problem::Problems)
)]
pub async fn patch(
    exchange: Exchange,
    Path(id): Path<String>,
    body::Json(request): body::Json<AccountChange>,
) -> Result<Json<Account>, Failure> {
    let id: UserId = parse(&id, "user.not_found")?;
    let visit = exchange.visit();
    let author = exchange.author(&visit)?;
    // Everything is read before anything is changed, so that a bad name changes no status.
    let name = request.name.as_deref().map(str::parse::<Name>).transpose()?;
    let groups = request.groups.as_deref().map(|names| parse_groups(names.iter().map(String::as_str))).transpose()?;
    // Only the first of these can be refused (by the last administrator), so a refusal leaves nothing half done.
    let changes = [request.status.map(Change::Status), groups.map(Change::Groups), name.map(Change::Name)];
    let mut user = exchange.app.identity().user(id).await?;
    for change in changes.into_iter().flatten() {
        user = exchange.app.identity().change_user(&author, id, change).await?;
    }
    Ok(Json(Account::of(&user, &exchange)))
}

/// Makes a link with which its holder chooses a new password.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/reset", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The link, shown this once", body = LinkAnswer), super::problem::Problems)
)]
pub async fn reset(exchange: Exchange, Path(id): Path<String>) -> Result<Json<LinkAnswer>, Failure> {
    let visit = exchange.visit();
    let id = parse(&id, "user.not_found")?;
    let (link, secret) = exchange.app.identity().reset_link(&exchange.author(&visit)?, id).await?;
    Ok(Json(link_answer(&exchange, &link, &secret)))
}

/// A link that was made for somebody else.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandedLink {
    /// Whether it went to its owner by mail; then its address is not told.
    is_mailed: bool,
    /// The link to hand over, where there is no mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkAnswer>,
}

/// Makes a link by which a person takes lost second factors away. Not for oneself.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/reset-factors", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The link was sent, or is shown this once", body = HandedLink), super::problem::Problems)
)]
pub async fn reset_factors(exchange: Exchange, Path(id): Path<String>) -> Result<Json<HandedLink>, Failure> {
    let (visit, live) = (exchange.visit(), exchange.live()?);
    let id = parse(&id, "user.not_found")?;
    let identity = exchange.app.identity();
    let (link, secret) = identity.factor_reset_link((&visit, live), id).await?;
    let link = secret.map(|secret| link_answer(&exchange, &link, &secret));
    Ok(Json(HandedLink { is_mailed: link.is_none(), link }))
}

/// Lists the sessions of an account.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}/sessions", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The sessions", body = Vec<SessionView>), super::problem::Problems)
)]
pub async fn sessions(exchange: Exchange, Path(id): Path<String>) -> Result<Json<Vec<SessionView>>, Failure> {
    let user = exchange.app.identity().user(parse(&id, "user.not_found")?).await?;
    let current = exchange.caller.live().map(|live| live.id);
    let sessions = exchange.app.identity().sessions_of(user.id);
    Ok(Json(sessions.iter().map(|live| SessionView::of(live, current)).collect()))
}

/// Ends every session of an account.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/sessions", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "They have ended", body = Ended), super::problem::Problems)
)]
pub async fn end_sessions(exchange: Exchange, Path(id): Path<String>) -> Result<Json<Ended>, Failure> {
    let visit = exchange.visit();
    let user = exchange.app.identity().user(parse(&id, "user.not_found")?).await?;
    let author = exchange.author(&visit)?;
    let reason = EndReason::RevokedByAdministrator;
    let ended = exchange.app.identity().end_sessions(&author, user.id, None, reason).await?;
    Ok(Json(Ended { ended }))
}

/// Lists the sessions of an account that ended in the last thirty days, and why; the last one first.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}/sessions/ended", tag = "administration",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The sessions", body = Vec<EndedSessionView>), super::problem::Problems)
)]
pub async fn ended_sessions(
    exchange: Exchange,
    Path(id): Path<String>,
) -> Result<Json<Vec<EndedSessionView>>, Failure> {
    let user = exchange.app.identity().user(parse(&id, "user.not_found")?).await?;
    past(&exchange, user.id).await
}

/// Ends one session of an account.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/sessions/{session}", tag = "administration",
    params(
        ("id" = String, Path, description = "`usr_…`"),
        ("session" = String, Path, description = "`ses_…`"),
    ),
    responses((status = 204, description = "It has ended"), super::problem::Problems)
)]
pub async fn end_session(
    exchange: Exchange,
    Path((id, session)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let visit = exchange.visit();
    let user = exchange.app.identity().user(parse(&id, "user.not_found")?).await?;
    let (author, session) = (exchange.author(&visit)?, parse(&session, "session.not_found")?);
    let reason = EndReason::RevokedByAdministrator;
    exchange.app.identity().end_session(&author, user.id, session, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
