//! Logs: where they go, what they look like, and the lines of a finished request.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use doorward_core::{Clock, Finding};
use serde_json::{Map, Value};
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::watch::entry::{CsrfEntry, CsrfVerdict, Entry, SignInOutcome, to_milliseconds};
use crate::watch::line::{Line, MORE};
use crate::watch::rotation::RotatingFile;

pub use crate::watch::rotation::{LARGEST_DAY, Rotation, When};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the section `log` of the configuration means.
#[derive(Debug, Clone, Default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,sqlx=debug`. Empty is `info`.
    pub level: String,
    /// Whether CSRF decisions are logged in full (`CSRF_DEBUG`).
    pub is_csrf_debug: bool,
    /// How lines look.
    pub format: Format,
    /// Where lines go instead of standard error.
    pub file: Option<PathBuf>,
    /// How the file rotates.
    pub rotation: Rotation,
}

/// Keeps the logging thread; dropping it writes what is still waiting.
#[derive(Debug)]
#[must_use = "logging ends when the guard is dropped"]
pub struct Guard {
    control: Control,
    _worker: WorkerGuard,
}

impl Guard {
    /// What changes the level while the program runs.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

/// Changes the level at a reload, and knows how many lines were lost. Clones share it.
#[derive(Debug, Clone)]
pub struct Control {
    filter: reload::Handle<EnvFilter, Registry>,
    dropped: ErrorCounter,
}

impl Control {
    /// Takes over level and `CSRF_DEBUG`; the rest needs a restart.
    ///
    /// # Errors
    /// Where the level is none; the old one stays.
    pub fn reload(&self, settings: &LogSettings) -> Result<(), Finding> {
        let filter = filter(settings)?;
        // It fails only once the subscriber is gone, and then nobody logs any more.
        let _ = self.filter.reload(filter);
        Ok(())
    }

    /// How many lines were dropped because the file or the terminal was too slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.dropped_lines() as u64
    }
}

/// The most lines that wait for the logging thread; further ones are dropped and counted.
const WAITING: usize = 8_192;

/// Starts logging for the whole process.
///
/// # Errors
/// A level that is none, a file that cannot be written, or a process that logs already.
pub fn start(settings: &LogSettings, clock: Arc<dyn Clock>) -> Result<Guard, Finding> {
    let filter = filter(settings)?;
    let (writer, worker) = writer(settings, clock)?;
    let dropped = writer.error_counter();
    let (subscriber, filter) = subscriber(filter, line(settings), writer);
    subscriber.try_init().map_err(|_| Finding::error("config.value_invalid", "log", "this process logs already"))?;
    Ok(Guard { control: Control { filter, dropped }, _worker: worker })
}

fn writer(settings: &LogSettings, clock: Arc<dyn Clock>) -> Result<(NonBlocking, WorkerGuard), Finding> {
    let builder = NonBlockingBuilder::default().buffered_lines_limit(WAITING).lossy(true).thread_name("log");
    let Some(path) = &settings.file else {
        return Ok(builder.finish(std::io::stderr()));
    };
    let file = RotatingFile::open(path, settings.rotation, clock).map_err(|error| {
        Finding::error("config.value_invalid", "log.file", format!("the log file cannot be written: {error}"))
            .with_value(path.display().to_string())
            .with_remedy(
                "Name a file in a directory that Doorward may write to, or remove log.file to log to standard error.",
            )
    })?;
    Ok(builder.finish(file))
}

fn line(settings: &LogSettings) -> Line {
    match settings.format {
        Format::Text => Line::Text,
        Format::Auto if settings.file.is_none() && std::io::stderr().is_terminal() => Line::Text,
        Format::Auto | Format::Json => Line::Json,
    }
}

