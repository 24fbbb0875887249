//! The outermost layer: names the request, refuses what has two readings, and sees each answer off.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use doorward_core::identifier::RequestId;
use doorward_edge::tls::Secured;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use super::app::{App, Settings};
use super::arrival::Arrival;
use super::exchange::view;
use super::failure::Failure;
use super::listener::Peer;
use super::{arrival, departure, forwarded, header, plain, present, target};

/// Fields that one request may have.
const HEADER_FIELDS: usize = 100;

/// Cookies that one request may have: more than any browser keeps for one host.
const COOKIES: usize = 200;

/// Takes a request in, and sees its answer off.
pub(super) async fn arrive(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let settings = app.settings();
    let (mut parts, body) = request.into_parts();
    let arrival = Arc::new(welcome(&app, &settings, &parts));
    let origin = header::trusted_origin(&parts.headers, &settings);
    let kept = departure::Kept::of(&parts, &arrival, &settings);

    let refused = check(&parts, settings.config.server.limits.header_bytes).err().map(IntoResponse::into_response);
    let mut response = match refused.or_else(|| plain::answer(&app, &settings, &arrival, &parts)) {
        Some(answer) => answer,
        None if is_too_open(&settings, arrival.is_https, arrival.address) => {
            Failure::of("csrf.https_required").into_response()
        }
        None if header::is_preflight(&parts) => preflight(origin.is_some(), &settings),
        None => {
            parts.extensions.insert(Arc::clone(&arrival));
            parts.extensions.insert(Arc::clone(&settings));
            next.run(Request::from_parts(parts, body)).await
        }
    };

    if let Some(origin) = origin {
        header::share(response.headers_mut(), origin, &settings);
    }
    leave(&app, &settings, &arrival, kept, (response, started.elapsed()))
}

/// Sees an answer of our own off: its body for its reader, the headers that all have, and a note for the watch.
pub(super) fn leave(
    app: &App,
    settings: &Settings,
    arrival: &Arrival,
    kept: departure::Kept,
    (response, duration): (Response, Duration),
) -> Response {
    let mut response = present::present(response, arrival, settings);
    header::secure(response.headers_mut(), arrival, settings);
    header::vary(response.headers_mut());
    departure::see_off(app, arrival, kept, &mut response, duration);
    response
}

/// What is known of a request before anybody looks at its cookies.
fn welcome(app: &App, settings: &Settings, parts: &Parts) -> Arrival {
    // Without a peer there is no connection: the router was called directly, by a test of one endpoint.
    let peer = parts.extensions.get::<Peer>().map_or([127, 0, 0, 1].into(), |peer| peer.0.ip().to_canonical());
    let identity = app.identity();
    let mut arrival = Arrival {
        id: RequestId::random(identity.random()),
        at: identity.now(),
        peer,
        address: forwarded::client_address(peer, &parts.headers, &settings.config.server),
        is_https: false,
        origin: String::new(),
        path: parts.uri.path().to_owned(),
        has_token: arrival::has_token(parts.uri.query()),
        language: arrival::language(&parts.headers),
        is_page: arrival::is_page(&parts.headers),
        reader: arrival::reader(&parts.headers),
        device: arrival::device(&parts.headers),
    };
    let view = view(parts, &arrival, settings);
    let is_https = settings.csrf.scheme(&view) == Some(doorward_csrf::Scheme::Https);
    let origin = settings.csrf.self_origin(&view).unwrap_or_default();
    arrival.is_https = is_https;
    arrival.origin = origin;
    arrival
}

/// Whether somebody from outside the private network comes without TLS, which `insecure_allow_http` does not allow.
pub(super) fn is_too_open(settings: &Settings, is_https: bool, address: IpAddr) -> bool {
    let server = &settings.config.server;
    server.insecure_allow_http && !is_https && !server.may_be_served_plainly(address)
}

/// Refuses what is too much, and what two programs could read in two ways.
fn check(parts: &Parts, header_bytes: usize) -> Result<(), Failure> {
    check_size(parts, header_bytes)?;
    for name in [HOST, AUTHORIZATION, CONTENT_TYPE, CONTENT_LENGTH] {
        if parts.headers.get_all(&name).iter().nth(1).is_some() {
            return Err(Failure::of("http.header_conflict").with_hint(format!("{name} stands more than once")));
        }
    }
    check_certificate(parts)?;
    if parts.method == Method::CONNECT {
        return Err(Failure::of("http.method_not_allowed"));
    }
    target::check_path(parts.uri.path())
        .map_err(|why| Failure::of("http.path_not_canonical").with_hint(why.to_string()))
}

/// Refuses a host that the certificate of the connection does not speak for (RFC 9110, section 15.5.20).
pub(super) fn check_certificate(parts: &Parts) -> Result<(), Failure> {
    let is_other = parts
        .extensions
        .get::<Secured>()
        .is_some_and(|secured| plain::host(parts).is_some_and(|host| !secured.speaks_for(host)));
    if is_other { Err(Failure::of("http.misdirected")) } else { Ok(()) }
}

/// Refuses more fields, bytes and cookies than one request may have.
pub(super) fn check_size(parts: &Parts, header_bytes: usize) -> Result<(), Failure> {
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > header_bytes || parts.headers.len() > HEADER_FIELDS {
        return Err(Failure::of("http.headers_too_large"));
    }
    let fields = parts.headers.get_all(COOKIE).iter();
    if fields.map(|field| field.as_bytes().split(|byte| *byte == b';').count()).sum::<usize>() > COOKIES {
        return Err(Failure::of("http.cookies_too_many"));
    }
    Ok(())
}

/// The host as the client wrote it.
pub(super) fn host_value(parts: &Parts) -> Option<HeaderValue> {
    let authority = parts.uri.authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    authority.or_else(|| parts.headers.get(HOST).cloned())
}

/// Answers a preflight from the one list of trusted origins; it reaches no handler.
fn preflight(is_trusted: bool, settings: &Settings) -> Response {
    if !is_trusted {
        return Failure::of("authorization.origin_untrusted").into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    header::allow(response.headers_mut(), settings);
    response
}
