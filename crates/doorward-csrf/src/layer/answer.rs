//! The answers of the layer itself: a token, and a refusal.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use super::setting::Setting;
use crate::csrf::{Csrf, MESSAGE, Minted, Visitor};
use crate::report::Report;
use crate::session::Session;

/// The answer of the token endpoint.
pub(super) fn token(setting: &Setting, parts: &Parts, session: &Session) -> Response<Full<Bytes>> {
    let csrf = &setting.csrf;
    let visitor = csrf.visitor(&setting.view(parts));
    let minted = csrf.issue(&visitor, &session.state(), &*setting.environment);
    let mut response = Response::new(Full::from(csrf.token_body(&minted)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(Csrf::token_headers());
    set_cookies(headers, csrf, &visitor, &minted);
    response
}

pub(super) fn set_cookies(headers: &mut HeaderMap, csrf: &Csrf, visitor: &Visitor, minted: &Minted) {
    for cookie in csrf.set_cookies(visitor, minted) {
        headers.append(SET_COOKIE, cookie);
    }
}

/// A problem document (RFC 9457) with the reason, a hint, and a fresh token where one more try can help.
pub(super) fn refusal(setting: &Setting, parts: &Parts, session: &Session, report: &Report) -> Response<Full<Bytes>> {
    let csrf = &setting.csrf;
    let status = report.reason.status();
    let mut problem = problem(setting, status, report);
    if let Some(id) = request_id(parts) {
        problem.insert("request_id".to_owned(), id.into());
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if report.reason.retryable() {
        let visitor = csrf.visitor(&setting.view(parts));
        let minted = csrf.issue(&visitor, &session.state(), &*setting.environment);
        problem.insert("csrf_token".to_owned(), minted.token().into());
        problem.insert("header_name".to_owned(), csrf.header_text().into());
        set_cookies(headers, csrf, &visitor, &minted);
    }
    *response.body_mut() = Full::from(Value::Object(problem).to_string());
    response
}

fn problem(setting: &Setting, status: StatusCode, report: &Report) -> Map<String, Value> {
    let docs = format!("{}#{}", setting.docs, report.reason.code());
    let fields = json!({
        "type": docs,
        "title": status.canonical_reason().unwrap_or("Refused"),
        "status": status.as_u16(),
        "detail": MESSAGE,
        "message": MESSAGE,
        "reason": report.reason.code(),
        "retryable": report.reason.retryable(),
        "docs": docs,
    });
    let Value::Object(mut problem) = fields else { unreachable!("braces make an object") };
    if !report.hint.is_empty() {
        problem.insert("hint".to_owned(), report.hint.clone().into());
    }
    if setting.is_debug {
        let facts = report.fields().into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        problem.insert("debug".to_owned(), Value::Object(facts.collect()));
    }
    problem
}

/// The request id that an outer layer gave, if it is fit to be repeated.
fn request_id(parts: &Parts) -> Option<&str> {
    let id = parts.headers.get(HeaderName::from_static("x-request-id"))?.to_str().ok()?;
    (!id.is_empty() && id.len() <= 128).then_some(id)
}
