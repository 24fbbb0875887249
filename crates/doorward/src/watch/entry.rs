//! The entry of one finished request: all that is known of it, and nothing secret.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use doorward_core::UnixTime;
use doorward_core::identifier::{RequestId, SessionId, UserId};
use doorward_csrf::Report;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// All that is known of one finished request.
///
/// It has no place for a query, a header value, a cookie or a token, so that none can be logged.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The id that the answer carries.
    #[serde(rename = "request.id")]
    pub id: RequestId,
    /// When the answer was finished, in unix seconds.
    pub at: UnixTime,
    /// The method, as it came.
    #[serde(rename = "http.method")]
    pub method: String,
    /// The host that the request is for, as far as it could be read.
    #[serde(rename = "http.host")]
    pub host: String,
    /// The path, never the query. A path that itself holds a secret (a link's token) is given as its pattern.
    #[serde(rename = "http.path")]
    pub path: String,
    /// The status of the answer.
    #[serde(rename = "http.status")]
    pub status: u16,
    /// The reason code, or empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
    /// Who asked, where that is known.
    #[serde(rename = "user.id", skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// In which session, where there is one.
    #[serde(rename = "session.id", skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The client, as the peer or a trusted proxy names it.
    #[serde(rename = "client.address")]
    pub address: IpAddr,
    /// The other end of the connection.
    #[serde(rename = "peer.address")]
    pub peer: IpAddr,
    /// What the client calls itself (User-Agent).
    #[serde(rename = "client.device", skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// The pattern of the route that answered, or empty where none matched.
    #[serde(rename = "http.route", skip_serializing_if = "str::is_empty")]
    pub route: &'static str,
    /// The app that answered, where one did.
    #[serde(rename = "app.name", skip_serializing_if = "Option::is_none")]
    pub app: Option<Box<str>>,
    /// From the first byte of the request to the end of the answer's head.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// How long each stage took, in the order in which they were passed.
    #[serde(rename = "stages_ms", skip_serializing_if = "Vec::is_empty", serialize_with = "stages")]
    pub stages: Vec<(&'static str, Duration)>,
    /// What became of a sign-in, where this request was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInOutcome>,
    /// What the CSRF protection decided, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf: Option<CsrfEntry>,
    /// What went wrong inside, for the operator: the cause of a 5xx, without secrets. Empty where nothing did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
}

/// What became of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInOutcome {
    /// It made a full session.
    Succeeded,
    /// It made a session that can only finish the sign-in.
    Pending,
    /// It was refused, for the entry's reason.
    Refused,
}

impl SignInOutcome {
    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Pending => "pending",
            Self::Refused => "refused",
        }
    }
}

/// The verdict of the CSRF protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CsrfVerdict {
    /// It let the request through.
    Allowed,
    /// It refused the request.
    Refused,
    /// It would have refused, but only reports (`report_only`).
    Reported,
}

impl CsrfVerdict {
    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Reported => "reported",
        }
    }
}

/// What the CSRF protection decided about one request.
#[derive(Debug, Clone, Serialize)]
pub struct CsrfEntry {
    /// Whether.
    pub verdict: CsrfVerdict,
    /// Why, with its family: `csrf.token_expired`, `csrf.safe_method`.
    pub reason: &'static str,
    /// `same`, `trusted`, `unknown`, or empty where the rule did not get that far.
    pub provenance: &'static str,
    /// `layered`, `headers_or_token` or `headers_only`.
    pub mode: &'static str,
    /// Seconds since the token was issued, where one opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_age: Option<i64>,
    /// How many `csrf_token` cookies came beyond the first.
    pub duplicates: u32,
    /// A hash of the bind cookie by which a retry is recognised; never the cookie. Not written anywhere.
    #[serde(skip)]
    pub bind: Option<u64>,
    /// The fields of CSRF.md, section 3.1, as the csrf crate reports them; never a token or a cookie.
    #[serde(serialize_with = "fields")]
    pub fields: Vec<(&'static str, String)>,
}

impl CsrfEntry {
    /// The entry of a report, with a hash of the bind cookie where there is one.
    #[must_use]
    pub fn of_report(report: &Report, verdict: CsrfVerdict, mode: &'static str, bind: Option<u64>) -> Self {
        // The entry has reason and path itself, and its path is a pattern where the real one holds a secret.
        let mut fields = report.fields();
        fields.retain(|(name, _)| !["reason", "csrf.request"].contains(name));
        let beyond_first = report.token_cookies.saturating_sub(1);
        Self {
            verdict,
            reason: report.reason.code(),
            provenance: report.provenance.map_or("", doorward_csrf::Trust::as_str),
            mode,
            token_age: report.token_age_seconds,
            duplicates: u32::try_from(beyond_first).unwrap_or(u32::MAX),
            bind,
            fields,
        }
    }
}

/// The most fields of a CSRF report that are kept.
const FIELDS: usize = 32;
/// The most stages that are kept.
const STAGES: usize = 16;

impl Entry {
    /// Whether a machine asked, as it does all day, and was answered well: a probe, or a proxy about a request of its
    /// own. Nobody asks about one of these afterwards, and kept they would push out what somebody does ask about.
    pub(super) fn is_routine(&self) -> bool {
        let is_machine = ["/health", "/api/authz/"].iter().any(|start| self.route.starts_with(start));
        is_machine && self.status < super::FAILED
    }

