//! Certificates by ACME, from a real pebble.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock as _, Severity};
use doorward_edge::acme::{Acme, Challenge, Outcome, Settings};
use doorward_edge::tls::{self, Accepted, Certificates, Slot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::it::pebble::{Hand, Pebble, Seed};

const HOST: &str = "app.example.test";

/// A client of an authority, with listeners that show its proofs.
struct Client {
    acme: Acme,
    certificates: Arc<Certificates>,
    clock: Arc<Hand>,
    slot: Slot,
    listeners: Vec<JoinHandle<()>>,
}

impl Client {
    async fn new(pebble: &Pebble, challenge: Challenge) -> Self {
        Self::at(pebble, challenge, Hand::now()).await
    }

    async fn at(pebble: &Pebble, challenge: Challenge, clock: Arc<Hand>) -> Self {
        let certificates = Arc::new(Certificates::new(vec![HOST.to_owned()]));
        let slot = certificates.slots().next().unwrap();
        let settings = Settings {
            directory: pebble.directory(),
            email: Some("ada@example.com".to_owned()),
            ca: Some(pebble.root()),
            challenge,
            place: pebble.place(),
        };
        let sets = vec![(slot, vec![HOST.to_owned()])];
        let acme = Acme::open(&settings, Arc::clone(&certificates), sets, clock.clone(), Arc::new(Seed::default()));
        let listeners = match challenge {
            Challenge::TlsAlpn01 => show_by_tls(pebble.tls_port, Arc::clone(&certificates)).await,
            Challenge::Http01 => show_by_http(pebble.http_port, Arc::clone(&certificates)).await,
        };
        Self { acme: acme.unwrap(), certificates, clock, slot, listeners: vec![listeners] }
    }

    fn serial(&self) -> Option<Vec<u8>> {
        self.certificates.current(self.slot).map(|certificate| certificate.serial().to_vec())
    }

    fn codes(&self) -> Vec<(&'static str, Severity)> {
        let findings = self.certificates.findings(self.clock.now());
        findings.into_iter().map(|finding| (finding.code, finding.severity)).collect()
    }

    /// One round, which must bring a certificate.
    async fn issue(&self) {
        let outcomes = self.acme.round().await;
        assert!(matches!(&outcomes[..], [Outcome::Issued(hosts, _)] if hosts == &[HOST]), "{outcomes:?}");
    }

    /// One round, which must fail for this reason.
    async fn fail(&self, why: &str) -> i64 {
        let outcomes = self.acme.round().await;
        let [Outcome::Failed(finding, next)] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!(finding.code, "tls.renewal_failing");
        assert!(finding.why.contains(why), "{finding:?}");
        next.seconds_since(self.clock.now())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

async fn show_by_tls(port: u16, certificates: Arc<Certificates>) -> JoinHandle<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            match tls::accept(stream, &certificates, Duration::from_secs(5)).await {
                Ok(Accepted::Proved) | Err(_) => {}
                Ok(Accepted::Http(..)) => panic!("an authority asks for nothing but a proof"),
            }
        }
    })
}

async fn show_by_http(port: u16, certificates: Arc<Certificates>) -> JoinHandle<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let token = path.strip_prefix("/.well-known/acme-challenge/").unwrap_or_default();
            let body = certificates.challenges().answer(token).unwrap_or_default();
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
}

#[tokio::test]
async fn a_host_is_proved_in_a_handshake() {
    let pebble = Pebble::start().await;
    let client = Client::new(&pebble, Challenge::TlsAlpn01).await;
    assert_eq!(client.codes(), [("tls.certificate_missing", Severity::Error)]);
    client.issue().await;
    assert!(client.certificates.current(client.slot).unwrap().names().covers(HOST));
    // The clock of the test stood still while that of pebble ran.
    client.clock.forward(60);
    assert_eq!(client.codes(), []);
    assert_eq!(client.acme.round().await, [], "nothing further is due");
}

#[tokio::test]
async fn a_host_is_proved_over_plain_http() {
    let pebble = Pebble::start().await;
    let client = Client::new(&pebble, Challenge::Http01).await;
    client.issue().await;
    assert!(client.certificates.current(client.slot).unwrap().names().covers(HOST));
}

