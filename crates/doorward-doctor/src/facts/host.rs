//! What the host of the site shows: settings, processes, listeners, containers, firewall, logs, database.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Certificate, Mark};

/// Where a setting stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The environment of the running process.
    #[default]
    Process,
    /// `.env`.
    Dotenv,
    /// `.env.example` or the like.
    Example,
    /// The environment of a service in a compose file.
    Compose(String),
    /// The environment of a container.
    Container(String),
}

/// A value: as it is, or as a mark where it could be secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// No secret.
    Plain(String),
    /// What stands for a secret.
    Masked(Mark),
}

impl Default for Value {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

/// One setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Where it stands.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// The mark of its value, also where it is plain.
    pub mark: Mark,
    /// The mark of what follows `:-` in `${NAME:-default}`.
    pub fallback: Option<Mark>,
    /// Names that its value in a compose file refers to.
    pub refers: Vec<String>,
}

impl Setting {
    /// The value, where it is no secret.
    #[must_use]
    pub fn plain(&self) -> &str {
        match &self.value {
            Value::Plain(text) => text,
            Value::Masked(_) => "",
        }
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mark.length == 0
    }
}

/// A socket that listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Where.
    pub address: SocketAddr,
    /// Who, where that may be seen.
    #[serde(default)]
    pub owner: String,
    /// Connections that wait to be taken.
    #[serde(default)]
    pub waiting: u32,
    /// Connections that are taken and not ended.
    #[serde(default)]
    pub busy: u32,
    /// How many may wait; 0 where it is not known.
    #[serde(default)]
    pub backlog: u32,
}

/// A container, as the Docker API tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its service in a compose file.
    pub service: String,
    /// `running`, `restarting`, `exited` …
    pub state: String,
    /// The code with which it ended last.
    pub exit: i64,
    /// Started anew so often.
    pub restarts: u64,
    /// Ended by the kernel for lack of memory.
    pub is_oom: bool,
    /// `healthy`, `unhealthy`, `starting`, or empty.
    pub health: String,
    /// The last words of its health check.
    pub health_log: String,
    /// The exit code of its last health check.
    pub health_exit: i64,
    /// The command of its health check.
    pub health_test: String,
    /// When it was started, unix seconds.
    pub started: i64,
    /// Its addresses, by network.
    pub addresses: Vec<(String, IpAddr)>,
    /// Published ports: the host's address and port, the container's port.
    pub ports: Vec<(String, u16, u16)>,
    /// Whether its filesystem's volumes are kept by name.
    pub volumes: Vec<String>,
}

/// A process that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its program.
    pub name: String,
    /// The user it runs as.
    pub uid: u32,
    /// Seconds since its start.
    pub age: i64,
    /// The state's letter in `/proc`.
    pub state: String,
    /// Its network is not the one of the doctor.
    pub is_elsewhere: bool,
}

/// Room on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Where.
    pub path: String,
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Files that may still be made.
    pub files_free: u64,
    /// Mounted read-only.
    pub is_read_only: bool,
}

/// A rule of the firewall that speaks of packets to this host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// The rules could be read.
    pub is_readable: bool,
    /// The listing, line by line.
    pub rules: Vec<String>,
}

/// A line of a log or of a configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// The file or container.
    pub source: String,
    /// Its number, or 0.
    pub number: usize,
    /// The text, cleaned.
    pub text: String,
}

impl Line {
    /// Whether it says more than that a request was answered.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        const WORDS: &[&str] = &[
            "warn",
            "err",
            "fail",
            "refus",
            "denied",
            "invalid",
            "exception",
            "forbidden",
            "traceback",
            "fatal",
            "panic",
            "critical",
            "locked",
            "reject",
            "missing",
            "mismatch",
            "expired",
            "unable",
            "cannot",
            "does not",
            "too many",
            "disabled",
            "inactive",
            "timeout",
            "timed out",
        ];
        let text = self.text.to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    }
}

/// The app's database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Database {
    /// Where it is, without user and password.
    pub place: String,
    /// It was tried.
    pub is_tried: bool,
    /// The host that the URL names, as a program reads it.
    pub url_host: String,
    /// The URL cannot be read, or its parts lie in the password.
    pub is_url_broken: bool,
    /// Why no connection was made, in the words of the driver; empty where one was.
    pub refused: String,
    /// Migrations that are missing.
    pub missing: Vec<String>,
    /// Columns or tables that are missing.
    pub lacking: Vec<String>,
    /// Migrations of a newer program.
    pub ahead: Vec<String>,
    /// Why a write (rolled back) failed.
    pub write: String,
    /// Connections in use and the most there may be.
    pub used: Option<(u32, u32)>,
    /// Connections that are idle inside a transaction.
    pub idle_in_transaction: u32,
    /// Sessions that are kept there, where they can be counted.
    pub sessions: Option<u64>,
    /// Milliseconds that the look took.
    pub ms: u64,
    /// Accounts, for the operator only.
    pub accounts: Vec<(String, String)>,
}

