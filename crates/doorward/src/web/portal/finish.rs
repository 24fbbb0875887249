//! What is left to do of a half-finished sign-in.

use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use http::StatusCode;
use serde::Deserialize;

use super::return_to::checked;
use crate::identity::PasswordChange;
use crate::portal::Problem;
use crate::portal::page::ChoosePassword;
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// The password that is chosen.
#[derive(Debug, Deserialize)]
pub struct Fields {
    new_password: Secret,
    #[serde(default)]
    return_to: String,
}

/// Shows the form for the password that is due.
pub async fn password(exchange: Exchange) -> Result<Response, Failure> {
    let return_to = exchange.parameter("return_to").unwrap_or_default();
    Ok(show(&exchange, (email(&exchange)?, &return_to), StatusCode::OK, None))
}

/// Chooses it.
pub async fn choose(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let change = PasswordChange { current: None, new: fields.new_password };
    match exchange.app.change_password(&exchange.visit(), exchange.live()?, change).await {
        Ok(signed_in) => {
            let next = super::next_page(signed_in.live.stage, &fields.return_to);
            Ok((exchange.signed_in(&signed_in), super::lead_to(&next)).into_response())
        }
        Err(refused) => {
            let email = email(&exchange)?;
            let shown = |status, problem| show(&exchange, (email, &fields.return_to), status, Some(problem));
            Ok(super::refused(refused, shown))
        }
    }
}

fn show(
    exchange: &Exchange,
    (email, return_to): (String, &str),
    status: StatusCode,
    problem: Option<Problem>,
) -> Response {
    let return_to = checked(return_to).unwrap_or_default().to_owned();
    let password_minimum = exchange.settings.config.password.minimum_length;
    super::show(exchange, status, |chrome| ChoosePassword { chrome, email, return_to, password_minimum, problem })
}

fn email(exchange: &Exchange) -> Result<String, Failure> {
    Ok(exchange.live()?.user().email.to_string())
}
