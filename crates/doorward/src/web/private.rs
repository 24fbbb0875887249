//! The private listener: metrics, and nothing that a browser needs.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;

use super::app::App;
use crate::watch::METRICS_CONTENT_TYPE;

/// The routes of the private listener.
pub fn router(app: &App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app.clone())
}

async fn metrics(State(app): State<App>) -> Response {
    ([(CONTENT_TYPE, METRICS_CONTENT_TYPE)], app.watch().render_metrics()).into_response()
}
