//! `GET /api/v1/admin/config`: the settings in force, secrets masked.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::exchange::Exchange;

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
pub struct Setting {
    /// Its key in `doorward.toml`.
    key: String,
    /// Its value, `****` if it is secret.
    value: String,
    /// Where it comes from.
    source: String,
}

/// Lists the settings in force.
#[utoipa::path(
    get, path = "/api/v1/admin/config", tag = "administration",
    responses((status = 200, description = "The settings", body = Vec<Setting>), super::problem::Problems)
)]
pub async fn get(exchange: Exchange) -> Json<Vec<Setting>> {
    let settings = exchange.settings.config.describe();
    Json(
        settings
            .into_iter()
            .map(|line| Setting { key: line.key.into(), value: line.value, source: line.source })
            .collect(),
    )
}
