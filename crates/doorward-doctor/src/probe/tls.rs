//! A TLS handshake that records what it is shown instead of breaking off at the first doubt.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::facts::{Certificate, Handshake, Knock, Trust};
use crate::redact;

/// What was shown in one handshake.
#[derive(Debug, Default, Clone)]
struct Shown {
    chain: Vec<Vec<u8>>,
    error: Option<Error>,
}

/// Looks at the certificate as a browser would, writes the verdict down and lets the handshake go on: nothing that
/// follows is trusted, it is only looked at, and credentials are never sent where [`Trust`] is not good.
#[derive(Debug)]
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    shown: Mutex<Shown>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if let Ok(mut shown) = self.shown.lock() {
            shown.chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
            shown.error = verdict.err();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The authorities that are trusted here.
#[derive(Debug, Clone)]
pub(crate) struct Roots(Arc<WebPkiServerVerifier>);

/// The most bytes that a file of authorities has.
const LARGEST: u64 = 1024 * 1024;

/// Where systems keep the authorities that they trust.
const SYSTEM: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

impl Roots {
    /// The authorities in this file and no others. Configurations name files of every kind and size.
    pub(crate) fn only(file: &Path) -> Option<Self> {
        std::fs::metadata(file).ok().filter(|found| found.is_file() && found.len() <= LARGEST)?;
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(CertificateDer::pem_file_iter(file).ok()?.flatten());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().ok().map(Self)
    }

    /// The public authorities, those of the system, and those of these files.
    pub(crate) fn load(files: &[std::path::PathBuf]) -> Result<Self, String> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for file in SYSTEM.iter().map(Path::new).filter(|path| path.is_file()).take(1) {
            let found: Vec<_> = CertificateDer::pem_file_iter(file).into_iter().flatten().flatten().collect();
            store.add_parsable_certificates(found);
        }
        for file in files {
            let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
            let found: Vec<_> = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?.flatten().collect();
            if store.add_parsable_certificates(found).0 == 0 {
                return Err(wrong(&"no certificate in it"));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
        verifier.map(Self).map_err(|error| error.to_string())
    }
}

/// A greeting: whom it asks for, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Greeting<'a> {
    /// The name that is asked for.
    pub(crate) name: &'a str,
    /// Do not say the name.
    pub(crate) is_nameless: bool,
    /// Make the greeting larger than a packet, as browsers with post-quantum keys do.
    pub(crate) is_large: bool,
}

/// Shakes hands over this stream; the stream is given back where the handshake was done, whatever the certificate is.
pub(crate) async fn shake<S>(
    roots: &Roots,
    greeting: Greeting<'_>,
    stream: S,
) -> (Handshake, Option<tokio_rustls::client::TlsStream<S>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let recorder = Arc::new(Recorder { inner: roots.0.clone(), shown: Mutex::default() });
    let mut fact = Handshake { is_large: greeting.is_large, ..Handshake::default() };
    if !greeting.is_nameless {
        greeting.name.clone_into(&mut fact.sni);
    }
    let Some(mut config) = config(&recorder) else { return (fact, None) };
    config.enable_sni = !greeting.is_nameless;
    // Protocol names are the one part of a greeting that may be made longer at will.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if greeting.is_large {
        config.alpn_protocols.extend((0..12_u8).map(|at| [b"x-padding-".to_vec(), vec![b'a' + at; 110]].concat()));
    }
    let Ok(name) = ServerName::try_from(greeting.name.to_owned()) else {
        fact.knock = Knock::Alert;
        return (fact, None);
    };
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let outcome = connector.connect(name, stream).await;
    let shown = recorder.shown.lock().map(|shown| shown.clone()).unwrap_or_default();
    note(&mut fact, &shown);
    match outcome {
        Ok(stream) => {
            fact.version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "1.3".to_owned(),
                Some(rustls::ProtocolVersion::TLSv1_2) => "1.2".to_owned(),
                other => format!("{other:?}"),
            };
            (fact, Some(stream))
        }
        Err(error) => {
            (fact.knock, fact.alert) = refusal(&error);
            (fact, None)
        }
    }
}

fn config(recorder: &Arc<Recorder>) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(builder.dangerous().with_custom_certificate_verifier(recorder.clone()).with_no_client_auth())
}

fn refusal(error: &std::io::Error) -> (Knock, String) {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)) => {
            (Knock::Version, "protocol_version".into())
        }
        Some(Error::AlertReceived(alert)) => (Knock::Alert, snake(&format!("{alert:?}"))),
        Some(Error::PeerIncompatible(what)) => {
            let what = format!("{what:?}");
            (
                if what.contains("Version") || what.contains("Tls12") || what.contains("Tls13") {
                    Knock::Version
                } else {
                    Knock::Alert
                },
                what,
            )
        }
        Some(
            Error::InvalidMessage(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. },
        ) => (Knock::Plain, String::new()),
        Some(other) => (Knock::Alert, redact::clean(&other.to_string())),
        None => (Knock::Closed, String::new()),
    }
}

fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

fn note(fact: &mut Handshake, shown: &Shown) {
    fact.chain = shown.chain.len();
    fact.certificate = shown.chain.first().and_then(|der| certificate(der));
    let is_own = fact.certificate.as_ref().is_some_and(|certificate| certificate.subject == certificate.issuer);
    fact.trust = match &shown.error {
        None => Trust::Good,
        Some(Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trust::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Trust::Early,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Trust::Name,
            CertificateError::UnknownIssuer if is_own => Trust::Selfsigned,
            CertificateError::UnknownIssuer if fact.chain == 1 => Trust::Incomplete,
            CertificateError::UnknownIssuer => Trust::Unknown,
            _ if is_own => Trust::Selfsigned,
            _ => Trust::Bad,
        },
        Some(_) => Trust::Bad,
    };
}

/// What a certificate says of itself.
pub(crate) fn certificate(der: &[u8]) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(redact::clean(name).to_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()),
            _ => None,
        },
        _ => None,
    });
    Some(Certificate {
        names: names.take(100).collect(),
        subject: redact::clean(&parsed.subject().to_string()),
        issuer: redact::clean(&parsed.issuer().to_string()),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        fingerprint: redact::hex(&Sha256::digest(der)[..8]),
    })
}

/// Whether a file of authorities holds this very certificate: OpenSSL takes it then, also where it is no authority.
pub(crate) fn is_pinned(file: &Path, served: &Certificate) -> bool {
    let all = CertificateDer::pem_file_iter(file).into_iter().flatten().flatten();
    all.filter_map(|der| certificate(&der)).any(|kept| kept.fingerprint == served.fingerprint)
}

/// The first certificate of a file in PEM.
pub(crate) fn on_disk(path: &Path) -> Option<Certificate> {
    let der = CertificateDer::pem_file_iter(path).ok()?.flatten().next()?;
    certificate(&der)
}
