//! The real program on a free port with a fresh data directory, stopped when it is dropped.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Outcome, Trouble, shell};

/// How often a program that starts is asked whether it is there, every 100 ms.
const ATTEMPTS: u32 = 150;

/// A child process that ends with this value.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where the process is gone already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Doorward, ready to serve.
#[derive(Debug)]
pub(crate) struct Served {
    // Before the folder, so that the program is gone when its files go.
    _running: Running,
    folder: TempDir,
    port: u16,
}

/// The sign-in that a fresh start wrote down.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Administrator {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl Served {
    /// Starts `program` without any configuration and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it does not start or is not ready in 15 seconds; its log is in the text.
    pub(crate) fn start(program: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let port = port(8000);
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder.path().join("data"))
            .env_clear()
            .env("DOORWARD_SERVER__PRIVATE_LISTEN", format!("127.0.0.1:{}", doorward_port::lease()));
        let log = folder.path().join("serve.log");
        let ready = format!("http://localhost:{port}/health/ready");
        let running = start(&mut command, folder.path(), &log, &ready)?;
        Ok(Self { _running: running, folder, port })
    }

    /// Where it is reached, for example `http://localhost:8000`.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A folder for files of the check that uses this program.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The administrator that the first start made.
    ///
    /// # Errors
    ///
    /// When `initial-admin.txt` is missing or not two lines of the agreed form.
    pub(crate) fn administrator(&self) -> Outcome<Administrator> {
        let path = self.folder.path().join("data/initial-admin.txt");
        let text = fs::read_to_string(&path).map_err(|error| Trouble::failed(format!("initial-admin.txt: {error}")))?;
        administrator(&text).ok_or_else(|| Trouble::failed("initial-admin.txt: not `email: …` and `password: …`"))
    }
}

/// Starts a program that serves HTTP and waits until `ready` answers 200.
///
/// # Errors
///
/// When it ends at once or does not answer in time; the end of its log is in the text.
pub(crate) fn start(command: &mut Command, folder: &Path, log: &Path, ready: &str) -> Outcome<Running> {
    let line = shell::typed(command);
    let file = File::create(log)?;
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(file.try_clone()?).stderr(file);
    let child = command.spawn().map_err(|error| Trouble::failed(format!("`{line}` did not start: {error}")))?;
    let mut running = Running(child);
    for _ in 0..ATTEMPTS {
        if status(ready).as_deref() == Some("200") {
            return Ok(running);
        }
        if let Some(ended) = running.0.try_wait()? {
            return Err(Trouble::failed(format!("`{line}` ended with {ended}: {}", tail(log))));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(Trouble::failed(format!("`{line}`: {ready} did not answer 200 in time: {}", tail(log))))
}

/// The release program, built now.
///
/// # Errors
///
/// When it does not build.
pub(crate) fn release() -> Outcome<PathBuf> {
    shell::run(&mut shell::cargo(["build", "--release", "--locked", "--package", "doorward"]))?;
    Ok(shell::target()?.join("release/doorward"))
}

/// The status of a GET, `None` where nobody answers.
pub(crate) fn status(url: &str) -> Option<String> {
    let mut curl = shell::program("curl");
    curl.args(["--silent", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}", url]);
    shell::output(&mut curl).ok()
}

/// This port where it is free, else another one that is.
pub(crate) fn port(wanted: u16) -> u16 {
    match TcpListener::bind(("127.0.0.1", wanted)) {
        Ok(_) => wanted,
        Err(_) => doorward_port::lease(),
    }
}

fn administrator(text: &str) -> Option<Administrator> {
    let mut lines = text.lines();
    let email = lines.next()?.strip_prefix("email: ")?.to_owned();
    let password = lines.next()?.strip_prefix("password: ")?.to_owned();
    Some(Administrator { email, password })
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_sign_in_of_a_fresh_start() {
        let found = administrator("email: admin@localhost\npassword: abc\n").expect("two good lines");
        assert_eq!((found.email.as_str(), found.password.as_str()), ("admin@localhost", "abc"));
        assert_eq!(administrator("password: abc\nemail: admin@localhost\n"), None);
        assert_eq!(administrator(""), None);
    }

    #[test]
    fn a_program_that_ends_at_once_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("sh");
        command.args(["-c", "echo the reason >&2; exit 2"]);
        let log = folder.path().join("log");
        let url = format!("http://127.0.0.1:{}/", doorward_port::lease());
        let Err(Trouble::Failed(text)) = start(&mut command, folder.path(), &log, &url) else {
            panic!("a program that ended counts as ready");
        };
        assert!(text.contains("the reason"), "{text}");
    }
}
