//! Logs: where they go, what they look like, and the lines of a finished request.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use doorward_core::Finding;
use serde_json::{Map, Value};
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::watch::entry::{CsrfEntry, CsrfVerdict, Entry, SignInOutcome, to_milliseconds};
use crate::watch::line::{Line, MORE};
use crate::watch::rotation::RotatingFile;

pub use crate::watch::rotation::Rotation;

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
pub fn start(settings: &LogSettings) -> Result<Guard, Finding> {
    let filter = filter(settings)?;
    let (writer, worker) = writer(settings)?;
    let dropped = writer.error_counter();
    let (subscriber, filter) = subscriber(filter, line(settings), writer);
    subscriber.try_init().map_err(|_| Finding::error("config.log_invalid", "log", "this process logs already"))?;
    Ok(Guard { control: Control { filter, dropped }, _worker: worker })
}

fn writer(settings: &LogSettings) -> Result<(NonBlocking, WorkerGuard), Finding> {
    let builder = NonBlockingBuilder::default().buffered_lines_limit(WAITING).lossy(true).thread_name("log");
    let Some(path) = &settings.file else {
        return Ok(builder.finish(std::io::stderr()));
    };
    let file = RotatingFile::open(path, settings.rotation).map_err(|error| {
        Finding::error("config.log_invalid", "log.file", format!("the log file cannot be written: {error}"))
            .with_value(path.display().to_string())
            .with_remedy("Name a file in a directory that Doorward may write to, or remove log.file to log to standard error.")
    })?;
    Ok(builder.finish(file))
}

fn line(settings: &LogSettings) -> Line {
    match settings.format {
        Format::Text => Line::Text,
        Format::Json => Line::Json,
        Format::Auto if settings.file.is_none() && std::io::stderr().is_terminal() => Line::Text,
        Format::Auto => Line::Json,
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
    Finding::error("config.log_invalid", "log.level", "this is no log level")
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
    if entry.status >= 500 {
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
        csrf.fields.iter().map(|(name, value)| (format!("csrf.{name}"), value.as_str().into())).collect();
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
                csrf.token_age = csrf.token_age,
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
    match entry.sign_in {
        Some(SignInOutcome::Refused) => line!(warn),
        _ => line!(info),
    }
}

/// A refusal by the CSRF protection has its own line.
fn is_not_refused(csrf: &CsrfEntry) -> bool {
    csrf.verdict != CsrfVerdict::Refused
}
