//! Gathers what the host shows, within a second or two and without changing anything.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::program::Program;
use super::{docker, environment, kernel};
use crate::facts::{Certificate, Disk, Firewall, Host, Inner, Line, Process, Source};
use crate::redact::{self, Salt};

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The folder of the installation.
    pub folder: Option<PathBuf>,
    /// The running app.
    pub pid: Option<u32>,
    /// Processes that belong to other installations: they are left alone.
    pub strangers: Vec<u32>,
    /// Logs that were named.
    pub logs: Vec<PathBuf>,
    /// The socket of the Docker API.
    pub docker: Option<PathBuf>,
    /// The port at which people come in.
    pub port: u16,
    /// Unix seconds.
    pub now: i64,
    /// The salt of fingerprints.
    pub salt: Salt,
}

/// Lines of one log that are kept.
const LINES: usize = 60;

/// Gathers.
pub async fn gather(place: &Place) -> Host {
    let mut host = Host { now: place.now, addresses: kernel::own_addresses(), ..Host::default() };
    host.addresses.retain(|address| !address.is_loopback());
    let processes = kernel::processes();
    let mut programs = listening(&mut host, &processes).await;
    for network in kernel::networks(&processes) {
        within(&mut host, network, &processes, &mut programs);
    }
    host.interfaces = kernel::interfaces().await;
    looked(&mut host, &programs, place);
    files(&mut host, place);
    host.firewall = firewall().await;
    if let Some(socket) = place.docker.as_ref().filter(|socket| socket.exists())
        && let Some(seen) = docker::look(socket, &place.salt).await
    {
        host.containers = seen.containers;
        host.settings.extend(seen.settings);
        host.log.extend(seen.log);
    }
    let system = crate::probe::resolver();
    host.search_domains = system.1;
    resolve(&mut host).await;
    host.disks = disks(place);
    host
}

/// What the logs say by now: an app writes of a sign-in after it was tried.
pub(crate) async fn log(place: &Place) -> Vec<Line> {
    let mut host = Host::default();
    let programs = listening(&mut host, &kernel::processes()).await;
    looked(&mut host, &programs, place);
    if let Some(socket) = place.docker.as_ref().filter(|socket| socket.exists())
        && let Some(seen) = docker::look(socket, &place.salt).await
    {
        host.log.extend(seen.log);
    }
    host.log
}

/// Fills in who listens where, and gives back their programs.
async fn listening(host: &mut Host, processes: &[u32]) -> Vec<Program> {
    let mut sockets = kernel::listeners(Path::new("/proc/net"));
    kernel::queues(&mut sockets).await;
    let inodes: HashSet<_> = sockets.iter().map(|socket| socket.inode).collect();
    let owners = kernel::owners(&inodes, processes);
    let mut programs: Vec<Program> = Vec::new();
    for socket in sockets {
        let mut listener = socket.listener;
        if let Some(program) = owners.get(&socket.inode).and_then(|pid| Program::of(*pid)) {
            program.name.clone_into(&mut listener.owner);
            if programs.iter().all(|known| known.pid != program.pid) {
                programs.push(program);
            }
        }
        host.listeners.push(listener);
    }
    programs
}

/// Who listens in a network of its own on this host; proxies there are programs of the site too.
fn within(host: &mut Host, network: kernel::Network, processes: &[u32], programs: &mut Vec<Program>) {
    let inodes: HashSet<_> = network.sockets.iter().map(|socket| socket.inode).collect();
    let owners = kernel::owners(&inodes, processes);
    // A part of this host shares a bridge with it.
    let is_near = |address: &IpAddr| {
        let half = |address: &IpAddr| match address {
            IpAddr::V4(v4) if v4.is_private() => Some([v4.octets()[0], v4.octets()[1]]),
            _ => None,
        };
        host.addresses.iter().any(|own| half(own).is_some() && half(own) == half(address))
    };
    let is_part = network.addresses.iter().any(is_near);
    let mut listeners = Vec::new();
    for socket in network.sockets {
        let mut listener = socket.listener;
        if let Some(program) = owners.get(&socket.inode).and_then(|pid| Program::of(*pid)) {
            program.name.clone_into(&mut listener.owner);
            if is_part && program.is_proxy() && programs.iter().all(|known| known.pid != program.pid) {
                programs.push(program);
            }
        }
        listeners.push(listener);
    }
    host.inner.push(Inner { addresses: network.addresses, listeners });
}

