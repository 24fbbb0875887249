//! A real authority: pebble of the distribution, with its own resolver, on ports of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use doorward_core::{Clock, Random, UnixTime};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// A running pebble. It ends with its value.
#[derive(Debug)]
pub(crate) struct Pebble {
    children: Vec<Child>,
    place: TempDir,
    port: u16,
    resolver: (u16, u16),
    variables: Vec<(&'static str, &'static str)>,
    /// Where it looks for proofs by TLS.
    pub(crate) tls_port: u16,
    /// Where it looks for proofs over plain HTTP.
    pub(crate) http_port: u16,
}

impl Pebble {
    /// Starts with a twentieth of all nonces refused; by default it is a fifth, which fails one order of ten.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with these variables.
    pub(crate) async fn start_with(variables: &[(&'static str, &'static str)]) -> Self {
        let mut pebble = Self {
            children: Vec::new(),
            place: tempfile::tempdir().unwrap(),
            port: doorward_port::lease(),
            resolver: (doorward_port::lease(), doorward_port::lease()),
            variables: variables.to_vec(),
            tls_port: doorward_port::lease(),
            http_port: doorward_port::lease(),
        };
        pebble.write();
        pebble.run().await;
        pebble
    }

    /// The URL of its directory.
    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// The root that its own HTTPS is trusted by.
    pub(crate) fn root(&self) -> PathBuf {
        self.place.path().join("root.pem")
    }

    /// A directory for a test's own files.
    pub(crate) fn place(&self) -> PathBuf {
        self.place.path().join("data")
    }

    fn write(&self) {
        let file = |name: &str, text: &str| std::fs::write(self.place.path().join(name), text).unwrap();
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        file("root.pem", &root.self_signed(&root_key).unwrap().pem());
        let issuer = Issuer::new(root, root_key);
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        file("cert.pem", &own.signed_by(&key, &issuer).unwrap().pem());
        file("key.pem", &key.serialize_pem());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{}", doorward_port::lease()),
            "certificate": "cert.pem", "privateKey": "key.pem",
            "httpPort": self.http_port, "tlsPort": self.tls_port, "ocspResponderURL": "",
        }});
        file("config.json", &config.to_string());
    }

    /// Starts it (again); it remembers nothing of before.
    pub(crate) async fn run(&mut self) {
        let (dns, management) = self.resolver;
        let dns = format!("127.0.0.1:{dns}");
        let quiet = |command: &mut Command| {
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("install the package pebble")
        };
        let mut resolver = Command::new("pebble-challtestsrv");
        resolver.args(["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &dns]);
        resolver.args(["-management", &format!("127.0.0.1:{management}")]);
        let mut authority = Command::new("pebble");
        authority.current_dir(self.place.path()).args(["-strict", "-config", "config.json", "-dnsserver", &dns]);
        authority.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "5").envs(self.variables.iter().copied());
        self.children = vec![quiet(&mut resolver), quiet(&mut authority)];
        for port in [self.port, management] {
            for _ in 0..400 {
                if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
    }

    /// Ends it, as an outage does.
    pub(crate) fn stop(&mut self) {
        for mut child in self.children.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A clock that a test sets.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Hand {
    /// The time of the machine.
    pub(crate) fn now() -> Arc<Self> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Arc::new(Self(AtomicI64::new(i64::try_from(now.as_secs()).unwrap())))
    }

    pub(crate) fn set(&self, at: UnixTime) {
        self.0.store(at.0, Ordering::Relaxed);
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }
}

/// Chance that is the same in each run (splitmix64).
#[derive(Debug, Default)]
pub(crate) struct Seed(AtomicU64);

impl Random for Seed {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let step = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 56).to_le_bytes()[0];
        }
    }
}