/// The filter of a level: libraries say only what went wrong, unless directives ask for more.
fn filter(settings: &LogSettings) -> Result<EnvFilter, Finding> {
    let level = settings.level.trim();
    let base = match level.to_ascii_lowercase().as_str() {
        "" => "warn,doorward=info".to_owned(),
        "error" => "error".to_owned(),
        word @ ("warn" | "info" | "debug" | "trace") => format!("warn,doorward={word}"),
        // A lone word would otherwise be taken for the name of a module.
        _ if level.contains(['=', ',']) => level.to_owned(),
        _ => return Err(bad_level(level)),
    };
    let directives = if settings.is_csrf_debug { format!("{base},doorward::csrf=debug") } else { base };
    EnvFilter::builder().parse(directives).map_err(|_| bad_level(level))
}

fn bad_level(level: &str) -> Finding {
    Finding::error("config.value_invalid", "log.level", "this is no log level")
        .with_value(level)
        .with_remedy("log.level = \"info\"  # or error, warn, debug, trace")
}

type Handle = reload::Handle<EnvFilter, Registry>;

fn subscriber<W>(filter: EnvFilter, line: Line, writer: W) -> (impl Subscriber + Send + Sync + 'static, Handle)
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter);
    let layer = fmt::layer().with_ansi(false).event_format(line).with_writer(writer);
    (tracing_subscriber::registry().with(filter).with(layer), handle)
}

/// Writes the lines of a finished request: one for the access log, and one for the security log where
/// somebody signed in or was refused.
/// Whether lines of the access log go anywhere.
pub(super) fn is_access_logged() -> bool {
    tracing::enabled!(target: "doorward::access", tracing::Level::INFO)
}

pub(super) fn write(entry: &Entry) {
    let (session, user) = (entry.session.map(|id| id.to_string()), entry.user.map(|id| id.to_string()));
    tracing::info!(
        target: "doorward::access",
        { request.id = %entry.id,
        http.method = entry.method,
        http.host = entry.host,
        http.path = entry.path,
        http.status = entry.status,
        http.route = (!entry.route.is_empty()).then_some(entry.route),
        app.name = entry.app.as_deref(),
        reason = (!entry.reason.is_empty()).then_some(entry.reason),
        user.id = user.as_deref(),
        session.id = session.as_deref(),
        client.address = %entry.address,
        peer.address = (entry.peer != entry.address).then(|| tracing::field::display(entry.peer)),
        client.device = (!entry.device.is_empty()).then_some(entry.device.as_str()),
        duration_ms = to_milliseconds(entry.duration),
        { MORE } = stages(entry).as_deref() },
        "{} {} {}", entry.method, entry.path, entry.status,
    );
    // An app's own error is the app's matter; the line above has it.
    if entry.status >= 500 && (entry.app.is_none() || !entry.reason.is_empty()) {
        tracing::error!(
            target: "doorward::fault",
            { request.id = %entry.id,
            http.method = entry.method,
            http.path = entry.path,
            http.status = entry.status,
            reason = (!entry.reason.is_empty()).then_some(entry.reason),
            cause = (!entry.cause.is_empty()).then_some(entry.cause.as_str()) },
            "a request failed",
        );
    }
    if let Some(csrf) = &entry.csrf {
        write_csrf(entry, csrf);
    }
    write_security(entry);
}

fn stages(entry: &Entry) -> Option<String> {
    if entry.stages.is_empty() {
        return None;
    }
    let member = |(name, duration): &(&str, _)| (format!("stage.{name}_ms"), to_milliseconds(*duration).into());
    Some(Value::Object(entry.stages.iter().map(member).collect()).to_string())
}

/// CSRF.md, section 3.1 and "Recommended answer": one WARN for each refusal, found by `grep CSRF`.
fn write_csrf(entry: &Entry, csrf: &CsrfEntry) {
    let allowed = csrf.verdict == CsrfVerdict::Allowed;
    if allowed && !tracing::enabled!(target: "doorward::csrf", tracing::Level::DEBUG) {
        return;
    }
    let more: Map<String, Value> =
        csrf.fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    let more = Value::Object(more).to_string();
    macro_rules! line {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                target: "doorward::csrf",
                { request.id = %entry.id,
                reason = csrf.reason,
                http.method = entry.method,
                http.host = entry.host,
                http.path = entry.path,
                http.status = entry.status,
                client.address = %entry.address,
                csrf.verdict = csrf.verdict.as_str(),
                csrf.provenance = csrf.provenance,
                csrf.mode = csrf.mode,
                csrf.token_age_seconds = csrf.token_age,
                { MORE } = more.as_str() },
                $message
            )
        };
    }
    match csrf.verdict {
        CsrfVerdict::Allowed => line!(debug, "CSRF check passed"),
        CsrfVerdict::Refused => line!(warn, "CSRF token validation failed"),
        CsrfVerdict::Reported => line!(warn, "CSRF token validation failed, let through by report_only"),
    }
}

