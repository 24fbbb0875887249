//! What this program says of the installation on which the doctor stands: database, configuration, mail, requests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use doorward_core::identifier::RequestId;
use doorward_core::{Clock as _, Finding};
use doorward_doctor::facts::{self, Complaint, Database, Installation, Target};
use doorward_doctor::probe::{Insider, Told};
use doorward_doctor::redact;
use doorward_store::{Location, Look, RequestLog};
use serde_json::Value;
use tokio::time::timeout;

use super::running::{self, Gateway};
use crate::config::{Config, Inputs, Loaded, Mail};
use crate::identity::Keyring;
use crate::mail::Courier;
use crate::node::location;
use crate::system::{SystemClock, SystemRandom};
use crate::watch::memory::recalled;
use crate::web::ticket::{self, Purpose};

/// The installation, as far as its configuration can be read.
#[derive(Debug)]
pub(super) struct Installed {
    config: Option<Config>,
    complaints: Vec<Complaint>,
    /// Whether it runs in another network than the doctor.
    is_apart: bool,
    /// Other gateways that run here: what they say is of no account.
    strangers: Vec<u32>,
}

/// The installation that the doctor is asked about, where there is one: the folder holds it, or it serves the target.
/// Where it runs, its own command line and environment count.
pub(super) fn installed(inputs: &Inputs, folder: Option<&PathBuf>, target: Option<&Target>) -> Option<Installed> {
    let inputs = at(inputs, folder);
    let place = folder.map(|_| inputs.cwd.as_path());
    let is_it = |gateway: &Gateway| match (target, place) {
        (Some(target), None) => Config::load(&gateway.inputs).is_ok_and(|loaded| serves(&loaded.config, target)),
        _ => gateway.is_of(&inputs, place),
    };
    let (own, others): (Vec<_>, Vec<_>) = running::gateways(&inputs.system).into_iter().partition(is_it);
    let installed = match own.first() {
        Some(gateway) => read(Config::load(&gateway.inputs), gateway.is_apart),
        None => at_rest(&inputs, place.is_some(), target)?,
    };
    Some(Installed { strangers: others.iter().map(|gateway| gateway.pid).collect(), ..installed })
}

/// The installation that these inputs make, where nothing runs.
fn at_rest(inputs: &Inputs, is_folder: bool, target: Option<&Target>) -> Option<Installed> {
    let is_named = inputs.flags.config.is_some() || inputs.flags.data.is_some();
    let has_file = [inputs.cwd.clone(), inputs.data_directory(), inputs.system.clone()]
        .iter()
        .any(|place| place.join("doorward.toml").is_file());
    let loaded = Config::load(inputs);
    let is_meant = match (&loaded, target) {
        (Ok(loaded), target) => {
            // Another program's `.env` names a domain too, and is no installation of ours.
            let is_there = has_file || loaded.config.data.join("keys").is_dir();
            is_named || is_there && target.is_none_or(|target| is_folder || serves(&loaded.config, target))
        }
        (Err(_), target) => is_named || has_file && (target.is_none() || is_folder),
    };
    is_meant.then(|| read(loaded, false))
}

fn read(loaded: Result<Loaded, Vec<Finding>>, is_apart: bool) -> Installed {
    let (config, findings) = match loaded {
        Ok(loaded) => (Some(loaded.config), loaded.findings),
        Err(findings) => (None, findings),
    };
    let complaints = findings.iter().map(complaint).collect();
    Installed { config, complaints, is_apart, strangers: Vec::new() }
}

/// The inputs as they would be in the folder of the installation.
fn at(inputs: &Inputs, folder: Option<&PathBuf>) -> Inputs {
    let mut inputs = inputs.clone();
    let Some(folder) = folder else { return inputs };
    inputs.cwd = inputs.cwd.join(folder);
    if inputs.flags.data.is_none() {
        inputs.flags.data = ["data", "doorward-data", "."]
            .iter()
            .map(|name| inputs.cwd.join(name))
            .find(|place| place.join("doorward.db").is_file());
    }
    inputs
}

/// Whether people reach this installation, or an app of it, at the target.
fn serves(config: &Config, target: &Target) -> bool {
    let own = config.public_url();
    let is_app = config.apps.iter().any(|app| app.host.as_deref() == Some(target.host.as_str()));
    own.origin() == target.origin() || is_app && own.is_https() == target.is_https()
}

fn complaint(finding: &Finding) -> Complaint {
    Complaint {
        code: finding.code.to_owned(),
        subject: redact::clean(&finding.subject),
        value: redact::clean(&finding.value),
        why: redact::clean(&finding.why),
        remedy: redact::clean(&finding.remedy),
        is_error: finding.is_error(),
    }
}

