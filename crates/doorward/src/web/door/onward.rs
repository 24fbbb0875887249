//! A request to an app on its way: gate, provenance, session, policy, and onward with the permit.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use doorward_core::policy::{self, Decision, Permit};
use doorward_csrf::{FormValue, Phase, Provenance};
use doorward_edge::fault::Fault;
use doorward_edge::forward::{Forwarded, Onward, forward, is_event_stream};
use doorward_edge::gate;
use doorward_edge::path::{EncodedSlash, check_query};
use doorward_edge::upstream::Upstream;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use hyper::body::Incoming;

use super::judge::{self, Caller, Facts};
use super::lasting::Lasting;
use super::refuse::{Stranger, answered, redirect};
use super::sketch::Sketch;
use super::table::Place;
use super::{bounce, client, front, log, told};
use crate::identity::{Live, WRONG_PASSWORD};
use crate::web::app::{App, Settings};
use crate::web::caller::state_of;
use crate::web::failure::Failure;
use crate::web::listener::Held;
use crate::web::refusal::{self, Judged};
use crate::web::{arrive, cookie, header};

/// Headers in which a client names another method than the one it uses.
pub(in crate::web) const OVERRIDES: [HeaderName; 3] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-http-method"),
];

/// How long both sides of a tunnel may be silent.
const TUNNEL_IDLE: Duration = Duration::from_hours(1);

/// Somebody before the door of an app.
#[derive(Debug)]
pub(super) struct Knock<'a> {
    pub(super) app: &'a App,
    pub(super) settings: Arc<Settings>,
    pub(super) place: Arc<Place>,
    pub(super) sketch: Sketch,
    /// The canonical path, where it is not the one that came: what is forwarded.
    pub(super) canonical: Option<Box<str>>,
    /// The same as rules compare it, where that is not the same.
    pub(super) decided: Option<Box<str>>,
    /// Whether the path holds an encoded slash.
    pub(super) has_slash: bool,
}

/// What the judge has let in.
struct Let {
    permit: Permit,
    live: Option<Arc<Live>>,
    is_preflight: bool,
}