/// What was named, without looking at this machine: logs, and the files of a folder.
pub(crate) fn named(place: &Place, is_folder_named: bool) -> Option<Host> {
    let mut host = Host::default();
    let logs: Vec<_> = place.logs.iter().filter(|path| path.is_file()).cloned().collect();
    tails(&mut host, logs);
    if is_folder_named {
        files(&mut host, place);
    }
    (host != Host::default()).then_some(host)
}

/// Programs that listen and are no app: nobody signs in there.
const OTHERS: &[&str] = &[
    "sshd",
    "systemd-resolve",
    "postgres",
    "redis-server",
    "mysqld",
    "mariadbd",
    "dnsmasq",
    "chronyd",
    "cupsd",
    "dockerd",
    "containerd",
    "named",
    "unbound",
    "master",
];

fn looked(host: &mut Host, programs: &[Program], place: &Place) {
    let mut logs: Vec<(PathBuf, String)> = Vec::new();
    let programs = || programs.iter().filter(|program| !place.strangers.contains(&program.pid));
    for program in programs().filter(|program| !OTHERS.contains(&program.name.as_str())) {
        let lines = if program.is_proxy() { program.lines() } else { Vec::new() };
        logs.extend(program.logs(&lines).into_iter().map(|path| (path, program.name.clone())));
        for path in program.access_logs(&lines) {
            host.seen.extend(super::tail(&path, LINES).iter().rev().find_map(|line| own_request(line)));
        }
        host.proxy.extend(lines);
        if !program.is_proxy() && place.pid.is_none() && program.pid != std::process::id() {
            host.settings.extend(environment::process(program.pid, &place.salt));
        }
    }
    for program in programs().filter(|program| OTHERS.contains(&program.name.as_str())) {
        logs.extend(program.logs(&[]).into_iter().map(|path| (path, program.name.clone())));
    }
    if let Some(pid) = place.pid {
        host.settings.extend(environment::process(pid, &place.salt));
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
        host.process = Some(Process { pid, name, ..Process::default() });
        logs.extend(
            Program::of(pid).into_iter().flat_map(|program| program.logs(&[])).map(|path| (path, "app".to_owned())),
        );
    }
    for path in &place.logs {
        logs.push((path.clone(), path.display().to_string()));
    }
    tails(host, logs.into_iter().map(|(path, _)| path).collect());
    host.certificates = certificates(&host.proxy);
}

/// Whence a request of the doctor's came, as a line of an access log begins.
fn own_request(line: &str) -> Option<IpAddr> {
    if !line.contains("doorward-doctor") {
        return None;
    }
    line.split([' ', '"', ',']).find_map(|word| word.parse().ok())
}

/// The last lines of these logs.
fn tails(host: &mut Host, mut logs: Vec<PathBuf>) {
    logs.sort();
    logs.dedup();
    for path in logs {
        let source = path.display().to_string();
        host.log.extend(super::tail(&path, LINES).into_iter().map(|text| Line {
            source: source.clone(),
            number: 0,
            text: redact::clean(&text),
        }));
    }
}

/// Certificates that the proxy's configuration names.
fn certificates(lines: &[Line]) -> Vec<(String, Certificate)> {
    let mut all: Vec<(String, Certificate)> = Vec::new();
    for line in lines {
        let words: Vec<_> = line.text.split_whitespace().collect();
        let named = match words.first() {
            Some(&("ssl_certificate" | "SSLCertificateFile" | "tls")) => words.get(1),
            Some(&"bind") => words.iter().position(|word| *word == "crt").and_then(|at| words.get(at + 1)),
            _ => None,
        };
        let Some(path) = named.map(|path| path.trim_end_matches(';')).filter(|path| path.starts_with('/')) else {
            continue;
        };
        if all.iter().all(|(known, _)| known != path)
            && let Some(certificate) = crate::probe::certificate(Path::new(path))
        {
            all.push((path.to_owned(), certificate));
        }
    }
    all
}

