//! Where one lands.

use axum::response::Response;
use http::StatusCode;

use crate::portal::page::Apps;
use crate::portal::path;
use crate::web::exchange::Exchange;

/// Leads to the landing page.
pub async fn root() -> Response {
    super::lead_to(path::APPS)
}

/// Shows what can be reached from here.
pub async fn get(exchange: Exchange) -> Response {
    super::show(&exchange, StatusCode::OK, |chrome| Apps { chrome, apps: Vec::new(), has_demo: true })
}
