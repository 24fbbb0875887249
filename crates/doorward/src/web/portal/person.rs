//! One account, and what an administrator does to it.

use axum::extract::Path;
use axum::response::Response;
use doorward_core::identifier::UserId;
use doorward_core::session::EndReason;
use doorward_core::user::{Status, User};
use http::StatusCode;
use serde::Deserialize;

use super::account::{SessionFields, row as session_row};
use super::people::{hand_over, read_groups, row};
use crate::identity::Change;
use crate::portal::page::{Confirm, PersonDetail, Question, Thing};
use crate::portal::{Done, Moment, Problem, path};
use crate::web::api::invitation::link_url;
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Another name.
#[derive(Debug, Deserialize)]
pub struct NameFields {
    name: String,
}

/// Other groups.
#[derive(Debug, Deserialize)]
pub struct GroupFields {
    #[serde(default)]
    groups: String,
}

async fn user(exchange: &Exchange, id: &str) -> Result<User, Failure> {
    let id: UserId = id.parse().map_err(|_| Failure::of("user.not_found"))?;
    Ok(exchange.app.identity().user(id).await?)
}

/// Shows the account.
pub async fn get(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    page(&exchange, &user, None, (StatusCode::OK, None)).await
}

async fn page(
    exchange: &Exchange,
    user: &User,
    typed: Option<String>,
    (status, problem): (StatusCode, Option<Problem>),
) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let is_self = live.user_id() == user.id;
    let sessions = exchange.app.identity().sessions_of(user.id);
    let past = super::past(exchange, user.id).await?;
    let groups: Vec<_> = user.groups.iter().map(ToString::to_string).collect();
    Ok(super::show(exchange, status, |chrome| PersonDetail {
        chrome,
        person: row(user, is_self),
        groups: typed.unwrap_or_else(|| groups.join(" ")),
        created_at: Moment(user.created_at),
        sessions: sessions.iter().map(|other| session_row(other, live)).collect(),
        past,
        problem,
        done: super::done(exchange),
    }))
}

/// Makes one change, and shows the account again: with what was done, or with why not.
async fn change(
    exchange: &Exchange,
    id: &str,
    change: Result<Change, Failure>,
    (done, typed): (Done, Option<String>),
) -> Result<Response, Failure> {
    let user = user(exchange, id).await?;
    let visit = exchange.visit();
    let author = exchange.author(&visit)?;
    let changed = match change {
        Ok(change) => exchange.app.identity().change_user(&author, user.id, change).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match changed {
        Ok(_) => Ok(super::lead_to(&done.at(&path::person(user.id)))),
        Err(failure) => {
            let (status, problem) = super::problem(&failure);
            page(exchange, &user, typed, (status, Some(problem))).await
        }
    }
}

/// Another name.
pub async fn name(
    exchange: Exchange,
    Path(id): Path<String>,
    Form(fields): Form<NameFields>,
) -> Result<Response, Failure> {
    let wish = fields.name.parse().map(Change::Name).map_err(Failure::from);
    change(&exchange, &id, wish, (Done::NameSaved, None)).await
}

/// Other groups.
pub async fn groups(
    exchange: Exchange,
    Path(id): Path<String>,
    Form(fields): Form<GroupFields>,
) -> Result<Response, Failure> {
    let wish = read_groups(&fields.groups).map(Change::Groups);
    change(&exchange, &id, wish, (Done::GroupsSaved, Some(fields.groups))).await
}

/// Asks before disabling.
pub async fn ask_disable(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let question = Question::Disable { id: user.id, email: user.email.to_string() };
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Confirm { chrome, question }))
}

/// Disables; every session ends.
pub async fn disable(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    change(&exchange, &id, Ok(Change::Status(Status::Disabled)), (Done::Disabled, None)).await
}

/// Enables.
pub async fn enable(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    change(&exchange, &id, Ok(Change::Status(Status::Active)), (Done::Enabled, None)).await
}

/// Makes a link for a new password, and shows it once.
pub async fn reset(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let visit = exchange.visit();
    let (link, secret) = exchange.app.identity().reset_link(&exchange.author(&visit)?, user.id).await?;
    Ok(hand_over(&exchange, Thing::Reset, &user.email, link_url(&exchange, &link, &secret), Some(&link)))
}

/// Makes a link that takes lost second factors: it goes to the person by mail, or is shown once to be handed over.
pub async fn reset_factors(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let (visit, live) = (exchange.visit(), exchange.live()?);
    let identity = exchange.app.identity();
    match identity.factor_reset_link((&visit, live), user.id).await {
        Ok((_, None)) => Ok(super::lead_to(&Done::FactorLinkSent.at(&path::person(user.id)))),
        Ok((link, Some(secret))) => {
            Ok(hand_over(&exchange, Thing::FactorReset, &user.email, link_url(&exchange, &link, &secret), Some(&link)))
        }
        Err(refused) => {
            let (status, problem) = super::problem(&refused.into());
            page(&exchange, &user, None, (status, Some(problem))).await
        }
    }
}

/// Ends one session.
pub async fn end_session(
    exchange: Exchange,
    Path(id): Path<String>,
    Form(fields): Form<SessionFields>,
) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let visit = exchange.visit();
    let session = fields.session.parse().map_err(|_| Failure::of("session.not_found"))?;
    let (author, reason) = (exchange.author(&visit)?, EndReason::RevokedByAdministrator);
    exchange.app.identity().end_session(&author, user.id, session, reason).await?;
    Ok(super::lead_to(&Done::SessionEnded.at(&path::person(user.id))))
}

/// Asks before ending every session.
pub async fn ask_end_sessions(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let question = Question::EndSessions { id: user.id, email: user.email.to_string() };
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Confirm { chrome, question }))
}

/// Ends every session; one's own stays.
pub async fn end_sessions(exchange: Exchange, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = user(&exchange, &id).await?;
    let (live, visit) = (exchange.live()?, exchange.visit());
    let keep = (live.user_id() == user.id).then_some(live.id);
    let author = exchange.author(&visit)?;
    exchange.app.identity().end_sessions(&author, user.id, keep, EndReason::RevokedByAdministrator).await?;
    Ok(super::lead_to(&Done::PersonSignedOut.at(&path::person(user.id))))
}
