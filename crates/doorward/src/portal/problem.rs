//! What is said of a refusal on a page: its reason in words, and which field it is about.

use doorward_core::Reason;
use doorward_core::language::Language;
use doorward_core::reason::{self, Side, Text};

use super::catalogue::error;
use super::path;

/// A refusal, as a page shows it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Title and text, in both languages.
    pub reason: &'static Reason,
    /// Seconds after which it is worth trying again.
    pub retry_after: Option<i64>,
    /// What the request lacked, for whoever mends it; names only what the visitor sent. English.
    pub hint: Option<String>,
    /// The stations from the browser to the app that this request could pass; none where that says nothing.
    pub stations: Vec<Side>,
}

impl Problem {
    /// The problem with this code. A code that is not in the list is our fault and is shown as such.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let reason = reason::find(code).unwrap_or_else(internal);
        Self { reason, retry_after: None, hint: None, stations: Vec::new() }
    }

    /// The same problem with the time to wait, in seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: Option<i64>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// The same problem with a hint for whoever mends it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn title(&self, language: Language) -> &'static str {
        self.reason.title.in_(language)
    }

    pub(crate) fn text(&self, language: Language) -> &'static str {
        self.reason.visitor.in_(language)
    }

    pub(crate) fn code(&self) -> &'static str {
        self.reason.code
    }

    pub(crate) fn docs(&self) -> String {
        format!("{}#{}", path::REASONS, self.reason.code)
    }

    /// Each station: its name, whether the request came past it, stopped there or never came so far, and whether it
    /// is the one.
    pub(crate) fn chain(&self) -> Vec<(Text, &'static str, bool)> {
        let stopped = self.reason.side();
        let state = |side: Side| match side.cmp(&stopped) {
            std::cmp::Ordering::Less => "passed",
            std::cmp::Ordering::Equal => "stopped",
            std::cmp::Ordering::Greater => "ahead",
        };
        let name = |side: Side| match side {
            Side::Visitor => error::SIDE_VISITOR,
            Side::Proxy => error::SIDE_PROXY,
            Side::Doorward => error::SIDE_DOORWARD,
            Side::App => error::SIDE_APP,
        };
        self.stations.iter().map(|side| (name(*side), state(*side), *side == stopped)).collect()
    }

    /// Where it stopped, as a sentence.
    pub(crate) fn stopped(&self) -> Text {
        match self.reason.side() {
            Side::Visitor => error::STOPPED_VISITOR,
            Side::Proxy => error::STOPPED_PROXY,
            Side::Doorward => error::STOPPED_DOORWARD,
            Side::App => error::STOPPED_APP,
        }
    }

    /// The time to wait, as a sentence.
    pub(crate) fn wait(&self, language: Language) -> Option<String> {
        let seconds = self.retry_after.filter(|seconds| *seconds > 0)?;
        let (text, count) = match seconds {
            1..=90 => (error::WAIT_SECONDS, seconds),
            91..=5400 => (error::WAIT_MINUTES, seconds.saturating_add(59) / 60),
            _ => (error::WAIT_HOURS, seconds.saturating_add(3599) / 3600),
        };
        Some(text.in_(language).replacen("{}", &count.to_string(), 1))
    }

    /// The form field that this refusal is about; the page marks and focuses it.
    pub(crate) fn field(&self) -> &'static str {
        match self.reason.code {
            "signin.credentials_wrong" => "password",
            "password.wrong_current" => "current_password",
            "user.email_invalid" | "user.email_taken" | "user.domain_closed" => "email",
            "user.name_invalid" => "name",
            "user.group_invalid" | "user.last_administrator" => "groups",
            code if code.starts_with("factor.code_") => "code",
            code if code.starts_with("password.") => "new_password",
            _ => "",
        }
    }

    /// Whether the page of an account has a place of its own for this refusal: the form of the password.
    pub(crate) fn is_about(&self, field: &str) -> bool {
        self.field() == field
    }
}

/// The reason of last resort.
fn internal() -> &'static Reason {
    reason::find("http.internal").expect("http.internal is in the list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_our_fault() {
        assert_eq!(Problem::of("nothing.known").code(), "http.internal");
    }

    #[test]
    fn the_time_to_wait_is_never_promised_too_short() {
        let wait = |seconds| Problem::of("http.internal").with_retry_after(Some(seconds)).wait(Language::English);
        for (seconds, number) in
            [(1, "1"), (90, "90"), (91, "2"), (121, "3"), (5401, "2"), (i64::MAX, "2562047788015215")]
        {
            assert!(wait(seconds).unwrap().contains(number), "{seconds}");
        }
        assert_eq!(wait(0), None);
        assert_eq!(wait(-5), None);
    }
}
