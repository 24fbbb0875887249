//! `GET /api/v1/auth/pending`: what is missing to finish a sign-in.

use axum::Json;
use doorward_core::session::Stage;
use serde::Serialize;
use utoipa::ToSchema;

use super::factor::words;
use super::login::status_word;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// How far a sign-in has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pending {
    /// As the answer of the sign-in.
    status: &'static str,
    /// What can prove what is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<&'static str>,
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
    let live = exchange.live()?;
    let is_asked = matches!(live.stage, Stage::SecondFactor | Stage::RecoveryMail);
    let methods = if is_asked { words(exchange.app.identity().overview(live).await?.ways) } else { Vec::new() };
    Ok(Json(Pending { status: status_word(live.stage), methods }))
}
