//! `/api/v1/auth/sessions`: one's own sessions, and ending them.

use axum::Json;
use axum::extract::Path;
use doorward_core::identifier::{SessionId, UserId};
use doorward_core::session::EndReason;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::Live;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// One session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// `ses_…`.
    id: String,
    /// Whether it is the session of this request.
    is_current: bool,
    /// `browser` or `api`.
    kind: &'static str,
    /// What the client calls itself.
    device: String,
    /// Where it was made from.
    address: String,
    /// `aal1` for one factor, `aal2` for two.
    acr: &'static str,
    /// What signed it in, and proved it since (RFC 8176).
    amr: Vec<&'static str>,
    /// How far its sign-in has come: `full`, or what is missing.
    stage: &'static str,
    /// When, in unix seconds.
    created_at: i64,
    /// Its last request, in unix seconds, to the minute.
    last_seen: i64,
}

impl SessionView {
    /// What is shown of a session.
    #[must_use]
    pub fn of(live: &Live, current: Option<SessionId>) -> Self {
        Self {
            id: live.id.to_string(),
            is_current: current == Some(live.id),
            kind: live.kind.as_str(),
            device: live.device.to_string(),
            address: live.address.to_string(),
            acr: live.methods.acr(),
            amr: live.methods.amr(),
            stage: live.stage.as_str(),
            created_at: live.created_at.0,
            last_seen: live.last_seen().0,
        }
    }
}

/// How many ended sessions are listed.
const MOST_PAST: u32 = 100;

/// One session that has ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedSessionView {
    /// `ses_…`.
    id: String,
    /// What the client called itself.
    device: String,
    /// Where it was made from.
    address: String,
    /// When the sign-in was, in unix seconds.
    created_at: i64,
    /// When it ended, in unix seconds.
    ended_at: i64,
    /// Why: a code of the list of reasons.
    reason: &'static str,
}

/// The sessions of somebody that have ended.
pub(super) async fn past(exchange: &Exchange, user: UserId) -> Result<Json<Vec<EndedSessionView>>, Failure> {
    let past = exchange.app.identity().past_sessions(user, MOST_PAST).await?;
    let view = past.into_iter().map(|past| EndedSessionView {
        id: past.id.to_string(),
        device: past.device.into(),
        address: past.address.to_string(),
        created_at: past.created_at.0,
        ended_at: past.ended_at.0,
        reason: past.reason.code(),
    });
    Ok(Json(view.collect()))
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ended {
    /// How many.
    pub ended: usize,
}

/// Reads the identifier of a path; what is none names nothing.
pub(super) fn parse<T: std::str::FromStr>(text: &str, missing: &'static str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::of(missing))
}

/// Lists one's own sessions, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "sessions",
    responses(
        (status = 200, description = "The sessions", body = Vec<SessionView>),
        super::problem::Problems,
    )
)]
pub async fn get(exchange: Exchange) -> Result<Json<Vec<SessionView>>, Failure> {
    let live = exchange.live()?;
    let sessions = exchange.app.identity().sessions_of(live.user_id());
    Ok(Json(sessions.iter().map(|session| SessionView::of(session, Some(live.id))).collect()))
}

/// Lists one's own sessions that ended in the last thirty days, and why; the last one first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions/ended", tag = "sessions",
    responses(
        (status = 200, description = "The sessions", body = Vec<EndedSessionView>),
        super::problem::Problems,
    )
)]
pub async fn ended(exchange: Exchange) -> Result<Json<Vec<EndedSessionView>>, Failure> {
    past(&exchange, exchange.live()?.user_id()).await
}

/// Ends one of one's own sessions.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "`ses_…`")),
    responses(
        (status = 204, description = "It has ended"),
        super::problem::Problems,
    )
)]
pub async fn delete(exchange: Exchange, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let (live, visit) = (exchange.live()?, exchange.visit());
    let id: SessionId = parse(&id, "session.not_found")?;
    let reason = if id == live.id { EndReason::SignedOut } else { EndReason::Revoked };
    exchange.app.identity().end_session(&exchange.author(&visit)?, live.user_id(), id, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's own sessions but this one.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions", tag = "sessions",
    responses(
        (status = 200, description = "They have ended", body = Ended),
        super::problem::Problems,
    )
)]
pub async fn delete_others(exchange: Exchange) -> Result<Json<Ended>, Failure> {
    let (live, visit) = (exchange.live()?, exchange.visit());
    let author = exchange.author(&visit)?;
    let ended =
        exchange.app.identity().end_sessions(&author, live.user_id(), Some(live.id), EndReason::Revoked).await?;
    Ok(Json(Ended { ended }))
}
