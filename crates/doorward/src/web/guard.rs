//! The guard of every route: from provenance over session and token to the permit, in that order.
//!
//! No handler runs without having passed here, and each step is one function below, in the order in which
//! a request meets it (ARCHITECTURE, "Life of a request").

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use doorward_core::UnixTime;
use doorward_core::policy::{self, Access, Standing};
use doorward_core::session::Stage;
use doorward_csrf::{Decision, FormValue, Mode, Phase, Provenance};
use http::Method;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tokio::time::Instant;

use super::app::{App, Settings};
use super::arrival::Arrival;
use super::caller::Caller;
use super::cookie;
use super::door::form_page;
use super::exchange::{Fresh, view};
use super::failure::Failure;
use super::portal::return_to::checked;
use super::refusal::{self, Judged};
use super::route::{Route, Shield};
use crate::identity::Visit;
use crate::identity::factor::due_by;
use crate::portal::path;

/// How long each step took. In the extensions of every answer that has met the guard.
#[derive(Debug, Clone, Default)]
pub(super) struct Stages(pub(super) Vec<(&'static str, Duration)>);

impl Stages {
    fn add(&mut self, name: &'static str, started: Instant) {
        self.0.push((name, started.elapsed()));
    }
}

/// By when the user of a page must set up a second factor: each page counts the days.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Grace {
    /// The moment, where there is one.
    pub(super) due: Option<UnixTime>,
    /// Whether nothing but a security key will do.
    pub(super) needs_hardware: bool,
}

/// One request at the guard.
struct Passage {
    app: App,
    settings: Arc<Settings>,
    arrival: Arc<Arrival>,
    route: &'static Route,
    stages: Stages,
    judged: Option<Judged>,
}

/// Lets a request through to its handler, or answers why not.
pub(super) async fn guard(State((app, route)): State<(App, &'static Route)>, request: Request, next: Next) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let extension = (parts.extensions.get::<Arc<Arrival>>().cloned(), parts.extensions.get::<Arc<Settings>>().cloned());
    let (Some(arrival), Some(settings)) = extension else {
        return Failure::internal("a request reached the guard without having arrived").into_response();
    };
    let mut passage = Passage { app, settings, arrival, route, stages: Stages::default(), judged: None };
    let mut response = match passage.admit(&mut parts, &mut body).await {
        Ok((caller, csrf)) => passage.pass(Request::from_parts(parts, body), next, caller, csrf).await,
        Err(refused) => *refused,
    };
    response.extensions_mut().insert(route);
    response.extensions_mut().insert(passage.stages);
    if let Some(judged) = passage.judged {
        response.extensions_mut().insert(judged);
    }
    response
}

type Refused = Box<Response>;

#[expect(
    clippy::unnecessary_box_returns,
    reason = "an answer is large, and every step gives back either this or what it found"
)]
fn refuse(failure: Failure) -> Refused {
    Box::new(failure.into_response())
}

impl Passage {
    async fn admit(&mut self, parts: &mut Parts, body: &mut Body) -> Result<(Caller, Option<Decision>), Refused> {
        let phase = self.provenance(parts)?;
        let caller = self.session(parts).await;
        let csrf = match phase {
            None => None,
            Some(Phase::Decided(decision)) => Some(decision),
            Some(Phase::NeedsToken(provenance)) => Some(self.token(parts, body, provenance, &caller).await?),
        };
        self.permit(parts, &caller).await?;
        Ok((caller, csrf))
    }

    /// Who started this request. No I/O.
    fn provenance(&mut self, parts: &Parts) -> Result<Option<Phase>, Refused> {
        let started = Instant::now();
        let mode = match self.route.shield {
            Shield::Handler => return Ok(None),
            Shield::Provenance => Mode::HeadersOnly,
            Shield::Token => self.settings.csrf.mode(),
        };
        let phase = self.settings.csrf.provenance_in(&view(parts, &self.arrival, &self.settings), mode);
        self.stages.add("provenance", started);
        if let Phase::Decided(decision) = &phase {
            self.judge(parts, &Caller::Nobody("session.missing"), FormValue::Absent, *decision)?;
        }
        Ok(Some(phase))
    }

