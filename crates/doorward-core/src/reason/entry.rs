//! The shapes of entries, so that a family file holds words and little else.

use super::{Kind, Reason, Text};

/// One refusal: code, status, whether trying again can help; title, visitor's text, operator's text, remedy.
macro_rules! refusal {
    ($code:literal, $status:literal, $retry:literal; $title:expr; $visitor:expr; $operator:literal; $remedy:literal) => {
        $crate::reason::Reason {
            code: $code,
            kind: $crate::reason::Kind::Refusal,
            status: $status,
            is_retryable: $retry,
            title: $title,
            visitor: $visitor,
            operator: $operator,
            remedy: $remedy,
        }
    };
}

pub(super) use refusal;

/// One text in both languages.
pub(super) const fn text(en: &'static str, de: &'static str) -> Text {
    Text { en, de }
}

/// One finding about the installation. Visitors can mend none of them, so all say the same to them.
pub(super) const fn cause(code: &'static str, title: Text, operator: &'static str, remedy: &'static str) -> Reason {
    let visitor = text(
        "This service is not ready yet. The people who run it can see why; please try again later.",
        "Dieser Dienst ist noch nicht bereit. Wer ihn betreibt, kann den Grund sehen; bitte versuchen Sie es später noch einmal.",
    );
    Reason { code, kind: Kind::Cause, status: 0, is_retryable: false, title, visitor, operator, remedy }
}
