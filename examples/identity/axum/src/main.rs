//! An axum app that believes only the signature of Doorward.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Who asks, as the gateway has signed it.
#[derive(Debug, Deserialize)]
struct User {
    email: String,
    groups: Vec<String>,
}

/// The published keys, and whom to believe.
#[derive(Clone)]
struct Gateway {
    keys_url: String,
    validation: Arc<Validation>,
    keys: Arc<Mutex<(HashMap<String, DecodingKey>, Option<Instant>)>>,
}

impl Gateway {
    fn from_env() -> Self {
        let setting = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[setting("DOORWARD_ISSUER", "http://localhost:8000")]);
        validation.set_audience(&[setting("DOORWARD_APP", "notes")]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 5;
        let keys_url = setting("DOORWARD_KEYS", "http://127.0.0.1:8000/.well-known/jwks.json");
        Self { keys_url, validation: Arc::new(validation), keys: Arc::default() }
    }

    /// The user of a header. 401 where it is not to be believed, 503 where the keys do not come.
    async fn user(&self, jwt: &str) -> Result<User, StatusCode> {
        let kid = decode_header(jwt).ok().and_then(|header| header.kid).ok_or(StatusCode::UNAUTHORIZED)?;
        let key = self.key(&kid).await?.ok_or(StatusCode::UNAUTHORIZED)?;
        let read = decode(jwt, &key, &self.validation).map_err(|_| StatusCode::UNAUTHORIZED)?;
        Ok(read.claims)
    }

    /// Keys are believed for five minutes, so that one that is withdrawn is soon forgotten. An unknown key asks sooner,
    /// but not for everybody who makes names of keys up.
    async fn key(&self, kid: &str) -> Result<Option<DecodingKey>, StatusCode> {
        let mut kept = self.keys.lock().await;
        let patience = Duration::from_secs(if kept.0.contains_key(kid) { 300 } else { 10 });
        if kept.1.is_none_or(|since| since.elapsed() > patience) {
            let url = self.keys_url.clone();
            let fetched = tokio::task::spawn_blocking(move || ureq::get(&url).call()?.body_mut().read_json::<JwkSet>());
            let set = fetched.await.ok().and_then(Result::ok).ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
            let named = |jwk: &jsonwebtoken::jwk::Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?));
            *kept = (set.keys.iter().filter_map(named).collect(), Some(Instant::now()));
        }
        Ok(kept.0.get(kid).cloned())
    }
}

impl FromRequestParts<Gateway> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, StatusCode> {
        let jwt = parts.headers.get("x-doorward-jwt").and_then(|value| value.to_str().ok()).unwrap_or_default();
        gateway.user(jwt).await
    }
}

async fn home(State(_): State<Gateway>, user: User) -> Json<Value> {
    Json(json!({ "email": user.email, "groups": user.groups }))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, Router::new().route("/", get(home)).with_state(Gateway::from_env())).await
}