/// A network of its own on this host, as a container has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inner {
    /// Its addresses, without loopback.
    pub addresses: Vec<IpAddr>,
    /// Sockets that listen there.
    pub listeners: Vec<Listener>,
}

/// A router on the way out at which a packet ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// The first one has 1.
    pub distance: u32,
    /// Its address on this side.
    pub address: IpAddr,
    /// The packet was meant for the site's own address, so this router does not hold it.
    pub is_to_site: bool,
}

/// The host of the site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Settings from all sources.
    pub settings: Vec<Setting>,
    /// Sockets that listen.
    pub listeners: Vec<Listener>,
    /// Networks of containers on this host.
    pub inner: Vec<Inner>,
    /// Containers.
    pub containers: Vec<Container>,
    /// The named process.
    pub process: Option<Process>,
    /// Disks of the installation.
    pub disks: Vec<Disk>,
    /// The firewall.
    pub firewall: Firewall,
    /// Lines of logs.
    pub log: Vec<Line>,
    /// Lines of logs from days before the logs end, where they were put aside.
    pub past: Vec<Line>,
    /// Those of them that were written while the doctor signed in.
    pub since: Vec<Line>,
    /// Lines of the proxy's configuration.
    pub proxy: Vec<Line>,
    /// Certificates on disk that the proxy's configuration names.
    pub certificates: Vec<(String, Certificate)>,
    /// The database.
    pub database: Option<Database>,
    /// Addresses of this machine.
    pub addresses: Vec<IpAddr>,
    /// From where the proxy's access log says that requests of the doctor came.
    pub seen: Vec<IpAddr>,
    /// Interfaces and the largest packet that each carries, the one of the default route first.
    pub interfaces: Vec<(String, u32)>,
    /// The first routers on the way out, where the site's address is none of this host's.
    pub routers: Vec<Router>,
    /// Doors tried from here to own listeners.
    pub doors: Vec<super::Door>,
    /// Whether the kernel synchronises its clock.
    pub is_clock_synchronised: Option<bool>,
    /// The clock here, unix seconds.
    pub now: i64,
    /// `.env` files, compose files and the like that were read.
    pub files: Vec<String>,
    /// Accounts that were looked at for the operator: name and state.
    pub search_domains: Vec<String>,
    /// Names of upstreams in the proxy's configuration and what they resolve to here.
    pub upstreams: Vec<(String, Vec<IpAddr>)>,
}

impl Host {
    /// Takes over what was read elsewhere about this same host: logs, files, settings.
    pub(crate) fn take(&mut self, other: Self) {
        Self::add(&mut self.settings, other.settings);
        Self::add(&mut self.log, other.log);
        Self::add(&mut self.proxy, other.proxy);
        Self::add(&mut self.files, other.files);
        Self::add(&mut self.certificates, other.certificates);
        Self::add(&mut self.upstreams, other.upstreams);
        Self::add(&mut self.search_domains, other.search_domains);
        Self::add(&mut self.doors, other.doors);
        Self::add(&mut self.disks, other.disks);
        Self::add(&mut self.seen, other.seen);
        if self.containers.is_empty() {
            self.containers = other.containers;
        }
        self.database = self.database.take().or(other.database);
        self.process = self.process.take().or(other.process);
    }

    /// Takes over what was seen from within a part of this host that has a network of its own.
    pub(crate) fn take_part(&mut self, part: Self) {
        let inner = Inner { addresses: part.addresses.clone(), listeners: part.listeners.clone() };
        let is_apart = !part.addresses.is_empty() && part.addresses != self.addresses;
        if is_apart && !self.inner.iter().any(|known| known.addresses == inner.addresses) {
            self.inner.push(inner);
        }
        self.take(part);
    }

    /// Adds what is not there yet.
    pub(crate) fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
        for one in more {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }

    /// Settings of this name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.name == name)
    }

    /// Settings of the running app: its process, or a container.
    pub fn running(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| matches!(setting.source, Source::Process | Source::Container(_)))
    }

    /// Whether the environment of a running app could be read.
    #[must_use]
    pub fn has_running(&self) -> bool {
        self.running().next().is_some()
    }

    /// Listeners in the network that has this address, which may be the host's own.
    pub fn inner_listeners(&self, address: IpAddr) -> impl Iterator<Item = &Listener> {
        let inner = self
            .inner
            .iter()
            .filter(move |inner| inner.addresses.contains(&address))
            .flat_map(|inner| &inner.listeners);
        inner.chain(self.listeners.iter().filter(move |_| address.is_loopback() || self.addresses.contains(&address)))
    }

    /// Listeners on this port.
    pub fn on_port(&self, port: u16) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |listener| listener.address.port() == port)
    }
}