    /// Bounds every value from outside and takes out what could break or forge a line.
    pub(super) fn clean(&mut self) {
        // A query may hold a secret: whoever hands one over by mistake must not get it logged.
        if let Some(query) = self.path.find(['?', '#']) {
            self.path.truncate(query);
        }
        tidy(&mut self.method, 32);
        tidy(&mut self.host, 255);
        tidy(&mut self.path, 1024);
        tidy(&mut self.device, 160);
        tidy(&mut self.cause, 1024);
        self.stages.truncate(STAGES);
        if let Some(csrf) = &mut self.csrf {
            csrf.fields.truncate(FIELDS);
            for (_, value) in &mut csrf.fields {
                tidy(value, 512);
            }
        }
    }

    /// Whether somebody who is not signed in was refused.
    #[must_use]
    pub fn is_refused_stranger(&self) -> bool {
        self.user.is_none() && self.status >= 400 && !self.reason.is_empty()
    }
}

/// Whether a character could break a line, move the cursor of a terminal or turn the direction of text.
pub(super) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn tidy(text: &mut String, limit: usize) {
    if let Cow::Owned(cleaned) = cleaned(text, limit) {
        *text = cleaned;
    }
}

/// The text without hostile characters (each written as its code) and with at most `limit` bytes and an ellipsis.
pub(super) fn cleaned(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit && !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len().min(limit) + 3);
    for character in text.chars() {
        let before = clean.len();
        if is_hostile(character) {
            clean.extend(character.escape_unicode());
        } else {
            clean.push(character);
        }
        if clean.len() > limit {
            clean.truncate(before);
            clean.push('…');
            break;
        }
    }
    Cow::Owned(clean)
}

/// Milliseconds with three decimals, as logs and the request memory write them.
pub(super) fn to_milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(to_milliseconds(*duration))
}

fn stages<S: Serializer>(stages: &[(&'static str, Duration)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(stages.len()))?;
    for (name, duration) in stages {
        map.serialize_entry(name, &to_milliseconds(*duration))?;
    }
    map.end()
}

fn fields<S: Serializer>(fields: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (name, value) in fields {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use doorward_core::Random;

    #[derive(Debug)]
    pub(crate) struct Fixed(pub(crate) u8);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    /// A refused sign-in of a stranger, as most tests need one.
    pub(crate) fn refused() -> Entry {
        Entry {
            id: RequestId::random(&Fixed(7)),
            at: UnixTime(1_767_225_600),
            method: "POST".to_owned(),
            host: "localhost:8000".to_owned(),
            path: "/api/v1/auth/login".to_owned(),
            status: 403,
            reason: "csrf.token_missing",
            user: None,
            session: None,
            address: "192.0.2.77".parse().unwrap(),
            peer: "127.0.0.1".parse().unwrap(),
            device: "curl/8".to_owned(),
            route: "/api/v1/auth/login",
            app: None,
            duration: Duration::from_micros(1_500),
            stages: vec![("csrf", Duration::from_micros(2))],
            sign_in: None,
            csrf: Some(CsrfEntry {
                verdict: CsrfVerdict::Refused,
                reason: "csrf.token_missing",
                provenance: "unknown",
                mode: "layered",
                token_age: None,
                duplicates: 0,
                bind: Some(1),
                fields: vec![("csrf.origin", "http://localhost:3000".to_owned())],
            }),
            cause: String::new(),
        }
    }

    #[test]
    fn what_machines_ask_all_day_is_routine_only_where_it_goes_well() {
        for (route, status, is_routine) in [
            ("/health/live", 200, true),
            ("/api/authz/forward-auth", 200, true),
            ("/api/authz/auth-request", 302, true),
            ("/api/authz/auth-request", 401, false),
            ("/health/ready", 503, false),
            ("/api/v1/auth/me", 200, false),
            ("", 200, false),
        ] {
            let entry = Entry { status, route, ..refused() };
            assert_eq!(entry.is_routine(), is_routine, "{route} {status}");
        }
    }

    #[test]
    fn hostile_text_is_written_as_its_codes_and_cut() {
        assert_eq!(cleaned("/plain/ä", 100), "/plain/ä");
        assert_eq!(cleaned("a\r\nb", 100), "a\\u{d}\\u{a}b");
        assert_eq!(cleaned("a\u{1b}[2Jb\u{202e}\u{2028}", 100), "a\\u{1b}[2Jb\\u{202e}\\u{2028}");
        assert_eq!(cleaned("ääää", 5), "ää…");
        assert_eq!(cleaned("abc\n", 4), "abc…");
    }

    #[test]
    fn the_record_is_one_bounded_line_whatever_came_in() {
        let mut entry = refused();
        entry.path = "/\n\u{2028}".repeat(100_000);
        entry.device = "\u{1b}".repeat(100_000);
        entry.host = "h".repeat(100_000);
        entry.csrf.as_mut().unwrap().fields = vec![("csrf.origin", "\n".repeat(100_000)); 1_000];
        entry.stages = vec![("csrf", Duration::ZERO); 1_000];
        entry.clean();
        let json = serde_json::to_string(&entry).unwrap();
        assert!(json.len() < 32_768, "{} bytes", json.len());
        assert!(!json.chars().any(is_hostile));
    }

    #[test]
    fn the_record_has_the_names_of_the_log() {
        let value: serde_json::Value = serde_json::to_value(refused()).unwrap();
        assert_eq!(value["request.id"], "req_BwcHBwcHBwcHBwcHBwcHBw");
        assert_eq!(value["client.address"], "192.0.2.77");
        assert_eq!(value["duration_ms"], 1.5);
        assert_eq!(value["stages_ms"]["csrf"], 0.002);
        assert_eq!(value["csrf"]["fields"]["csrf.origin"], "http://localhost:3000");
        assert_eq!(value["csrf"].get("bind"), None);
        assert_eq!(value.get("user.id"), None);
    }
}
