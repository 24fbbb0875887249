//! Answers the doctor alone, for a ticket that it signed: which fields of its request arrive, and what a phone showed.
//!
//! Without such a ticket these paths are as unknown as any other.

use std::net::IpAddr;

use axum::Json;
use axum::response::{IntoResponse, Response};
use doorward_core::UnixTime;
use doorward_csrf::Scheme;
use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::app::App;
use super::exchange::Exchange;
use super::failure::Failure;
use super::ticket::Purpose;
use crate::portal::path;

/// Fields that are told with their values: what a proxy says of its client, and the marks of the doctor.
const TOLD: &[&str] = &[
    "host",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "via",
    "origin",
    "connection",
    "upgrade",
    "x-probe",
    "x_probe",
];

/// How the marks of the doctor begin.
const MARK: &str = "doorward";

/// The cookie by which it is seen whether a phone keeps one.
const KEPT: &str = "doorward_look";

/// A request as it arrived, on whichever host.
#[derive(Debug)]
pub struct Arrived<'a> {
    /// The scheme that the client uses.
    pub scheme: Scheme,
    /// Who holds the other end of the connection.
    pub peer: IpAddr,
    /// The client, as trusted proxies tell it.
    pub client: IpAddr,
    /// When it came.
    pub at: UnixTime,
    /// Its path.
    pub path: &'a str,
    /// Its query.
    pub query: &'a str,
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// Answers on the host of the pages.
pub async fn get(exchange: Exchange) -> Response {
    let arrival = &exchange.arrival;
    let arrived = Arrived {
        scheme: arrival.scheme(),
        peer: arrival.peer,
        client: arrival.address,
        at: arrival.at,
        path: &arrival.path,
        query: exchange.query(),
        headers: exchange.headers(),
    };
    answer(&exchange.app, &arrived)
}

/// Answers on any host.
#[must_use]
pub fn answer(app: &App, arrived: &Arrived<'_>) -> Response {
    let said = match arrived.path {
        path::ECHO => echo(app, arrived),
        path::LOOK => look(app, arrived),
        _ => told(app, arrived),
    };
    let mut response = said.unwrap_or_else(|| Failure::of("http.not_found").into_response());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn parameter(arrived: &Arrived<'_>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(arrived.query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn echo(app: &App, arrived: &Arrived<'_>) -> Option<Response> {
    let ticket = parameter(arrived, "ticket")?;
    app.tickets().take(app.identity().keyring(), Purpose::Echo, &ticket, arrived.at)?;
    Some(Json(seen(arrived)).into_response())
}

/// The first visit gets a cookie and is led on; the second shows whether it was kept, and uses the ticket up. So what
/// looks at links before people do costs nothing.
fn look(app: &App, arrived: &Arrived<'_>) -> Option<Response> {
    let ticket = parameter(arrived, "ticket")?;
    let (tickets, keyring) = (app.tickets(), app.identity().keyring());
    if parameter(arrived, "again").is_none() {
        tickets.read(keyring, Purpose::Look, &ticket, arrived.at)?;
        let secure = if arrived.scheme.is_https() { "; Secure" } else { "" };
        let cookie = format!("{KEPT}=1; Path={}; Max-Age=120; HttpOnly; SameSite=Lax{secure}", path::LOOK);
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("ticket", &ticket)
            .append_pair("again", "1")
            .finish();
        let to = HeaderValue::try_from(format!("{}?{query}", path::LOOK)).ok()?;
        let cookie = HeaderValue::try_from(cookie).ok()?;
        return Some((StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response());
    }
    let nonce = tickets.take(keyring, Purpose::Look, &ticket, arrived.at)?;
    let mut visit = seen(arrived);
    visit["keeps_cookies"] = cookies(arrived.headers).any(|(name, value)| name == KEPT && value == "1").into();
    visit["is_v6"] = arrived.client.is_ipv6().into();
    visit["is_private"] = crate::config::is_private(arrived.client).into();
    tickets.keep(nonce, arrived.at, visit);
    let text = "The doctor has seen you. This page may be closed.\nDer Doktor hat Sie gesehen. Diese Seite kann geschlossen werden.\n";
    Some(text.into_response())
}

fn told(app: &App, arrived: &Arrived<'_>) -> Option<Response> {
    let ticket = parameter(arrived, "ticket")?;
    let nonce = app.tickets().read(app.identity().keyring(), Purpose::Told, &ticket, arrived.at)?;
    Some(match app.tickets().fetch(nonce) {
        Some(visit) => Json(visit).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Names of all fields, and values of those that are no secret of anybody.
fn seen(arrived: &Arrived<'_>) -> Value {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in arrived.headers {
        let text = String::from_utf8_lossy(value.as_bytes()).chars().take(256).collect::<String>();
        let is_mark = text.strip_prefix("Bearer ").is_some_and(|token| token.starts_with(MARK));
        let value = match name {
            name if TOLD.contains(&name.as_str()) => text,
            name if *name == AUTHORIZATION && is_mark => text,
            name if *name == COOKIE => cookies(arrived.headers)
                .map(|(name, value)| if value.starts_with(MARK) { format!("{name}={value}") } else { name.to_owned() })
                .collect::<Vec<_>>()
                .join("; "),
            _ => String::new(),
        };
        fields.push((name.as_str().to_owned(), value));
    }
    let host = arrived.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let is_relayed = arrived.client != arrived.peer;
    json!({
        "scheme": if arrived.scheme.is_https() { "https" } else { "http" },
        "authority": host,
        "client": if is_relayed { arrived.client.to_string() } else { String::new() },
        "peer": arrived.peer,
        "headers": fields,
    })
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='))
}
