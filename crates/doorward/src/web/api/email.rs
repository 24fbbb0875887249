//! `/api/v1/auth/2fa/email/…`: codes by mail.

use axum::response::Response;
use doorward_core::Secret;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::login::{LoginAnswer, answer};
use super::totp::{CodeRequest, prove};
use crate::identity::factor::Typed;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// The first code by mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailConfirmRequest {
    /// What was sent.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
}

/// Sends a code by which codes by mail are set up.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/email/begin", tag = "second factor",
    responses((status = 204, description = "Sent"), super::problem::Problems)
)]
pub async fn begin(exchange: Exchange) -> Result<StatusCode, Failure> {
    exchange.app.identity().offer_email(&exchange.visit(), exchange.live()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets codes by mail up.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/email/confirm", tag = "second factor", request_body = EmailConfirmRequest,
    responses((status = 200, description = "Set up", body = LoginAnswer), super::problem::Problems)
)]
pub async fn confirm(
    exchange: Exchange,
    body::Json(request): body::Json<EmailConfirmRequest>,
) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let signed_in = exchange.app.identity().confirm_email(&exchange.visit(), live, &request.code).await?;
    answer(&exchange, &signed_in).await
}

/// Sends a code that proves a factor in this session: good for 10 minutes and five tries, and here alone.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/email/send", tag = "second factor",
    responses((status = 204, description = "Sent"), super::problem::Problems)
)]
pub async fn send(exchange: Exchange) -> Result<StatusCode, Failure> {
    exchange.app.identity().send_email_code(&exchange.visit(), exchange.live()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Proves by a code that was sent.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/email/verify", tag = "second factor", request_body = CodeRequest,
    responses((status = 200, description = "Proven", body = LoginAnswer), super::problem::Problems)
)]
pub async fn verify(exchange: Exchange, body::Json(request): body::Json<CodeRequest>) -> Result<Response, Failure> {
    prove(&exchange, request, Typed::EmailCode).await
}
