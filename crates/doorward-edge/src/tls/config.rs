//! The settings of rustls: versions, protocols, tickets.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::certificate::{Certificate, Unusable};
use super::challenge::ACME_TLS;

/// TLS 1.2 and 1.3 with the suites of *ring*, which all have forward secrecy.
fn base(certified: Arc<CertifiedKey>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let resolver = SingleCertAndKey::from(certified);
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the versions that rustls speaks by default")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver))
}

/// Serves HTTP. Sessions are resumed by tickets, so that nothing is kept for a visitor who left.
pub(super) fn serving(certificate: &Certificate, tickets: Option<Arc<dyn ProducesTickets>>) -> Arc<ServerConfig> {
    let mut config = base(Arc::clone(&certificate.certified));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if let Some(tickets) = tickets {
        config.ticketer = tickets;
    }
    Arc::new(config)
}

/// Shows a challenge certificate and speaks nothing (RFC 8737, section 3). Its critical extension is one that only
/// authorities know, so it is not read as a certificate is that serves visitors.
pub(super) fn proving(certificate: &str, key: &str) -> Result<Arc<ServerConfig>, Unusable> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes());
    let certificate = certificate.map_err(|_| Unusable::CertificateUnreadable)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Unusable::KeyUnreadable)?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| Unusable::KeyUnreadable)?;
    let mut config = base(Arc::new(CertifiedKey::new(vec![certificate], key)));
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
