//! `doorward serve`: from the configuration to open listeners, and from a signal to the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::Finding;
use doorward_core::audit::{Action, Actor, Event};
use doorward_core::store::Audit as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::open;
use super::{CONFIGURATION, Context, FAULT, FINDINGS, WELL};
use crate::config::{Config, Inputs, Loaded, reload_differences};
use crate::node::{self, Node};
use crate::system::{SystemClock, SystemRandom};
use crate::watch::log::{self, Format, Guard, LogSettings, Rotation, When};
use crate::web::app::App;
use crate::web::listener::Service::{Front, Router};
use crate::web::listener::{self, Limits, Terms};
use crate::web::{private, router};

/// Why serving ended before it began.
struct Stopped {
    findings: Vec<Finding>,
    code: u8,
}

impl Stopped {
    fn found(findings: Vec<Finding>) -> Self {
        Self { findings, code: FINDINGS }
    }
}

/// Serves until a signal ends it.
#[must_use]
pub fn run(context: &Context) -> u8 {
    let loaded = match Config::load(&context.inputs) {
        Ok(loaded) => loaded,
        Err(findings) => return open::found(context, &findings, CONFIGURATION),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else { return FAULT };
    match runtime.block_on(serve(context, loaded)) {
        Ok(()) => WELL,
        Err(stopped) => open::found(context, &stopped.findings, stopped.code),
    }
}

async fn serve(context: &Context, loaded: Loaded) -> Result<(), Stopped> {
    let Loaded { config, mut findings } = loaded;
    node::make_private(&config.data).map_err(|finding| Stopped::found(vec![finding]))?;
    let log = log::start(&log_settings(&config), Arc::new(SystemClock))
        .map_err(|finding| Stopped { findings: vec![finding], code: CONFIGURATION })?;
    tell(&config, &findings);
    let node = Node::open(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.map_err(Stopped::found)?;
    let unreachable = node::factors_out_of_reach(&node.store, &config).await;
    warn(&unreachable);
    findings.extend(unreachable);
    node::introduce(&node.identity, &config)
        .await
        .map_err(|finding| Stopped { findings: vec![finding], code: CONFIGURATION })?;
    node.identity.load().await.map_err(|error| {
        Stopped::found(vec![Finding::error("store.location_unreachable", "store", error.to_string())])
    })?;

    // Before anybody sees us listen: whoever sees it may send one, and an unheard one ends the program.
    let Ok(signals) = Signals::hear() else {
        tracing::error!("signals cannot be heard");
        return Err(Stopped { findings: Vec::new(), code: FAULT });
    };
    let public = bind(&config).await?;
    let encrypted = bind_tls(&config).await?;
    let private = bind_private(&config).await?;
    let (served, app) = node
        .into_app(config.clone(), findings, Some(log.control()))
        .map_err(|findings| Stopped { findings, code: CONFIGURATION })?;
    let (stop, stopping) = watch::channel(false);
    let limits = Limits::of(&config.server.limits);
    let plain = Terms { limits, proxies: config.server.proxies(), certificates: None };
    for (listener, address) in public {
        tracing::info!(%address, "listening");
        let service = Front(app.clone(), router(&app));
        served.tasks.spawn("listener", listener::serve(listener, service, plain.clone(), stopping.clone()));
    }
    let certificates = app.transport().map(|transport| Arc::clone(transport.certificates()));
    let secret = Terms { certificates, ..plain.clone() };
    for (listener, address) in encrypted {
        tracing::info!(%address, "listening for https");
        let service = Front(app.clone(), router(&app));
        served.tasks.spawn("https listener", listener::serve(listener, service, secret.clone(), stopping.clone()));
    }
    if let Some((listener, address)) = private {
        tracing::info!(%address, "listening for /metrics");
        served.tasks.spawn(
            "private listener",
            listener::serve(
                listener,
                Router(private::router(&app)),
                Terms { proxies: Vec::new(), ..plain },
                stopping.clone(),
            ),
        );
    }
    tracing::info!(url = %config.public_url(), "ready: open /.doorward/ in a browser");
    until_told_to_stop(signals, &context.inputs, &app, &log).await;
    let _ = stop.send(true);
    served.end(&app, limits.drain + Duration::from_secs(1)).await;
    Ok(())
}

fn log_settings(config: &Config) -> LogSettings {
    let log = &config.log;
    LogSettings {
        level: log.level.as_str().to_owned(),
        is_csrf_debug: config.csrf.debug,
        format: match log.format {
            crate::config::Format::Auto => Format::Auto,
            crate::config::Format::Text => Format::Text,
            crate::config::Format::Json => Format::Json,
        },
        file: log.file.clone(),
        rotation: Rotation {
            when: match log.rotation {
                crate::config::Rotation::Daily => When::Daily,
                crate::config::Rotation::Size(bytes) => When::Size(bytes),
            },
            kept: log.keep,
        },
    }
}

/// Says at the start what is worth knowing of the configuration.
fn warn(findings: &[Finding]) {
    for finding in findings {
        tracing::warn!(code = finding.code, subject = finding.subject, remedy = finding.remedy, "{}", finding.why);
    }
}

fn tell(config: &Config, findings: &[Finding]) {
    warn(findings);
    if config.server.insecure_allow_http {
        tracing::warn!(
            "insecure_allow_http is set: passwords cross the local network in the clear, and only private addresses are served"
        );
    }
}

type Bound = Vec<(TcpListener, SocketAddr)>;

async fn bind(config: &Config) -> Result<Bound, Stopped> {
    let (mut bound, mut findings) = (Vec::new(), Vec::new());
    for listen in &config.server.listen {
        match listen_on(listen.address).await {
            Ok(listener) => bound.push(listener),
            Err(error) if listen.is_optional => tracing::info!(address = %listen.address, %error, "left out"),
            Err(error) => findings.push(occupied("server.listen", listen.address, &error)),
        }
    }
    if findings.is_empty() { Ok(bound) } else { Err(Stopped::found(findings)) }
}

async fn bind_tls(config: &Config) -> Result<Bound, Stopped> {
    let (mut bound, mut findings) = (Vec::new(), Vec::new());
    for address in &config.tls.listen {
        match listen_on(*address).await {
            Ok(listener) => bound.push(listener),
            Err(error) => findings.push(occupied("tls.listen", *address, &error)),
        }
    }
    if findings.is_empty() { Ok(bound) } else { Err(Stopped::found(findings)) }
}

async fn bind_private(config: &Config) -> Result<Option<(TcpListener, SocketAddr)>, Stopped> {
    let Some(address) = config.server.private_listen else { return Ok(None) };
    match listen_on(address).await {
        Ok(bound) => Ok(Some(bound)),
        // Nobody asked for this one by name, so a second Doorward on the machine may start without it.
        Err(error) if config.source("server.private_listen") == crate::config::Source::Default => {
            tracing::warn!(%address, %error, "there is no private listener, and with it no /metrics");
            Ok(None)
        }
        Err(error) => Err(Stopped::found(vec![occupied("server.private_listen", address, &error)])),
    }
}

async fn listen_on(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn occupied(key: &'static str, address: SocketAddr, error: &std::io::Error) -> Finding {
    Finding::error("config.listen_unavailable", key, format!("Nothing can listen there: {error}."))
        .with_value(address.to_string())
        .with_remedy("doorward serve --listen 127.0.0.1:8001")
}

/// The signals that mean something here.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn hear() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }
}

/// SIGHUP reads the configuration anew; SIGINT and SIGTERM end the wait.
async fn until_told_to_stop(mut signals: Signals, inputs: &Inputs, app: &App, log: &Guard) {
    loop {
        tokio::select! {
            _ = signals.hangup.recv() => reload(inputs, app, log).await,
            _ = signals.interrupt.recv() => break,
            _ = signals.terminate.recv() => break,
        }
    }
    tracing::info!("ending: open requests are let finish");
}

/// Puts a new configuration into force, or keeps the old one and says why.
async fn reload(inputs: &Inputs, app: &App, log: &Guard) {
    if let Some(transport) = app.transport() {
        transport.look(true);
    }
    let old = app.settings();
    let loaded = match Config::load(inputs) {
        Ok(loaded) => loaded,
        Err(findings) => return refuse(&findings),
    };
    let needs_restart = reload_differences(&old.config, &loaded.config);
    match app.settings_for(loaded.config) {
        Err(findings) => refuse(&findings),
        Ok(settings) => {
            if let Err(finding) = log.control().reload(&log_settings(&settings.config)) {
                return refuse(&[finding]);
            }
            tell(&settings.config, &loaded.findings);
            let event = Event::new(app.identity().now(), Action::ConfigurationReloaded, Actor::System);
            if let Err(error) = app.identity().store().append(&event).await {
                tracing::warn!(reason = error.code(), %error, "the audit log does not hold this reload");
            }
            app.put_into_force(settings, loaded.findings);
            tracing::info!("the configuration was read anew");
            if !needs_restart.is_empty() {
                tracing::warn!(keys = needs_restart.join(", "), "these settings take a restart");
            }
        }
    }
}

fn refuse(findings: &[Finding]) {
    for finding in findings {
        tracing::error!(code = finding.code, subject = finding.subject, remedy = finding.remedy, "{}", finding.why);
    }
    tracing::error!("the new configuration is refused; the old one stays in force");
}
