//! The one way a request fails: a reason of the list, words for the client, and the cause for the log.

use axum::response::{IntoResponse, Response};
use doorward_core::reason::{self, Reason};
use doorward_core::store::StoreError;
use http::StatusCode;

use crate::identity::Refused;

/// Why a request is not answered as it wished.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The entry of the one list.
    pub reason: &'static Reason,
    /// Names only what the client itself has sent.
    pub hint: Option<String>,
    /// Seconds after which a further try makes sense.
    pub retry_after: Option<i64>,
    /// A token for the next try of a refused form.
    pub csrf_token: Option<Box<str>>,
    /// Where signing in is possible.
    pub login_url: Option<Box<str>>,
    /// Where a form was sent from: the sign-in leads back there.
    pub return_to: Option<Box<str>>,
    /// What the log says beside; never shown to the client.
    pub cause: Option<String>,
}

impl Failure {
    /// The failure with this code. A code that is in no list is our fault, and is answered as such.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let known = reason::find(code).filter(|reason| reason.status != 0);
        Self {
            reason: known.unwrap_or_else(|| internal()),
            hint: None,
            retry_after: None,
            csrf_token: None,
            login_url: None,
            return_to: None,
            cause: known.is_none().then(|| format!("no refusal is called {code}")),
        }
    }

    /// Our fault, with the cause for the log.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::of("http.internal") }
    }

    /// The same with a hint that names only what the client has sent.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the cause for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.reason.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn internal() -> &'static Reason {
    reason::find("http.internal").expect("the list has http.internal: a test of the list walks it")
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self {
            retry_after: refused.retry_after,
            cause: refused.source.map(|error| error.to_string()),
            ..Self::of(refused.code)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(error.code()).with_cause(error)
    }
}

impl IntoResponse for Failure {
    /// An empty answer that carries the failure; [`super::present`] writes it as a page or as a problem
    /// document, since only it knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
