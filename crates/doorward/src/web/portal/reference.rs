//! The reference of all reasons, and the error page for a code.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::portal::page::Reasons;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Shows all reasons.
pub async fn get(exchange: Exchange) -> Response {
    super::show(&exchange, StatusCode::OK, |chrome| Reasons { chrome })
}

/// Shows the error page for a code, for proxies in front that have refused a request themselves.
pub async fn error(exchange: Exchange) -> Response {
    let code = exchange.parameter("reason").unwrap_or_default();
    let known = doorward_core::reason::find(&code).filter(|reason| reason.status != 0);
    Failure::of(known.map_or("http.not_found", |reason| reason.code)).into_response()
}
