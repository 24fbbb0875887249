//! Forward auth: another proxy asks whether a request may enter an app, and tells the app who it is.
//!
//! Two shapes of one question. `forward-auth` (Caddy, Traefik, our Lua for `HAProxy`) gets the request in
//! `X-Forwarded-*`, and its answer goes to the client as it is. `auth-request` (nginx) gets it in `X-Original-*`, and
//! only the status and `Location` of its answer are used. Only listed proxies are answered: whoever could ask freely
//! could ask about a request that is not theirs (CVE-2026-40575).

mod told;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use doorward_core::policy::{Decision, pending_code};
use doorward_csrf::{FormValue, Phase, RequestView};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use self::told::{Shape, Told};
use super::api::problem::Problem;
use super::app::{Settings, seconds};
use super::caller::state_of;
use super::door::judge::{self, Caller, Facts};
use super::door::table::Place;
use super::door::told::{ACR, AMR, AUTH_TIME, strength};
use super::door::{OVERRIDES, bounce, client};
use super::exchange::Exchange;
use super::failure::Failure;
use super::guard::finishing_page;
use super::refusal;
use crate::config::UserValue;
use crate::identity::{Live, WRONG_PASSWORD};
use crate::portal::path;

/// The value of a header that tells the app of nobody.
const NOTHING: HeaderValue = HeaderValue::from_static("");

const PASS: HeaderName = HeaderName::from_static("x-doorward-jwt");

/// Whether a request may enter an app; for proxies that pass the whole answer on.
#[utoipa::path(
    get, path = "/api/authz/forward-auth", tag = "forward auth",
    description = "For Caddy, Traefik and HAProxy. Every method is answered; the proxy must be in server.trusted_proxies, and one that server.asking_proxies allows to ask.",
    params(
        ("X-Forwarded-Method" = String, Header, description = "Capital letters"),
        ("X-Forwarded-Proto" = String, Header, description = "https; http only in development"),
        ("X-Forwarded-Host" = String, Header, description = "Host, with the port where it is not the scheme's"),
        ("X-Forwarded-Uri" = String, Header, description = "Path and query as the client sent them"),
    ),
    responses(
        (status = 200, description = "It may. Every identity header is there, empty for nobody",
            headers(
                ("Remote-User" = String, description = "E-mail or id; each name as the app configures it"),
                ("Remote-Groups" = String, description = "Separated by commas"),
                ("Remote-Name" = String),
                ("Remote-Email" = String),
                ("X-Doorward-Jwt" = String, description = "The same, signed, for 60 s"),
            )),
        (status = 302, description = "A navigation, led to the sign-in and back"),
        (status = 400, description = "Unclear or not canonical", body = Problem),
        (status = 401, description = "Nobody is signed in: a page for a form, a problem for a script", body = Problem),
        (status = 403, description = "Forbidden, an unknown app, or a peer that is not listed", body = Problem),
    )
)]
pub async fn forward_auth(exchange: Exchange) -> Response {
    answer(&exchange, Shape::Forward).await
}

/// Whether a request may enter an app; for nginx, which uses only status and `Location` of the answer.
#[utoipa::path(
    get, path = "/api/authz/auth-request", tag = "forward auth",
    description = "For nginx. Every method is answered; the proxy must be in server.trusted_proxies, and one that server.asking_proxies allows to ask.",
    params(
        ("X-Original-Method" = String, Header, description = "Capital letters"),
        ("X-Original-URL" = String, Header, description = "Scheme, host, path and query as the client sent them"),
    ),
    responses(
        (status = 200, description = "It may; with the same headers as forward-auth"),
        (status = 400, description = "Unclear or not canonical", body = Problem),
        (status = 401, description = "Nobody is signed in; with Location where a navigation is to be led to the sign-in", body = Problem),
        (status = 403, description = "Forbidden, an unknown app, or a peer that is not listed", body = Problem),
    )
)]
pub async fn auth_request(exchange: Exchange) -> Response {
    answer(&exchange, Shape::Request).await
}

async fn answer(exchange: &Exchange, shape: Shape) -> Response {
    let peer = exchange.arrival.peer;
    if !exchange.settings.config.server.may_ask(peer) {
        let key = if exchange.settings.is_trusted_proxy(peer) { "asking_proxies" } else { "trusted_proxies" };
        tracing::warn!(peer.address = %peer, remedy = format!("{key} = [\"{peer}\"]  # in [server]"), "a proxy that is not listed asks for forward auth");
        return Failure::of("proxy.peer_untrusted").into_response();
    }
    let told = match Told::read(exchange.headers(), shape) {
        Ok(told) => told,
        Err(failure) => return failure.into_response(),
    };
    let mut response = match place(&exchange.settings, &told) {
        Ok(place) => Question { exchange, shape, told: &told, place }.answer().await,
        Err(failure) => failure.into_response(),
    };
    // The log must say which request was refused, not only that somebody asked.
    if let Some(failure) = response.extensions_mut().get_mut::<Failure>() {
        let cause = failure.cause.take().unwrap_or_default();
        failure.cause = Some(format!("{cause}{}", told.words()));
    }
    response
}

