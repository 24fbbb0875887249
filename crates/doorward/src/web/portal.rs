//! The handlers of the pages. What the pages show is in [`crate::portal`].
#![expect(clippy::missing_errors_doc, reason = "a handler's errors are the refusals that its answers document")]

pub mod account;
pub mod app_password;
pub mod asset;
pub mod challenge;
pub mod enter;
pub mod finish;
pub mod home;
pub mod link;
pub mod mail;
pub mod people;
pub mod person;
pub mod recovery;
pub mod reference;
pub mod return_to;
pub mod security;
pub mod set_up;
pub mod sign_in;
pub mod sign_out;

use axum::response::{IntoResponse, Redirect, Response};
use doorward_core::identifier::UserId;
use doorward_core::session::Stage;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use super::app::Settings;
use super::arrival::Arrival;
use super::exchange::{Exchange, Fresh};
use super::failure::Failure;
use super::guard::finishing_page;
use crate::config::Environment;
use crate::identity::factor::days_left;
use crate::identity::{Live, Refused};
use crate::portal::page::PastRow;
use crate::portal::{Banner, Chrome, Done, Page, Problem, Viewer, path};

/// How many sessions that have ended a page lists.
const MOST_PAST: u32 = 20;

/// The newest sessions of somebody that have ended.
async fn past(exchange: &Exchange, user: UserId) -> Result<Vec<PastRow>, Failure> {
    let past = exchange.app.identity().past_sessions(user, MOST_PAST).await?;
    Ok(past.iter().map(PastRow::of).collect())
}

/// A page as an answer.
pub fn html(status: StatusCode, page: &impl Page) -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(CONTENT_TYPE, kind)], page.html()).into_response()
}

/// What every page shares, without a viewer and without a token.
#[must_use]
pub fn chrome(settings: &Settings, arrival: &Arrival) -> Chrome {
    let config = &settings.config;
    let mut banners = Vec::new();
    let public = config.server.public_url.as_ref().map(crate::config::PublicUrl::origin);
    if let Some(public) = &public
        && *public != arrival.origin
        && !settings.door.has_host(arrival.host())
    {
        banners.push(Banner::WrongAddress(public.clone()));
    }
    if config.server.insecure_allow_http && !arrival.is_https {
        banners.push(Banner::InsecureHttp);
    } else if config.environment == Environment::Development {
        banners.push(Banner::Development);
    }
    Chrome {
        language: arrival.language,
        banners,
        request_id: arrival.id.to_string(),
        prefix: config.portal.prefix.as_deref().unwrap_or_default().to_owned(),
        // The host of an app is no wrong address.
        address: public.filter(|_| !settings.door.has_host(arrival.host())),
        ..Chrome::default()
    }
}

/// Whoever is completely signed in.
fn viewer(live: &Live) -> Option<Viewer> {
    let user = live.user();
    (live.stage == Stage::Full).then(|| Viewer {
        name: user.name.to_string(),
        email: user.email.to_string(),
        is_administrator: user.is_administrator(),
    })
}

/// Answers with a page of the caller, with a fresh token for its forms.
pub fn show<P: Page>(exchange: &Exchange, status: StatusCode, page: impl FnOnce(Chrome) -> P) -> Response {
    show_as(exchange, exchange.fresh_for_caller(), exchange.caller.live().map(AsRef::as_ref), status, page)
}

fn show_as<P: Page>(
    exchange: &Exchange,
    fresh: Fresh,
    live: Option<&Live>,
    status: StatusCode,
    page: impl FnOnce(Chrome) -> P,
) -> Response {
    let mut common = chrome(&exchange.settings, &exchange.arrival);
    if let Some(due) = exchange.grace.due.filter(|_| live.is_some_and(|live| live.stage == Stage::Full)) {
        let days = u32::try_from(days_left(due, exchange.arrival.at)).unwrap_or(u32::MAX);
        let is_key = exchange.grace.needs_hardware;
        common.banners.push(if is_key { Banner::SecurityKeyDue(days) } else { Banner::SecondFactorDue(days) });
    }
    let chrome = Chrome { csrf_token: fresh.token().to_owned(), viewer: live.and_then(viewer), ..common };
    (fresh, html(status, &page(chrome))).into_response()
}

/// What has just been done, from the query of the redirect.
fn done(exchange: &Exchange) -> Option<Done> {
    exchange.parameter("done").and_then(|word| Done::from_text(&word))
}

/// Leads on after a form.
fn lead_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Where somebody goes on after a step of a sign-in: to what is missing, or to where they wanted.
#[must_use]
pub fn next_page(stage: Stage, return_to: &str) -> String {
    let wanted = return_to::checked(return_to);
    match stage {
        Stage::Full => wanted.unwrap_or(path::APPS).to_owned(),
        stage => path::leading_to(finishing_page(stage), wanted.unwrap_or_default()),
    }
}

/// A refusal as a page shows it, with the status of the answer. What is our fault is no matter of a form.
fn problem(failure: &Failure) -> (StatusCode, Problem) {
    let problem = Problem::of(failure.reason.code).with_retry_after(failure.retry_after);
    (
        failure.status(),
        match &failure.hint {
            Some(hint) => problem.with_hint(hint.clone()),
            None => problem,
        },
    )
}

impl Failure {
    /// The refusal of a form, shown on the form's own page; the failure itself goes to the log.
    fn on_page(self, page: impl FnOnce(StatusCode, Problem) -> Response) -> Response {
        let (status, problem) = problem(&self);
        let mut response = page(status, problem);
        response.extensions_mut().insert(super::present::Presented(self));
        response
    }
}

/// The same for a refusal of identity.
fn refused(refused: Refused, page: impl FnOnce(StatusCode, Problem) -> Response) -> Response {
    Failure::from(refused).on_page(page)
}
