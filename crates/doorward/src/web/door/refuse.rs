//! What the door answers itself: pages and problems like those of every other route, and the way to sign in.

use axum::response::{IntoResponse, Response};
use doorward_core::policy::pending_code;
use doorward_core::session::Stage;
use doorward_core::token::{self, Kind};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::bounce;
use super::sketch::Sketch;
use crate::identity::Identity;
use crate::portal::path;
use crate::web::app::{App, Settings};
use crate::web::arrive::leave;
use crate::web::cookie;
use crate::web::departure::Kept;
use crate::web::failure::Failure;
use crate::web::guard::finishing_page;

/// A refusal, as its reader can use it.
pub(super) fn refused(app: &App, settings: &Settings, sketch: &Sketch, failure: Failure) -> Response {
    answered(app, settings, sketch, failure.into_response())
}

/// Any answer of our own, on its way out.
pub(super) fn answered(app: &App, settings: &Settings, sketch: &Sketch, response: Response) -> Response {
    let kept = Kept::plain(sketch.method.clone(), sketch.origin(&sketch.host));
    leave(app, settings, &sketch.arrival(), kept, (response, sketch.elapsed()))
}

/// Whoever stands before the door of an app and is not signed in.
#[derive(Debug)]
pub(super) struct Stranger<'a> {
    pub(super) app: &'a App,
    pub(super) settings: &'a Settings,
    pub(super) sketch: &'a Sketch,
    pub(super) headers: &'a HeaderMap,
    /// The canonical path and the query, without our own parameter.
    pub(super) target: &'a str,
}

impl Stranger<'_> {
    /// Leads to the sign-in and back, or says why not.
    pub(super) fn sign_in(&self, code: &'static str) -> Response {
        let Some(count) = self.navigation() else { return self.refuse(code) };
        if count >= bounce::MOST {
            return Failure::of("session.loop")
                .with_hint(bounce::evidence(self.headers, &self.sketch.host, self.sketch.scheme))
                .with_cause(self.cause(code))
                .into_response();
        }
        let mark = bounce::value(self.app.identity().keyring(), &self.sketch.host, count + 1);
        self.lead(&bounce::with(self.target, &mark), code)
    }

    /// Leads to what the sign-in still misses.
    pub(super) fn finish(&self, stage: Stage) -> Response {
        if self.navigation().is_none() {
            return Failure::of(pending_code(stage)).into_response();
        }
        // On a host of their own, nobody has half a sign-in; on the pages' own host it leads back.
        let page = path::leading_to(finishing_page(stage), self.target);
        redirect(&format!("{}{page}", self.settings.portal_origin(self.sketch)))
    }

    /// Leads to the proof that the app asks for, and back.
    pub(super) fn step_up(&self, code: &'static str) -> Response {
        if self.navigation().is_none() {
            return Failure::of(code).into_response();
        }
        if self.settings.door.has_host(&self.sketch.host) {
            return begin_confirmed(self.app, self.settings, self.sketch, self.headers, self.target);
        }
        redirect(&path::leading_to(path::CONFIRM, self.target))
    }

    /// How often this browser came back already, where it navigates; nothing for a script or a form.
    fn navigation(&self) -> Option<u8> {
        let is_navigation = self.sketch.is_page() && matches!(self.sketch.method, Method::GET | Method::HEAD);
        let query = self.sketch.uri.query().unwrap_or_default();
        is_navigation.then(|| bounce::count(self.app.identity().keyring(), &self.sketch.host, query))
    }

    /// A script gets 401 and the address to sign in at. A form that was sent is never sent again by itself.
    fn refuse(&self, code: &'static str) -> Response {
        let login_url = Some(format!("{}{}", self.sketch.origin(&self.sketch.host), path::SIGN_IN).into());
        if !self.sketch.is_page() {
            return Failure { login_url, ..Failure::of(code) }.into_response();
        }
        let failure = Failure::of("session.form_not_sent").with_cause(code);
        let return_to = bounce::form_page(self.headers, &self.sketch.origin(&self.sketch.host));
        Failure { login_url, return_to, ..failure }.into_response()
    }

    fn lead(&self, target: &str, code: &'static str) -> Response {
        if self.settings.door.has_host(&self.sketch.host) {
            return begin(self.app, self.settings, self.sketch, self.headers, target);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", target);
        if code != "session.missing" {
            query.append_pair("reason", code);
        }
        redirect(&format!("{}?{}", path::SIGN_IN, query.finish()))
    }

    /// What the log says beside it, for whoever can mend it.
    fn cause(&self, code: &'static str) -> String {
        let scheme = self.sketch.scheme.as_str();
        let public = self.settings.config.public_url();
        let advice = match (public.is_https(), self.sketch.scheme.is_https()) {
            (true, false) => {
                "the public URL is https, and this request came over http: the proxy in front must send X-Forwarded-Proto and be listed in server.trusted_proxies"
            }
            _ => "the browser did not keep the cookie of this host, or something in between removes it",
        };
        format!("{code}, scheme {scheme}: {advice}")
    }
}

/// Begins to enter the host of an app: the browser gets something to hold, and goes to the portal.
pub(super) fn begin(app: &App, settings: &Settings, sketch: &Sketch, headers: &HeaderMap, target: &str) -> Response {
    let (entrance, set) = entrance(app, sketch, headers, target);
    led(&format!("{}{entrance}", settings.portal_origin(sketch)), set)
}

/// The same by way of the page on which somebody proves once more who they are.
pub(super) fn begin_confirmed(
    app: &App,
    settings: &Settings,
    sketch: &Sketch,
    headers: &HeaderMap,
    target: &str,
) -> Response {
    let (entrance, set) = entrance(app, sketch, headers, target);
    led(&format!("{}{}", settings.portal_origin(sketch), path::leading_to(path::CONFIRM, &entrance)), set)
}

/// Where at the portal a browser gets the code for this host, and what it shall hold meanwhile.
fn entrance(app: &App, sketch: &Sketch, headers: &HeaderMap, target: &str) -> (String, Option<HeaderValue>) {
    let is_https = sketch.scheme.is_https();
    let known = cookie::entry_values(headers, is_https).find_map(|value| token::parse(Kind::EntryState, value));
    let (state, set) = if let Some(state) = known {
        (state, None)
    } else {
        let (secret, state) = Identity::entry_state(app.identity().random());
        (state, Some(cookie::set_entry(is_https, &secret)))
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("host", &sketch.host).append_pair("to", target).append_pair("state", &state.to_text());
    (format!("{}?{}", path::ENTER, query.finish()), set)
}

fn led(to: &str, set: Option<HeaderValue>) -> Response {
    let mut response = redirect(to);
    if let Some(set) = set {
        response.headers_mut().append(SET_COOKIE, set);
    }
    response
}

/// Leads on with 302, which every client follows by GET.
pub(super) fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(location) => (StatusCode::FOUND, [(LOCATION, location)]).into_response(),
        Err(_) => Failure::internal("an address that no header holds").into_response(),
    }
}
