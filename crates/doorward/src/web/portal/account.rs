//! One's own account: password and sessions.

use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use doorward_core::session::{EndReason, Kind, Stage};
use http::StatusCode;
use serde::Deserialize;

use crate::identity::{Live, PasswordChange};
use crate::portal::page::{Account, Confirm, PastRow, Question, SessionRow};
use crate::portal::{Done, Moment, Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// The current password, and the one that shall take its place.
#[derive(Debug, Deserialize)]
pub struct PasswordFields {
    current_password: Secret,
    new_password: Secret,
}

/// The session to end.
#[derive(Debug, Deserialize)]
pub struct SessionFields {
    pub(super) session: String,
}

/// Shows the account.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    Ok(show(&exchange, exchange.live()?, past(&exchange).await?, (StatusCode::OK, None)))
}

/// The newest sessions that have ended.
async fn past(exchange: &Exchange) -> Result<Vec<PastRow>, Failure> {
    super::past(exchange, exchange.live()?.user_id()).await
}

/// Changes the password. All other sessions end, and this one gets a new identifier.
pub async fn change_password(exchange: Exchange, Form(fields): Form<PasswordFields>) -> Result<Response, Failure> {
    let change = PasswordChange { current: Some(fields.current_password), new: fields.new_password };
    let live = exchange.live()?;
    match exchange.app.change_password(&exchange.visit(), live, change).await {
        Ok(signed_in) => {
            let next = Done::PasswordChanged.at(path::ACCOUNT);
            Ok((exchange.signed_in(&signed_in), super::lead_to(&next)).into_response())
        }
        Err(refused) => {
            let past = past(&exchange).await?;
            Ok(super::refused(refused, |status, problem| show(&exchange, live, past, (status, Some(problem)))))
        }
    }
}

/// Ends one session.
pub async fn end_session(exchange: Exchange, Form(fields): Form<SessionFields>) -> Result<Response, Failure> {
    let (live, visit) = (exchange.live()?, exchange.visit());
    let id = fields.session.parse().map_err(|_| Failure::of("session.not_found"))?;
    let author = exchange.author(&visit)?;
    exchange.app.identity().end_session(&author, live.user_id(), id, EndReason::Revoked).await?;
    Ok(super::lead_to(&Done::SessionEnded.at(path::ACCOUNT)))
}

/// Asks before ending all others.
pub async fn ask_end_others(exchange: Exchange) -> Response {
    super::show(&exchange, StatusCode::OK, |chrome| Confirm { chrome, question: Question::EndOthers })
}

/// Ends all others.
pub async fn end_others(exchange: Exchange) -> Result<Response, Failure> {
    let (live, visit) = (exchange.live()?, exchange.visit());
    let author = exchange.author(&visit)?;
    exchange.app.identity().end_sessions(&author, live.user_id(), Some(live.id), EndReason::Revoked).await?;
    Ok(super::lead_to(&Done::SessionsEnded.at(path::ACCOUNT)))
}

fn show(
    exchange: &Exchange,
    live: &Live,
    past: Vec<PastRow>,
    (status, problem): (StatusCode, Option<Problem>),
) -> Response {
    let user = live.user();
    let sessions = exchange.app.identity().sessions_of(user.id);
    super::show(exchange, status, |chrome| Account {
        chrome,
        has_mail: exchange.app.identity().has_mail(),
        groups: user.groups.iter().map(ToString::to_string).collect(),
        created_at: Moment(user.created_at),
        password_changed_at: Moment(user.password_changed_at),
        password_minimum: exchange.settings.config.password.minimum_length,
        sessions: sessions.iter().map(|other| row(other, live)).collect(),
        past,
        problem,
        done: super::done(exchange),
    })
}

/// One live session, as a page of `this` lists it.
pub(super) fn row(session: &Live, this: &Live) -> SessionRow {
    SessionRow {
        id: session.id,
        device: session.device.to_string(),
        address: session.address.to_string(),
        created_at: Moment(session.created_at),
        last_seen: Moment(session.last_seen()),
        is_this: session.id == this.id,
        is_api: session.kind == Kind::Api,
        is_half: session.stage != Stage::Full,
        methods: session.methods,
    }
}
