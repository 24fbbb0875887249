//! The page of one's app passwords: what there is, making one, withdrawing one.

use axum::response::Response;
use doorward_core::policy::CONFIRMED_SECONDS;
use doorward_core::user::Name;
use http::StatusCode;
use serde::Deserialize;

use crate::identity::{MadeAppPassword, NewAppPassword};
use crate::portal::page::{AppPasswordMade, AppPasswordRow, AppPasswords};
use crate::portal::{Done, Moment, Problem, path};
use crate::web::api::app_password::{app_named, apps};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// What to make. Days are empty for one without an end.
#[derive(Debug, Deserialize)]
pub struct MakeFields {
    #[serde(default)]
    app: String,
    name: String,
    #[serde(default)]
    days: String,
}

/// The one to withdraw.
#[derive(Debug, Deserialize)]
pub struct WithdrawFields {
    id: String,
}

/// Shows the page.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    page(&exchange, None, StatusCode::OK, None).await
}

/// Makes one, and shows its secret once.
pub async fn make(exchange: Exchange, Form(fields): Form<MakeFields>) -> Result<Response, Failure> {
    let typed = (fields.app.clone(), fields.name.clone());
    match try_make(&exchange, fields).await {
        Ok(made) => {
            let email = exchange.live()?.user().email.to_string();
            Ok(super::show(&exchange, StatusCode::OK, |chrome| AppPasswordMade {
                chrome,
                app: made.kept.app.to_string(),
                email,
                secret: made.secret.expose_secret().to_owned(),
                expires_at: made.kept.expires_at.map(Moment),
            }))
        }
        Err(failure) => {
            let (status, problem) = super::problem(&failure);
            page(&exchange, Some(typed), status, Some(problem)).await
        }
    }
}

async fn try_make(exchange: &Exchange, fields: MakeFields) -> Result<MadeAppPassword, Failure> {
    let app = app_named(exchange, &fields.app)?;
    let name: Name = fields.name.parse()?;
    let days = match fields.days.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| Failure::of("app.password_date"))?),
    };
    let new = NewAppPassword { app, name, days };
    Ok(exchange.app.identity().make_app_password(&exchange.visit(), exchange.live()?, new).await?)
}

/// Withdraws one.
pub async fn withdraw(exchange: Exchange, Form(fields): Form<WithdrawFields>) -> Result<Response, Failure> {
    let visit = exchange.visit();
    let id = fields.id.parse().map_err(|_| Failure::of("app.password_not_found"))?;
    let user = exchange.live()?.user_id();
    exchange.app.identity().remove_app_password(&exchange.author(&visit)?, user, id).await?;
    Ok(super::lead_to(&Done::AppPasswordWithdrawn.at(path::APP_PASSWORDS)))
}

async fn page(
    exchange: &Exchange,
    typed: Option<(String, String)>,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let identity = exchange.app.identity();
    let now = identity.now();
    let kept = identity.app_passwords(live.user_id()).await?;
    let age = identity.confirmation_age(live).await?;
    let (app, name) = typed.unwrap_or_default();
    Ok(super::show(exchange, status, |chrome| AppPasswords {
        chrome,
        apps: apps(exchange),
        passwords: kept
            .iter()
            .map(|kept| AppPasswordRow {
                id: kept.id,
                name: kept.name.to_string(),
                app: kept.app.to_string(),
                created_at: Moment(kept.created_at),
                last_used_at: kept.last_used_at.map(Moment),
                expires_at: kept.expires_at.map(Moment),
                is_over: kept.expires_at.is_some_and(|end| end <= now),
            })
            .collect(),
        app,
        name,
        needs_confirmation: !age.is_some_and(|age| (0..CONFIRMED_SECONDS).contains(&age)),
        problem,
        done: super::done(exchange),
    }))
}
