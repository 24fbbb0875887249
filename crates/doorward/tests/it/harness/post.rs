//! A real mail server (aiosmtpd) with TLS and sign-in, and what it was given.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A mail server. It ends with its value.
#[derive(Debug)]
pub(crate) struct MailServer {
    child: Option<Child>,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    mode: &'static str,
    place: TempDir,
}

/// One letter as the server was given it.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// To whom.
    pub(crate) to: String,
    /// Whether the connection was encrypted.
    pub(crate) is_encrypted: bool,
    /// Head and body as they came.
    pub(crate) content: String,
}

impl Delivered {
    /// The text of the letter, decoded.
    pub(crate) fn text(&self) -> String {
        // Quoted-printable breaks lines with `=`; what these tests look for is ASCII.
        self.content.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The address of the link in it.
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link: {text}")).to_owned()
    }

    /// The secret of the link in it.
    pub(crate) fn secret(&self) -> String {
        self.link().split_once("token=").unwrap().1.trim().to_owned()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        self.content.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
    }
}

impl MailServer {
    /// A server that behaves as `mode` says: `starttls`, `implicit`, `stripped`, `refuse`, `later` or `slow`.
    pub(crate) fn start(mode: &'static str) -> Self {
        let mut server = Self::down(mode);
        server.run();
        server
    }

    /// The same, not running yet.
    pub(crate) fn down(mode: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(place.path().join("certificate.pem"), issued.cert.pem()).unwrap();
        std::fs::write(place.path().join("key.pem"), issued.signing_key.serialize_pem()).unwrap();
        std::fs::create_dir(place.path().join("letters")).unwrap();
        Self { child: None, port: doorward_port::lease(), mode, place }
    }

    /// Starts it.
    pub(crate) fn run(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/smtp.py");
        let file = |name: &str| self.place.path().join(name);
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).arg(self.port.to_string()).arg(file("letters")).arg(self.mode);
        command.arg(file("certificate.pem")).arg(file("key.pem")).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.child = Some(child);
                return;
            }
            assert!(
                child.try_wait().unwrap().is_none(),
                "the mail server did not start; is python3-aiosmtpd installed?"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the mail server does not listen");
    }

    fn certificate(&self) -> PathBuf {
        self.place.path().join("certificate.pem")
    }

    /// The variables by which Doorward uses it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let tls = if self.mode == "implicit" { "implicit" } else { "required" };
        let of = |name: &str, value: String| (format!("DOORWARD_MAIL__{name}"), value);
        vec![
            of("SERVER", "localhost".to_owned()),
            of("PORT", self.port.to_string()),
            of("TLS", tls.to_owned()),
            of("CA_FILE", self.certificate().display().to_string()),
            of("USER", "doorward".to_owned()),
            of("PASSWORD", "the word of mail".to_owned()),
            of("FROM", "Example <login@example.com>".to_owned()),
            ("ADMIN_EMAIL".to_owned(), "ada@example.com".to_owned()),
        ]
    }

    /// Everything that it was given, the oldest first.
    pub(crate) fn letters(&self) -> Vec<Delivered> {
        let folder = std::fs::read_dir(self.place.path().join("letters")).unwrap();
        let mut files: Vec<PathBuf> = folder.map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "json"));
        files.sort();
        let read = |file: &PathBuf| {
            let letter: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            Delivered {
                to: letter["to"][0].as_str().unwrap().to_owned(),
                is_encrypted: letter["is_encrypted"].as_bool().unwrap(),
                content: letter["content"].as_str().unwrap().to_owned(),
            }
        };
        files.iter().map(read).collect()
    }

    /// Waits for the `count`th letter.
    pub(crate) fn letter(&self, count: usize) -> Delivered {
        self.wait_for(|letters| letters.into_iter().nth(count - 1))
    }

    /// Waits for a letter after the first `before` that holds this text: notices of earlier changes may come in between.
    pub(crate) fn letter_with(&self, before: usize, text: &str) -> Delivered {
        self.wait_for(|letters| letters.into_iter().skip(before).find(|letter| letter.text().contains(text)))
    }

    /// Waits for at most half a minute, since a first failure waits 15 seconds.
    fn wait_for(&self, find: impl Fn(Vec<Delivered>) -> Option<Delivered>) -> Delivered {
        for _ in 0..600 {
            if let Some(letter) = find(self.letters()) {
                return letter;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the letter did not come: {:?}", self.letters());
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
