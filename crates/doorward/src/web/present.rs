//! Failures as their reader can use them: a page for a person, a problem document for a program.

use std::fmt::Write as _;

use axum::Json;
use axum::response::{IntoResponse, Response};
use doorward_core::language::Language;
use doorward_core::reason::Side;
use http::HeaderValue;
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER};

use super::api::problem::Problem;
use super::app::Settings;
use super::arrival::{Arrival, Reader};
use super::failure::Failure;
use super::portal::html;
use crate::portal;
use crate::portal::page::{FormNotSent, Way};

/// A failure that its handler has shown on a page of its own already. Only the log still has to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Presented(pub(super) Failure);

/// Writes the body of an answer that carries a [`Failure`]; any other answer passes unchanged.
pub(super) fn present(mut response: Response, arrival: &Arrival, settings: &Settings) -> Response {
    if let Some(Presented(failure)) = response.extensions_mut().remove() {
        response.extensions_mut().insert(failure);
        return response;
    }
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let mut written = match arrival.reader {
        Reader::Person => page(&failure, arrival, settings),
        Reader::Terminal => text(&failure, arrival),
        Reader::Program => problem(&failure, arrival, settings),
    };
    if let Some(seconds) = failure.retry_after {
        written.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(1).max(1)));
    }
    // What the router and the guard have said about this answer goes on to the log and to the client.
    for (name, value) in response.headers() {
        if ![CONTENT_TYPE, http::header::CONTENT_LENGTH].contains(name) {
            written.headers_mut().append(name.clone(), value.clone());
        }
    }
    *written.extensions_mut() = std::mem::take(response.extensions_mut());
    written.extensions_mut().insert(failure);
    written
}

fn problem(failure: &Failure, arrival: &Arrival, settings: &Settings) -> Response {
    let reason = failure.reason;
    let detail = detail(failure, arrival.language);
    let (csrf_token, header_name) = match &failure.csrf_token {
        Some(token) => (Some(token.as_ref().to_owned()), Some(settings.csrf.header_text().to_owned())),
        None => (None, None),
    };
    let document = Problem {
        kind: reason.docs(),
        title: reason.title.in_(arrival.language),
        status: reason.status,
        message: detail.clone(),
        detail,
        reason: reason.code,
        request_id: arrival.id.to_string(),
        side: reason.side().as_str(),
        retryable: reason.is_retryable,
        docs: reason.docs(),
        hint: failure.hint.clone(),
        csrf_token,
        header_name,
        login_url: failure.login_url.clone().map(String::from),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (CONTENT_LANGUAGE, HeaderValue::from_static(arrival.language.tag())),
    ];
    (failure.status(), headers, Json(document)).into_response()
}

/// A few lines for whoever asks for plain text.
fn text(failure: &Failure, arrival: &Arrival) -> Response {
    let reason = failure.reason;
    let mut text = format!("{} ({})\n", reason.title.in_(arrival.language), reason.status);
    text.push_str(&detail(failure, arrival.language));
    let lines = [
        ("reason", Some(reason.code)),
        ("side", Some(reason.side().as_str())),
        ("hint", failure.hint.as_deref()),
        ("login", failure.login_url.as_deref()),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = write!(text, "\n{name}: {value}");
        }
    }
    let _ = writeln!(text, "\nrequest: {}", arrival.id);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_LANGUAGE, HeaderValue::from_static(arrival.language.tag())),
    ];
    (failure.status(), headers, text).into_response()
}

/// Old clients and tests look for the text of the CSRF refusal, so it is one for every such reason.
fn detail(failure: &Failure, language: Language) -> String {
    if failure.reason.family() == "csrf" {
        doorward_csrf::MESSAGE.to_owned()
    } else {
        failure.reason.visitor.in_(language).to_owned()
    }
}

/// The stations that this request passes, as far as anybody here can know.
fn stations(arrival: &Arrival, settings: &Settings) -> Vec<Side> {
    let has_proxy = arrival.peer != arrival.address;
    let has_app = !settings.door.is_empty();
    let all = [(Side::Visitor, true), (Side::Proxy, has_proxy), (Side::Doorward, true), (Side::App, has_app)];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(side, _)| side).collect()
}

/// The error page of a failure.
pub(super) fn page(failure: &Failure, arrival: &Arrival, settings: &Settings) -> Response {
    let chrome = super::portal::chrome(settings, arrival);
    let mut problem = portal::Problem::of(failure.reason.code).with_retry_after(failure.retry_after);
    problem.stations = stations(arrival, settings);
    if let Some(hint) = &failure.hint {
        problem = problem.with_hint(hint.clone());
    }
    if failure.reason.code == "session.form_not_sent" {
        let page =
            FormNotSent { chrome, problem, return_to: failure.return_to.clone().map(String::from).unwrap_or_default() };
        return html(failure.status(), &page);
    }
    let way = match failure.reason.family() {
        "session" | "token" => Way::SignIn(String::new()),
        "csrf" if failure.reason.is_retryable => Way::Again(arrival.path.clone()),
        "store" | "upstream" => Way::Again(arrival.path.clone()),
        "user" if failure.reason.code == "user.link_invalid" && settings.config.mail.is_on() => Way::Forgotten,
        _ => Way::Start,
    };
    html(failure.status(), &portal::page::Failure { chrome, problem, way })
}
