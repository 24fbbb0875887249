//! What a plain listener does where HTTPS is spoken here: prove hosts, lead to HTTPS, and refuse the rest.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};

use super::app::{App, Settings};
use super::arrival::Arrival;
use super::exchange::view;
use super::failure::Failure;

/// Where an authority looks for proofs (RFC 8555, section 8.3).
const PROOFS: &str = "/.well-known/acme-challenge/";

/// The answer to a request that came without TLS; nothing where it may go on.
pub(super) fn answer(app: &App, settings: &Settings, arrival: &Arrival, parts: &Parts) -> Option<Response> {
    if arrival.is_https || !settings.config.tls.is_on() {
        return None;
    }
    let is_reading = [Method::GET, Method::HEAD].contains(&parts.method);
    let proof = parts.uri.path().strip_prefix(PROOFS).filter(|_| is_reading).and_then(|token| app.proof(token));
    if let Some(proof) = proof {
        let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
        return Some((kind, proof).into_response());
    }
    // `doorward health` and the container's check ask here, so that no certificate can break the question.
    let is_probe = ["/health", "/health/live", "/health/ready"].contains(&parts.uri.path());
    if is_reading && is_probe && arrival.peer.is_loopback() {
        return None;
    }
    // A program that sends its token in the clear learns it here, not by a redirect that hides it.
    if !is_reading || parts.headers.contains_key(AUTHORIZATION) {
        return Some(Failure::of("http.https_required").into_response());
    }
    if !settings.csrf.allows_host(&view(parts, arrival, settings)) {
        return Some(Failure::of("csrf.host_not_allowed").into_response());
    }
    let Some(location) = location(settings, parts) else {
        return Some(Failure::of("http.host_missing").into_response());
    };
    Some((StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response())
}

/// The same host and path over https, at the port that visitors know.
fn location(settings: &Settings, parts: &Parts) -> Option<HeaderValue> {
    let mut text = format!("https://{}", host(parts)?);
    let port = settings.config.public_url().port();
    if port != 443 {
        let _ = write!(text, ":{port}");
    }
    text.push_str(parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str));
    HeaderValue::try_from(text).ok()
}

/// The host that a request names, without its port, as it was sent.
pub(super) fn host(parts: &Parts) -> Option<&str> {
    let named = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let authority = parts.uri.authority().map(http::uri::Authority::as_str).or(named)?;
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_with_and_without_a_port() {
        for (sent, read) in [
            ("a.test", Some("a.test")),
            ("a.test:8443", Some("a.test")),
            ("[2001:db8::1]", Some("[2001:db8::1]")),
            ("[2001:db8::1]:443", Some("[2001:db8::1]")),
            ("", None),
            (":443", None),
        ] {
            let (parts, ()) = http::Request::builder().header("host", sent).body(()).unwrap().into_parts();
            assert_eq!(host(&parts), read, "{sent}");
        }
    }
}
