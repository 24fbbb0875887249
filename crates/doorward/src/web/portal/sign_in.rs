//! The sign-in page.

use axum::response::{IntoResponse, Response};
use doorward_core::reason;
use doorward_core::session::Stage;
use doorward_core::{Reason, Secret};
use http::StatusCode;
use serde::Deserialize;

use super::return_to::checked;
use crate::identity::{Credentials, Wish};
use crate::portal::page::SignIn;
use crate::portal::{Problem, path};
use crate::web::body::Form;
use crate::web::door::Spot;
use crate::web::exchange::Exchange;
use crate::web::guard::finishing_page;

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
    let previous = exchange.caller.live().map(|live| live.id);
    let wish = Wish { tokens: false, stay: fields.stay == "on", previous };
    let credentials = Credentials { email: &fields.email, password: fields.password.clone() };
    match exchange.app.identity().sign_in(&exchange.visit(), credentials, wish).await {
        Ok(signed_in) => {
            let wanted = checked(&fields.return_to).unwrap_or(path::APPS);
            let next = if signed_in.live.stage == Stage::Full { wanted } else { finishing_page(signed_in.live.stage) };
            (exchange.signed_in(&signed_in), super::lead_to(next)).into_response()
        }
        Err(refused) => super::refused(refused, |status, problem| page(&exchange, fields, status, Some(problem))),
    }
}

fn page(exchange: &Exchange, fields: Fields, status: StatusCode, problem: Option<Problem>) -> Response {
    let ended = exchange.parameter("reason").and_then(|code| ended_session(&code));
    super::show(exchange, status, |chrome| SignIn {
        chrome,
        email: fields.email,
        can_stay: true,
        stay: fields.stay == "on",
        return_to: checked(&fields.return_to).unwrap_or_default().to_owned(),
        app: app_behind(exchange, &fields.return_to),
        ended: ended.filter(|_| problem.is_none()),
        problem,
        done: super::done(exchange),
    })
}

/// The name of the app to which the sign-in leads, where it leads to one.
fn app_behind(exchange: &Exchange, return_to: &str) -> Option<String> {
    let (path, query) = return_to.split_once('?').unwrap_or((return_to, ""));
    let door = &exchange.settings.door;
    let place = if path == path::ENTER {
        let of =
            |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value);
        let (host, to) = (of("host")?, of("to")?);
        door.find_app(&host, to.split('?').next().unwrap_or("/"))
    } else {
        match door.find(exchange.arrival.host(), path) {
            Spot::App(place) => Some(place),
            _ => None,
        }
    };
    place.map(|place| place.app.name.to_string())
}

/// Why an earlier session ended; only of that family, so that an address can put no other words on this page.
pub(super) fn ended_session(code: &str) -> Option<&'static Reason> {
    reason::find(code).filter(|reason| reason.family() == "session" && reason.status == 401)
}
