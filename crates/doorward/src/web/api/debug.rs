//! `GET /api/v1/auth/debug/csrf`: what the rule has derived for this very request. Never a secret.

use axum::Json;
use doorward_csrf::Phase;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::app::seconds;
use crate::web::exchange::Exchange;

/// What the rule has derived.
#[derive(Debug, Serialize, ToSchema)]
pub struct CsrfView {
    /// The origin that the request is taken to be for.
    target: String,
    /// Where the request is taken to come from: `same`, `trusted`, `unknown` or `refused`.
    provenance: &'static str,
    /// The word of the row that decided so.
    reason: &'static str,
    /// The mode of the rule.
    mode: &'static str,
    /// The names of the cookies that came, in order, with duplicates.
    cookies: Vec<String>,
    /// Whether a session came along.
    is_signed_in: bool,
    /// The age of the token that came in the header, in seconds, where one came that is ours.
    token_age_seconds: Option<i64>,
    /// The fingerprint of the keys: equal on all nodes, or the nodes do not share their keys.
    key_fingerprint: String,
}

/// Shows what the rule makes of this request.
#[utoipa::path(
    get, path = "/api/v1/auth/debug/csrf", tag = "sign-in",
    responses((status = 200, description = "What was derived", body = CsrfView), super::problem::Problems)
)]
pub async fn get(exchange: Exchange) -> Json<CsrfView> {
    let csrf = &exchange.settings.csrf;
    let view = exchange.view();
    // A safe request is let through before provenance matters: what it would be for a form is told.
    let (provenance, reason) = match csrf.provenance(&exchange.view_of(&http::Method::POST)) {
        Phase::NeedsToken(found) => (found.trust.as_str(), found.reason),
        Phase::Decided(decision) => {
            let trust = decision.provenance.map_or("refused", |found| found.trust.as_str());
            (trust, decision.reason)
        }
    };
    let header = exchange.headers().get(csrf.header_name()).and_then(|value| value.to_str().ok());
    let explanation = header.and_then(|token| csrf.explain(token, seconds(exchange.arrival.at)));
    Json(CsrfView {
        target: csrf.self_origin(&view).unwrap_or_default(),
        provenance,
        reason: reason.as_str(),
        mode: csrf.mode().as_str(),
        cookies: cookie_names(exchange.headers()),
        is_signed_in: exchange.caller.live().is_some(),
        token_age_seconds: explanation.filter(|token| token.is_signature_valid).map(|token| token.age_seconds),
        key_fingerprint: csrf.key_ring().fingerprint().to_owned(),
    })
}

fn cookie_names(headers: &http::HeaderMap) -> Vec<String> {
    let fields = headers.get_all(http::header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let names = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.split('=').next());
    names.map(|name| name.trim().chars().take(64).collect()).take(64).collect()
}
