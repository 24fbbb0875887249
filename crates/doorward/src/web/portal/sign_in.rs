//! The sign-in page.

use axum::response::{IntoResponse, Response};
use doorward_core::reason;
use doorward_core::session::Stage;
use doorward_core::{Reason, Secret};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::return_to::checked;
use crate::identity::Credentials;
use crate::portal::page::SignIn;
use crate::portal::{Problem, path, policy_leading_to};
use crate::web::body::Form;
use crate::web::door::{Place, Spot};
use crate::web::exchange::Exchange;

/// What somebody signs in with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    email: String,
    #[serde(default = "nothing")]
    password: Secret,
    #[serde(default)]
    stay: String,
    #[serde(default)]
    return_to: String,
}

fn nothing() -> Secret {
    Secret::new("")
}

/// Shows the page. Who is signed in already goes on to where they wanted.
pub async fn get(exchange: Exchange) -> Response {
    let wanted = exchange.parameter("return_to").unwrap_or_default();
    let return_to = checked(&wanted).unwrap_or_default().to_owned();
    if exchange.caller.live().is_some_and(|live| live.stage == Stage::Full) {
        return super::lead_to(if return_to.is_empty() { path::APPS } else { &return_to });
    }
    let fields = Fields { email: String::new(), password: nothing(), stay: String::new(), return_to };
    page(&exchange, fields, StatusCode::OK, None)
}

/// Signs in.
pub async fn post(exchange: Exchange, Form(fields): Form<Fields>) -> Response {
    let wish = exchange.wish(false, fields.stay == "on");
    let credentials = Credentials { email: &fields.email, password: fields.password.clone() };
    match exchange.app.identity().sign_in(&exchange.visit(), credentials, wish).await {
        Ok(signed_in) => {
            let next = super::next_page(signed_in.live.stage, &fields.return_to);
            (exchange.signed_in(&signed_in), super::lead_to(&next)).into_response()
        }
        Err(refused) => super::refused(refused, |status, problem| page(&exchange, fields, status, Some(problem))),
    }
}

fn page(exchange: &Exchange, fields: Fields, status: StatusCode, problem: Option<Problem>) -> Response {
    let ended = exchange.parameter("reason").and_then(|code| ended_session(&code));
    let app = app_behind(exchange, &fields.return_to);
    let name = app.map(|place| place.app.name.to_string());
    let mut response = super::show(exchange, status, |chrome| SignIn {
        has_mail: exchange.app.identity().has_mail(),
        can_register: exchange.settings.config.registration.is_enabled,
        chrome,
        email: fields.email,
        can_stay: true,
        stay: fields.stay == "on",
        return_to: checked(&fields.return_to).unwrap_or_default().to_owned(),
        app: name,
        ended: ended.filter(|_| problem.is_none()),
        problem,
        done: super::done(exchange),
    });
    let origin = app.and_then(|place| exchange.settings.origin_of_app(place.app.host.as_deref()?, &exchange.arrival));
    if let Some(policy) = origin.and_then(|origin| HeaderValue::try_from(policy_leading_to(&origin)).ok()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The app to which the sign-in leads, where it leads to one.
fn app_behind<'a>(exchange: &'a Exchange, return_to: &str) -> Option<&'a Place> {
    let (path, query) = return_to.split_once('?').unwrap_or((return_to, ""));
    let door = &exchange.settings.door;
    if path == path::ENTER {
        let parameters = || form_urlencoded::parse(query.as_bytes());
        let of = |name: &str| parameters().find(|(key, _)| key == name).map(|(_, value)| value);
        let (host, to) = (of("host")?, of("to")?);
        return door.find_app(&host, to.split('?').next().unwrap_or("/")).map(AsRef::as_ref);
    }
    match door.find(exchange.arrival.host(), return_to.split('?').next().unwrap_or("/")) {
        Spot::App(place) if !return_to.is_empty() => {
            door.find_app(exchange.arrival.host(), &place.app.path).map(AsRef::as_ref)
        }
        _ => None,
    }
}

/// Why an earlier session ended; only of that family, so that an address can put no other words on this page.
pub(super) fn ended_session(code: &str) -> Option<&'static Reason> {
    reason::find(code).filter(|reason| reason.family() == "session" && reason.status == 401)
}
