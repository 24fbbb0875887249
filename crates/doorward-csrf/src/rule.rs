//! The decision table (rows P, A, H and T), one arm for each row, first match wins.

mod origin;
mod scope;
mod token;

use crate::csrf::Csrf;
use crate::decision::{Decision, FormValue, Phase};
use crate::option::Mode;
use crate::request::RequestView;
use crate::session::SessionState;

impl Csrf {
    /// Rows P, A and H: who started the request. No I/O, no allocation, no session.
    pub fn provenance(&self, view: &RequestView<'_>) -> Phase {
        self.provenance_in(view, self.policy.mode)
    }

    /// The same under another mode than the configured one. [`Mode::HeadersOnly`] never asks for a token: the rule
    /// for routes of which this server is only the gateway.
    pub fn provenance_in(&self, view: &RequestView<'_>, mode: Mode) -> Phase {
        match scope::decide(self, view) {
            Ok(scope) => origin::decide(self, view, &scope, mode),
            Err(reason) => Phase::Decided(Decision::new(reason)),
        }
    }

    /// Both phases at once, for callers whose session is loaded anyway.
    pub fn check<'f>(
        &self,
        view: &RequestView<'_>,
        session: &SessionState<'_>,
        form_value: impl Into<FormValue<'f>>,
    ) -> Decision {
        match self.provenance(view) {
            Phase::Decided(decision) => decision,
            Phase::NeedsToken(provenance) => self.token(view, provenance, session, form_value),
        }
    }
}
