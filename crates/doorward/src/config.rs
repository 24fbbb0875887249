//! Configuration: what was written (Raw) and what was meant (Config), one file for each section.
//!
//! [`Config::load`] reads flags, the environment, `.env` and `doorward.toml`, merges them key by key, and checks the
//! result as a whole. Every problem comes back at once, as [`Finding`]s. [`registry`] lists every setting; a test
//! compares it with the `Raw` of each section both ways.

mod admin;
mod app;
mod check;
mod csrf;
mod domain;
mod dotenv;
mod exposure;
mod factor;
mod forwarding;
mod log;
mod mail;
mod merge;
mod network;
mod origin;
mod passkey;
mod password;
mod permission;
mod portal;
mod quantity;
mod registration;
pub mod registry;
mod server;
mod session;
mod setting;
mod source;
mod store;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use doorward_core::Finding;
use serde::Deserialize;

use check::Check;
use merge::Written;

pub use admin::{Admin, SetUp};
pub use app::{AppConfig, AppCsrf, IdentityNames, UserValue};
pub use csrf::Csrf;
pub use domain::{Domain, DomainError};
pub use factor::SecondFactor;
pub use forwarding::{CLOUDFLARE, CLOUDFLARE_AS_OF, ClientIp, ForwardedHeader, Forwarding};
pub use log::{Format, Level, Log, Rotation};
pub use mail::{Encryption, Mail, MailServer};
pub use network::{Cidr, CidrError, is_private};
pub use origin::PublicUrl;
pub use passkey::Passkeys;
pub use password::{HashProfile, Password};
pub use portal::Portal;
pub use registration::Registration;
pub use server::{Limits, Listen, Server};
pub use session::Session;
pub use setting::{Setting, reload_differences};
pub use source::{Flags, Inputs, Source, Variables};
pub use store::Store;
pub use tls::{Acme, Tls};

/// Whether people depend on this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// They do: HTTPS is required.
    Production,
    /// They do not: plain http on this machine is fine.
    Development,
}

impl Environment {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What holds. Where nothing was written and only this machine can reach Doorward: development.
    pub environment: Environment,
    /// Where everything is kept; made by whoever first writes there.
    pub data: PathBuf,
    /// The `doorward.toml` that was read.
    pub file: Option<PathBuf>,
    /// `[server]`
    pub server: Server,
    /// `[portal]`
    pub portal: Portal,
    /// `[tls]`
    pub tls: Tls,
    /// `[session]`
    pub session: Session,
    /// `[password]`
    pub password: Password,
    /// `[second_factor]`
    pub second_factor: SecondFactor,
    /// `[passkeys]`
    pub passkeys: Passkeys,
    /// `[csrf]`
    pub csrf: Csrf,
    /// `[store]`
    pub store: Store,
    /// `[log]`
    pub log: Log,
    /// `[mail]`
    pub mail: Mail,
    /// `[registration]`
    pub registration: Registration,
    /// `[admin]`
    pub admin: Admin,
    /// `[[app]]`, in the order in which they were written.
    pub apps: Vec<AppConfig>,
    written: Written,
}

/// A configuration that can be used, and what is worth knowing about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings and notes; no errors.
    pub findings: Vec<Finding>,
}

/// Everything as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    server: server::Raw,
    portal: portal::Raw,
    tls: tls::Raw,
    session: session::Raw,
    password: password::Raw,
    second_factor: factor::Raw,
    passkeys: passkey::Raw,
    csrf: csrf::Raw,
    store: store::Raw,
    log: log::Raw,
    mail: mail::Raw,
    registration: registration::Raw,
    admin: admin::Raw,
}

/// The value that a `.env` file gives to a name; the last line counts.
pub(crate) fn dotenv_value(text: &str, name: &str) -> Option<String> {
    dotenv::parse(text)
        .0
        .into_iter()
        .rev()
        .find(|assignment| assignment.name == name)
        .map(|assignment| assignment.value)
}

impl Config {
    /// Reads and checks everything. Called at the start and at every reload.
    ///
    /// # Errors
    /// All findings, with at least one error among them.
    pub fn load(inputs: &Inputs) -> Result<Loaded, Vec<Finding>> {
        let mut findings = Vec::new();
        let (files, is_broken) = source::Files::read(inputs, &mut findings);
        let written = merge::merge(inputs, &files, &mut findings);
        if is_broken {
            // What the unreadable file would have said is unknown, so that nothing further can be judged.
            return Err(findings);
        }
        let toml_path = files.toml.as_ref().map(|(path, _)| path.as_path());
        findings.extend(toml_path.and_then(|path| permission::writable_by_others(path, "doorward.toml")));
        let holds_secret = written.values.iter().any(|(path, value)| {
            matches!(value.source, Source::File(_)) && registry::find(path).is_some_and(|key| key.is_secret)
        });
        if holds_secret {
            findings.extend(toml_path.and_then(|path| permission::readable_by_others(path, "doorward.toml")));
        }
        let mut check = Check { written: &written, inputs, findings };
        let config = Raw::read(&written, &mut check.findings).check(&mut check);
        let mut findings = check.findings;
        // The worst first; findings of one severity stay in the order of the sections.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if findings.iter().any(Finding::is_error) {
            return Err(findings);
        }
        Ok(Loaded { config: Config { written, ..config }, findings })
    }

    /// The address that people type: the written one, or the first listener on this machine.
    #[must_use]
    pub fn public_url(&self) -> PublicUrl {
        let plain = self.server.listen.first().map_or(8_000, |listen| listen.address.port());
        let port = self.tls.listen.first().map_or(plain, SocketAddr::port);
        self.server.public_url.clone().unwrap_or_else(|| self.local_url(port))
    }

    /// The address of this machine at the port that was really bound; for a listener at port 0.
    ///
    /// # Panics
    /// Never: the text that it reads is a URL.
    #[must_use]
    pub fn local_url(&self, port: u16) -> PublicUrl {
        let url = PublicUrl::of_host(self.tls.is_on(), "localhost").expect("the scheme before localhost is a URL");
        url.with_port(port)
    }

    /// Whether unsafe requests over plain http are refused.
    #[must_use]
    pub fn requires_https(&self) -> bool {
        self.csrf.require_https
    }
}