    /// Cookie or bearer token to session, from memory. A bearer token speaks for itself: where one is sent,
    /// no cookie stands in for it.
    async fn session(&mut self, parts: &Parts) -> Caller {
        let started = Instant::now();
        let bearer = parts.headers.get(AUTHORIZATION).and_then(|field| field.to_str().ok()).and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let caller = match bearer {
            Some(token) => Caller::bearer(self.app.identity().session_by_bearer(&self.visit(), token).await),
            None => self.by_cookie(parts),
        };
        self.stages.add("session", started);
        caller
    }

    /// Cookies of one name can be several, since a sibling host may set one: each is tried. The first that
    /// stands is the session; where none does, the last one tells why.
    fn by_cookie(&self, parts: &Parts) -> Caller {
        let mut code = "session.missing";
        for value in cookie::values(&parts.headers, self.arrival.is_https) {
            match self.app.identity().session_by_cookie(value) {
                Ok(live) => return Caller::Live(live),
                Err(why) => code = why,
            }
        }
        Caller::Nobody(code)
    }

    fn visit(&self) -> Visit {
        let Arrival { address, device, id, language, .. } = &*self.arrival;
        Visit { address: *address, device: device.clone(), language: *language, request: *id, browser: None }
    }

    /// Authentic, fresh, and of this browser or session. The body is read only where no header carries the
    /// token, and is handed on byte for byte.
    async fn token(
        &mut self,
        parts: &Parts,
        body: &mut Body,
        provenance: Provenance,
        caller: &Caller,
    ) -> Result<Decision, Refused> {
        let csrf = &self.settings.csrf;
        let view = view(parts, &self.arrival, &self.settings);
        let mut field = None;
        if !csrf.has_token_header(&view) {
            let reading = doorward_csrf::Form::read(&parts.headers, std::mem::take(body), csrf.field_name());
            let form = tokio::time::timeout(self.settings.config.server.limits.body_timeout, reading)
                .await
                .map_err(|_| refuse(Failure::of("http.timeout")))?;
            field = Some(form.field);
            *body = Body::new(form.body);
        }
        let value = field.as_ref().map_or(FormValue::Absent, FormValue::from);
        let started = Instant::now();
        let decision = csrf.token(&view, provenance, &caller.csrf_state(), value);
        self.judge(parts, caller, value, decision)?;
        self.stages.add("token", started);
        Ok(decision)
    }

    /// Turns a refusal of the rule into an answer, or only into a report where that is configured.
    fn judge(
        &mut self,
        parts: &Parts,
        caller: &Caller,
        form: FormValue<'_>,
        decision: Decision,
    ) -> Result<(), Refused> {
        let csrf = &self.settings.csrf;
        if decision.is_allowed() {
            self.judged = Some(Judged::of(decision, None, csrf));
            return Ok(());
        }
        let view = view(parts, &self.arrival, &self.settings);
        let report = csrf.report(&view, &caller.csrf_state(), form, &decision);
        self.judged = Some(Judged::of(decision, Some(&report), csrf));
        // A request for another host is none of ours, whatever is only reported of forgeries.
        let is_for_us = decision.reason.status() == http::StatusCode::FORBIDDEN;
        if csrf.is_report_only() && is_for_us {
            return Ok(());
        }
        let is_retryable = decision.reason.retryable();
        let fresh = is_retryable.then(|| Fresh::issue(&self.app, csrf, &csrf.visitor(&view), caller.csrf_state()));
        Err(Box::new(refusal::answer(&decision, &report, fresh)))
    }

    /// Who may do this here, with which strength.
    async fn permit(&self, parts: &mut Parts, caller: &Caller) -> Result<(), Refused> {
        let access = self.settings.access_of(self.route.access);
        let standing = self.standing(access, caller).await.map_err(refuse)?;
        match policy::decide(access, standing) {
            policy::Decision::Allow(permit) => {
                parts.extensions.insert(permit);
                if let Some(live) = caller.live().filter(|live| self.arrival.is_page && live.stage == Stage::Full) {
                    let enrolment = self.app.identity().overview(live).await.map_err(|error| refuse(error.into()))?;
                    parts.extensions.insert(Grace {
                        due: due_by(enrolment.demand.enrolment()),
                        needs_hardware: enrolment.needs_hardware,
                    });
                }
                parts.extensions.insert(caller.clone());
                Ok(())
            }
            policy::Decision::Finish(stage) if self.arrival.is_page && parts.method == Method::GET => {
                let page = path::leading_to(finishing_page(stage), checked(target(parts)).unwrap_or_default());
                Err(Box::new(Redirect::to(&page).into_response()))
            }
            policy::Decision::StepUp(_) if self.arrival.is_page => Err(Box::new(self.lead_to_confirmation(parts))),
            policy::Decision::Forbid(code) | policy::Decision::StepUp(code) => Err(refuse(Failure::of(code))),
            policy::Decision::Finish(stage) => Err(refuse(Failure::of(policy::pending_code(stage)))),
            policy::Decision::SignIn(_) => Err(Box::new(self.lead_to_sign_in(parts, caller))),
        }
    }

