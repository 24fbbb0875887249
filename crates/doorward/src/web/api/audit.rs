//! `GET /api/v1/admin/audit`: what has happened.

use axum::Json;
use doorward_core::audit::Record;
use doorward_core::store::{Audit as _, AuditQuery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Records on one page.
const PAGE: u32 = 100;

/// One page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Records {
    /// The records.
    #[schema(value_type = Vec<serde_json::Value>)]
    records: Vec<Record>,
    /// What to pass as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Reads the audit log.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "administration",
    params(
        ("before" = Option<i64>, Query, description = "The place before which the page begins"),
        ("user" = Option<String>, Query, description = "Only records about this user"),
        ("request" = Option<String>, Query, description = "Only records of this request"),
    ),
    responses((status = 200, description = "One page", body = Records), super::problem::Problems)
)]
pub async fn get(exchange: Exchange) -> Result<Json<Records>, Failure> {
    let query = AuditQuery {
        before: read(&exchange, "before")?,
        user: read(&exchange, "user")?,
        request: read(&exchange, "request")?,
        limit: PAGE,
    };
    let records = exchange.app.identity().store().records(&query).await?;
    let is_full = records.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = records.last().filter(|_| is_full).map(|record| record.seq);
    Ok(Json(Records { records, next }))
}

/// A query parameter; one that cannot be read is refused rather than left out.
fn read<T: std::str::FromStr>(exchange: &Exchange, name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = exchange.parameter(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::of("http.body_invalid").with_hint(format!("the parameter {name}")))
}
