//! `/api/v1/auth/passkey/…` and `/api/v1/auth/2fa/passkeys/…`: the ceremonies of passkeys, each a question and an answer.

use axum::Json;
use axum::response::Response;
use doorward_core::user::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use webauthn_rs_core::proto::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::login::answer;
use crate::identity::factor::passkey::{PasskeyConfirmation, Question, Signed};
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// What a browser shall do, and what it sends back beside the answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyQuestion {
    /// Comes back with the answer: good once, for five minutes, in this browser.
    challenge: String,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (Web Authentication, Level 3,
    /// section 5.1).
    #[schema(value_type = Object)]
    options: serde_json::Value,
}

impl From<Question> for PasskeyQuestion {
    fn from(question: Question) -> Self {
        Self { challenge: question.challenge.expose_secret().to_owned(), options: question.options }
    }
}

/// A new passkey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// As the question named it.
    challenge: String,
    /// `RegistrationResponseJSON`: what `toJSON()` makes of the credential.
    #[schema(value_type = Object)]
    credential: RegisterPublicKeyCredential,
    /// What its owner calls it.
    #[serde(default)]
    name: Option<String>,
}

/// The answer of a passkey that proves a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyProof {
    /// As the question named it.
    challenge: String,
    /// `AuthenticationResponseJSON`: what `toJSON()` makes of the credential.
    #[schema(value_type = Object)]
    credential: PublicKeyCredential,
    /// Whether to trust this browser from now on, where that is allowed.
    #[serde(default)]
    trust_device: bool,
}

/// The answer of a passkey that signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLogin {
    /// As the question named it.
    challenge: String,
    /// `AuthenticationResponseJSON`: what `toJSON()` makes of the credential.
    #[schema(value_type = Object)]
    credential: PublicKeyCredential,
    /// Whether to answer with tokens instead of a cookie.
    #[serde(default)]
    tokens: bool,
    /// Whether the cookie shall outlive the browser.
    #[serde(default)]
    stay: bool,
}

/// Asks for a new passkey.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/passkeys/new/begin", tag = "second factor",
    responses((status = 200, description = "What to ask the browser", body = PasskeyQuestion), super::problem::Problems)
)]
pub async fn ask_new(exchange: Exchange) -> Result<Json<PasskeyQuestion>, Failure> {
    Ok(Json(exchange.app.identity().ask_new_passkey(exchange.live()?).await?.into()))
}

/// Sets a passkey up. It is proven by that, so the session takes its next step.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/passkeys/new/finish", tag = "second factor", request_body = NewPasskey,
    responses(
        (status = 200, description = "Set up, and how far the sign-in is", body = super::login::LoginAnswer),
        super::problem::Problems,
    )
)]
pub async fn enrol(exchange: Exchange, body::Json(new): body::Json<NewPasskey>) -> Result<Response, Failure> {
    let name = new.name.filter(|name| !name.trim().is_empty()).map(|name| name.parse::<Name>());
    let name = name.transpose().map_err(|error| Failure::of(error.code()))?;
    let signed = Signed { challenge: &new.challenge, credential: new.credential };
    let confirmation = PasskeyConfirmation { signed, name };
    let live = exchange.live()?;
    let signed_in = exchange.app.identity().confirm_passkey(&exchange.visit(), live, confirmation).await?;
    answer(&exchange, &signed_in).await
}

/// Asks for a passkey as the second factor.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/passkeys/begin", tag = "second factor",
    responses((status = 200, description = "What to ask the browser", body = PasskeyQuestion), super::problem::Problems)
)]
pub async fn ask(exchange: Exchange) -> Result<Json<PasskeyQuestion>, Failure> {
    Ok(Json(exchange.app.identity().ask_passkey(exchange.live()?).await?.into()))
}

/// Proves the second factor: finishes a sign-in, or confirms who somebody is.
#[utoipa::path(
    post, path = "/api/v1/auth/2fa/passkeys/finish", tag = "second factor", request_body = PasskeyProof,
    responses(
        (status = 200, description = "How far the sign-in is", body = super::login::LoginAnswer),
        super::problem::Problems,
    )
)]
pub async fn prove(exchange: Exchange, body::Json(proof): body::Json<PasskeyProof>) -> Result<Response, Failure> {
    let trust = proof.trust_device.then(|| exchange.device_name());
    let signed = Signed { challenge: &proof.challenge, credential: proof.credential };
    let live = exchange.live()?;
    let signed_in = exchange.app.identity().prove_by_passkey(&exchange.visit(), live, signed, trust).await?;
    answer(&exchange, &signed_in).await
}

/// Asks for whichever passkey somebody has. Nobody is named, and the answer is the same for everybody.
#[utoipa::path(
    post, path = "/api/v1/auth/passkey/begin", tag = "sign-in",
    responses((status = 200, description = "What to ask the browser", body = PasskeyQuestion), super::problem::Problems)
)]
pub async fn ask_sign_in(exchange: Exchange) -> Result<Json<PasskeyQuestion>, Failure> {
    Ok(Json(exchange.app.identity().ask_passkey_sign_in(&exchange.visit()).await?.into()))
}

/// Signs in with a passkey alone.
#[utoipa::path(
    post, path = "/api/v1/auth/passkey/finish", tag = "sign-in", request_body = PasskeyLogin,
    responses(
        (status = 200, description = "Signed in, or on the way", body = super::login::LoginAnswer),
        super::problem::Problems,
    )
)]
pub async fn sign_in(exchange: Exchange, body::Json(login): body::Json<PasskeyLogin>) -> Result<Response, Failure> {
    let wish = exchange.wish(login.tokens, login.stay);
    let signed = Signed { challenge: &login.challenge, credential: login.credential };
    let signed_in = exchange.app.identity().sign_in_by_passkey(&exchange.visit(), signed, wish).await?;
    answer(&exchange, &signed_in).await
}