    /// What policy looks at. When somebody last proved who they are is looked up for the few routes that ask.
    async fn standing(&self, access: Access, caller: &Caller) -> Result<Result<Standing, &'static str>, Failure> {
        let standing = caller.standing(self.arrival.at);
        match (standing, caller.live()) {
            (Ok(standing), Some(live)) if access.asks_for_confirmation() && standing.stage == Stage::Full => {
                let identity = self.app.identity();
                let confirmation_age = match access {
                    Access::ConfirmedFactor => identity.factor_age(live).await?,
                    _ => identity.confirmation_age(live).await?,
                };
                Ok(Ok(Standing { confirmation_age, ..standing }))
            }
            (standing, _) => Ok(standing),
        }
    }

    /// A page leads to the confirmation and back. A form that was sent is not sent again by itself: its person comes
    /// back to the page with the form.
    fn lead_to_confirmation(&self, parts: &Parts) -> Response {
        let form = || form_page(&parts.headers, &self.arrival.origin);
        let back = match parts.method {
            Method::GET | Method::HEAD => Some(target(parts).to_owned()),
            _ => form().map(String::from),
        };
        let back = back.as_deref().and_then(checked).unwrap_or(path::SECURITY);
        Redirect::to(&path::leading_to(path::CONFIRM, back)).into_response()
    }

    /// Nobody is signed in: a page leads to the sign-in and back, a script gets 401. A form that was sent is
    /// never sent again by itself; its person is told that it did not arrive.
    fn lead_to_sign_in(&self, parts: &Parts, caller: &Caller) -> Response {
        let code = caller.code();
        let login_url = Some(Box::from(path::SIGN_IN));
        if let Caller::Refused(failure) = caller {
            return failure.clone().into_response();
        }
        if !self.arrival.is_page {
            return Failure { login_url, ..Failure::of(code) }.into_response();
        }
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let failure = Failure::of("session.form_not_sent").with_cause(code);
            return Failure { login_url, ..failure }.into_response();
        }
        let path = target(parts);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", path);
        if code != "session.missing" {
            query.append_pair("reason", code);
        }
        Redirect::to(&format!("{}?{}", path::SIGN_IN, query.finish())).into_response()
    }

    /// Runs the handler, and gives a fresh token after a shielded request. What a handler has issued itself stands.
    async fn pass(&mut self, request: Request, next: Next, caller: Caller, csrf: Option<Decision>) -> Response {
        let (parts, body) = request.into_parts();
        let rule = &self.settings.csrf;
        let is_due = csrf.is_some_and(|csrf| rule.should_rotate(&csrf));
        let rotation = is_due.then(|| rule.visitor(&view(&parts, &self.arrival, &self.settings)));
        let started = Instant::now();
        let mut response = next.run(Request::from_parts(parts, body)).await;
        self.stages.add("handler", started);
        if let Some(visitor) = rotation
            && !response.headers().contains_key(self.settings.csrf.header_name())
        {
            let fresh = Fresh::issue(&self.app, &self.settings.csrf, &visitor, caller.csrf_state());
            fresh.write(response.headers_mut());
        }
        response.extensions_mut().insert(caller);
        response
    }
}

/// Where a half-finished sign-in goes on.
#[must_use]
pub(super) fn finishing_page(stage: Stage) -> &'static str {
    match stage {
        Stage::SecondFactor => path::SECOND_FACTOR,
        Stage::PasswordChange => path::CHOOSE_PASSWORD,
        Stage::RecoveryMail => path::RECOVERY_MAIL,
        Stage::Recovery => path::RECOVERY,
        Stage::Enrolment => path::ENROLMENT,
        Stage::Full => path::APPS,
    }
}

/// Path and query of a request.
fn target(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
}
