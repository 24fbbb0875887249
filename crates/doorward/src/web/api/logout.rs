//! `POST /api/v1/auth/jwt/logout`: the end of a session, at once and everywhere.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// That nobody is signed in any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogoutAnswer {
    /// Always `signed_out`.
    status: &'static str,
    /// A CSRF token for the next sign-in.
    csrf_token: String,
}

/// Signs out. Without a session it says the same: the wish is fulfilled.
#[utoipa::path(
    post, path = "/api/v1/auth/jwt/logout", tag = "sign-in",
    responses(
        (status = 200, description = "Nobody is signed in", body = LogoutAnswer),
        super::problem::Problems,
    )
)]
pub async fn post(exchange: Exchange) -> Result<Response, Failure> {
    if let Some(live) = exchange.caller.live() {
        exchange.app.identity().sign_out(&exchange.visit(), live).await?;
    }
    let fresh = exchange.signed_out();
    let answer = LogoutAnswer { status: "signed_out", csrf_token: fresh.token().to_owned() };
    Ok((fresh, Json(answer)).into_response())
}
