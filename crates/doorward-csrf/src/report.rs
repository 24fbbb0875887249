//! What the log says about one decision: everything that tells the causes of a refusal apart, and no secret.

use std::fmt;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName, Version};

use crate::cookie::cookie_values;
use crate::csrf::Csrf;
use crate::decision::{Decision, FormValue};
use crate::hint;
use crate::key::ANONYMOUS;
use crate::request::{RequestView, SEC_FETCH_SITE};
use crate::session::SessionState;
use crate::token::{Opened, claimed_kid, fingerprint, open_cookie};
use crate::{Reason, Trust};

/// How the sign-in of the token stands to that of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionMatch {
    /// Neither knows a sign-in.
    BothAnonymous,
    /// Both belong to one sign-in.
    Same,
    /// Only the request belongs to a sign-in: somebody signed in since the token was issued.
    SignedInSince,
    /// Only the token belongs to a sign-in: somebody signed out since.
    SignedOutSince,
    /// They belong to two sign-ins.
    Other,
}

impl SessionMatch {
    /// A word for logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BothAnonymous => "both_anonymous",
            Self::Same => "same",
            Self::SignedInSince => "signed_in_since",
            Self::SignedOutSince => "signed_out_since",
            Self::Other => "other",
        }
    }
}

/// One decision with the facts around it, for the log, the debug endpoint and triage. Texts that a client sent are
/// cut to 200 characters; of a token there is at most a fingerprint of six digits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Why.
    pub reason: Reason,
    /// What is worth a warning although it decides nothing: [`Reason::OriginConfigMismatch`].
    pub warning: Option<Reason>,
    /// The method and the path.
    pub request: String,
    /// Sec-Fetch-Site as it was sent.
    pub sec_fetch_site: Option<String>,
    /// Origin as it was sent.
    pub origin: Option<String>,
    /// The origin that this server takes itself for.
    pub self_origin: Option<String>,
    /// How much is known about who started the request.
    pub provenance: Option<Trust>,
    /// How many `Cookie` fields arrived.
    pub cookie_fields: usize,
    /// How many token cookies arrived, of at most eight that are looked at.
    pub token_cookies: usize,
    /// How many of them verify.
    pub authentic_token_cookies: usize,
    /// Whether a bind cookie arrived under the name of this scheme.
    pub has_bind_cookie: bool,
    /// The age of the token in seconds.
    pub token_age_seconds: Option<i64>,
    /// The age of the youngest authentic token cookie in seconds.
    pub cookie_age_seconds: Option<i64>,
    /// Whether the token belongs to the browser of the bind cookie.
    pub is_family_equal: Option<bool>,
    /// How the sign-ins stand to each other.
    pub session: Option<SessionMatch>,
    /// The number of the key that the token names.
    pub kid: Option<u8>,
    /// Six digits of the SHA-256 of the token, to recognise it in two log lines.
    pub token_fingerprint: Option<String>,
    /// The fingerprint of the key that signs here. Nodes that differ do not share their secret.
    pub key_fingerprint: String,
    /// The HTTP version.
    pub version: Version,
    /// For the client: what it sent that explains the refusal.
    pub hint: String,
    /// For the operator: the expected values, and the line to write where there is one.
    pub remedy: String,
}

impl Csrf {
    /// Gathers the facts about a decision. It costs more than the rule, so ask for it where a line is written.
    #[must_use]
    pub fn report<'f>(
        &self,
        view: &RequestView<'_>,
        session: &SessionState<'_>,
        form_value: impl Into<FormValue<'f>>,
        decision: &Decision,
    ) -> Report {
        let form_value = form_value.into();
        let token = self.presented(view, form_value).ok();
        let cookies: Vec<_> =
            cookie_values(view.headers, &self.names.token).map(|value| open_cookie(&self.ring, value)).collect();
        let binds: Vec<_> = self.bind_values(view).collect();
        let mut report = Report {
            reason: decision.reason,
            warning: decision
                .provenance
                .filter(|provenance| provenance.is_origin_mismatched)
                .map(|_| Reason::OriginConfigMismatch),
            request: cut(&format!("{} {}", view.method, view.path)),
            sec_fetch_site: sent(view.headers, &SEC_FETCH_SITE),
            origin: sent(view.headers, &http::header::ORIGIN),
            self_origin: self.self_origin(view),
            provenance: decision.provenance.map(|provenance| provenance.trust),
            cookie_fields: view.headers.get_all(COOKIE).iter().count(),
            token_cookies: cookies.len(),
            authentic_token_cookies: cookies.iter().flatten().count(),
            has_bind_cookie: !binds.is_empty(),
            token_age_seconds: token.map(|token| view.now - token.issued_at),
            cookie_age_seconds: cookies.iter().flatten().map(|cookie| view.now - cookie.issued_at).min(),
            is_family_equal: token
                .filter(|_| !binds.is_empty())
                .map(|token| binds.iter().any(|bind| self.family(token.kid, bind) == token.family)),
            session: token.map(|token| self.session_match(session, &token)),
            kid: self.token_text(view, form_value).and_then(claimed_kid),
            token_fingerprint: self.token_text(view, form_value).map(fingerprint),
            key_fingerprint: self.ring.fingerprint().to_owned(),
            version: view.version,
            hint: String::new(),
            remedy: String::new(),
        };
        report.hint = hint::for_client(self, view, &report);
        report.remedy = hint::for_operator(self, &report);
        report
    }

    fn session_match(&self, session: &SessionState<'_>, token: &Opened) -> SessionMatch {
        match (session.is_signed_in(), token.session == ANONYMOUS) {
            (false, true) => SessionMatch::BothAnonymous,
            (true, true) => SessionMatch::SignedInSince,
            (false, false) => SessionMatch::SignedOutSince,
            (true, false) if session.tag(&self.ring, token.kid) == Some(token.session) => SessionMatch::Same,
            (true, false) => SessionMatch::Other,
        }
    }

    fn token_text<'a>(&self, view: &RequestView<'a>, form_value: FormValue<'a>) -> Option<&'a [u8]> {
        let header = view.headers.get(&self.header).map(http::HeaderValue::as_bytes);
        match (header, form_value) {
            (Some(text), _) if !text.is_empty() => Some(text),
            (_, FormValue::Text(text)) if !text.is_empty() => Some(text.as_bytes()),
            _ => None,
        }
    }
}

