//! What a handler is given: the app, the request's circumstances and its caller, and how to answer with
//! cookies and tokens.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponseParts, ResponseParts};
use doorward_core::signin::Method;
use doorward_core::token::{Kind, hash_value, parse};
use doorward_core::user::Name;
use doorward_csrf::{Csrf, Minted, RequestView, SessionState, Visitor};
use doorward_edge::tls::Secured;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::app::{App, Settings, seconds};
use super::arrival::Arrival;
use super::caller::{Caller, state_of};
use super::cookie;
use super::failure::Failure;
use super::forwarded;
use super::guard::Grace;
use crate::identity::{Author, Live, SignedIn, Visit, Wish};
use crate::portal::device;

/// One request on its way through a handler.
#[derive(Debug)]
pub struct Exchange {
    /// The program.
    pub app: App,
    /// The settings of this request.
    pub settings: Arc<Settings>,
    /// Its circumstances.
    pub arrival: Arc<Arrival>,
    /// Its session, or why there is none.
    pub caller: Caller,
    /// By when its user must set up a second factor, and of which kind.
    pub(super) grace: Grace,
    parts: Parts,
}

/// A session that this answer begins or steps up. In the extensions of the answer, for the log.
#[derive(Debug, Clone)]
pub struct NewSession(pub Arc<Live>);

/// A token for the session that the client has after this answer, with the cookies that go with it.
#[derive(Debug)]
pub struct Fresh {
    minted: Minted,
    headers: Vec<(HeaderName, HeaderValue)>,
    new_session: Option<NewSession>,
}

impl Fresh {
    /// Makes a token for a browser and its sign-in.
    #[must_use]
    pub fn issue(app: &App, csrf: &Csrf, visitor: &Visitor, state: SessionState<'_>) -> Self {
        let minted = csrf.issue(visitor, &state, &app.environment());
        let cookies = csrf.set_cookies(visitor, &minted);
        let mut headers: Vec<_> = cookies.into_iter().map(|value| (SET_COOKIE, value)).collect();
        if let Ok(value) = HeaderValue::from_str(minted.token()) {
            headers.push((csrf.header_name().clone(), value));
        }
        Self { minted, headers, new_session: None }
    }

    /// The token as it was made.
    #[must_use]
    pub fn minted(&self) -> &Minted {
        &self.minted
    }

    /// The token, for a body or a form.
    #[must_use]
    pub fn token(&self) -> &str {
        self.minted.token()
    }

