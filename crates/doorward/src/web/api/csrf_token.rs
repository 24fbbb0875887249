//! `GET /api/v1/auth/csrf-token`: a token, and the cookies that go with it.

use axum::response::{IntoResponse, Response};
use doorward_csrf::Csrf;
use http::header::CONTENT_TYPE;

use crate::web::exchange::Exchange;

/// What a client needs to send a shielded request.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CsrfToken {
    /// Goes into the header, or into the form field of the same name as the cookie.
    #[serde(rename = "csrf_token")]
    token: String,
    /// The header that carries it.
    header_name: String,
    /// The cookie that was set beside it.
    cookie_name: String,
    /// Seconds for which it is good.
    expires_in: u64,
    /// The same in words.
    message: String,
}

/// Gives out a token for this browser and its session. No cache may keep the answer.
#[utoipa::path(
    get, path = "/api/v1/auth/csrf-token", tag = "sign-in",
    responses(
        (status = 200, description = "A fresh token", body = CsrfToken),
        super::problem::Problems,
    )
)]
pub async fn get(exchange: Exchange) -> Response {
    let fresh = exchange.fresh_for_caller();
    let body = exchange.settings.csrf.token_body(fresh.minted());
    let headers = Csrf::token_headers();
    (fresh, headers, [(CONTENT_TYPE, "application/json")], body).into_response()
}
