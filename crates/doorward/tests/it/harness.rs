//! The real program on a port of its own, and a small client that can send anything.

pub(crate) mod authenticator;
mod client;
mod clock;
mod post;
mod upstream;
pub(crate) mod volley;

use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

pub(crate) use client::{Answer, Client, hidden_token, raw};
pub(crate) use post::{Delivered, MailServer};
use tempfile::TempDir;
pub(crate) use upstream::Upstream;
pub(crate) use volley::Volley;

/// A running Doorward. It ends with its value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Option<Child>,
    settings: Vec<(String, String)>,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    place: TempDir,
}

/// The program itself.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command.env_clear();
    command
}

impl Server {
    /// Starts with nothing but an empty data directory.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts with these variables.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_at(doorward_port::lease(), settings)
    }

    /// The same with its data in memory, where a hundred thousand writes need not wait for a disk.
    pub(crate) fn start_in_memory(settings: &[(&str, &str)]) -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self::start_in(place.unwrap(), doorward_port::lease(), settings)
    }

    /// The same on a port that somebody else knows already.
    pub(crate) fn start_at(port: u16, settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), port, settings)
    }

    fn start_in(place: TempDir, port: u16, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = Self { child: None, settings, port, place };
        server.run();
        server
    }

    /// Starts with this configuration file.
    pub(crate) fn start_with_file(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("doorward.toml"), text).unwrap();
        let mut server = Self { child: None, settings: Vec::new(), port: doorward_port::lease(), place };
        server.run();
        server
    }

    /// Another setting for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// None of these settings any more, from the next start on.
    pub(crate) fn unset(&mut self, beginning: &str) {
        self.settings.retain(|(name, _)| !name.starts_with(beginning));
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Where the program was started, with its `.env`.
    pub(crate) fn directory(&self) -> &Path {
        self.place.path()
    }

    fn command(&self) -> Command {
        let mut command = program();
        command.current_dir(self.place.path());
        command.env("DOORWARD_SERVER__PRIVATE_LISTEN", "off").env("DOORWARD_PASSWORD__HASH", "low-memory");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts again on the same data.
    pub(crate) fn run(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command();
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"]).arg(self.data());
        let mut child = command.process_group(0).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        // The program may need a moment, and more of it on a busy machine; a program that ends is seen at once.
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.child = Some(child);
                return;
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the program ended with {status}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nothing listens after 30 seconds:\n{}", self.log());
    }

    fn log_path(&self) -> PathBuf {
        self.place.path().join("log.txt")
    }

    /// Waits until these words stand in the log, which is written behind what it tells of.
    pub(crate) fn logs(&self, words: &str) {
        self.wait_until(words, || self.log().contains(words));
    }

    /// Everything that was logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap()
    }

    /// Asks until `is_there` says yes, for at most ten seconds: for what another process brings about.
    pub(crate) fn wait_until(&self, what: &str, mut is_there: impl FnMut() -> bool) {
        for _ in 0..200 {
            if is_there() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{what} did not come about:\n{}", self.log());
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.as_ref().unwrap().id();
        let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Ends as an init system does, and gives back the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.take().unwrap().wait().unwrap().code()
    }

    /// Ends as a power cut does.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs another command of the program on the same data.
    pub(crate) fn command_line(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).arg("--data").arg(self.data()).output().unwrap()
    }

    /// The same with `--json`, which must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.command_line(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The administrator of the first start: e-mail and password.
    pub(crate) fn administrator(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.data().join("initial-admin.txt")).unwrap();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (value("email: "), value("password: "))
    }

    /// A browser that has not been here yet.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// A browser in which the administrator is signed in.
    pub(crate) fn signed_in(&self) -> Client {
        let (email, password) = self.administrator();
        let mut client = self.client();
        let answer = client.sign_in(&email, &password);
        assert_eq!(answer.status, 200, "{}", answer.body);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let mut text = String::new();
            if let Ok(mut log) = std::fs::File::open(self.log_path()) {
                let _ = log.read_to_string(&mut text);
            }
            eprintln!("the log of the program:\n{text}");
        }
    }
}