    /// Puts the cookies and the header into an answer.
    pub fn write(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers {
            if name == SET_COOKIE {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
    }
}

impl IntoResponseParts for Fresh {
    type Error = std::convert::Infallible;

    fn into_response_parts(mut self, mut response: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Some(new_session) = self.new_session.take() {
            response.extensions_mut().insert(new_session);
        }
        self.write(response.headers_mut());
        Ok(response)
    }
}

impl Exchange {
    /// The request as the CSRF rule sees it.
    #[must_use]
    pub fn view(&self) -> RequestView<'_> {
        view(&self.parts, &self.arrival, &self.settings)
    }

    /// The same request under another method.
    #[must_use]
    pub fn view_of<'a>(&'a self, method: &'a http::Method) -> RequestView<'a> {
        let view = RequestView::new(method, &self.parts.uri, &self.parts.headers, seconds(self.arrival.at));
        over(view, &self.parts, self.arrival.peer, &self.settings)
    }

    /// The query of the request.
    #[must_use]
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The headers of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The live session. Routes that ask for one never get here without.
    ///
    /// # Errors
    /// The reason for which there is none.
    pub fn live(&self) -> Result<&Arc<Live>, Failure> {
        self.caller.live().ok_or_else(|| Failure::of(self.caller.code()))
    }

    /// The circumstances of a call, for identity and for the audit log.
    #[must_use]
    pub fn visit(&self) -> Visit {
        let bind = self.settings.csrf.bind_cookie_name(self.arrival.scheme());
        let mut values = doorward_csrf::cookie_values(&self.parts.headers, bind);
        Visit {
            address: self.arrival.address,
            device: self.arrival.device.clone(),
            language: self.arrival.language,
            request: self.arrival.id,
            browser: values.find_map(|value| str::from_utf8(value).ok()).map(|value| hash_value(Kind::Browser, value)),
        }
    }

    /// The token of a trusted device that this browser holds, as far as its form goes.
    fn device(&self) -> Option<&str> {
        let is_one = |value: &&str| parse(Kind::TrustedDevice, value).is_some();
        cookie::device_values(&self.parts.headers, self.arrival.is_https).find(is_one)
    }

    /// What somebody wants who signs in here.
    #[must_use]
    pub fn wish(&self, tokens: bool, stay: bool) -> Wish {
        let device = self.device().and_then(|value| parse(Kind::TrustedDevice, value));
        Wish { tokens, stay, previous: self.caller.live().map(|live| live.id), device }
    }

    /// What this browser is called, as people say it.
    ///
    /// # Panics
    /// Never: a description is a short text without control characters.
    #[must_use]
    pub fn device_name(&self) -> Name {
        let described = device::describe(&self.arrival.device, self.arrival.language);
        described.parse().unwrap_or_else(|_| "?".parse().expect("a question mark is a name"))
    }

    /// A token for `live` after this answer; for nobody where there is none.
    #[must_use]
    pub fn fresh(&self, live: Option<&Live>) -> Fresh {
        let csrf = &self.settings.csrf;
        Fresh::issue(&self.app, csrf, &csrf.visitor(&self.view()), state_of(live))
    }

    /// A token for the caller's own session.
    #[must_use]
    pub fn fresh_for_caller(&self) -> Fresh {
        self.fresh(self.caller.live().map(AsRef::as_ref))
    }

    /// The cookies of a session that has just begun or stepped up, with its first token.
    #[must_use]
    pub fn signed_in(&self, signed_in: &SignedIn) -> Fresh {
        let mut fresh = self.fresh(Some(&signed_in.live));
        fresh.new_session = Some(NewSession(Arc::clone(&signed_in.live)));
        if let Some(value) = &signed_in.device {
            fresh.headers.push((SET_COOKIE, cookie::set_device(self.arrival.is_https, value.expose_secret())));
        } else if signed_in.live.methods.has(Method::TrustedDevice)
            && let Some(value) = self.device()
        {
            // It was of use, so it is trusted for another while.
            fresh.headers.push((SET_COOKIE, cookie::set_device(self.arrival.is_https, value)));
        }
        if let Some(value) = &signed_in.cookie {
            let life = signed_in.live.is_persistent.then(|| self.app.identity().timeouts().absolute);
            fresh.headers.push((SET_COOKIE, cookie::set(self.arrival.is_https, value, life)));
        }
        fresh
    }

    /// The cookies after the session has ended: none, and a token for nobody, so that the next sign-in works at once.
    #[must_use]
    pub fn signed_out(&self) -> Fresh {
        let mut fresh = self.fresh(None);
        fresh.headers.push((SET_COOKIE, cookie::remove(self.arrival.is_https)));
        fresh
    }

    /// The caller as the author of a change.
    ///
    /// # Errors
    /// As [`Self::live`].
    pub fn author<'a>(&self, visit: &'a Visit) -> Result<Author<'a>, Failure> {
        Ok(Author::of(self.live()?, visit))
    }
}

/// The request as the CSRF rule sees it.
#[must_use]
pub fn view<'a>(parts: &'a Parts, arrival: &Arrival, settings: &Settings) -> RequestView<'a> {
    let view = RequestView::new(&parts.method, &parts.uri, &parts.headers, seconds(arrival.at)).version(parts.version);
    over(view, parts, arrival.peer, settings)
}

/// The same request over its connection: of this peer, with or without TLS.
#[must_use]
pub fn over<'a>(view: RequestView<'a>, parts: &'a Parts, peer: IpAddr, settings: &Settings) -> RequestView<'a> {
    let is_tls = parts.extensions.get::<Secured>().is_some();
    let view = view.tls(is_tls);
    if settings.config.tls.is_on() && !is_tls && !settings.is_trusted_proxy(peer) {
        // A plain listener beside one with TLS: no public origin turns what came in the clear into https.
        return view.scheme(doorward_csrf::Scheme::Http);
    }
    forwarded::believed(view, peer, &parts.headers, &settings.config.server)
}

impl FromRequestParts<App> for Exchange {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let lost = || Failure::internal("a handler was reached without passing the guard");
        Ok(Self {
            app: app.clone(),
            settings: parts.extensions.get::<Arc<Settings>>().cloned().ok_or_else(lost)?,
            arrival: parts.extensions.get::<Arc<Arrival>>().cloned().ok_or_else(lost)?,
            caller: parts.extensions.get::<Caller>().cloned().ok_or_else(lost)?,
            grace: parts.extensions.get::<Grace>().copied().unwrap_or_default(),
            parts: parts.clone(),
        })
    }
}
