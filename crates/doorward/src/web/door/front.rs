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
///
/// Where it goes is decided before the future begins, so that the future holds what one way needs and not all of them.
pub fn front<'a>(
    app: &'a App,
    router: &'a Router,
    request: Request<Incoming>,
) -> impl Future<Output = Response> + Send + use<'a> {
    let settings = app.settings();
    let fork = if settings.door.is_empty() { ours(request) } else { Fork::of(app, &settings, request) };
    async move {
        match fork {
            Fork::Ours(request) => {
                Box::pin(router.clone().oneshot(*request)).await.unwrap_or_else(|never| match never {})
            }
            Fork::Refused(response) => *response,
            Fork::Threshold(sketch, request) => {
                Box::pin(threshold::answer(app, &settings, &sketch, router, *request)).await
            }
            Fork::App(knock, parts, body) => knock.answer(parts, body).await,
        }
    }
}

/// Which way a request goes. What is rare or large lies on the heap: each request moves one of these about.
#[expect(clippy::large_enum_variant, reason = "the large one is the common one, and an allocation costs more")]
enum Fork<'a> {
    Ours(Box<Request<Body>>),
    Refused(Box<Response>),
    Threshold(Box<Sketch>, Box<Request<Body>>),
    App(Box<Knock<'a>>, Parts, Incoming),
}

fn ours<'a>(request: Request<Incoming>) -> Fork<'a> {
    Fork::Ours(Box::new(request.map(Body::new)))
}

impl<'a> Fork<'a> {
    fn of(app: &'a App, settings: &Arc<Settings>, request: Request<Incoming>) -> Self {
        let (mut parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip().to_canonical());
        // In the clear beside TLS: the router leads to https, and nothing reaches an app.
        let is_cleartext = |to: &Destination<'_>| settings.config.tls.is_on() && !to.scheme.is_https();
        let to = destination(&parts, settings, peer, app).filter(|to| !is_cleartext(to));
        let Some(to) = to else { return ours(Request::from_parts(parts, body)) };
        let host = to.host.unwrap_or_default();
        let client = forwarded::client_address(peer, &parts.headers, &settings.config.server);
        let id = RequestId::random(app.identifiers());
        let sketch =
            Sketch::of(&parts, id, app.identity().now(), (peer, client), Destination { host: Some(host), ..to });
        let refuse = |failure: Failure| Self::Refused(Box::new(refused(app, settings, &sketch, failure)));
        let path = match Path::of(parts.uri.path()) {
            Ok(path) => path,
            // The router refuses it in the same words; only on an app's own host it has nothing to say.
            Err(_) if !settings.door.has_host(&sketch.host) => return ours(Request::from_parts(parts, body)),
            Err(why) => return refuse(Failure::of(why.code()).with_hint(why.to_string())),
        };
        let decided = path.decided();
        if let Err(failure) = arrive::check_certificate(&parts) {
            return refuse(failure);
        }
        // Another proxy asks us, under whatever host its client came; one that is not listed shall hear just that.
        let is_question = settings.door.is_question(&decided)
            && (settings.config.server.may_ask(peer) || settings.door.is_behind_another(&sketch.host));
        let spot =
            if is_question { settings.door.find_own(&decided) } else { settings.door.find(&sketch.host, &decided) };
        match spot {
            Spot::Ours => ours(Request::from_parts(parts, body)),
            Spot::Moved => match settings.door.unmoved(&path.canonical).and_then(|rest| moved(&parts.uri, rest)) {
                Some(uri) => {
                    parts.uri = uri;
                    ours(Request::from_parts(parts, body))
                }
                None => refuse(Failure::of("http.path_not_canonical")),
            },
            Spot::Threshold => {
                let request = Request::from_parts(parts, Body::new(body));
                Self::Threshold(Box::new(sketch), Box::new(request))
            }
            Spot::Nowhere => refuse(Failure::of("http.not_found")),
            // A host that nobody configured is nobody's name for the app: it would end in the app's links
            // (CVE-2017-12161).
            Spot::App(_) if !settings.csrf.allows_host(&view(&parts, settings, peer, app)) => {
                refuse(Failure::of("csrf.host_not_allowed"))
            }
            Spot::App(place) => {
                let place = Arc::clone(place);
                let (canonical, decided, has_slash) = (path.changed(), path.compared(), path.has_slash);
                let settings = Arc::clone(settings);
                let knock = Knock { app, settings, place, sketch, canonical, decided, has_slash };
                Self::App(Box::new(knock), parts, body)
            }
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

/// The target with this path, which is the one that came without the prefix of the portal: in its canonical form and
/// never decoded, or `%25` and `%3f` would be read twice.
fn moved(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}
