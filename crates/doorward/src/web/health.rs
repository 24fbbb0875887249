//! `/health/live`, `/health/ready` and `/health`: whether the process is up, can serve, and in what state everything is.
#![expect(clippy::missing_errors_doc, reason = "a handler's errors are the refusals that its answers document")]

use axum::Json;
use axum::response::{IntoResponse, Response};
use doorward_core::session::Stage;
use doorward_core::store::Whole as _;
use http::{HeaderMap, StatusCode};

use super::api::problem::Problems;
use super::exchange::Exchange;
use super::failure::Failure;
use crate::watch::health::{self, Figures};

/// Says that the process is up. It asks nobody, so that a broken database restarts no process.
#[utoipa::path(
    get, path = "/health/live", tag = "health",
    responses((status = 200, description = "The process is up", body = serde_json::Value), Problems)
)]
pub async fn live() -> Response {
    // Any page may find out that the process is up, and nothing more: the browser client tells by it whether an answer
    // was lost or is withheld by CORS.
    let shared = [(http::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin")];
    (shared, Json(health::live())).into_response()
}

/// Says whether requests can be served; every dependency is really asked.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "Ready", body = serde_json::Value),
        (status = 503, description = "Not ready", body = serde_json::Value),
        Problems,
    )
)]
pub async fn ready(exchange: Exchange) -> Response {
    let readiness = exchange.app.health().ready().await;
    let status = StatusCode::from_u16(readiness.http_status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (status, Json(readiness.without_details())).into_response()
}

/// Shows the full picture to administrators and to whoever asks directly from this machine.
#[utoipa::path(
    get, path = "/health", tag = "health",
    responses((status = 200, description = "The full picture", body = serde_json::Value), Problems)
)]
pub async fn full(exchange: Exchange) -> Result<Response, Failure> {
    let is_administrator = exchange
        .caller
        .standing(exchange.arrival.at)
        .is_ok_and(|standing| standing.is_administrator && standing.stage == Stage::Full);
    if !is_administrator && !is_from_here(&exchange) {
        return Err(Failure::of("authorization.peer_not_local"));
    }
    let identity = exchange.app.identity();
    let figures = Figures {
        epoch: identity.store().epoch().await.ok(),
        sessions: identity.session_count() as u64,
        hash_queue_depth: exchange.app.hash_queue_depth(),
        findings: exchange.app.findings(),
    };
    Ok(Json(exchange.app.health().full(figures).await).into_response())
}

/// A direct loopback peer: nothing says that somebody stands behind it, and it calls us by a loopback name.
/// A name of another kind would be a page that was made to point here (DNS rebinding).
#[must_use]
pub fn is_from_here(exchange: &Exchange) -> bool {
    let is_direct = exchange.arrival.peer.is_loopback() && !is_relayed(exchange.headers());
    let host = exchange.arrival.host();
    let is_loopback_name =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_direct && is_loopback_name
}

/// Whether any header says that a proxy has passed the request on. Proxies on this machine often call us by a
/// loopback name, and each writes another of these headers.
fn is_relayed(headers: &HeaderMap) -> bool {
    const MARKS: [&str; 3] = ["forwarded", "via", "x-real-ip"];
    headers.keys().any(|name| MARKS.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded-"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn every_mark_of_a_proxy_is_seen() {
        let sent = |name: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static("192.0.2.1"))])
        };
        for name in ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-server", "x-forwarded-port"] {
            assert!(is_relayed(&sent(name)), "{name}");
        }
        assert!(!is_relayed(&sent("x-request-id")));
    }
}