fn write_security(entry: &Entry) {
    let message = match (entry.sign_in, entry.status) {
        (Some(SignInOutcome::Succeeded), _) => "signed in",
        (Some(SignInOutcome::Pending), _) => "signed in, with a step to finish",
        (Some(SignInOutcome::Refused), _) => "sign-in refused",
        (None, 400..500) if !entry.reason.is_empty() && entry.csrf.as_ref().is_none_or(is_not_refused) => "refused",
        _ => return,
    };
    let user = entry.user.map(|id| id.to_string());
    let session = entry.session.map(|id| id.to_string());
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "doorward::security",
                { request.id = %entry.id,
                reason = (!entry.reason.is_empty()).then_some(entry.reason),
                user.id = user.as_deref(),
                session.id = session.as_deref(),
                client.address = %entry.address,
                client.device = (!entry.device.is_empty()).then_some(entry.device.as_str()),
                http.method = entry.method,
                http.path = entry.path,
                http.status = entry.status,
                duration_ms = to_milliseconds(entry.duration) },
                "{message}"
            )
        };
    }
    if entry.sign_in == Some(SignInOutcome::Refused) {
        line!(warn);
    } else {
        line!(info);
    }
}

/// A refusal by the CSRF protection has its own line.
fn is_not_refused(csrf: &CsrfEntry) -> bool {
    csrf.verdict != CsrfVerdict::Refused
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;

    use doorward_core::UnixTime;
    use doorward_core::identifier::{SessionId, UserId};
    use parking_lot::Mutex;

    use super::*;
    use crate::watch::entry::tests::{Fixed, refused};

    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `action` logs at `level`.
    fn logged(line: Line, settings: &LogSettings, action: impl FnOnce(&Handle)) -> String {
        let paper = Paper::default();
        let writer = paper.clone();
        let (subscriber, handle) = subscriber(filter(settings).unwrap(), line, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || action(&handle));
        let bytes = paper.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> UnixTime {
            UnixTime(0)
        }
    }

    /// All that `action` logs, as JSON.
    pub(crate) fn logged_as_json(action: impl FnOnce()) -> String {
        logged(Line::Json, &at("trace"), |_| action())
    }

    fn at(level: &str) -> LogSettings {
        LogSettings { level: level.to_owned(), ..LogSettings::default() }
    }

    fn objects(text: &str) -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_csrf_refusal_is_found_by_grep_and_says_what_was_derived() {
        for line in [Line::Text, Line::Json] {
            let text = logged(line, &at("warn"), |_| write(&refused()));
            assert_eq!(text.lines().count(), 1, "{text}");
            for part in ["WARN", "CSRF token validation failed", "csrf.token_missing", "http://localhost:3000"] {
                assert!(text.contains(part), "{part} is missing in {text}");
            }
        }
        let line = &objects(&logged(Line::Json, &at("warn"), |_| write(&refused())))[0];
        assert_eq!(line["csrf.origin"], "http://localhost:3000");
        assert_eq!(line["request.id"], "req_BwcHBwcHBwcHBwcHBwcHBw");
        assert_eq!(line["reason"], "csrf.token_missing");
    }

    #[test]
    fn the_report_of_the_csrf_crate_stands_in_the_line_each_field_once() {
        let csrf = doorward_csrf::Csrf::builder()
            .secret_keys([doorward_csrf::SecretKey::new(1, *b"an example of a key, 32 bytes ok")])
            .build()
            .expect("the defaults and one key are a configuration");
        let (method, uri) = (http::Method::POST, http::Uri::from_static("/api/v1/auth/login"));
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "login.example.com".parse().unwrap());
        headers.insert("origin", "https://evil.test".parse().unwrap());
        let view = doorward_csrf::RequestView::new(&method, &uri, &headers, doorward_csrf::UnixSeconds(1_767_225_600))
            .tls(true);
        let state = doorward_csrf::SessionState::Anonymous;
        let decision = csrf.check(&view, &state, None::<&str>);
        let report = csrf.report(&view, &state, None::<&str>, &decision);
        let mut entry = refused();
        entry.csrf = Some(CsrfEntry::of_report(&report, CsrfVerdict::Refused, csrf.mode().as_str(), None));
        let line = &objects(&logged(Line::Json, &at("warn"), |_| write(&entry)))[0];
        for (name, value) in [
            ("reason", "csrf.origin_untrusted"),
            ("csrf.origin", "https://evil.test"),
            ("csrf.self_origin", "https://login.example.com"),
            ("csrf.mode", "layered"),
            ("csrf.cookie_fields", "0"),
            ("http.version", "HTTP/1.1"),
        ] {
            assert_eq!(line[name], value, "{name} in {line}");
        }
        let text = logged(Line::Text, &at("warn"), |_| write(&entry));
        for name in [" reason=", " csrf.origin=", " csrf.provenance="] {
            assert!(text.matches(name).count() <= 1, "{name} in {text}");
        }
        assert!(!text.contains("csrf.csrf") && !text.contains("csrf.request"), "{text}");
    }

    #[test]
    fn the_access_log_has_one_line_with_the_dotted_names() {
        let mut entry = refused();
        (entry.csrf, entry.status, entry.reason) = (None, 200, "");
        entry.user = Some(UserId::random(&Fixed(1)));
        entry.session = Some(SessionId::random(&Fixed(2)));
        let lines = objects(&logged(Line::Json, &at("info"), |_| write(&entry)));
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for (name, value) in [
            ("target", "doorward::access".into()),
            ("message", "POST /api/v1/auth/login 200".into()),
            ("http.method", "POST".into()),
            ("http.path", "/api/v1/auth/login".into()),
            ("http.status", Value::from(200)),
            ("client.address", "192.0.2.77".into()),
            ("user.id", entry.user.unwrap().to_string().into()),
            ("session.id", entry.session.unwrap().to_string().into()),
            ("duration_ms", Value::from(1.5)),
            ("stage.csrf_ms", Value::from(0.002)),
        ] {
            assert_eq!(line[name], value, "{name}");
        }
        assert_eq!(line.get("reason"), None, "what is empty is left out");
    }

    #[test]
    fn a_sign_in_has_a_security_line_of_its_weight() {
        for (outcome, level, message) in [
            (SignInOutcome::Succeeded, "INFO", "signed in"),
            (SignInOutcome::Pending, "INFO", "signed in, with a step to finish"),
            (SignInOutcome::Refused, "WARN", "sign-in refused"),
        ] {
            let mut entry = refused();
            (entry.csrf, entry.sign_in, entry.reason) = (None, Some(outcome), "signin.credentials_wrong");
            let lines = objects(&logged(Line::Json, &at("info"), |_| write(&entry)));
            let line = lines.iter().find(|line| line["target"] == "doorward::security").unwrap();
            assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some(level), Some(message)));
        }
    }

    #[test]
    fn nothing_from_outside_breaks_or_forges_a_line() {
        let forged = "x\n{\"level\":\"INFO\",\"message\":\"forged\"}\r\u{1b}[2J\u{2028}\u{85}\u{202e} reason=forged \"";
        let mut entry = refused();
        for value in [&mut entry.method, &mut entry.host, &mut entry.path, &mut entry.device, &mut entry.cause] {
            forged.clone_into(value);
        }
        entry.status = 500;
        entry.csrf.as_mut().unwrap().fields = vec![("csrf.origin", forged.to_owned())];
        for line in [Line::Text, Line::Json] {
            // Also without the cleaning of `finish`: other parts log values from outside too.
            let text = logged(line, &at("debug"), |_| {
                write(&entry);
                tracing::warn!(target: "doorward::web", { value = %forged, other = ?forged, plain = forged }, "{forged}");
                let span = tracing::info_span!(target: "doorward::web", "request", value = forged);
                span.in_scope(|| tracing::warn!(target: "doorward::web", "inside"));
            });
            assert_eq!(text.lines().count(), 5, "{text}");
            assert!(!text.replace('\n', "").chars().any(crate::watch::entry::is_hostile), "{text:?}");
            for line in text.lines() {
                let is_json = line.starts_with("{\"");
                assert!(is_json || line.starts_with("20"), "{line}");
            }
        }
        for line in objects(&logged(Line::Json, &at("info"), |_| write(&entry))) {
            assert_ne!(line["message"], "forged");
        }
    }

    #[test]
    fn a_line_is_bounded_whatever_is_logged() {
        let huge = "\n".repeat(1 << 20);
        let mut entry = refused();
        (entry.path, entry.csrf.as_mut().unwrap().fields) =
            (huge.clone(), vec![("csrf.origin", "\n".repeat(8_192)); 100]);
        for line in [Line::Text, Line::Json] {
            let text = logged(line, &at("info"), |_| {
                write(&entry);
                tracing::warn!(target: "doorward::web", { value = %huge, other = ?huge, plain = huge }, "{huge}");
            });
            for line in text.lines() {
                assert!(line.len() < 160_000, "{} bytes", line.len());
            }
        }
    }

    #[test]
    fn levels_and_csrf_debug_take_effect_and_change_at_a_reload() {
        let mut allowed = refused();
        (allowed.status, allowed.reason) = (200, "");
        let csrf = allowed.csrf.as_mut().unwrap();
        (csrf.verdict, csrf.reason) = (CsrfVerdict::Allowed, "csrf.token_ok");
        let count = |settings: &LogSettings| logged(Line::Text, settings, |_| write(&allowed)).lines().count();
        assert_eq!(count(&at("")), 1, "the access line");
        assert_eq!(count(&at("warn")), 0);
        assert_eq!(count(&at("debug")), 2, "the check that passed too");
        assert_eq!(count(&at("doorward::csrf=debug,off")), 1);
        let csrf_debug = LogSettings { is_csrf_debug: true, ..at("warn") };
        assert_eq!(count(&csrf_debug), 1, "only the check that passed");
        let text = logged(Line::Text, &at("warn"), |handle| {
            write(&allowed);
            handle.reload(filter(&at("info")).unwrap()).unwrap();
            write(&allowed);
        });
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_word_that_is_no_level_is_a_finding() {
        for level in ["loud", "info;", "doorward=loud,x"] {
            let finding = filter(&at(level)).unwrap_err();
            assert_eq!((finding.code, finding.value.as_str()), ("config.value_invalid", level));
        }
    }

    #[test]
    fn writes_to_the_file_and_refuses_one_that_cannot_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("doorward.log");
        let settings = LogSettings { file: Some(path.clone()), ..LogSettings::default() };
        let guard = start(&settings, Arc::new(Still)).unwrap();
        tracing::info!(target: "doorward::start", "hello");
        assert!(start(&settings, Arc::new(Still)).is_err(), "a second start in one process");
        assert!(guard.control().reload(&at("loud")).is_err());
        guard.control().reload(&at("error")).unwrap();
        tracing::info!(target: "doorward::start", "unheard");
        assert_eq!(guard.control().dropped(), 0);
        drop(guard);
        let lines = objects(&std::fs::read_to_string(path).unwrap());
        assert_eq!(lines.iter().map(|line| line["message"].as_str().unwrap()).collect::<Vec<_>>(), ["hello"]);
        let missing = LogSettings { file: Some(directory.path().join("no/such.log")), ..LogSettings::default() };
        assert_eq!(writer(&missing, Arc::new(Still)).unwrap_err().subject, "log.file");
    }
}
