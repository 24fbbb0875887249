//! Signing out, and the page after it.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::portal::page::{Confirm, Question, SignedOut};
use crate::portal::path;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Asks first: a link that signs out would let any page do it (CVE-2020-10734).
pub async fn get(exchange: Exchange) -> Response {
    if exchange.caller.live().is_none() {
        return super::lead_to(path::SIGNED_OUT);
    }
    super::show(&exchange, StatusCode::OK, |chrome| Confirm { chrome, question: Question::SignOut })
}

/// Signs out.
pub async fn post(exchange: Exchange) -> Result<Response, Failure> {
    if let Some(live) = exchange.caller.live() {
        exchange.app.identity().sign_out(&exchange.visit(), live).await?;
    }
    Ok((exchange.signed_out(), super::lead_to(path::SIGNED_OUT)).into_response())
}

/// Says that nobody is signed in here.
pub async fn signed_out(exchange: Exchange) -> Response {
    let ended = exchange.parameter("reason").and_then(|code| super::sign_in::ended_session(&code));
    super::show(&exchange, StatusCode::OK, |chrome| SignedOut { chrome, ended })
}
