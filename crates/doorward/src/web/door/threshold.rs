//! What is ours on the host of an app: entering, leaving, and the looks of our pages. Everything else is the portal's.

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{Method, Request};
use tower::ServiceExt as _;

use super::refuse::{answered, begin, begin_confirmed, redirect, refused};
use super::sketch::Sketch;
use super::{bounce, front, judge};
use crate::identity::Visit;
use crate::portal::path;
use crate::web::app::{App, Settings};
use crate::web::caller::state_of;
use crate::web::cookie;
use crate::web::echo::{self, Arrived};
use crate::web::exchange::{Fresh, NewSession};
use crate::web::failure::Failure;
use crate::web::portal::return_to::checked;

/// Answers a request below `/.doorward/` on the host of an app.
pub(super) async fn answer(
    app: &App,
    settings: &Settings,
    sketch: &Sketch,
    router: &Router,
    request: Request<Body>,
) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = match request.uri().path() {
        _ if !is_read => Failure::of("http.not_found").into_response(),
        path if path.starts_with(path::ASSETS) => {
            return router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        }
        path::SESSION => {
            let asked = Asked::of(&request, sketch);
            enter(app, sketch, asked).await.unwrap_or_else(IntoResponse::into_response)
        }
        path::SIGN_IN => {
            let wanted = parameter(&request, "return_to").unwrap_or_default();
            begin(app, settings, sketch, request.headers(), checked(&wanted).unwrap_or("/"))
        }
        path::CONFIRM => {
            let wanted = parameter(&request, "return_to").unwrap_or_default();
            begin_confirmed(app, settings, sketch, request.headers(), checked(&wanted).unwrap_or("/"))
        }
        path::ECHO | path::LOOK | path::TOLD => {
            let arrived = Arrived {
                scheme: sketch.scheme,
                peer: sketch.peer,
                client: sketch.address,
                at: sketch.at,
                path: request.uri().path(),
                query: request.uri().query().unwrap_or_default(),
                headers: request.headers(),
            };
            echo::answer(app, &arrived)
        }
        path::HOST_TOKEN => return fetch_token(app, settings, sketch, request),
        _ => {
            let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            redirect(&format!("{}{target}", settings.portal_origin(sketch)))
        }
    };
    answered(app, settings, sketch, response)
}

/// What a browser shows that comes back with a code.
struct Asked {
    code: String,
    state: String,
    target: String,
}

impl Asked {
    fn of(request: &Request<Body>, sketch: &Sketch) -> Self {
        let wanted = parameter(request, "to").unwrap_or_default();
        let state = cookie::entry_values(request.headers(), sketch.scheme.is_https()).next();
        Self {
            code: parameter(request, "code").unwrap_or_default(),
            state: state.unwrap_or_default().to_owned(),
            target: checked(&wanted).unwrap_or("/").to_owned(),
        }
    }
}

/// Uses the code up and gives the browser the session of this host. What went wrong is tried again from the start,
/// as often as the loop breaker lets it.
async fn enter(app: &App, sketch: &Sketch, asked: Asked) -> Result<Response, Failure> {
    let is_https = sketch.scheme.is_https();
    let Asked { code, state, target } = asked;
    let arrival = sketch.arrival();
    let visit = Visit {
        address: arrival.address,
        device: arrival.device,
        language: arrival.language,
        request: arrival.id,
        browser: None,
    };
    match app.identity().enter(&visit, &sketch.host, &code, &state).await {
        Ok(entered) => {
            let life = entered.live.is_persistent.then(|| app.identity().timeouts().absolute);
            let mut response = redirect(&target);
            response.headers_mut().append(SET_COOKIE, cookie::set(is_https, &entered.cookie, life));
            response.extensions_mut().insert(NewSession(entered.live));
            Ok(response)
        }
        Err(refused) if refused.source.is_some() => Err(refused.into()),
        Err(refused) => {
            let query = target.split_once('?').map_or("", |(_, query)| query);
            let is_loop = bounce::count(app.identity().keyring(), &sketch.host, query) >= bounce::MOST;
            if is_loop { Err(refused.into()) } else { Ok(redirect(&target)) }
        }
    }
}

/// A token for the pages of an app that wants one with everything.
fn fetch_token(app: &App, settings: &Settings, sketch: &Sketch, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    let view = front::view(&parts, settings, sketch.peer, app);
    let facts = judge::Facts {
        host: &sketch.host,
        method: "GET",
        path: path::HOST_TOKEN,
        scheme: sketch.scheme,
        headers: &parts.headers,
        now: sketch.at,
    };
    let caller = judge::caller(app.identity(), settings, &facts);
    let csrf = &settings.csrf;
    let is_foreign = csrf.provenance(&view.path(csrf.token_path()));
    if let doorward_csrf::Phase::Decided(decision) = is_foreign
        && !decision.is_allowed()
    {
        return refused(app, settings, sketch, Failure::of(decision.reason.code()));
    }
    let live = caller.as_ref().ok().map(AsRef::as_ref);
    let fresh = Fresh::issue(app, csrf, &csrf.visitor(&view), state_of(live));
    let body = csrf.token_body(fresh.minted());
    let headers = doorward_csrf::Csrf::token_headers();
    let kind = [(http::header::CONTENT_TYPE, "application/json")];
    answered(app, settings, sketch, (headers, kind, fresh, body).into_response())
}

fn parameter(request: &Request<Body>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
