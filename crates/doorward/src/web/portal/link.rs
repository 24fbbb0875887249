//! The pages behind links that were handed to somebody. Opening one uses nothing (PATTERN-MAIL-PREFETCH); its form does.

use axum::response::Response;
use doorward_core::Secret;
use doorward_core::store::Purpose;
use doorward_core::user::Name;
use http::StatusCode;
use serde::Deserialize;

use crate::portal::page::{Invitation, Reset, ResetFactors};
use crate::portal::{Done, Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// What an invited person chooses.
#[derive(Debug, Deserialize)]
pub struct InvitationFields {
    token: Secret,
    #[serde(default)]
    name: String,
    new_password: Secret,
}

/// The password that is chosen by a link.
#[derive(Debug, Deserialize)]
pub struct ResetFields {
    token: Secret,
    new_password: Secret,
}

/// Shows the form of an invitation.
pub async fn invitation(exchange: Exchange) -> Result<Response, Failure> {
    let token = Secret::new(exchange.parameter("token").unwrap_or_default());
    invitation_page(&exchange, &token, String::new(), StatusCode::OK, None).await
}

/// Makes the account, and leads to the sign-in: a link signs nobody in.
pub async fn accept(exchange: Exchange, Form(fields): Form<InvitationFields>) -> Result<Response, Failure> {
    let made = match fields.name.parse::<Name>() {
        Ok(name) => {
            let token = fields.token.expose_secret();
            let (identity, visit) = (exchange.app.identity(), exchange.visit());
            let (chosen, registration) = ((name, &fields.new_password), &exchange.settings.config.registration);
            identity.accept_invitation(&visit, token, chosen, registration).await.map_err(Failure::from)
        }
        Err(error) => Err(error.into()),
    };
    match made {
        Ok(_) => Ok(super::lead_to(&Done::AccountMade.at(path::SIGN_IN))),
        Err(failure) if is_over(&failure) => Err(failure),
        Err(failure) => {
            let (status, problem) = super::problem(&failure);
            invitation_page(&exchange, &fields.token, fields.name, status, Some(problem)).await
        }
    }
}

/// Shows the form of a reset link.
pub async fn reset(exchange: Exchange) -> Result<Response, Failure> {
    let token = Secret::new(exchange.parameter("token").unwrap_or_default());
    reset_page(&exchange, &token, StatusCode::OK, None).await
}

/// Stores the password, and leads to the sign-in: a link signs nobody in.
pub async fn choose(exchange: Exchange, Form(fields): Form<ResetFields>) -> Result<Response, Failure> {
    let token = fields.token.expose_secret();
    match exchange.app.reset_by_link(&exchange.visit(), token, fields.new_password).await.map_err(Failure::from) {
        Ok(_) => Ok(super::lead_to(&Done::PasswordChosen.at(path::SIGN_IN))),
        Err(failure) if is_over(&failure) => Err(failure),
        Err(failure) => {
            let (status, problem) = super::problem(&failure);
            reset_page(&exchange, &fields.token, status, Some(problem)).await
        }
    }
}

/// The link that takes second factors.
#[derive(Debug, Deserialize)]
pub struct FactorsFields {
    token: Secret,
}

/// Asks whether the second factors are lost.
pub async fn ask_factors(exchange: Exchange) -> Result<Response, Failure> {
    let token = exchange.parameter("token").unwrap_or_default();
    let identity = exchange.app.identity();
    let link = identity.look(&token).await?;
    let Purpose::FactorReset { user } = link.purpose else { return Err(Failure::of("user.link_invalid")) };
    let email = identity.user(user).await?.email.to_string();
    Ok(super::show(&exchange, StatusCode::OK, |chrome| ResetFactors { chrome, token, email }))
}

/// Takes them away, and leads to the sign-in: a link signs nobody in.
pub async fn take_factors(exchange: Exchange, Form(fields): Form<FactorsFields>) -> Result<Response, Failure> {
    exchange.app.identity().reset_factors_by_link(&exchange.visit(), fields.token.expose_secret()).await?;
    Ok(super::lead_to(&Done::FactorsReset.at(path::SIGN_IN)))
}

/// Whether the link itself is no good any more: then there is no form to show again.
fn is_over(failure: &Failure) -> bool {
    ["user.link_invalid", "user.registration_closed", "user.domain_closed"].contains(&failure.reason.code)
}

async fn invitation_page(
    exchange: &Exchange,
    token: &Secret,
    name: String,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let link = exchange.app.identity().look(token.expose_secret()).await?;
    let (email, is_invited) = match link.purpose {
        Purpose::Invitation { email, .. } => (email, true),
        Purpose::Registration { email, .. } => (email, false),
        _ => return Err(Failure::of("user.link_invalid")),
    };
    Ok(super::show(exchange, status, |chrome| Invitation {
        chrome,
        token: token.expose_secret().to_owned(),
        email: email.to_string(),
        is_invited,
        name,
        password_minimum: exchange.settings.config.password.minimum_length,
        problem,
    }))
}

async fn reset_page(
    exchange: &Exchange,
    token: &Secret,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let identity = exchange.app.identity();
    let link = identity.look(token.expose_secret()).await?;
    let (Purpose::PasswordReset { user } | Purpose::Recovery { user }) = link.purpose else {
        return Err(Failure::of("user.link_invalid"));
    };
    let email = identity.user(user).await?.email.to_string();
    Ok(super::show(exchange, status, |chrome| Reset {
        chrome,
        token: token.expose_secret().to_owned(),
        email,
        password_minimum: exchange.settings.config.password.minimum_length,
        problem,
    }))
}