impl Raw {
    fn read(written: &Written, findings: &mut Vec<Finding>) -> Self {
        let mut whole = toml::Table::new();
        for (path, value) in &written.values {
            let Some(key) = registry::find(path) else { continue };
            let (section, name) = key.parts();
            let section = whole.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(table) = section.as_table_mut() {
                table.insert(name.to_owned(), value.value.clone());
            }
        }
        // Each value has the form of its kind by now. What is left is a number outside its type, such as a size of
        // terabytes, and then the sections are read apart so that one problem does not hide the others.
        Self {
            server: section(&mut whole, "server", findings),
            portal: section(&mut whole, "portal", findings),
            tls: section(&mut whole, "tls", findings),
            session: section(&mut whole, "session", findings),
            password: section(&mut whole, "password", findings),
            second_factor: section(&mut whole, "second_factor", findings),
            passkeys: section(&mut whole, "passkeys", findings),
            csrf: section(&mut whole, "csrf", findings),
            store: section(&mut whole, "store", findings),
            log: section(&mut whole, "log", findings),
            mail: section(&mut whole, "mail", findings),
            registration: section(&mut whole, "registration", findings),
            admin: section(&mut whole, "admin", findings),
        }
    }

    fn check(self, check: &mut Check<'_>) -> Config {
        let data = check.inputs.data_directory();
        let mut server = self.server.check(check);
        let portal = self.portal.check(check);
        let apps = app::check(check);
        join_portal(&mut server, &portal, check);
        // The portal's host is that of the public URL by now.
        let of_apps = apps.iter().filter_map(|app| app.host.as_deref());
        let mut visited: Vec<String> =
            server.public_url.iter().map(PublicUrl::host).chain(of_apps).map(str::to_owned).collect();
        visited.sort();
        visited.dedup();
        let tls = self.tls.check(&server, &visited, check);
        server.tls_listen.clone_from(&tls.listen);
        let environment = exposure::environment(&server, check);
        let session = self.session.check(check);
        let password = self.password.check(check);
        let second_factor = self.second_factor.check(check);
        let passkeys = self.passkeys.check(&server, check);
        let hosts =
            portal.host.iter().cloned().chain(apps.iter().filter_map(|app| app.host.as_deref().map(str::to_owned)));
        let csrf = self.csrf.check(environment, &server, &hosts.collect::<Vec<_>>(), check);
        let store = self.store.check(environment, &data, check);
        let log = self.log.check(check);
        let mail = self.mail.check(environment, &server, check);
        let registration = self.registration.check(&mail, check);
        let admin = self.admin.check(check);
        factor::check_beside(&second_factor.policy, passkeys.is_possible, session.timeouts, check);
        app::check_app_passwords(&apps, second_factor.policy.strictness, check);
        app::warn_of_neighbours(&apps, environment, &portal, server.public_url.as_ref(), check);
        exposure::check(environment, &server, &store, csrf.has_own_keys, check);
        let file = check.written.file.clone();
        Config {
            environment,
            data,
            file,
            server,
            portal,
            tls,
            session,
            password,
            second_factor,
            passkeys,
            csrf,
            store,
            log,
            mail,
            registration,
            admin,
            apps,
            written: Written::default(),
        }
    }
}

fn section<T: Default + for<'de> Deserialize<'de>>(
    whole: &mut toml::Table,
    name: &str,
    findings: &mut Vec<Finding>,
) -> T {
    let Some(table) = whole.remove(name) else { return T::default() };
    table.try_into().unwrap_or_else(|error: toml::de::Error| {
        findings.push(
            Finding::error(
                "config.value_invalid",
                format!("[{name}]"),
                format!("A value does not fit: {}.", error.message()),
            )
            .with_remedy("doorward config reference"),
        );
        T::default()
    })
}

/// The pages are at the public URL, so both must name the same host.
fn join_portal(server: &mut Server, portal: &Portal, check: &mut Check<'_>) {
    let Some(host) = &portal.host else { return };
    match &server.public_url {
        None => server.public_url = PublicUrl::of_host(!server.insecure_allow_http, host),
        Some(url) if url.host() == host => {}
        Some(url) => {
            let why = format!("The pages are on the host of the public URL, which is {}.", url.host());
            let finding =
                check.error("config.conflict", "portal.host", why).with_remedy(check.line("portal.host", url.host()));
            check.report(finding);
        }
    }
}

#[cfg(test)]
mod tests;
