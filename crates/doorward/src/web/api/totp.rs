//! `/api/v1/auth/2fa/totp/…`: setting up an authenticator app, and its codes.

use axum::Json;
use axum::response::Response;
use doorward_core::Secret;
use doorward_core::user::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::login::{LoginAnswer, answer};
use crate::identity::factor::{Answer, TotpConfirmation, Typed};
use crate::portal::qr;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// A key for an authenticator app. It counts only once a code of it was typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpOfferView {
    /// Comes back with the first code.
    challenge: String,
    /// The key in base32, for apps without a camera.
    secret: String,
    /// The same as an address: `otpauth://totp/…`.
    uri: String,
    /// The address as a QR code, an SVG document.
    qr: Option<String>,
    /// When the offer is void, in unix seconds.
    expires_at: i64,
}

/// The first code of a new app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirmRequest {
    /// As it was offered.
    #[schema(max_length = 1024)]
    challenge: String,
    /// What the app shows.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
    /// What its owner calls it.
    #[schema(max_length = 1024)]
    name: Option<String>,
}

/// A code that proves a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// What was typed.
    #[schema(value_type = String, max_length = 1024)]
    pub code: Secret,
    /// Whether this browser shall be trusted for 30 days, where that is allowed.
    #[serde(default)]
    pub trust_device: bool,
}

/// What an app is called whose owner says nothing.
const UNNAMED: &str = "Authenticator app";

/// Proves by what was typed, and answers as a sign-in does.
pub(super) async fn prove(
    exchange: &Exchange,
    request: CodeRequest,
    typed: fn(Secret) -> Typed,
) -> Result<Response, Failure> {
    let trust = request.trust_device.then(|| exchange.device_name());
    let given = Answer { typed: typed(request.code), trust };
    let signed_in = exchange.app.identity().prove(&exchange.visit(), exchange.live()?, given).await?;
    answer(exchange, &signed_in).await
}

/// Offers a key.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/totp/begin", tag = "second factor",
    responses((status = 200, description = "The key", body = TotpOfferView), super::problem::Problems)
)]
pub async fn begin(exchange: Exchange) -> Result<Json<TotpOfferView>, Failure> {
    let offer = exchange.app.identity().offer_totp(exchange.live()?).await?;
    Ok(Json(TotpOfferView {
        challenge: offer.challenge.expose_secret().to_owned(),
        secret: offer.key.expose_secret().to_owned(),
        qr: qr::svg(&offer.uri),
        uri: offer.uri.expose_secret().to_owned(),
        expires_at: offer.expires_at.0,
    }))
}

/// Sets the app up. Its code proves it, so the session gets a new identifier.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/totp/confirm", tag = "second factor", request_body = TotpConfirmRequest,
    responses((status = 200, description = "Set up", body = LoginAnswer), super::problem::Problems)
)]
pub async fn confirm(
    exchange: Exchange,
    body::Json(request): body::Json<TotpConfirmRequest>,
) -> Result<Response, Failure> {
    let name: Name = request.name.as_deref().unwrap_or(UNNAMED).parse()?;
    let confirmation = TotpConfirmation { challenge: &request.challenge, code: &request.code, name };
    let signed_in = exchange.app.identity().confirm_totp(&exchange.visit(), exchange.live()?, confirmation).await?;
    answer(&exchange, &signed_in).await
}

/// Proves by a code of an app.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/totp/verify", tag = "second factor", request_body = CodeRequest,
    responses((status = 200, description = "Proven", body = LoginAnswer), super::problem::Problems)
)]
pub async fn verify(exchange: Exchange, body::Json(request): body::Json<CodeRequest>) -> Result<Response, Failure> {
    prove(&exchange, request, Typed::Totp).await
}
