//! The proofs that a certificate authority looks for while an order is open.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;

use super::certificate::Unusable;

/// The protocol by which an authority asks for a proof in a handshake (RFC 8737, section 6.2).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Open proofs. Each lives as long as its [`Shown`].
#[derive(Default)]
pub struct Challenges(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// By token: the key authorization (RFC 8555, section 8.3).
    tokens: Mutex<HashMap<String, String>>,
    /// By host: a handshake that proves control (RFC 8737, section 3).
    proofs: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

/// A proof that is shown. It ends with its value, however the order ends.
pub struct Shown {
    inner: Arc<Inner>,
    key: Key,
}

enum Key {
    Token(String),
    Host(String),
}

impl Challenges {
    /// Shows the answer to http-01 under `/.well-known/acme-challenge/{token}`.
    #[must_use]
    pub fn show_token(&self, token: &str, authorization: &str) -> Shown {
        self.0.tokens.lock().insert(token.to_owned(), authorization.to_owned());
        Shown { inner: Arc::clone(&self.0), key: Key::Token(token.to_owned()) }
    }

    /// Shows a challenge certificate, in PEM, to handshakes for `host` that speak nothing but `acme-tls/1`.
    ///
    /// # Errors
    /// The certificate or its key cannot be read.
    pub fn show_proof(&self, host: &str, certificate: &str, key: &str) -> Result<Shown, Unusable> {
        let config = super::config::proving(certificate, key)?;
        self.0.proofs.lock().insert(host.to_ascii_lowercase(), config);
        Ok(Shown { inner: Arc::clone(&self.0), key: Key::Host(host.to_ascii_lowercase()) })
    }

    /// The answer to a token that is open.
    #[must_use]
    pub fn answer(&self, token: &str) -> Option<String> {
        self.0.tokens.lock().get(token).cloned()
    }

    pub(super) fn proof(&self, host: &str) -> Option<Arc<ServerConfig>> {
        self.0.proofs.lock().get(&super::name::canonical(host)).cloned()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        match &self.key {
            Key::Token(token) => _ = self.inner.tokens.lock().remove(token),
            Key::Host(host) => _ = self.inner.proofs.lock().remove(host),
        }
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Challenges").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shown").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_ends_with_its_order() {
        let challenges = Challenges::default();
        let shown = challenges.show_token("token", "token.thumb");
        assert_eq!(challenges.answer("token").as_deref(), Some("token.thumb"));
        assert_eq!(challenges.answer("other"), None);
        drop(shown);
        assert_eq!(challenges.answer("token"), None);
    }
}
