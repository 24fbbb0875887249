//! Handshakes over real sockets: names, protocols, files that change, and clients that mean no good.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use doorward_core::Clock as _;
use doorward_edge::tls::{self, Accepted, Certificate, Certificates, Files, HandshakeError, Pair, Slot};
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, ProtocolVersion, SignatureScheme};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::it::pebble::Hand;

/// Takes every certificate: the tests look at which one came.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn client(version: &'static rustls::SupportedProtocolVersion, protocols: &[&str]) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    config
}

fn modern(protocols: &[&str]) -> Arc<ClientConfig> {
    Arc::new(client(&rustls::version::TLS13, protocols))
}

/// A certificate for these names, with its key, as PEM.
fn pair(names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    (CertificateParams::new(names).unwrap().self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn certificate(names: &[&str]) -> Certificate {
    let (chain, key) = pair(names);
    Certificate::read(chain.as_bytes(), key.as_bytes()).unwrap()
}

fn with(all: &[&[&str]]) -> Arc<Certificates> {
    let certificates = Certificates::new(all.iter().map(|names| names.concat()).collect());
    let slots: Vec<Slot> = certificates.slots().collect();
    for (slot, names) in slots.into_iter().zip(all) {
        certificates.put(slot, certificate(names));
    }
    Arc::new(certificates)
}

/// A server that answers each connection with `hello`.
async fn serve(certificates: Arc<Certificates>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let certificates = Arc::clone(&certificates);
            tokio::spawn(async move {
                if let Ok(Accepted::Http(mut stream, _)) =
                    tls::accept(stream, &certificates, Duration::from_secs(10)).await
                {
                    let _ = stream.write_all(b"hello").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    address
}

type Met = Result<TlsStream<TcpStream>, std::io::Error>;

async fn meet(address: SocketAddr, name: &str, config: &Arc<ClientConfig>) -> Met {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// Reads to the end, tickets included.
async fn read(mut stream: TlsStream<TcpStream>) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn shown(met: &TlsStream<TcpStream>) -> Vec<u8> {
    met.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn each_name_meets_its_own_certificate() {
    let address = serve(with(&[&["a.test", "www.a.test"], &["*.apps.test"]])).await;
    let of = async |name: &str| meet(address, name, &modern(&[])).await.map(|met| shown(&met)).ok();
    let (a, apps) = (of("a.test").await.unwrap(), of("one.apps.test").await.unwrap());
    assert_ne!(a, apps);
    assert_eq!(of("WWW.A.test").await, Some(a));
    assert_eq!(of("two.apps.test").await, Some(apps));
    for name in ["b.test", "two.one.apps.test", "apps.test", "127.0.0.1"] {
        assert_eq!(of(name).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_name_that_is_not_here_is_refused_by_its_own_alert() {
    for certificates in [with(&[&["a.test"], &["b.test"]]), Arc::new(Certificates::new(vec!["a.test".to_owned()]))] {
        let address = serve(certificates).await;
        let error = meet(address, "c.test", &modern(&["h2"])).await.unwrap_err();
        assert!(error.to_string().contains("UnrecognisedName"), "{error}");
    }
}

#[tokio::test]
async fn the_only_certificate_answers_to_every_name_and_to_none() {
    let address = serve(with(&[&["a.test"]])).await;
    for name in ["b.test", "127.0.0.1"] {
        assert!(meet(address, name, &modern(&[])).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn speaks_both_versions_and_the_better_protocol() {
    let address = serve(with(&[&["a.test"]])).await;
    for (version, number) in
        [(&rustls::version::TLS13, ProtocolVersion::TLSv1_3), (&rustls::version::TLS12, ProtocolVersion::TLSv1_2)]
    {
        for (offered, chosen) in [
            (&["http/1.1", "h2"][..], Some(&b"h2"[..])),
            (&["http/1.1"], Some(b"http/1.1")),
            (&["acme-tls/1", "http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let met = meet(address, "a.test", &Arc::new(client(version, offered))).await.unwrap();
            assert_eq!(met.get_ref().1.alpn_protocol(), chosen);
            assert_eq!(met.get_ref().1.protocol_version(), Some(number));
        }
        for offered in [&["acme-tls/1"][..], &["gopher"]] {
            let met = meet(address, "a.test", &Arc::new(client(version, offered))).await;
            assert!(met.is_err(), "{offered:?}: no order is open, and nobody speaks gopher");
        }
    }
}

#[tokio::test]
async fn a_proof_is_shown_to_authorities_alone() {
    let certificates = with(&[&["a.test"]]);
    let address = serve(Arc::clone(&certificates)).await;
    let (proof, key) = pair(&["a.test"]);
    let shown_proof = certificates.challenges().show_proof("A.test", &proof, &key).unwrap();
    let authority = modern(&["acme-tls/1"]);
    let met = meet(address, "a.test", &authority).await.unwrap();
    assert_eq!(met.get_ref().1.alpn_protocol(), Some(&b"acme-tls/1"[..]));
    let seen = shown(&met);
    assert_eq!(read(met).await, "", "no request can follow");
    for (name, config) in
        [("a.test", modern(&["h2"])), ("a.test", modern(&["acme-tls/1", "h2"])), ("a.test", modern(&[]))]
    {
        assert_ne!(shown(&meet(address, name, &config).await.unwrap()), seen);
    }
    assert!(meet(address, "b.test", &authority).await.is_err());
    drop(shown_proof);
    assert!(meet(address, "a.test", &authority).await.is_err());
}

#[tokio::test]
async fn a_visitor_who_comes_back_is_known_by_a_ticket_even_after_a_renewal() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let certificates = with(&[&["a.test"], &["b.test"]]);
        let address = serve(Arc::clone(&certificates)).await;
        let config = Arc::new(client(version, &["http/1.1"]));
        let kind = async |name| {
            let met = meet(address, name, &config).await.unwrap();
            let kind = met.get_ref().1.handshake_kind();
            assert_eq!(read(met).await, "hello");
            kind
        };
        assert_eq!(kind("a.test").await, Some(HandshakeKind::Full));
        assert_eq!(kind("a.test").await, Some(HandshakeKind::Resumed));
        let slot = certificates.slots().next().unwrap();
        certificates.put(slot, certificate(&["a.test"]));
        assert_eq!(kind("a.test").await, Some(HandshakeKind::Resumed));
        assert_eq!(kind("b.test").await, Some(HandshakeKind::Full), "another name is another visitor");
    }
}

#[tokio::test]
async fn a_connection_speaks_for_the_names_of_its_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let certificates = with(&[&["a.test", "*.a.test"]]);
    for (asked, host, is_covered) in [
        ("a.test", "a.test", true),
        ("a.test", "www.A.test.", true),
        ("a.test", "b.test", false),
        ("a.test", "127.0.0.1", false),
        ("b.test", "b.test", true),
        ("b.test", "a.test", false),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "a.test", true),
        ("127.0.0.1", "b.test", false),
    ] {
        let config = modern(&[]);
        let accepted = async {
            let (stream, _) = listener.accept().await.unwrap();
            tls::accept(stream, &certificates, Duration::from_secs(5)).await.unwrap()
        };
        let (accepted, _met) = tokio::join!(accepted, meet(address, asked, &config));
        let Accepted::Http(_, secured) = accepted else { panic!("no authority has asked") };
        assert_eq!(secured.speaks_for(host), is_covered, "{asked} and then {host}");
        assert_eq!(secured.name(), Some(asked).filter(|name| name.ends_with("test")));
    }
}

#[tokio::test]
async fn what_is_no_tls_ends_without_harm_and_at_its_time() {
    let certificates = with(&[&["a.test"]]);
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let started = tokio::time::Instant::now();
    let silent = tls::accept(far, &certificates, Duration::from_millis(100)).await;
    assert!(matches!(silent, Err(HandshakeError::Slow)) && started.elapsed() < Duration::from_secs(5));
    let _ = near.shutdown().await;
    let long = [0x16, 3, 1, 0xff, 0xff].into_iter().chain(vec![0; 70_000]).collect::<Vec<u8>>();
    for said in [
        &b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"[..],
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        &[0; 600],
        &long,
        b"\x80",
    ] {
        let (mut near, far) = tokio::io::duplex(128 * 1024);
        near.write_all(said).await.unwrap();
        near.shutdown().await.unwrap();
        let met = tls::accept(far, &certificates, Duration::from_secs(5)).await;
        assert!(matches!(met, Err(HandshakeError::Failed(_))), "{met:?}");
    }
}

#[tokio::test]
async fn a_slow_handshake_holds_up_nobody() {
    let address = serve(with(&[&["a.test"]])).await;
    let mut slow = Vec::new();
    for said in [&b""[..], b"\x16\x03\x01"].iter().cycle().take(200) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said).await.unwrap();
        slow.push(stream);
    }
    let met = tokio::time::timeout(Duration::from_secs(5), meet(address, "a.test", &modern(&[]))).await;
    assert_eq!(read(met.unwrap().unwrap()).await, "hello");
}

/// A pair of files that holds a certificate for `a.test`.
fn files(place: &TempDir) -> (Pair, Arc<Certificates>, Files, Arc<Hand>) {
    let pair_of_files = Pair { certificate: place.path().join("tls.pem"), key: place.path().join("tls.key") };
    write(&pair_of_files, &pair(&["a.test"]));
    let certificates = Arc::new(Certificates::new(vec!["tls.pem".to_owned()]));
    let slots = certificates.slots().map(|slot| (slot, pair_of_files.clone())).collect();
    let clock = Hand::now();
    let files = Files::open(Arc::clone(&certificates), slots, clock.now()).unwrap();
    (pair_of_files, certificates, files, clock)
}

fn write(pair: &Pair, (chain, key): &(String, String)) {
    replace(&pair.certificate, chain);
    replace(&pair.key, key);
}

/// As careful programs do: beside, and then in its place.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

#[tokio::test]
async fn new_files_are_in_force_at_the_next_look_and_bad_ones_never() {
    let place = tempfile::tempdir().unwrap();
    let (paths, certificates, files, clock) = files(&place);
    let slot = certificates.slots().next().unwrap();
    let current = || certificates.current(slot).unwrap().serial().to_vec();
    let look = |is_told| {
        let (renewed, findings) = files.look(clock.now(), is_told);
        (renewed, findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>())
    };
    let first = current();
    assert_eq!((look(false), look(true)), ((0, vec![]), (0, vec![])));

    // Only one of the two is there yet: nothing is said, and the other completes it.
    let new = pair(&["a.test"]);
    replace(&paths.certificate, &new.0);
    assert_eq!((look(false), current()), ((0, vec![]), first.clone()));
    replace(&paths.key, &new.1);
    assert_eq!(look(false), (1, vec![]));
    let second = current();
    assert_ne!(second, first);

    // It stays wrong: said once, and the old one stays.
    let other = pair(&["a.test"]);
    replace(&paths.key, &other.1);
    assert_eq!((look(false), look(false), look(false)), ((0, vec![]), (0, vec!["tls.key_mismatch"]), (0, vec![])));
    assert_eq!(current(), second);
    assert_eq!(certificates.findings(clock.now())[0].code, "tls.key_mismatch");
    std::fs::remove_file(&paths.key).unwrap();
    assert_eq!((look(false), look(false)), ((0, vec![]), (0, vec!["tls.key_unreadable"])));
    write(&paths, &("nothing".to_owned(), other.1.clone()));
    assert_eq!(look(true), (0, vec!["tls.certificate_unreadable"]), "who says that files are ready hears at once");
    assert_eq!(current(), second);

    // Mended: the finding goes.
    write(&paths, &other);
    assert_eq!(look(false), (1, vec![]));
    assert_eq!(certificates.findings(clock.now()), []);
}

#[tokio::test]
async fn an_expired_file_is_never_put_into_force_and_one_that_expires_is_said_before() {
    let place = tempfile::tempdir().unwrap();
    let (paths, certificates, files, clock) = files(&place);
    let mut parameters = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = KeyPair::generate().unwrap();
    let old = (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem());
    write(&paths, &old);
    let (renewed, findings) = files.look(clock.now(), true);
    assert_eq!((renewed, findings[0].code), (0, "tls.certificate_expired"));
    let slot = certificates.slots().next().unwrap();
    let until = certificates.current(slot).unwrap().not_after();
    certificates.note(slot, None);
    let codes = |at| certificates.findings(at).into_iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(until - 7 * 86_400), [""; 0]);
    assert_eq!(codes(until - 7 * 86_400 + 1), ["tls.certificate_expiring"]);
    assert_eq!(codes(until), ["tls.certificate_expired"]);
    let opened = Files::open(Arc::clone(&certificates), vec![(slot, paths)], clock.now());
    assert_eq!(opened.unwrap_err()[0].code, "tls.certificate_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_handshake_fails_while_certificates_are_replaced() {
    let place = tempfile::tempdir().unwrap();
    let (paths, certificates, files, clock) = files(&place);
    let address = serve(Arc::clone(&certificates)).await;
    let (is_over, met) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let visitors: Vec<_> = (0..8)
        .map(|_| {
            let (is_over, met) = (Arc::clone(&is_over), Arc::clone(&met));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(read(meet(address, "a.test", &modern(&["h2"])).await.unwrap()).await, "hello");
                    met.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut renewed = 0;
    for round in 0..50 {
        let new = if round % 5 == 4 { ("bad".to_owned(), "bad".to_owned()) } else { pair(&["a.test"]) };
        write(&paths, &new);
        renewed += files.look(clock.now(), true).0;
        let before = met.load(Ordering::Relaxed);
        while met.load(Ordering::Relaxed) < before + 8 {
            tokio::task::yield_now().await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.unwrap();
    }
    assert_eq!(renewed, 40);
    assert!(met.load(Ordering::Relaxed) >= 400);
}