impl Insider for Installed {
    fn database(&self, patience: Duration) -> Told<'_, Result<Database, String>> {
        Box::pin(async move {
            let Some(config) = &self.config else {
                return Err("the database was not looked at: the configuration does not say where it is".to_owned());
            };
            let location = location(config);
            let place = redact::clean(&location.to_string());
            if self.is_apart && !matches!(location, Location::Sqlite(_)) {
                return Err(format!("{place} is reached from another network: run the doctor where the gateway runs"));
            }
            let condition = match doorward_store::look(&location, patience).await {
                Look::Seen(condition) => condition,
                Look::Nothing => return Err(format!("{place}: no database yet; the first start makes it")),
                Look::Closed => return Err(format!("{place} is closed to this user: run the doctor as its owner")),
            };
            let cleaned = |all: Vec<String>| all.iter().map(|text| redact::clean(text)).collect();
            Ok(Database {
                url_host: host(&location),
                place,
                is_tried: true,
                refused: redact::clean(&condition.refused),
                missing: cleaned(condition.pending),
                lacking: cleaned(condition.lacking),
                ahead: cleaned(condition.ahead),
                write: redact::clean(&condition.write),
                used: condition.used,
                idle_in_transaction: condition.idle_in_transaction,
                sessions: condition.sessions,
                ..Database::default()
            })
        })
    }

    fn installation(&self, patience: Duration) -> Told<'_, Installation> {
        Box::pin(async move {
            let complaints = self.complaints.clone();
            let believed = self.config.iter().flat_map(|config| &config.server.trusted_proxies);
            let trusted_proxies = believed.map(ToString::to_string).collect();
            Installation { complaints, trusted_proxies, mail: self.mail(patience).await, ..Installation::default() }
        })
    }

    fn ticket(&self, purpose: &str, nonce: &str) -> Option<String> {
        let purpose = match purpose {
            "echo" => Purpose::Echo,
            "look" => Purpose::Look,
            "told" => Purpose::Told,
            _ => return None,
        };
        let folder = self.config.as_ref()?.data.join("keys");
        let now = SystemClock.now();
        // Reads them: with a database none are made.
        let keyring = Keyring::open(&folder, true, now, &SystemRandom).ok()?;
        Some(ticket::make(&keyring, purpose, nonce, now))
    }

    fn doors(&self) -> Vec<(SocketAddr, bool)> {
        let Some(config) = self.config.as_ref().filter(|_| !self.is_apart) else { return Vec::new() };
        let plain = config.server.listen.iter().map(|listen| (listen.address, false));
        config.tls.listen.iter().map(|address| (*address, true)).chain(plain).collect()
    }

    fn story<'a>(&'a self, request: &'a str) -> Told<'a, Vec<String>> {
        Box::pin(async move {
            let (Some(config), Ok(id)) = (&self.config, request.parse::<RequestId>()) else { return Vec::new() };
            let file = config.data.join("requests.db");
            match RequestLog::find_in(&file, id).await {
                Ok(Some(entry)) => recalled(&entry).iter().flat_map(|(name, value)| lines(name, value)).collect(),
                _ => Vec::new(),
            }
        })
    }
}

impl Installed {
    /// The processes of other gateways on this machine.
    pub(super) fn strangers(&self) -> &[u32] {
        &self.strangers
    }

    /// The data directory.
    pub(super) fn data(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|config| config.data.clone())
    }

    async fn mail(&self, patience: Duration) -> Option<facts::Mail> {
        let config = self.config.as_ref()?;
        let Mail::Server(server) = &config.mail else { return None };
        if self.is_apart {
            return None;
        }
        let place = format!("{}:{}", server.host, server.port);
        let failed = |step: &str, why: &str| facts::Mail {
            place: redact::clean(&place),
            step: step.to_owned(),
            why: redact::clean(why),
        };
        let courier = match Courier::new(server, config.public_url().host()) {
            Ok(courier) => courier,
            Err(finding) => return Some(failed("tls", &finding.why)),
        };
        Some(match timeout(patience, courier.knock()).await {
            Ok(Ok(())) => failed("", ""),
            Ok(Err(undelivered)) => failed(undelivered.step.as_str(), &undelivered.why),
            Err(_) => failed("connect", "no answer within the time allowed"),
        })
    }
}

/// The host of the database, as the program reads it.
fn host(location: &Location) -> String {
    let text = location.to_string();
    let named = text.strip_prefix("PostgreSQL at ").and_then(|rest| rest.rsplit_once(':')).map(|(host, _)| host);
    named.map(redact::clean).unwrap_or_default()
}

/// One line for each value of the memory of requests.
fn lines(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let whole =
                |member: &String| if name.ends_with(".fields") { member.clone() } else { format!("{name}.{member}") };
            members.iter().flat_map(|(member, value)| lines(&whole(member), value)).collect()
        }
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![redact::clean(&format!("{name}: {text}"))],
        Value::Null => Vec::new(),
        other => vec![redact::clean(&format!("{name}: {other}"))],
    }
}
