//! The first account, made by the link that the first start has printed.

use axum::response::Response;
use doorward_core::Secret;
use doorward_core::store::Purpose;
use http::StatusCode;
use serde::Deserialize;

use crate::node::forget_set_up;
use crate::portal::page::SetUp;
use crate::portal::{Done, Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Who administrates.
#[derive(Debug, Deserialize)]
pub struct Fields {
    token: Secret,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    new_password: Secret,
}

/// Shows the form. Looking at the link uses nothing.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let token = Secret::new(exchange.parameter("token").unwrap_or_default());
    page(&exchange, &token, (String::new(), String::new()), (StatusCode::OK, None)).await
}

/// Makes the first administrator, and leads to the sign-in.
pub async fn post(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    match make(&exchange, &fields).await {
        Ok(()) => Ok(super::lead_to(&Done::AccountMade.at(path::SIGN_IN))),
        Err(failure) if ["user.link_invalid", "user.already_set_up"].contains(&failure.reason.code) => Err(failure),
        Err(failure) => {
            let (status, problem) = super::problem(&failure);
            page(&exchange, &fields.token, (fields.email, fields.name), (status, Some(problem))).await
        }
    }
}

async fn make(exchange: &Exchange, fields: &Fields) -> Result<(), Failure> {
    let (email, name) = (fields.email.parse()?, fields.name.parse()?);
    let (visit, token) = (exchange.visit(), fields.token.expose_secret());
    exchange.app.identity().set_up(&visit, token, (email, name), &fields.new_password).await?;
    forget_set_up(&exchange.settings.config.data);
    Ok(())
}

async fn page(
    exchange: &Exchange,
    token: &Secret,
    (email, name): (String, String),
    (status, problem): (StatusCode, Option<Problem>),
) -> Result<Response, Failure> {
    let link = exchange.app.identity().look(token.expose_secret()).await?;
    if link.purpose != Purpose::SetUp {
        return Err(Failure::of("user.link_invalid"));
    }
    Ok(super::show(exchange, status, |chrome| SetUp {
        chrome,
        token: token.expose_secret().to_owned(),
        email,
        name,
        password_minimum: exchange.settings.config.password.minimum_length,
        problem,
    }))
}
