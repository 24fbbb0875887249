//! The first fork: to whom a request belongs, by host and path.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use doorward_core::identifier::RequestId;
use doorward_csrf::{Destination, RequestView};
use doorward_edge::path::{EncodedSlash, NotCanonical, canonical, decoded};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Uri};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::onward::Knock;
use super::refuse::refused;
use super::sketch::Sketch;
use super::table::Spot;
use super::threshold;
use crate::web::app::{App, Settings, seconds};
use crate::web::arrive;
use crate::web::exchange::over;
use crate::web::failure::Failure;
use crate::web::forwarded;
use crate::web::listener::Peer;

/// Answers a request: ours by the router, an app's by the app.
pub async fn front(app: &App, router: &Router, request: Request<Incoming>) -> Response {
    let settings = app.settings();
    if settings.door.is_empty() {
        return ours(router, request.map(Body::new)).await;
    }
    let (mut parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip().to_canonical());
    let Some(to) = destination(&parts, &settings, peer, app) else {
        return ours(router, Request::from_parts(parts, Body::new(body))).await;
    };
    // In the clear beside TLS: the router leads to https, and nothing reaches an app.
    if settings.config.tls.is_on() && !to.scheme.is_https() {
        return ours(router, Request::from_parts(parts, Body::new(body))).await;
    }
    let host = to.host.unwrap_or_default();
    let client = forwarded::client_address(peer, &parts.headers, &settings.config.server);
    let id = RequestId::random(app.identifiers());
    let sketch = Sketch::of(&parts, id, app.identity().now(), (peer, client), Destination { host: Some(host), ..to });
    let path = match Path::of(parts.uri.path()) {
        Ok(path) => path,
        // The router refuses it in the same words; only on an app's own host it has nothing to say.
        Err(_) if !settings.door.has_host(&sketch.host) => {
            return ours(router, Request::from_parts(parts, Body::new(body))).await;
        }
        Err(why) => {
            let failure = Failure::of(why.code()).with_hint(why.to_string());
            return refused(app, &settings, &sketch, failure);
        }
    };
    let decided = path.decided();
    if let Err(failure) = arrive::check_certificate(&parts) {
        return refused(app, &settings, &sketch, failure);
    }
    // Another proxy asks us, under whatever host its client came; one that is not listed shall hear just that.
    let is_question = settings.door.is_question(&decided)
        && (settings.is_trusted_proxy(peer) || settings.door.is_behind_another(&sketch.host));
    let spot = if is_question { settings.door.find_own(&decided) } else { settings.door.find(&sketch.host, &decided) };
    match spot {
        Spot::Ours => ours(router, Request::from_parts(parts, Body::new(body))).await,
        Spot::Moved(rest) => match moved(&parts.uri, rest) {
            Some(uri) => {
                parts.uri = uri;
                ours(router, Request::from_parts(parts, Body::new(body))).await
            }
            None => refused(app, &settings, &sketch, Failure::of("http.path_not_canonical")),
        },
        Spot::Threshold => {
            let request = Request::from_parts(parts, Body::new(body));
            Box::pin(threshold::answer(app, &settings, &sketch, router, request)).await
        }
        Spot::Nowhere => refused(app, &settings, &sketch, Failure::of("http.not_found")),
        // A host that nobody configured is nobody's name for the app: it would end in the app's links (CVE-2017-12161).
        Spot::App(_) if !settings.csrf.allows_host(&view(&parts, &settings, peer, app)) => {
            refused(app, &settings, &sketch, Failure::of("csrf.host_not_allowed"))
        }
        Spot::App(place) => {
            let place = Arc::clone(place);
            let (canonical, decided, has_slash) = (path.changed(), path.compared(), path.has_slash);
            let knock = Knock { app, settings: &settings, place, sketch, canonical, decided, has_slash };
            knock.answer(parts, body).await
        }
    }
}

/// The path of a request in its one form.
struct Path<'a> {
    canonical: Cow<'a, str>,
    /// Whether it holds an encoded slash, which only some apps take.
    has_slash: bool,
}

impl<'a> Path<'a> {
    fn of(raw: &'a str) -> Result<Self, NotCanonical> {
        match canonical(raw, EncodedSlash::Refuse) {
            Ok(canonical) => Ok(Self { canonical, has_slash: false }),
            Err(_) => canonical(raw, EncodedSlash::Keep).map(|canonical| Self { canonical, has_slash: true }),
        }
    }

    /// What places and rules are compared with: an app takes `/@me` and `/%40me` for one.
    fn decided(&self) -> Cow<'_, str> {
        decoded(&self.canonical)
    }

    fn changed(&self) -> Option<Box<str>> {
        match &self.canonical {
            Cow::Borrowed(_) => None,
            Cow::Owned(path) => Some(path.as_str().into()),
        }
    }

    fn compared(&self) -> Option<Box<str>> {
        match self.decided() {
            Cow::Borrowed(_) => None,
            Cow::Owned(path) => Some(path.into()),
        }
    }
}

async fn ours(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Where the request goes, as the rule against forged requests takes it.
fn destination<'a>(parts: &'a Parts, settings: &'a Settings, peer: IpAddr, app: &App) -> Option<Destination<'a>> {
    settings.csrf.destination(&view(parts, settings, peer, app))
}

/// The request as the rule sees it.
pub(super) fn view<'a>(parts: &'a Parts, settings: &Settings, peer: IpAddr, app: &App) -> RequestView<'a> {
    let now = seconds(app.identity().now());
    let view = RequestView::new(&parts.method, &parts.uri, &parts.headers, now).version(parts.version);
    over(view, parts, peer, settings)
}

/// The target without the prefix of the portal.
fn moved(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}
