//! `GET /api/v1/auth/pending`: what is missing to finish a sign-in.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::login::status_word;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// How far a sign-in has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pending {
    /// `signed_in`, `second_factor_required` or `password_change_required`.
    status: &'static str,
}

/// Says how far the sign-in has come.
#[utoipa::path(
    get, path = "/api/v1/auth/pending", tag = "sign-in",
    responses(
        (status = 200, description = "How far", body = Pending),
        super::problem::Problems,
    )
)]
pub async fn get(exchange: Exchange) -> Result<Json<Pending>, Failure> {
    Ok(Json(Pending { status: status_word(exchange.live()?.stage) }))
}