#[tokio::test]
async fn a_restart_orders_nothing_and_keeps_its_files_to_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut pebble = Pebble::start().await;
    let first = Client::new(&pebble, Challenge::Http01).await;
    first.issue().await;
    let serial = first.serial();
    drop(first);
    // Nobody is there to be asked, and nobody is.
    pebble.stop();
    let mut files: Vec<_> = walk(&pebble.place()).collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let names: Vec<_> = files.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["account.json", "app.example.test.json", "app.example.test.pem"]);
    assert!(files.iter().all(|(_, metadata)| metadata.permissions().mode() & 0o777 == 0o600), "{files:?}");
    tokio::task::yield_now().await;
    let second = Client::new(&pebble, Challenge::Http01).await;
    assert_eq!(second.serial(), serial);
    assert_eq!(second.acme.round().await, []);
}

fn walk(place: &std::path::Path) -> impl Iterator<Item = (std::path::PathBuf, std::fs::Metadata)> {
    let inner = std::fs::read_dir(place).unwrap().next().unwrap().unwrap().path();
    std::fs::read_dir(inner).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.path(), entry.metadata().unwrap())
    })
}

#[tokio::test]
async fn a_certificate_is_renewed_at_two_thirds_of_its_life_with_the_same_account() {
    let pebble = Pebble::start().await;
    let client = Client::new(&pebble, Challenge::TlsAlpn01).await;
    client.issue().await;
    let (first, before) = (client.serial(), account(&pebble));
    let current = client.certificates.current(client.slot).unwrap();
    let life = current.not_after().seconds_since(current.not_before());
    client.clock.set(current.not_before() + life / 2);
    assert_eq!(client.acme.round().await, []);
    client.clock.set(current.not_before() + life / 4 * 3);
    // What pebble issues begins by its own clock, so that it still counts at this moment.
    client.issue().await;
    assert_ne!(client.serial(), first);
    assert_eq!(account(&pebble), before);
}

fn account(pebble: &Pebble) -> Vec<u8> {
    let (path, _) = walk(&pebble.place()).find(|(path, _)| path.ends_with("account.json")).unwrap();
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn an_authority_that_is_down_leaves_the_old_certificate_and_is_asked_ever_more_rarely() {
    let mut pebble = Pebble::start().await;
    let client = Client::new(&pebble, Challenge::TlsAlpn01).await;
    client.issue().await;
    let first = client.serial();
    pebble.stop();
    let current = client.certificates.current(client.slot).unwrap();
    let life = current.not_after().seconds_since(current.not_before());
    client.clock.set(current.not_before() + life / 4 * 3);
    let wait = client.fail("cannot be asked").await;
    assert!((45..=60).contains(&wait), "{wait}");
    assert_eq!(client.acme.round().await, [], "not at once again");
    client.clock.forward(wait);
    let longer = client.fail("cannot be asked").await;
    assert!((90..=120).contains(&longer), "{longer}");
    assert_eq!(client.serial(), first);
    assert_eq!(client.codes(), [("tls.renewal_failing", Severity::Warning)]);

    // A program that is started again and again does not ask again and again.
    let again = Client::at(&pebble, Challenge::Http01, Arc::clone(&client.clock)).await;
    assert_eq!(again.serial(), first);
    assert_eq!(again.acme.round().await, []);

    // Once it is back, one round mends everything. Pebble has forgotten the account, which costs one try more.
    pebble.run().await;
    client.clock.forward(longer);
    client.fail("").await;
    client.clock.forward(600);
    client.issue().await;
    assert_ne!(client.serial(), first);
    assert_eq!(client.codes(), []);
}

#[tokio::test]
async fn a_first_order_that_fails_is_an_error_with_the_words_of_the_authority() {
    let pebble = Pebble::start().await;
    let client = Client::new(&pebble, Challenge::TlsAlpn01).await;
    // Nobody shows the proof.
    client.listeners.iter().for_each(JoinHandle::abort);
    tokio::task::yield_now().await;
    client.fail(HOST).await;
    assert_eq!(
        client.codes(),
        [("tls.renewal_failing", Severity::Error), ("tls.certificate_missing", Severity::Error)]
    );
}

#[tokio::test]
async fn nonces_that_are_refused_again_and_again_fail_an_order_and_no_more() {
    let pebble = Pebble::start_with(&[("PEBBLE_WFE_NONCEREJECT", "100")]).await;
    let client = Client::new(&pebble, Challenge::Http01).await;
    client.fail("nonce").await;
}

#[tokio::test]
async fn an_authority_that_is_not_who_it_says_is_told_nothing() {
    let (pebble, stranger) = (Pebble::start().await, Pebble::start().await);
    std::fs::copy(stranger.root(), pebble.root()).unwrap();
    let client = Client::new(&pebble, Challenge::Http01).await;
    client.fail("certificate").await;
}
