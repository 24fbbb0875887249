//! The settings of rustls: versions, protocols, tickets.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::SingleCertAndKey;

use super::certificate::{Certificate, Unusable};
use super::challenge::ACME_TLS;

/// TLS 1.2 and 1.3 with the suites of *ring*, which all have forward secrecy.
fn base(certificate: &Certificate) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let resolver = SingleCertAndKey::from(Arc::clone(&certificate.certified));
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the versions that rustls speaks by default")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver))
}

/// Serves HTTP. Sessions are resumed by tickets, so that nothing is kept for a visitor who left.
pub(super) fn serving(certificate: &Certificate, tickets: Option<Arc<dyn ProducesTickets>>) -> Arc<ServerConfig> {
    let mut config = base(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if let Some(tickets) = tickets {
        config.ticketer = tickets;
    }
    Arc::new(config)
}

/// Shows a challenge certificate and speaks nothing (RFC 8737, section 3).
pub(super) fn proving(certificate: &str, key: &str) -> Result<Arc<ServerConfig>, Unusable> {
    let mut config = base(&Certificate::read(certificate.as_bytes(), key.as_bytes())?);
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
