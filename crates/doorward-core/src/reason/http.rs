//! Reasons of the family `http`: requests that no page could answer.

use super::{Kind, Reason, Text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[Reason {
    code: "http.internal",
    kind: Kind::Refusal,
    status: 500,
    is_retryable: true,
    title: Text { en: "Something went wrong here", de: "Hier ist etwas schiefgegangen" },
    visitor: Text {
        en: "The fault is ours, not yours. Please try again in a moment.",
        de: "Der Fehler liegt bei uns, nicht bei Ihnen. Bitte versuchen Sie es gleich noch einmal.",
    },
    operator: "Doorward met a state that it did not expect; the log line with this request id says which.",
    remedy: "Look the request up with `doorward explain`, and report what it shows.",
}];
