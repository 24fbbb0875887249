//! `POST /api/v1/auth/jwt/refresh`: the next pair of tokens for the last one.

use axum::Json;
use doorward_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::login::Tokens;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// The token to exchange.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the last answer.
    #[schema(value_type = String, max_length = 1024)]
    refresh_token: Secret,
}

/// Exchanges a refresh token. Used twice, it ends the session, unless the first answer was lost.
#[utoipa::path(
    post, path = "/api/v1/auth/jwt/refresh", tag = "sign-in", request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next pair", body = Tokens),
        super::problem::Problems,
    )
)]
pub async fn post(
    exchange: Exchange,
    body::Json(request): body::Json<RefreshRequest>,
) -> Result<Json<Tokens>, Failure> {
    let token = request.refresh_token;
    let (_, pair) = exchange.app.identity().refresh(&exchange.visit(), token.expose_secret()).await?;
    Ok(Json(Tokens::from(&pair)))
}
