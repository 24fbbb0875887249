//! The demo app, which stands behind the login where no app is configured.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use doorward_edge::header::{Managed, strip_hop_by_hop};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Serialize;

use super::cookie;
use super::door::told;
use super::exchange::Exchange;
use super::header::name_request;
use super::portal::show;
use crate::config::AppConfig;
use crate::portal::page::Demo;

/// A request as an app behind the login gets it.
#[derive(Debug, Serialize)]
pub struct Echo {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    cookies: BTreeMap<String, String>,
}

/// Shows the page of the demo app.
pub async fn get(exchange: Exchange) -> Response {
    let headers = app_headers(&exchange, exchange.headers()).into_iter().collect();
    show(&exchange, StatusCode::OK, |chrome| Demo { chrome, headers })
}

/// Answers with the request itself. What proves the session to Doorward is not the app's business: our
/// cookies and the bearer token are taken out, as they are before any app.
pub async fn echo(exchange: Exchange, method: Method, uri: Uri, headers: HeaderMap) -> Json<Echo> {
    let cookies = app_cookies(&exchange, &headers);
    let headers = app_headers(&exchange, &headers);
    Json(Echo { method: method.to_string(), path: uri.path().to_owned(), headers, cookies })
}

/// The headers as the door sends them to an app: what only we may say is taken out in every spelling, then said.
fn app_headers(exchange: &Exchange, sent: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers = sent.clone();
    strip_hop_by_hop(&mut headers);
    let app = AppConfig::demo();
    Managed::new(std::iter::empty()).strip(&mut headers);
    for name in [COOKIE, AUTHORIZATION] {
        headers.remove(name);
    }
    if let Some(live) = exchange.caller.live() {
        headers.extend(told::headers(exchange.app.identity(), &app, live).map(|(name, value)| (Some(name), value)));
    }
    name_request(&mut headers, &exchange.arrival.id);
    // It is a proof for a minute, and this page may stand open on a screen for longer.
    if let Some(pass) = headers.get_mut(told::PASS) {
        *pass = HeaderValue::from_static("(the same, signed)");
    }
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        shown.entry(name.to_string()).and_modify(|all| *all = format!("{all}, {value}")).or_insert(value.into_owned());
    }
    shown
}

fn app_cookies(exchange: &Exchange, headers: &HeaderMap) -> BTreeMap<String, String> {
    let csrf = &exchange.settings.csrf;
    let is_own = |name: &str, value: &str| {
        [cookie::name(true), cookie::name(false)].contains(&name)
            || doorward_csrf::Scheme::ALL.iter().any(|scheme| csrf.bind_cookie_name(*scheme) == name)
            || (name == csrf.cookie_name() && csrf.is_ours(value.as_bytes()))
    };
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let foreign = pairs.filter(|(name, value)| !is_own(name, value));
    foreign.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