impl Knock<'_> {
    /// Answers the request.
    pub(super) fn answer(&self, mut parts: Parts, body: Incoming) -> impl Future<Output = Response> + Send {
        let mut body = Body::new(body);
        async move {
            match self.admit(&mut parts, &mut body).await {
                Ok(allowed) => self.onward(parts, body, allowed).await,
                Err(response) => answered(self.app, &self.settings, &self.sketch, *response),
            }
        }
    }

    async fn admit(&self, parts: &mut Parts, body: &mut Body) -> Result<Let, Box<Response>> {
        let refuse = |failure: Failure| Box::new(failure.into_response());
        gate::check(parts).map_err(|refused| refuse(Failure::of(refused.code).with_hint(refused.hint)))?;
        arrive::check_size(parts, self.settings.config.server.limits.header_bytes).map_err(refuse)?;
        if self.has_slash && self.place.app.encoded_slash != EncodedSlash::Keep {
            return Err(refuse(Failure::of("http.path_not_canonical").with_hint("an encoded slash")));
        }
        if arrive::is_too_open(&self.settings, self.sketch.scheme.is_https(), self.sketch.address) {
            return Err(refuse(Failure::of("csrf.https_required")));
        }
        if header::is_preflight(parts) {
            return Ok(Let { permit: policy::preflight(), live: None, is_preflight: true });
        }
        let caller = self.shield(parts, body).await?;
        self.permit(parts, caller)
    }

    /// Who started this request, and in whose session. A token is asked for only where the app wants one.
    async fn shield(&self, parts: &Parts, body: &mut Body) -> Result<Caller, Box<Response>> {
        let view = front::view(parts, &self.settings, self.sketch.peer, self.app);
        let is_https = self.sketch.scheme.is_https();
        let phase = judge::phase(&self.place, &self.settings, &view, &parts.headers, is_https);
        if let Some(Phase::Decided(decision)) = &phase {
            self.judged(parts, decision, FormValue::Absent, None)?;
        }
        let caller = self.caller(parts).await?;
        if let Some(Phase::NeedsToken(provenance)) = phase {
            Box::pin(self.token(parts, body, provenance, &caller)).await?;
        }
        Ok(caller)
    }

    /// Who asks: by an app password, where one comes to an app that takes them, or else by the session.
    async fn caller(&self, parts: &Parts) -> Result<Caller, Box<Response>> {
        let identity = self.app.identity();
        match client::client(identity, &self.place.app, &parts.headers, || self.sketch.visit()).await {
            None => Ok(judge::caller(identity, &self.settings, &self.facts(parts))),
            Some(Ok(live)) => Ok(Ok(live)),
            Some(Err(refused)) if refused.code == WRONG_PASSWORD => Ok(Err(refused.code)),
            Some(Err(refused)) => Err(Box::new(Failure::from(refused).into_response())),
        }
    }

    async fn token(
        &self,
        parts: &Parts,
        body: &mut Body,
        provenance: Provenance,
        caller: &Caller,
    ) -> Result<(), Box<Response>> {
        let csrf = &self.settings.csrf;
        let mut field = None;
        if !csrf.has_token_header(&front::view(parts, &self.settings, self.sketch.peer, self.app)) {
            let reading = doorward_csrf::Form::read(&parts.headers, std::mem::take(body), csrf.field_name());
            let form = tokio::time::timeout(self.settings.config.server.limits.body_timeout, reading)
                .await
                .map_err(|_| Box::new(Failure::of("http.timeout").into_response()))?;
            field = Some(form.field);
            *body = Body::new(form.body);
        }
        let value = field.as_ref().map_or(FormValue::Absent, FormValue::from);
        let live = caller.as_ref().ok().map(AsRef::as_ref);
        let view = front::view(parts, &self.settings, self.sketch.peer, self.app);
        let decision = csrf.token(&view, provenance, &state_of(live), value);
        self.judged(parts, &decision, value, live)
    }

    /// A refusal of the rule as an answer, unless it is only reported.
    fn judged(
        &self,
        parts: &Parts,
        decision: &doorward_csrf::Decision,
        form: FormValue<'_>,
        live: Option<&Live>,
    ) -> Result<(), Box<Response>> {
        let csrf = &self.settings.csrf;
        if decision.is_allowed() || (csrf.is_report_only() && decision.reason.status() == StatusCode::FORBIDDEN) {
            return Ok(());
        }
        let view = front::view(parts, &self.settings, self.sketch.peer, self.app);
        let report = csrf.report(&view, &state_of(live), form, decision);
        let mut response = refusal::answer(decision, &report, None);
        response.extensions_mut().insert(Judged::of(*decision, Some(&report), csrf));
        Err(Box::new(response))
    }

    /// The canonical path.
    fn path(&self) -> &str {
        self.canonical.as_deref().unwrap_or_else(|| self.sketch.uri.path())
    }

    /// The canonical path and the query as it came.
    fn whole(&self) -> Cow<'_, str> {
        match (&self.canonical, self.sketch.uri.query()) {
            (None, _) => self.sketch.uri.path_and_query().map_or("/", PathAndQuery::as_str).into(),
            (Some(path), Some(query)) => format!("{path}?{query}").into(),
            (Some(path), None) => Cow::Borrowed(path),
        }
    }

    fn facts<'a>(&'a self, parts: &'a Parts) -> Facts<'a> {
        Facts {
            host: &self.sketch.host,
            method: parts.method.as_str(),
            path: self.decided.as_deref().unwrap_or_else(|| self.path()),
            scheme: self.sketch.scheme,
            headers: &parts.headers,
            now: self.sketch.at,
        }
    }

    /// Who may do this here. The permit is the only way on.
    fn permit(&self, parts: &Parts, caller: Caller) -> Result<Let, Box<Response>> {
        let decision = judge::decide(&self.place, &self.facts(parts), &caller);
        let whole = self.whole();
        let target = bounce::without(&whole);
        let stranger = Stranger {
            app: self.app,
            settings: &self.settings,
            sketch: &self.sketch,
            headers: &parts.headers,
            target: &target,
        };
        match decision {
            // Whoever came back signed in gets the address without our mark.
            Decision::Allow(_) if self.is_marked(parts) => Err(Box::new(redirect(&target))),
            Decision::Allow(permit) => {
                let live = caller.ok().filter(|live| permit.session() == Some(live.id));
                Ok(Let { permit, live, is_preflight: false })
            }
            Decision::SignIn(code) => {
                // Whoever sends an app password shows no page, and is led to none.
                let is_client = code == WRONG_PASSWORD;
                let mut response = if is_client { Failure::of(code).into_response() } else { stranger.sign_in(code) };
                if response.status() == StatusCode::UNAUTHORIZED {
                    client::challenge(&self.place.app, &parts.headers, response.headers_mut());
                }
                Err(Box::new(response))
            }
            Decision::Finish(stage) => Err(Box::new(stranger.finish(stage))),
            Decision::StepUp(code) => Err(Box::new(stranger.step_up(code))),
            Decision::Forbid(code) => Err(Box::new(Failure::of(code).into_response())),
        }
    }

    fn is_marked(&self, parts: &Parts) -> bool {
        parts.method == Method::GET && parts.uri.query().is_some_and(|query| query.contains(bounce::PARAMETER)) && {
            let query = parts.uri.query().unwrap_or_default();
            bounce::count(self.app.identity().keyring(), &self.sketch.host, query) > 0
        }
    }

    /// On to the app, and its answer back. What needs no waiting is done before the future begins, as in [`forward`].
    fn onward(&self, mut parts: Parts, body: Body, allowed: Let) -> impl Future<Output = Response> + Send {
        let Let { permit, live, is_preflight } = allowed;
        let host = self.host(&parts);
        let held = parts.extensions.remove::<Held>();
        let id = header::request_name(&self.sketch.id);
        let forwarded = self.rewrite(&mut parts, is_preflight).map(|upstream| {
            let onward = Onward {
                permit: &permit,
                upstream,
                managed: &self.place.managed,
                identity: &self.identity(id.clone(), live.as_deref()),
                client: self.sketch.address,
                scheme: &HeaderValue::from_static(self.sketch.scheme.as_str()),
                host: &host,
                limits: &self.place.limits,
                is_preflight,
            };
            forward(&onward, Request::from_parts(parts, body))
        });
        async move {
            match forwarded {
                Ok(forwarded) => match forwarded.await {
                    Ok(forwarded) => self.back(forwarded, id, (live, held)),
                    Err(fault) => self.failed(&fault),
                },
                Err(failure) => answered(self.app, &self.settings, &self.sketch, failure.into_response()),
            }
        }
    }

    /// The host that was decided on: as the client wrote it, or as the proxy in front says that it did. An app that
    /// serves several hosts must not be told of another one.
    fn host(&self, parts: &Parts) -> HeaderValue {
        let written = if self.settings.is_trusted_proxy(self.sketch.peer) { None } else { arrive::host_value(parts) };
        written.or_else(|| HeaderValue::try_from(self.sketch.authority()).ok()).unwrap_or(HeaderValue::from_static(""))
    }

    /// The one canonical target, without what proves the session to us; gives back where it goes.
    fn rewrite(&self, parts: &mut Parts, is_preflight: bool) -> Result<&Upstream, Failure> {
        let upstream = self.place.upstream.as_ref().ok_or_else(|| Failure::of("http.not_found"))?;
        let target = match (&self.canonical, parts.uri.authority()) {
            (None, None) => None,
            // An absolute target goes on in origin form; its path and query are what was decided on.
            (None, Some(_)) => parts.uri.path_and_query().cloned(),
            (Some(_), _) => {
                let whole = self.whole().into_owned();
                Some(PathAndQuery::try_from(whole).map_err(|_| Failure::of("http.path_not_canonical"))?)
            }
        };
        if let Some(target) = target {
            parts.uri = Uri::from(target);
        }
        if let Some(query) = parts.uri.query() {
            check_query(query).map_err(|why| Failure::of(why.code()).with_hint(why.to_string()))?;
        }
        let csrf = &self.settings.csrf;
        doorward_edge::header::strip_cookies(&mut parts.headers, |name, value| {
            cookie::is_own(name, csrf) || (name == csrf.cookie_name().as_bytes() && csrf.is_ours(value))
        });
        client::strip(&mut parts.headers);
        if is_preflight || self.place.app.rules.tell_methods_apart() {
            for name in OVERRIDES {
                parts.headers.remove(name);
            }
        }
        Ok(upstream)
    }

    /// What the app is told of whoever asks. All of these names were removed before, whoever sent them.
    fn identity(&self, id: HeaderValue, live: Option<&Live>) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::with_capacity(6);
        headers.push((header::REQUEST_ID, id));
        if let Some(live) = live {
            headers.extend(told::headers(self.app.identity(), &self.place.app, live));
        }
        headers
    }

    /// The app's own answer, as it is, but for cookies of our names.
    fn back(&self, forwarded: Forwarded, id: HeaderValue, (live, held): (Option<Arc<Live>>, Option<Held>)) -> Response {
        let Forwarded { mut response, tunnel } = forwarded;
        let csrf = &self.settings.csrf;
        doorward_edge::header::guard_set_cookies(response.headers_mut(), |name| cookie::is_own(name, csrf));
        response.headers_mut().insert(header::REQUEST_ID, id);
        if self.sketch.scheme.is_https() {
            header::require_https(response.headers_mut(), &self.settings);
        }
        log::finish(self, response.status(), live.as_deref());
        if let Some(tunnel) = tunnel {
            let (app, session) = (self.app.clone(), live.clone());
            self.app.tasks().spawn("tunnel", async move {
                // A tunnel is a connection still, and counts as one until it ends.
                let _held = held;
                tunnel.run(app.until_ended(session), TUNNEL_IDLE).await;
            });
        }
        match live {
            // Without a length: it is over when we say so.
            Some(live) if is_event_stream(response.headers()) && !response.headers().contains_key(CONTENT_LENGTH) => {
                let over = self.app.clone().until_ended(Some(live));
                response.map(|body| Body::new(Lasting::new(body, over)))
            }
            _ => response.map(Body::new),
        }
    }

    fn failed(&self, fault: &Fault) -> Response {
        let url = self.place.upstream.as_ref().map(|upstream| upstream.url().to_string()).unwrap_or_default();
        let cause = format!("{} at {url}: {}", self.place.app.name, fault_cause(fault));
        let failure = Failure::of(fault.code()).with_cause(cause);
        answered(self.app, &self.settings, &self.sketch, failure.into_response())
    }
}

/// The fault with everything that led to it, for the log.
fn fault_cause(fault: &Fault) -> String {
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(fault);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
