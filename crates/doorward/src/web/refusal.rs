//! What the CSRF rule has decided about a request, and its refusal: what the browser is told, and what the log keeps.

use axum::response::{IntoResponse, Response};
use doorward_csrf::{Csrf, Decision, Report};

use super::exchange::Fresh;
use super::failure::Failure;

/// The decision about one request, for logs and metrics. In the extensions of its answer.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// What was decided.
    pub(super) decision: Decision,
    /// Under which mode.
    pub(super) mode: &'static str,
    /// Whether a refusal was only reported.
    pub(super) is_reported_only: bool,
    /// The fields of the report, for a refusal.
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Judged {
    /// What is kept of a decision, with the report of a refusal.
    #[must_use]
    pub(super) fn of(decision: Decision, report: Option<&Report>, csrf: &Csrf) -> Self {
        let fields = report.map(Report::fields).unwrap_or_default();
        Self { decision, mode: csrf.mode().as_str(), is_reported_only: csrf.is_report_only(), fields }
    }
}

/// The answer to a refused request, with a fresh token where a further try can succeed.
pub(super) fn answer(decision: &Decision, report: &Report, fresh: Option<Fresh>) -> Response {
    let failure = Failure {
        hint: (!report.hint.is_empty()).then(|| report.hint.clone()),
        csrf_token: fresh.as_ref().map(|fresh| fresh.token().into()),
        ..Failure::of(decision.reason.code())
    };
    match fresh {
        Some(fresh) => (fresh, failure).into_response(),
        None => failure.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use doorward_core::reason::{self, Kind};

    #[test]
    fn the_rule_and_the_list_know_the_same_refusals() {
        let of_rule: BTreeSet<_> = doorward_csrf::Reason::ALL
            .iter()
            .filter(|reason| reason.is_refused())
            .map(|reason| (reason.code(), reason.status().as_u16(), reason.retryable()))
            .collect();
        let of_list: BTreeSet<_> = reason::all()
            .filter(|reason| reason.family() == "csrf" && reason.kind == Kind::Refusal)
            .map(|reason| (reason.code, reason.status, reason.is_retryable))
            .collect();
        assert_eq!(of_rule, of_list);
    }
}
