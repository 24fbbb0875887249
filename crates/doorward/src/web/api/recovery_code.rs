//! `/api/v1/auth/2fa/recovery-codes`: the sheet of codes, and the moment after one was used.

use axum::Json;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::login::{LoginAnswer, answer};
use super::totp::{CodeRequest, prove};
use crate::identity::factor::Typed;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// A new sheet. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sheet {
    /// Ten codes, each good once.
    codes: Vec<String>,
}

/// Makes a new sheet; the one before is void.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/recovery-codes", tag = "second factor",
    responses((status = 200, description = "The codes", body = Sheet), super::problem::Problems)
)]
pub async fn make(exchange: Exchange) -> Result<Json<Sheet>, Failure> {
    let codes = exchange.app.identity().make_recovery_codes(&exchange.visit(), exchange.live()?).await?;
    Ok(Json(Sheet { codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect() }))
}

/// Proves by a code of the sheet.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/recovery-codes/verify", tag = "second factor", request_body = CodeRequest,
    responses((status = 200, description = "Proven", body = LoginAnswer), super::problem::Problems)
)]
pub async fn verify(exchange: Exchange, body::Json(request): body::Json<CodeRequest>) -> Result<Response, Failure> {
    prove(&exchange, request, Typed::RecoveryCode).await
}

/// Goes on after a recovery code, where nothing was lost after all.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/recovery/keep", tag = "second factor",
    responses((status = 200, description = "Gone on", body = LoginAnswer), super::problem::Problems)
)]
pub async fn keep(exchange: Exchange) -> Result<Response, Failure> {
    let signed_in = exchange.app.identity().keep_factors(&exchange.visit(), exchange.live()?).await?;
    answer(&exchange, &signed_in).await
}
