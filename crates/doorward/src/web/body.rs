//! Reading bodies: bounded in bytes and in time, of exactly one type, with a clear answer for all else.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::app::App;
use super::failure::Failure;

/// A body of `application/json`.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A body of `application/x-www-form-urlencoded`.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// Reads a whole body.
///
/// # Errors
/// `http.body_too_large`, `http.timeout`, or `http.body_malformed` where the client leaves in the middle.
async fn read(body: Body, app: &App) -> Result<Bytes, Failure> {
    let limits = app.settings().config.server.limits;
    match tokio::time::timeout(limits.body_timeout, Limited::new(body, limits.body_bytes).collect()).await {
        Err(_) => Err(Failure::of("http.timeout")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::of("http.body_too_large")),
        Ok(Err(_)) => Err(Failure::of("http.body_malformed")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// What may be told of a body that cannot be used. The words of serde name a field that is missing or not known; where
/// a value is of the wrong type they hold that value, which could be a password, so only the place is told.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let names_a_field = ["missing field ", "unknown field ", "duplicate field "];
    if error.is_data() && names_a_field.iter().any(|start| text.starts_with(start)) {
        return text;
    }
    format!("line {}, column {}", error.line(), error.column())
}

/// The media type of a request, without parameters, in lower case.
fn media_type(request: &Request) -> Option<String> {
    let value = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        if media_type(&request).as_deref() != Some("application/json") {
            return Err(Failure::of("http.media_type"));
        }
        let bytes = read(request.into_body(), app).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let code = if error.is_data() { "http.body_invalid" } else { "http.body_malformed" };
            Failure::of(code).with_hint(told(&error))
        })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        if media_type(&request).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(Failure::of("http.media_type"));
        }
        let bytes = read(request.into_body(), app).await?;
        let pairs = form_urlencoded::parse(&bytes).map(|(name, value)| {
            // The parser replaces what is no UTF-8; a replaced character could change a password.
            let is_replaced = name.contains('\u{fffd}') || value.contains('\u{fffd}');
            (!is_replaced).then_some((name, value)).ok_or(Failure::of("http.body_malformed"))
        });
        let mut object = serde_json::Map::new();
        for pair in pairs {
            let (name, value) = pair?;
            if object.insert(name.into_owned(), value.into_owned().into()).is_some() {
                return Err(Failure::of("http.body_invalid"));
            }
        }
        serde_json::from_value(object.into()).map(Self).map_err(|_| Failure::of("http.body_invalid"))
    }
}
