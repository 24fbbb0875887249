//! The reference of all reasons, and the error page for a code.

use axum::response::Response;
use http::StatusCode;

use crate::portal::page::Reasons;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;
use crate::web::present;

/// Shows all reasons.
pub async fn get(exchange: Exchange) -> Response {
    super::show(&exchange, StatusCode::OK, |chrome| Reasons { chrome })
}

/// Shows the error page for a code, for proxies in front that have refused a request themselves. Nothing has failed
/// here, so nothing is logged or counted as that failure.
pub async fn error(exchange: Exchange) -> Response {
    let code = exchange.parameter("reason").unwrap_or_default();
    let known = doorward_core::reason::find(&code).filter(|reason| reason.status != 0);
    let failure = Failure::of(known.map_or("http.not_found", |reason| reason.code));
    present::page(&failure, &exchange.arrival, &exchange.settings)
}
