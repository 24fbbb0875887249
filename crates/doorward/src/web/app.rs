//! What every handler can reach.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::policy::Access;
use doorward_core::random::Random;
use doorward_core::user::User;
use doorward_core::{Clock, Finding, Secret};
use doorward_csrf::{Csrf, Problem, SecretKey, UnixSeconds};
use http::HeaderValue;
use parking_lot::RwLock;

use super::arrival::Arrival;
use super::door::{Sketch, Table};
use super::route;
use super::ticket::Tickets;
use crate::config::{Config, Environment};
use crate::identity::hasher::Hasher;
use crate::identity::{Identity, Keyring, Live, PasswordChange, Refused, SignedIn, Visit};
use crate::mail::Dispatch;
use crate::node::{Transport, forget_initial};
use crate::system::Drawn;
use crate::watch::health::Health;
use crate::watch::{Tasks, Watch};

/// The program as its handlers see it. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Inner {
    /// Sign-in, sessions, accounts.
    pub identity: Identity,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Logs, metrics, request memory.
    pub watch: Watch,
    /// The state of what the program depends on.
    pub health: Health,
    /// What runs beside requests.
    pub tasks: Tasks,
    /// Chance for the names of requests, drawn in large pieces.
    pub identifiers: Drawn,
    /// HTTPS, where it is spoken here.
    pub transport: Option<Arc<Transport>>,
    /// Mail, where there is any.
    pub mail: Option<Arc<Dispatch>>,
    /// Tickets of the doctor that were used.
    pub tickets: Tickets,
    /// The settings in force; a reload puts others in their place.
    pub settings: RwLock<Arc<Settings>>,
    /// What the last check of the configuration found.
    pub findings: RwLock<Vec<Finding>>,
}

/// The configuration as requests need it.
#[derive(Debug)]
pub struct Settings {
    /// The whole configuration.
    pub config: Config,
    /// The CSRF rule with its keys.
    pub csrf: Csrf,
    /// The apps in their places.
    pub door: Table,
    transport_security: Option<HeaderValue>,
}

impl App {
    /// Joins the parts.
    #[must_use]
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Sign-in, sessions, accounts.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Logs, metrics, request memory.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// The state of what the program depends on.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// HTTPS, where it is spoken here.
    #[must_use]
    pub fn transport(&self) -> Option<&Transport> {
        self.0.transport.as_deref()
    }

    /// Tickets of the doctor.
    #[must_use]
    pub fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    /// Mail, where there is any.
    #[must_use]
    pub fn mail(&self) -> Option<&Dispatch> {
        self.0.mail.as_deref()
    }

    /// The answer to a token by which an authority asks for a proof over plain HTTP.
    #[must_use]
    pub fn proof(&self, token: &str) -> Option<String> {
        self.transport()?.certificates().challenges().answer(token)
    }

    /// Changes or chooses a password, and forgets the one that the first start has written down.
    ///
    /// # Errors
    /// As [`Identity::change_password`].
    pub async fn change_password(
        &self,
        visit: &Visit,
        live: &Live,
        change: PasswordChange,
    ) -> Result<SignedIn, Refused> {
        let signed_in = self.identity().change_password(visit, live, change).await?;
        forget_initial(&self.settings().config.data, &signed_in.live.user().email);
        Ok(signed_in)
    }

    /// Stores the password that somebody chose by a link, and forgets the one that the first start has written down.
    ///
    /// # Errors
    /// As [`Identity::reset_by_link`].
    pub async fn reset_by_link(&self, visit: &Visit, link: &str, password: Secret) -> Result<User, Refused> {
        let user = self.identity().reset_by_link(visit, link, password).await?;
        forget_initial(&self.settings().config.data, &user.email);
        Ok(user)
    }

    /// The settings in force. One request keeps one: it never sees half a reload.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.settings.read())
    }

    /// Settings made of another configuration with the keys of this node.
    ///
    /// # Errors
    /// What the CSRF rule finds wrong with the configuration.
    pub fn settings_for(&self, config: Config) -> Result<Settings, Vec<Finding>> {
        let before = self.settings();
        Settings::of(config, self.identity().keyring(), Some(&before.door), self.watch())
    }

    /// What runs beside requests.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// Chance for the names of requests.
    #[must_use]
    pub fn identifiers(&self) -> &Drawn {
        &self.0.identifiers
    }

    /// Ends when the session does; never where there is none.
    pub async fn until_ended(self, live: Option<Arc<Live>>) {
        let Some(live) = live else { return std::future::pending().await };
        let mut round = tokio::time::interval(Duration::from_secs(1));
        while self.identity().stands(live.handle) || self.identity().app_password_stands(&live).await {
            round.tick().await;
        }
    }

    /// Puts other settings into force for all requests that come after.
    pub fn put_into_force(&self, settings: Settings, findings: Vec<Finding>) {
        *self.0.settings.write() = Arc::new(settings);
        *self.0.findings.write() = findings;
    }

    /// What the last check of the configuration found, and what is wrong with certificates and mail now.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.0.findings.read().clone();
        findings.extend(self.transport().map(Transport::findings).unwrap_or_default());
        findings.extend(self.mail().map(Dispatch::findings).unwrap_or_default());
        findings
    }

    /// Password hashes that wait or run.
    #[must_use]
    pub fn hash_queue_depth(&self) -> u64 {
        self.0.hasher.measures().read().places
    }

    /// Time and chance for the CSRF rule.
    #[must_use]
    pub fn environment(&self) -> Surroundings<'_> {
        Surroundings { clock: self.identity().clock(), random: self.identity().random() }
    }
}

