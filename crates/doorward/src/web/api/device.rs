//! `/api/v1/auth/devices`: the browsers that stand in for the second factor.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use doorward_core::identifier::CredentialId;
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::factor::{NameRequest, give_name};
use super::session::{Ended, parse};
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;
use crate::web::{body, cookie};

/// A browser that its owner trusts.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceView {
    /// `crd_…`.
    id: String,
    /// What its owner calls it.
    name: String,
    /// Where it was last used.
    address: String,
    /// When it was trusted, in unix seconds.
    created_at: i64,
    /// When it last stood in, in unix seconds.
    last_used_at: i64,
    /// When it is forgotten, unless it is used before, in unix seconds.
    expires_at: i64,
}

/// Lists them, the last used first.
#[utoipa::path(
    get, path = "/api/v1/auth/devices", tag = "second factor",
    responses((status = 200, description = "The devices", body = Vec<DeviceView>), super::problem::Problems)
)]
pub async fn get(exchange: Exchange) -> Result<Json<Vec<DeviceView>>, Failure> {
    let devices = exchange.app.identity().devices(exchange.live()?).await?;
    let view = devices.into_iter().map(|device| DeviceView {
        id: device.id.to_string(),
        name: device.name.to_string(),
        address: device.address.to_string(),
        created_at: device.created_at.0,
        last_used_at: device.last_used_at.0,
        expires_at: device.expires_at.0,
    });
    Ok(Json(view.collect()))
}

/// Trusts the browser that asks: it gets a cookie.
#[utoipa::path(
    post, path = "/api/v1/auth/devices", tag = "second factor", request_body = NameRequest,
    responses((status = 204, description = "Trusted"), super::problem::Problems)
)]
pub async fn trust(exchange: Exchange, body::Json(request): body::Json<NameRequest>) -> Result<Response, Failure> {
    let name = request.name.parse()?;
    let value = exchange.app.identity().trust_device(&exchange.visit(), exchange.live()?, name).await?;
    let cookie: HeaderValue = cookie::set_device(exchange.arrival.is_https, value.expose_secret());
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Gives one another name.
#[utoipa::path(
    patch, path = "/api/v1/auth/devices/{id}", tag = "second factor", request_body = NameRequest,
    params(("id" = String, Path, description = "`crd_…`")),
    responses((status = 204, description = "Renamed"), super::problem::Problems)
)]
pub async fn rename(
    exchange: Exchange,
    Path(id): Path<String>,
    body::Json(request): body::Json<NameRequest>,
) -> Result<StatusCode, Failure> {
    give_name(&exchange, &id, &request).await
}

/// No longer trusts one. The sessions that it signed in end.
#[utoipa::path(
    delete, path = "/api/v1/auth/devices/{id}", tag = "second factor",
    params(("id" = String, Path, description = "`crd_…`")),
    responses((status = 204, description = "Forgotten"), super::problem::Problems)
)]
pub async fn remove(exchange: Exchange, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let id: CredentialId = parse(&id, "factor.not_found")?;
    exchange.app.identity().remove_devices(&exchange.visit(), exchange.live()?, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Trusts none any more.
#[utoipa::path(
    delete, path = "/api/v1/auth/devices", tag = "second factor",
    responses((status = 200, description = "Forgotten", body = Ended), super::problem::Problems)
)]
pub async fn remove_all(exchange: Exchange) -> Result<Json<Ended>, Failure> {
    let ended = exchange.app.identity().remove_devices(&exchange.visit(), exchange.live()?, None).await?;
    Ok(Json(Ended { ended: usize::try_from(ended).unwrap_or(usize::MAX) }))
}