impl Report {
    /// Names and values for a structured log, without those that do not apply.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone();
        let number = |value: Option<i64>| value.map(|value| value.to_string());
        let fields = [
            ("reason", Some(self.reason.code().to_owned())),
            ("csrf.warning", self.warning.map(|warning| warning.code().to_owned())),
            ("csrf.request", Some(self.request.clone())),
            ("csrf.sec_fetch_site", text(&self.sec_fetch_site)),
            ("csrf.origin", text(&self.origin)),
            ("csrf.self_origin", text(&self.self_origin)),
            ("csrf.provenance", self.provenance.map(|trust| trust.as_str().to_owned())),
            ("csrf.cookie_fields", Some(self.cookie_fields.to_string())),
            ("csrf.token_cookies", Some(self.token_cookies.to_string())),
            ("csrf.authentic_token_cookies", Some(self.authentic_token_cookies.to_string())),
            ("csrf.has_bind_cookie", Some(self.has_bind_cookie.to_string())),
            ("csrf.token_age_seconds", number(self.token_age_seconds)),
            ("csrf.cookie_age_seconds", number(self.cookie_age_seconds)),
            ("csrf.is_family_equal", self.is_family_equal.map(|equal| equal.to_string())),
            ("csrf.session", self.session.map(|session| session.as_str().to_owned())),
            ("csrf.kid", self.kid.map(|kid| kid.to_string())),
            ("csrf.token_fingerprint", text(&self.token_fingerprint)),
            ("csrf.key_fingerprint", Some(self.key_fingerprint.clone())),
            ("http.version", Some(format!("{:?}", self.version))),
            ("csrf.remedy", Some(self.remedy.clone()).filter(|remedy| !remedy.is_empty())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.reason.is_refused() { "CSRF token validation failed:" } else { "CSRF check passed:" };
        out.write_str(word)?;
        self.fields().iter().try_for_each(|(name, value)| {
            if value.contains([' ', '"']) { write!(out, " {name}={value:?}") } else { write!(out, " {name}={value}") }
        })
    }
}

/// A field as text that cannot break a log line, at most 200 characters long.
fn sent(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| cut(&values.join(", ")))
}

fn cut(text: &str) -> String {
    text.chars().take(200).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Row;

    #[test]
    fn tells_a_race_from_another_sign_in() {
        let report = Row::post("race")
            .header("sec-fetch-site", "cross-site")
            .bind("b1")
            .cookie_token("b1", None, 4)
            .token("b1", None, 9)
            .report();
        assert_eq!(report.reason, Reason::CrossSite);
        assert_eq!((report.token_age_seconds, report.cookie_age_seconds), (Some(9), Some(4)));
        assert_eq!((report.is_family_equal, report.session), (Some(true), Some(SessionMatch::BothAnonymous)));
        let other = Row::post("switch").bind("b1").session("s2").token("b1", Some("s1"), 5).report();
        assert_eq!(other.session, Some(SessionMatch::Other));
        assert_eq!(
            Row::post("in").bind("b1").session("s").token("b1", None, 5).report().session,
            Some(SessionMatch::SignedInSince)
        );
        assert_eq!(
            Row::post("out").bind("b1").token("b1", Some("s"), 5).report().session,
            Some(SessionMatch::SignedOutSince)
        );
    }

    #[test]
    fn counts_cookies_over_all_fields() {
        let report = Row::post("crumbs")
            .header("cookie", "a=1")
            .header("cookie", "csrf_token=x")
            .cookie_token("b1", None, 5)
            .report();
        assert_eq!((report.cookie_fields, report.token_cookies, report.authentic_token_cookies), (3, 2, 1));
        assert!(!report.has_bind_cookie);
    }

    #[test]
    fn a_foreign_signature_names_the_key_it_claims() {
        let report = Row::post("node").header("sec-fetch-site", "same-origin").bind("b1").foreign_token("b1").report();
        assert_eq!((report.reason, report.kid), (Reason::TokenBadSignature, Some(1)));
        assert!(report.remedy.starts_with("signed with key 1, this node signs with 1:"), "{}", report.remedy);
    }

    #[test]
    fn no_line_holds_a_token_or_a_cookie_value() {
        let row = Row::post("secret").bind("bind-value").cookie_token("x", None, 1).token("b1", None, 5);
        let token = row.header_text("x-csrf-token");
        let line = format!("{} {:?}", row.report(), row.report());
        for part in token.split(':').skip(1) {
            assert!(!line.contains(part), "{line}");
        }
        assert!(!line.contains("bind-value") && line.contains("csrf.token_fingerprint="), "{line}");
        assert!(line.starts_with("CSRF token validation failed: reason=csrf.token_binding_mismatch"), "{line}");
    }

    #[test]
    fn what_a_client_sent_cannot_break_the_line_or_fill_the_disk() {
        let report = Row::post("long").header("origin", &"\u{fc}".repeat(5000)).report();
        assert_eq!(report.origin.unwrap().chars().count(), 200);
    }
}
