//! The end of each request: what is known of it goes to the logs, the metrics and the request memory.

use std::time::Duration;

use axum::response::Response;
use doorward_core::session::Stage;
use doorward_core::token::{Kind, hash_value};
use http::request::Parts;

use super::app::{App, Settings};
use super::arrival::Arrival;
use super::caller::Caller;
use super::exchange::NewSession;
use super::failure::Failure;
use super::guard::Stages;
use super::refusal::Judged;
use super::route::Route;
use crate::watch::entry::{CsrfEntry, CsrfVerdict, Entry, SignInOutcome};

/// What of a request is kept until its answer goes.
#[derive(Debug)]
pub(in crate::web) struct Kept {
    method: http::Method,
    host: String,
    bind: Option<u64>,
    token_cookies: usize,
}

impl Kept {
    /// The same of a request whose cookies are an app's.
    #[must_use]
    pub(in crate::web) fn plain(method: http::Method, host: String) -> Self {
        Self { method, host, bind: None, token_cookies: 0 }
    }

    /// Never the query: it can hold the secret of a link.
    #[must_use]
    pub(super) fn of(parts: &Parts, arrival: &Arrival, settings: &Settings) -> Self {
        let host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = parts.uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
        let scheme = arrival.scheme();
        let bind = doorward_csrf::cookie_values(&parts.headers, settings.csrf.bind_cookie_name(scheme)).next();
        let bind = bind.and_then(|value| str::from_utf8(value).ok()).map(|value| {
            let hash = hash_value(Kind::Browser, value);
            u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
        });
        Self {
            method: parts.method.clone(),
            host: host.to_owned(),
            bind,
            token_cookies: doorward_csrf::cookie_values(&parts.headers, settings.csrf.cookie_name()).count(),
        }
    }
}

/// Takes note of a finished request.
pub(super) fn see_off(app: &App, arrival: &Arrival, kept: Kept, response: &mut Response, duration: Duration) {
    let status = response.status().as_u16();
    let extensions = response.extensions_mut();
    let failure = extensions.remove::<Failure>();
    let caller = extensions.remove::<Caller>();
    let route = extensions.remove::<&'static Route>();
    let signed_in = extensions.remove::<NewSession>();
    let live = signed_in.as_ref().map(|new| &new.0).or(caller.as_ref().and_then(Caller::live));
    let stages = extensions.remove::<Stages>().unwrap_or_default().0;
    let csrf = extensions.remove::<Judged>().map(|judged| csrf_entry(judged, &kept));
    let reason = failure.as_ref().map_or("", |failure| failure.reason.code);
    let sign_in =
        route.filter(|route| route.signs_in && kept.method == http::Method::POST).and_then(|_| match &signed_in {
            Some(new) if new.0.stage == Stage::Full => Some(SignInOutcome::Succeeded),
            Some(_) => Some(SignInOutcome::Pending),
            // A forged request is no attempt to sign in.
            None => (!reason.starts_with("csrf.")).then_some(SignInOutcome::Refused),
        });
    app.watch().finish(Entry {
        id: arrival.id,
        at: app.identity().now(),
        method: kept.method.to_string(),
        host: kept.host,
        path: arrival.path.clone(),
        status,
        reason,
        user: live.map(|live| live.user_id()),
        session: live.map(|live| live.id),
        address: arrival.address,
        peer: arrival.peer,
        device: arrival.device.to_string(),
        route: route.map_or("", |route| route.path),
        app: None,
        duration,
        stages,
        sign_in,
        csrf,
        cause: failure.and_then(|failure| failure.cause).unwrap_or_default(),
    });
}

fn csrf_entry(judged: Judged, kept: &Kept) -> CsrfEntry {
    let decision = judged.decision;
    let verdict = match (decision.is_allowed(), judged.is_reported_only) {
        (true, _) => CsrfVerdict::Allowed,
        (false, true) => CsrfVerdict::Reported,
        (false, false) => CsrfVerdict::Refused,
    };
    CsrfEntry {
        verdict,
        reason: decision.reason.code(),
        provenance: decision.provenance.map_or("", |provenance| provenance.trust.as_str()),
        mode: judged.mode,
        token_age: decision.token.map(|token| token.age_seconds),
        duplicates: u32::try_from(kept.token_cookies.saturating_sub(1)).unwrap_or(u32::MAX),
        bind: kept.bind,
        fields: judged.fields,
    }
}