fn files(host: &mut Host, place: &Place) {
    let Some(folder) = &place.folder else { return };
    for (name, source) in [
        (".env", Source::Dotenv),
        (".env.example", Source::Example),
        ("env.example", Source::Example),
        (".env.sample", Source::Example),
        (".env.dist", Source::Example),
        (".env.template", Source::Example),
        (".env.defaults", Source::Example),
        ("example.env", Source::Example),
    ] {
        let path = folder.join(name);
        if path.is_file() {
            host.settings.extend(environment::dotenv(&path, &source, &place.salt));
            host.files.push(name.to_owned());
        }
    }
    for name in [
        "compose.yml",
        "compose.yaml",
        "compose.override.yml",
        "compose.prod.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
        "docker-compose.override.yml",
        "docker-compose.prod.yml",
    ] {
        let path = folder.join(name);
        if path.is_file() {
            host.settings.extend(environment::compose(&path, &place.salt));
            host.files.push(name.to_owned());
        }
    }
    for name in [
        "nginx.conf",
        "Caddyfile",
        "haproxy.cfg",
        "default.conf",
        "vite.config.js",
        "vite.config.ts",
        "vite.config.mjs",
        "proxy.conf.json",
    ] {
        let path = folder.join(name);
        if path.is_file() && host.proxy.iter().all(|line| Path::new(&line.source) != path) {
            host.proxy.extend(super::program::lines(Path::new(""), &path));
            host.files.push(name.to_owned());
        }
    }
}

async fn firewall() -> Firewall {
    let listed = |text: &str| {
        text.lines().map(|line| redact::clean(line.trim())).filter(|line| !line.is_empty()).take(2_000).collect()
    };
    let newer = run(&["nft", "list", "ruleset"]).await;
    if let Some(text) = newer.as_ref().filter(|text| text.contains("hook input")) {
        return Firewall { is_readable: true, rules: listed(text) };
    }
    // Rules of the older tables are not in that listing.
    let older = run(&["iptables", "-S"]).await;
    let says = |text: &String| text.contains("-A INPUT") || text.contains("-P INPUT DROP");
    match older.clone().filter(says).or(newer).or(older) {
        Some(text) => Firewall { is_readable: true, rules: listed(&text) },
        None => Firewall::default(),
    }
}

/// The output of a program that only reads, if it succeeds within two seconds.
pub(super) async fn run(words: &[&str]) -> Option<String> {
    let (program, rest) = words.split_first()?;
    for folder in ["/usr/sbin", "/sbin", "/usr/bin", "/bin"] {
        let path = Path::new(folder).join(program);
        if !path.is_file() {
            continue;
        }
        let mut command = Command::new(path);
        command.args(rest).stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).kill_on_drop(true);
        let output = timeout(Duration::from_secs(2), command.output()).await.ok()?.ok()?;
        return output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned());
    }
    None
}

/// What the names of upstreams resolve to here.
async fn resolve(host: &mut Host) {
    let mut names: Vec<_> = super::upstream::all(host).into_iter().map(|(name, _)| name).collect();
    // nginx asks anew for the names that it keeps in variables.
    names.extend(host.proxy.iter().filter_map(|line| super::upstream::variable(&line.text)));
    let mut seen = HashSet::new();
    let names: Vec<_> = names
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .filter(|name| name.parse::<IpAddr>().is_err() && name != "localhost")
        .take(4)
        .collect();
    for name in names {
        let looked = timeout(Duration::from_secs(1), tokio::net::lookup_host((name.as_str(), 0))).await;
        let addresses = looked
            .ok()
            .and_then(Result::ok)
            .map(|found| found.map(|address| address.ip()).collect())
            .unwrap_or_default();
        host.upstreams.push((name, addresses));
    }
}

fn disks(place: &Place) -> Vec<Disk> {
    let folders = place.folder.iter().cloned().chain(["/var/lib", "/tmp"].map(PathBuf::from));
    let disk = |path: PathBuf| {
        let stat = rustix::fs::statvfs(&path).ok()?;
        let is_read_only = stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
        Some(Disk {
            path: path.display().to_string(),
            free: stat.f_bavail * stat.f_frsize,
            total: stat.f_blocks * stat.f_frsize,
            files_free: stat.f_favail,
            is_read_only,
        })
    };
    folders.filter_map(disk).collect()
}
