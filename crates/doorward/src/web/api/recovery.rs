//! `/api/v1/auth/recovery/…`, `registration/…` and `email/…`: what people ask for by mail.

use axum::Json;
use doorward_core::Secret;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::me::UserView;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;
use crate::web::portal::recovery::after_the_answer;

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressRequest {
    /// The address that the letter goes to.
    #[schema(max_length = 1024)]
    email: String,
}

/// The address that the account shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailRequest {
    /// The address.
    #[schema(max_length = 1024)]
    email: String,
    /// The password, for another address than the present one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    current: Option<Secret>,
}

/// The code of a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The code of the link.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
}

/// Sends a link for a new password, where the address is that of an account. The answer is always the same.
#[utoipa::path(
    post, path = "/api/v1/auth/recovery/request", tag = "password", request_body = AddressRequest,
    responses((status = 202, description = "A letter is on its way, if the address has an account"), super::problem::Problems)
)]
pub async fn password(
    exchange: Exchange,
    body::Json(request): body::Json<AddressRequest>,
) -> Result<StatusCode, Failure> {
    let errand = exchange.app.identity().ask_password(&exchange.visit(), &request.email).await?;
    after_the_answer(&exchange, errand);
    Ok(StatusCode::ACCEPTED)
}

/// Sends a link to make an account. The answer is the same where there is one.
#[utoipa::path(
    post, path = "/api/v1/auth/registration/request", tag = "sign-in", request_body = AddressRequest,
    responses((status = 202, description = "A letter is on its way"), super::problem::Problems)
)]
pub async fn account(
    exchange: Exchange,
    body::Json(request): body::Json<AddressRequest>,
) -> Result<StatusCode, Failure> {
    let registration = &exchange.settings.config.registration;
    let errand = exchange.app.identity().ask_account(&exchange.visit(), &request.email, registration).await?;
    after_the_answer(&exchange, errand);
    Ok(StatusCode::ACCEPTED)
}

/// Sends a link that makes an address that of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/email/request", tag = "account", request_body = EmailRequest,
    responses((status = 202, description = "A letter is on its way"), super::problem::Problems)
)]
pub async fn address(exchange: Exchange, body::Json(request): body::Json<EmailRequest>) -> Result<StatusCode, Failure> {
    let identity = exchange.app.identity();
    let errand = identity.ask_address(&exchange.visit(), exchange.live()?, &request.email, request.current).await?;
    after_the_answer(&exchange, errand);
    Ok(StatusCode::ACCEPTED)
}

/// Uses the link up that proves an address.
#[utoipa::path(
    post, path = "/api/v1/auth/email/verify", tag = "account", request_body = LinkRequest,
    responses((status = 200, description = "The account with its address", body = UserView), super::problem::Problems)
)]
pub async fn verify(
    exchange: Exchange,
    body::Json(request): body::Json<LinkRequest>,
) -> Result<Json<UserView>, Failure> {
    let live = exchange.caller.live().map(AsRef::as_ref);
    let user = exchange.app.identity().prove_address(&exchange.visit(), live, request.code.expose_secret()).await?;
    Ok(Json(UserView::of(&user)))
}