/// The app that is asked about. A host that is neither an app's nor ours has none, whatever its path.
fn place<'a>(settings: &'a Settings, told: &Told) -> Result<&'a Place, Failure> {
    told.check(settings)?;
    let is_known = settings.door.has_host(&told.host) || settings.is_own_host(&told.host);
    let place = settings.door.find_app(&told.host, &told.path).filter(|_| is_known);
    let unknown = || Failure::of("app.not_configured").with_hint(format!("{}{}", told.host, told.path));
    let place = place.ok_or_else(unknown)?;
    told.fits(place.app.encoded_slash)?;
    Ok(place)
}

/// One question about one request.
struct Question<'a> {
    exchange: &'a Exchange,
    shape: Shape,
    told: &'a Told,
    place: &'a Place,
}

impl Question<'_> {
    async fn answer(&self) -> Response {
        if self.is_preflight() {
            return self.allow(None);
        }
        if self.place.app.rules.tell_methods_apart() && self.names_another_method() {
            return Failure::of("proxy.question_unclear").with_hint("a header names another method").into_response();
        }
        let facts = Facts {
            host: &self.told.host,
            method: self.told.method.as_str(),
            path: &self.told.path,
            scheme: self.told.scheme,
            headers: self.exchange.headers(),
            now: self.exchange.arrival.at,
        };
        let caller = match self.caller(&facts).await {
            Ok(caller) => caller,
            Err(failure) => return failure.into_response(),
        };
        if let Err(refused) = self.shield(&caller) {
            return *refused;
        }
        let count = bounce::count(self.exchange.app.identity().keyring(), &self.told.host, &self.told.query);
        match judge::decide(self.place, &facts, &caller) {
            // Whoever came back signed in gets the address without our mark.
            Decision::Allow(_) if count > 0 && self.is_navigation() => self.lead(&self.told.url(&self.target())),
            Decision::Allow(permit) => {
                self.allow(caller.ok().filter(|live| permit.session() == Some(live.id)).as_deref())
            }
            Decision::SignIn(code) => {
                // Whoever sends an app password shows no page, and is led to none.
                let is_client = code == WRONG_PASSWORD;
                let mut response =
                    if is_client { Failure::of(code).into_response() } else { self.sign_in(code, count) };
                if response.status() == StatusCode::UNAUTHORIZED && !response.headers().contains_key(LOCATION) {
                    client::challenge(&self.place.app, self.exchange.headers(), response.headers_mut());
                }
                response
            }
            Decision::Finish(stage) if self.is_navigation() => {
                let portal = self.exchange.settings.link_origin(&self.exchange.arrival);
                self.lead(&format!("{portal}{}", finishing_page(stage)))
            }
            Decision::Finish(stage) => Failure::of(pending_code(stage)).into_response(),
            Decision::StepUp(_) if self.is_navigation() => {
                self.lead(&self.told.url(&path::leading_to(path::CONFIRM, &self.target())))
            }
            Decision::StepUp(code) | Decision::Forbid(code) => Failure::of(code).into_response(),
        }
    }

    /// Who asks: by an app password, where one comes to an app that takes them, or else by the session.
    async fn caller(&self, facts: &Facts<'_>) -> Result<Caller, Failure> {
        let identity = self.exchange.app.identity();
        match client::client(identity, &self.place.app, facts.headers, || self.exchange.visit()).await {
            None => Ok(judge::caller(identity, &self.exchange.settings, facts)),
            Some(Ok(live)) => Ok(Ok(live)),
            Some(Err(refused)) if refused.code == WRONG_PASSWORD => Ok(Err(refused.code)),
            Some(Err(refused)) => Err(refused.into()),
        }
    }

    fn is_preflight(&self) -> bool {
        let headers = self.exchange.headers();
        // The proxy forwards what the client sent, so only what carries nothing of its sender passes: browsers send
        // neither with a preflight (Fetch, section 4.8).
        let has_sender = [http::header::COOKIE, AUTHORIZATION].iter().any(|name| headers.contains_key(name));
        self.told.method == Method::OPTIONS
            && headers.contains_key(http::header::ORIGIN)
            && headers.contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD)
            && !has_sender
            && !self.names_another_method()
    }

    /// Whether a header names another method: where rules tell methods apart, the app would do what was not asked about.
    fn names_another_method(&self) -> bool {
        OVERRIDES.iter().any(|name| self.exchange.headers().contains_key(name))
    }

    fn is_navigation(&self) -> bool {
        self.exchange.arrival.is_page && matches!(self.told.method, Method::GET | Method::HEAD)
    }

    /// The rule against forged requests, on the request that we are told of.
    fn shield(&self, caller: &Caller) -> Result<(), Box<Response>> {
        let settings = &self.exchange.settings;
        let headers = self.exchange.headers();
        let now = seconds(self.exchange.arrival.at);
        let view = RequestView::new(&self.told.method, &self.told.uri, headers, now)
            .scheme(self.told.scheme)
            .target_authority(&self.told.authority)
            .path(&self.told.path);
        // Proxies take `Upgrade` out of the question as a matter between neighbours; this field they pass on, and no
        // browser opens a WebSocket without it (RFC 6455, section 4.1).
        let view = if headers.contains_key(http::header::SEC_WEBSOCKET_KEY) { view.websocket() } else { view };
        let live: Option<&Live> = caller.as_ref().ok().map(AsRef::as_ref);
        let decision = match judge::phase(self.place, settings, &view, headers, self.told.scheme.is_https()) {
            None => return Ok(()),
            Some(Phase::Decided(decision)) => decision,
            // No body comes with the question: only the header can carry the token.
            Some(Phase::NeedsToken(provenance)) => {
                settings.csrf.token(&view, provenance, &state_of(live), FormValue::Absent)
            }
        };
        let is_reported = settings.csrf.is_report_only() && decision.reason.status() == StatusCode::FORBIDDEN;
        if decision.is_allowed() || is_reported {
            return Ok(());
        }
        let report = settings.csrf.report(&view, &state_of(live), FormValue::Absent, &decision);
        Err(Box::new(refusal::answer(&decision, &report, None)))
    }

    /// Who asks, in every header, empty where nobody is: a proxy that copies what is set must clear what was sent
    /// (GHSA-7r4p-vjf4-gxv4).
    fn allow(&self, live: Option<&Live>) -> Response {
        let mut response = StatusCode::OK.into_response();
        let headers = response.headers_mut();
        let names = &self.place.app.identity;
        let told = live.map(Live::told);
        let value =
            |of: fn(&crate::identity::Told) -> &HeaderValue| told.as_deref().map_or(NOTHING, |told| of(told).clone());
        let user = if names.user_value == UserValue::Id { value(|told| &told.id) } else { value(|told| &told.email) };
        headers.insert(names.user.clone(), user);
        headers.insert(names.groups.clone(), value(|told| &told.groups));
        headers.insert(names.name.clone(), value(|told| &told.name));
        headers.insert(names.email.clone(), value(|told| &told.email));
        let nobody = || [ACR, AMR, AUTH_TIME].map(|name| (name, NOTHING));
        for (name, value) in live.map_or_else(nobody, strength) {
            headers.insert(name, value);
        }
        // What goes on to the app, as it came; not there where it holds an app password.
        if self.exchange.headers().contains_key(AUTHORIZATION) {
            let mut sent = self.exchange.headers().clone();
            client::strip(&mut sent);
            if let Some(value) = sent.remove(AUTHORIZATION) {
                headers.insert(AUTHORIZATION, value);
            }
        }
        let pass = live.filter(|_| self.place.app.has_jwt);
        headers
            .insert(PASS, pass.map_or(NOTHING, |live| self.exchange.app.identity().pass(live, &self.place.app.name)));
        response
    }

    /// Nobody is signed in: a navigation leads to the sign-in and back, a script gets 401 and the address. A form that
    /// was sent is never sent again by itself.
    fn sign_in(&self, code: &'static str, count: u8) -> Response {
        if !self.is_navigation() {
            return self.refuse(code);
        }
        if count >= bounce::MOST {
            let evidence = bounce::evidence(self.exchange.headers(), &self.told.host, self.told.scheme);
            let response =
                Failure::of("session.loop").with_hint(evidence).with_cause(format!("{code}, ")).into_response();
            let page = self.told.url(&path::error("session.loop"));
            return if self.shape == Shape::Request { with_location(response, &page) } else { response };
        }
        let mark = bounce::value(self.exchange.app.identity().keyring(), &self.told.host, count + 1);
        let target = bounce::with(&self.target(), &mark);
        self.lead(&self.told.url(&path::sign_in(&target)))
    }

    /// nginx follows a `Location` whatever was asked for, so there it stands for navigations alone.
    fn refuse(&self, code: &'static str) -> Response {
        let page = self.told.url(path::SIGN_IN);
        let mut failure = Failure { login_url: Some(page.as_str().into()), ..Failure::of(code) };
        if self.exchange.arrival.is_page {
            let return_to = bounce::form_page(self.exchange.headers(), &self.told.url(""));
            let cause = Some(format!("{code}, "));
            failure =
                Failure { login_url: failure.login_url, return_to, cause, ..Failure::of("session.form_not_sent") };
        }
        let response = failure.into_response();
        if self.shape == Shape::Forward { with_location(response, &page) } else { response }
    }

    /// Leads elsewhere: 302, or for nginx 401 with the address, which its configuration turns into one.
    fn lead(&self, to: &str) -> Response {
        let status = if self.shape == Shape::Request { StatusCode::UNAUTHORIZED } else { StatusCode::FOUND };
        with_location(status.into_response(), to)
    }

    /// The path and the query, without our mark.
    fn target(&self) -> Cow<'_, str> {
        bounce::without(&self.told.target)
    }
}

fn with_location(mut response: Response, to: &str) -> Response {
    if let Ok(location) = HeaderValue::try_from(to) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
