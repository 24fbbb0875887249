//! `GET /.well-known/jwks.json`: the public keys of access tokens (RFC 7517).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::web::exchange::Exchange;

/// Publishes the keys. A key stands here before it signs and until its last token is over.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    responses((status = 200, description = "A JSON Web Key Set", body = serde_json::Value, content_type = "application/jwk-set+json"))
)]
pub async fn get(exchange: Exchange) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, exchange.app.identity().jwks().to_string()).into_response()
}
