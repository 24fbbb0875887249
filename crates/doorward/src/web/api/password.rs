//! `/api/v1/auth/password/…`: changing, choosing and resetting a password.

use axum::Json;
use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::login::{Tokens, status_word};
use crate::identity::PasswordChange;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// The current password and the one that shall take its place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// The current password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current: Secret,
    /// The new password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    new: Secret,
}

/// The password that finishes a sign-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseRequest {
    /// The new password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    new: Secret,
}

/// A reset link's code and the new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The code of the link.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
    /// The new password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    new: Secret,
}

/// The session after a change: the old identifier is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeAnswer {
    /// `signed_in`, or what is still missing.
    status: &'static str,
    /// The CSRF token of the session.
    csrf_token: String,
    /// New tokens, for a client that has tokens.
    #[serde(flatten)]
    tokens: Option<Tokens>,
}

async fn store(exchange: Exchange, change: PasswordChange) -> Result<Response, Failure> {
    let signed_in = exchange.app.change_password(&exchange.visit(), exchange.live()?, change).await?;
    let fresh = exchange.signed_in(&signed_in);
    let answer = ChangeAnswer {
        status: status_word(signed_in.live.stage),
        csrf_token: fresh.token().to_owned(),
        tokens: signed_in.tokens.as_ref().map(Tokens::from),
    };
    Ok((fresh, Json(answer)).into_response())
}

/// The current password, once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// The current password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Secret,
}

/// Proves once more who one is, where no second factor is set up that could be asked for.
#[utoipa::path(
    post, path = "/api/v1/auth/password/confirm", tag = "password", request_body = ConfirmRequest,
    responses((status = 200, description = "Confirmed", body = super::login::LoginAnswer), super::problem::Problems)
)]
pub async fn confirm(exchange: Exchange, body::Json(request): body::Json<ConfirmRequest>) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let signed_in = exchange.app.identity().confirm_password(&exchange.visit(), live, &request.password).await?;
    super::login::answer(&exchange, &signed_in).await
}

/// Changes one's own password. All other sessions end.
#[utoipa::path(
    post, path = "/api/v1/auth/password/change", tag = "password", request_body = ChangeRequest,
    responses(
        (status = 200, description = "Changed", body = ChangeAnswer),
        super::problem::Problems,
    )
)]
pub async fn change(exchange: Exchange, body::Json(request): body::Json<ChangeRequest>) -> Result<Response, Failure> {
    store(exchange, PasswordChange { current: Some(request.current), new: request.new }).await
}

/// Chooses the password that a half-finished sign-in waits for.
#[utoipa::path(
    post, path = "/api/v1/auth/password/new", tag = "password", request_body = ChooseRequest,
    responses(
        (status = 200, description = "Chosen", body = ChangeAnswer),
        super::problem::Problems,
    )
)]
pub async fn choose(exchange: Exchange, body::Json(request): body::Json<ChooseRequest>) -> Result<Response, Failure> {
    store(exchange, PasswordChange { current: None, new: request.new }).await
}

/// The link that takes lost second factors.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorsRequest {
    /// The code of the link.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
}

/// Uses a link up that takes lost second factors. Signs nobody in, and ends every session of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/recovery/factors", tag = "password", request_body = FactorsRequest,
    responses(
        (status = 204, description = "The second factors are taken away"),
        super::problem::Problems,
    )
)]
pub async fn reset_factors(
    exchange: Exchange,
    body::Json(request): body::Json<FactorsRequest>,
) -> Result<StatusCode, Failure> {
    exchange.app.identity().reset_factors_by_link(&exchange.visit(), request.code.expose_secret()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses a reset link up. Signs nobody in, and ends every session of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset", tag = "password", request_body = ResetRequest,
    responses(
        (status = 204, description = "The password is changed"),
        super::problem::Problems,
    )
)]
pub async fn reset(exchange: Exchange, body::Json(request): body::Json<ResetRequest>) -> Result<StatusCode, Failure> {
    let code = request.code;
    exchange.app.reset_by_link(&exchange.visit(), code.expose_secret(), request.new).await?;
    Ok(StatusCode::NO_CONTENT)
}
