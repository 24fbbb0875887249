//! Whether a request may enter an app: provenance, then session, then policy, without I/O.

use std::sync::Arc;

use doorward_core::UnixTime;
use doorward_core::policy::{self, Decision, Visitor};
use doorward_csrf::{Mode, Phase, RequestView, Scheme};
use http::HeaderMap;

use super::client;
use super::table::Place;
use crate::config::AppCsrf;
use crate::identity::{Identity, Live};
use crate::web::app::Settings;
use crate::web::cookie;

/// A request, as far as it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The host in lower case, without port.
    pub host: &'a str,
    /// The method.
    pub method: &'a str,
    /// The canonical path: the one that is forwarded.
    pub path: &'a str,
    /// The scheme that the client uses.
    pub scheme: Scheme,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Now.
    pub now: UnixTime,
}

/// Who asks: a live session, or the reason code for which there is none.
pub type Caller = Result<Arc<Live>, &'static str>;

/// The session of a request to an app: of the app's own host by its own cookie, of a shared host by ours.
///
/// # Errors
/// The reason code for which there is no session.
pub fn caller(identity: &Identity, settings: &Settings, facts: &Facts<'_>) -> Caller {
    let is_own_host = settings.door.has_host(facts.host);
    let mut code = "session.missing";
    for value in cookie::values(facts.headers, facts.scheme.is_https()) {
        let found =
            if is_own_host { identity.session_at(facts.host, value) } else { identity.session_by_cookie(value) };
        match found {
            Ok(live) => return Ok(live),
            Err(why) => code = why,
        }
    }
    Err(code)
}

/// Whether the rule against forged requests has something to say: it protects sessions, so it asks only where the
/// request carries the cookie of one, unless the app wants a token with everything. An app password stands in for the
/// session, and only a browser sends one at the wish of others.
#[must_use]
pub fn phase(
    place: &Place,
    settings: &Settings,
    view: &RequestView<'_>,
    headers: &HeaderMap,
    is_https: bool,
) -> Option<Phase> {
    if place.app.csrf != AppCsrf::Off && client::has_password(&place.app, headers) {
        return client::is_browser(headers).then(|| settings.csrf.provenance_in(view, Mode::HeadersOnly));
    }
    match place.app.csrf {
        AppCsrf::Off => None,
        AppCsrf::Token => Some(settings.csrf.provenance(view)),
        AppCsrf::Provenance => {
            let has_session = cookie::values(headers, is_https).next().is_some();
            has_session.then(|| settings.csrf.provenance_in(view, Mode::HeadersOnly))
        }
    }
}

/// Who may enter here.
#[must_use]
pub fn decide(place: &Place, facts: &Facts<'_>, caller: &Caller) -> Decision {
    let user = caller.as_ref().ok().map(|live| live.user());
    let visitor = match (caller, &user) {
        (Ok(live), Some(user)) => Ok(Visitor { standing: live.standing(facts.now), groups: &user.groups }),
        (Err(code), _) => Err(*code),
        (Ok(_), None) => Err("session.missing"),
    };
    policy::admit(&place.app.rules, facts.method, facts.path, visitor)
}
