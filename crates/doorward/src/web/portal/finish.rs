//! What is left to do of a half-finished sign-in.

use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use doorward_core::session::Stage;
use http::StatusCode;
use serde::Deserialize;

use crate::identity::PasswordChange;
use crate::portal::page::{ChoosePassword, SecondFactor};
use crate::portal::{Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;
use crate::web::guard::finishing_page;

/// The password that is chosen.
#[derive(Debug, Deserialize)]
pub struct Fields {
    new_password: Secret,
}

/// Shows the form for the password that is due.
pub async fn password(exchange: Exchange) -> Result<Response, Failure> {
    page(&exchange, StatusCode::OK, None)
}

/// Chooses it.
pub async fn choose(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let change = PasswordChange { current: None, new: fields.new_password };
    match exchange.app.change_password(&exchange.visit(), exchange.live()?, change).await {
        Ok(signed_in) => {
            let stage = signed_in.live.stage;
            let next = if stage == Stage::Full { path::APPS } else { finishing_page(stage) };
            Ok((exchange.signed_in(&signed_in), super::lead_to(next)).into_response())
        }
        Err(refused) => {
            let email = email(&exchange)?;
            Ok(super::refused(refused, |status, problem| show(&exchange, email, status, Some(problem))))
        }
    }
}

/// Says that a second factor is missing.
pub async fn second_factor(exchange: Exchange) -> Result<Response, Failure> {
    let email = email(&exchange)?;
    Ok(super::show(&exchange, StatusCode::OK, |chrome| SecondFactor { chrome, email, problem: None }))
}

fn page(exchange: &Exchange, status: StatusCode, problem: Option<Problem>) -> Result<Response, Failure> {
    Ok(show(exchange, email(exchange)?, status, problem))
}

fn show(exchange: &Exchange, email: String, status: StatusCode, problem: Option<Problem>) -> Response {
    let password_minimum = exchange.settings.config.password.minimum_length;
    super::show(exchange, status, |chrome| ChoosePassword { chrome, email, password_minimum, problem })
}

fn email(exchange: &Exchange) -> Result<String, Failure> {
    Ok(exchange.live()?.user().email.to_string())
}
