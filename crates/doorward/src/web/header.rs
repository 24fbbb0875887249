//! Headers that every answer carries, and the answer to questions from other origins (CORS).

use doorward_core::identifier::RequestId;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, request::Parts};

use super::app::Settings;
use super::arrival::Arrival;
use crate::portal::CONTENT_SECURITY_POLICY as PAGES_POLICY;

/// The header that names the request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds what every answer carries. What a handler has set itself stands.
pub(super) fn secure(headers: &mut HeaderMap, arrival: &Arrival, settings: &Settings) {
    const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
    const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, PAGES_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // `no-referrer` would make browsers send `Origin: null` with our own forms (Fetch, section 3.2), so an address that
        // holds a token is cut to its origin instead: neither an app on our host nor anybody else is told the token.
        (REFERRER_POLICY, if arrival.has_token { "strict-origin" } else { "same-origin" }),
        (OPENER, "same-origin"),
        (RESOURCE, "same-origin"),
        (PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if arrival.is_https {
        require_https(headers, settings);
    }
    name_request(headers, &arrival.id);
}

/// Tells browsers to come by https alone from now on (RFC 6797). What is there already stands.
pub(super) fn require_https(headers: &mut HeaderMap, settings: &Settings) {
    if let Some(value) = settings.transport_security() {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(value.clone());
    }
}

/// Says which request this was.
pub(super) fn name_request(headers: &mut HeaderMap, id: &RequestId) {
    headers.insert(REQUEST_ID, request_name(id));
}

/// The name of a request as the value of a header.
pub(super) fn request_name(id: &RequestId) -> HeaderValue {
    HeaderValue::try_from(id.to_string()).expect("an identifier is base64url, which every header may hold")
}

/// Whether a request is a preflight (Fetch, section 4.8): it asks, and does nothing.
#[must_use]
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin of a request, where it is one that the CSRF rule trusts: there is one list for both.
#[must_use]
pub(super) fn trusted_origin(headers: &HeaderMap, settings: &Settings) -> Option<HeaderValue> {
    let mut values = headers.get_all(ORIGIN).iter();
    let origin = values.next()?;
    let is_trusted = values.next().is_none() && settings.csrf.is_trusted_origin(origin.to_str().ok()?);
    is_trusted.then(|| origin.clone())
}

/// Lets a trusted origin read an answer, with cookies.
pub(super) fn share(headers: &mut HeaderMap, origin: HeaderValue, settings: &Settings) {
    const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(RESOURCE, HeaderValue::from_static("cross-origin"));
    let exposed = format!("{}, X-Request-Id, Retry-After, Date, Age", settings.csrf.header_text());
    if let Ok(exposed) = HeaderValue::try_from(exposed) {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

/// What a preflight of a trusted origin is told.
pub(super) fn allow(headers: &mut HeaderMap, settings: &Settings) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PATCH, DELETE"));
    let allowed = format!("Content-Type, Authorization, {}", settings.csrf.header_text());
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}

/// Says that an answer differs by origin, so that no cache mixes two.
pub(super) fn vary(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