impl Settings {
    /// Joins a configuration with the keys of this node.
    ///
    /// # Errors
    /// What the CSRF rule finds wrong with its part of the configuration.
    pub fn of(config: Config, keyring: &Keyring, before: Option<&Table>, watch: &Watch) -> Result<Self, Vec<Finding>> {
        let mut builder = config.csrf.builder().session_paths(route::session_paths()).token_path(route::TOKEN);
        if !config.csrf.has_own_keys {
            // The newest signs, all verify: the builder takes the first as the one that signs.
            let newest_first = keyring.csrf_secrets().into_iter().rev();
            builder =
                builder.secret_keys(newest_first.map(|(kid, secret)| SecretKey::new(kid, secret.expose_secret())));
        }
        let csrf = builder.build().map_err(|error| error.problems.iter().map(csrf_finding).collect::<Vec<_>>())?;
        let door = Table::of(&config, before, |name| watch.app_meter(name));
        let transport_security = transport_security(&config);
        Ok(Self { config, csrf, door, transport_security })
    }

    /// The value of Strict-Transport-Security for answers over https, where one is to be sent.
    #[must_use]
    pub fn transport_security(&self) -> Option<&HeaderValue> {
        self.transport_security.as_ref()
    }

    /// The origin of the pages, for whoever stands before the host of an app.
    #[must_use]
    pub fn portal_origin(&self, sketch: &Sketch) -> String {
        match &self.config.server.public_url {
            Some(url) => url.origin(),
            // Without a public URL only this machine is served, under the port that was asked.
            None => sketch.origin("localhost"),
        }
    }

    /// The origin of an app's host, for whoever is at the portal; nothing where no app has this host.
    #[must_use]
    pub fn origin_of_app(&self, host: &str, arrival: &Arrival) -> Option<String> {
        let origin = self.link_origin(arrival);
        let (scheme, authority) = origin.split_once("://")?;
        let port = authority.rsplit_once(':').map(|(_, port)| format!(":{port}")).unwrap_or_default();
        self.door.has_host(host).then(|| format!("{scheme}://{host}{port}"))
    }

    /// The origin that links are made with: the configured one. Without one only this machine is served, and
    /// then it is the one that the client calls, since no other host is answered (CVE-2017-12161).
    #[must_use]
    pub fn link_origin(&self, arrival: &Arrival) -> String {
        match &self.config.server.public_url {
            Some(url) => url.origin(),
            None => arrival.origin.clone(),
        }
    }

    /// Whether the debug endpoint is open to everybody: in development, on loopback listeners alone, where
    /// `CSRF_DEBUG` is set.
    #[must_use]
    pub fn opens_debug(&self) -> bool {
        let is_development = self.config.environment == Environment::Development;
        self.config.csrf.debug && is_development && self.config.server.is_loopback_only()
    }

    /// Whether a host is one of the pages: of the public URL, or without one of this machine.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        match &self.config.server.public_url {
            Some(url) => url.host() == host,
            None => self.config.csrf.allowed_hosts.iter().any(|own| own == host) && !self.door.has_host(host),
        }
    }

    /// Whether the peer may say who its client is.
    #[must_use]
    pub fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.config.server.is_trusted_proxy(peer)
    }

    /// What a route asks of its caller. The debug endpoint is open in development on a loopback listener
    /// where `CSRF_DEBUG` is set, and nowhere else.
    #[must_use]
    pub fn access_of(&self, access: Access) -> Access {
        if access == Access::AdministratorFresh && self.opens_debug() { Access::Anyone } else { access }
    }
}

/// Only in production: a browser that was told so once on `localhost` would refuse every other program there.
fn transport_security(config: &Config) -> Option<HeaderValue> {
    let tls = &config.tls;
    if config.environment != Environment::Production || tls.hsts == 0 {
        return None;
    }
    let subdomains = if tls.hsts_subdomains { "; includeSubDomains" } else { "" };
    HeaderValue::try_from(format!("max-age={}{subdomains}", tls.hsts)).ok()
}

/// The program's clock and random source, as the CSRF rule asks for them.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    clock: &'a dyn Clock,
    random: &'a dyn Random,
}

impl doorward_csrf::Environment for Surroundings<'_> {
    fn now(&self) -> UnixSeconds {
        seconds(self.clock.now())
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }
}

/// A moment as the CSRF rule counts it.
#[must_use]
pub fn seconds(at: doorward_core::UnixTime) -> UnixSeconds {
    UnixSeconds(u64::try_from(at.0).unwrap_or_default())
}

fn csrf_finding(problem: &Problem) -> Finding {
    Finding::error(problem.code, format!("csrf.{}", problem.field), problem.why)
        .with_value(problem.value.clone())
        .with_remedy(problem.hint)
}
