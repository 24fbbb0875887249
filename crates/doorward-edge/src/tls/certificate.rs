//! A certificate with its key: read from PEM, and known to be usable before anybody is served with it.

use std::fmt;
use std::sync::Arc;

use doorward_core::{Finding, UnixTime};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::name::Names;
use super::x509;

/// A certificate chain and the key that belongs to it.
#[derive(Clone)]
pub struct Certificate {
    pub(super) certified: Arc<CertifiedKey>,
    names: Arc<Names>,
    not_before: UnixTime,
    not_after: UnixTime,
    serial: Vec<u8>,
    authority_key: Option<Vec<u8>>,
}

/// Why a certificate and a key are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// There is no certificate, or what is there cannot be read.
    #[error("it holds no certificate that can be read")]
    CertificateUnreadable,
    /// The certificate names nobody.
    #[error("the certificate has no subject alternative name, and browsers look at nothing else")]
    Nameless,
    /// There is no key, or it is of a kind that is not spoken here.
    #[error(
        "it holds no private key that can be read: PEM without a passphrase, ECDSA P-256 or P-384, Ed25519, or RSA of at least 2048 bits"
    )]
    KeyUnreadable,
    /// The key is of another certificate.
    #[error("the key does not belong to the first certificate of the chain")]
    KeyMismatch,
    /// Its time is over.
    #[error("it expired at {}", .0.to_rfc3339())]
    Expired(UnixTime),
    /// Its time has not come.
    #[error("it counts only from {} on", .0.to_rfc3339())]
    NotYetValid(UnixTime),
}

impl Unusable {
    /// The code of the list of reasons.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateUnreadable | Self::Nameless => "tls.certificate_unreadable",
            Self::KeyUnreadable => "tls.key_unreadable",
            Self::KeyMismatch => "tls.key_mismatch",
            Self::Expired(_) => "tls.certificate_expired",
            Self::NotYetValid(_) => "tls.certificate_not_yet_valid",
        }
    }

    /// The finding about a file or a setting.
    #[must_use]
    pub fn finding(&self, subject: impl Into<String>) -> Finding {
        Finding::error(self.code(), subject, format!("This certificate cannot be used: {self}."))
    }
}

impl Certificate {
    /// Reads a chain, the certificate of the server first, and its key. Looks at everything but the time.
    ///
    /// # Errors
    /// What makes the pair useless.
    pub fn read(chain: &[u8], key: &[u8]) -> Result<Self, Unusable> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| Unusable::CertificateUnreadable)?;
        let facts =
            chain.first().and_then(|first| x509::read(first.as_ref())).ok_or(Unusable::CertificateUnreadable)?;
        let names = Names::new(facts.names, facts.addresses);
        if names.is_empty() {
            return Err(Unusable::Nameless);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Unusable::KeyUnreadable)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| Unusable::KeyUnreadable)?;
        let certified = CertifiedKey::new(chain, key);
        // This reads the certificate as a client would: an extension that is critical and unknown is refused too.
        certified.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => Unusable::KeyMismatch,
            _ => Unusable::CertificateUnreadable,
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            names: Arc::new(names),
            not_before: facts.not_before,
            not_after: facts.not_after,
            serial: facts.serial,
            authority_key: facts.authority_key,
        })
    }

    /// Whether its time is now.
    ///
    /// # Errors
    /// [`Unusable::Expired`] and [`Unusable::NotYetValid`].
    pub fn check_time(&self, now: UnixTime) -> Result<(), Unusable> {
        if now >= self.not_after {
            Err(Unusable::Expired(self.not_after))
        } else if now < self.not_before {
            Err(Unusable::NotYetValid(self.not_before))
        } else {
            Ok(())
        }
    }

    /// Whom it speaks for.
    #[must_use]
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// From when on it counts.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// Until when it counts.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The serial number as it is encoded.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The identifier of the key that has signed it, for ACME renewal information (RFC 9773, section 4.1).
    #[must_use]
    pub fn authority_key(&self) -> Option<&[u8]> {
        self.authority_key.as_deref()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("names", &self.names)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 3, 1);
        let key = KeyPair::generate().unwrap();
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn why(chain: &str, key: &str) -> Unusable {
        Certificate::read(chain.as_bytes(), key.as_bytes()).unwrap_err()
    }

    #[test]
    fn says_what_is_wrong_with_a_pair() {
        let (chain, key) = pair(&["a.test"]);
        let (other, other_key) = pair(&["b.test"]);
        assert_eq!(why(&chain, &other_key), Unusable::KeyMismatch);
        assert_eq!(why(&format!("{other}{chain}"), &key), Unusable::KeyMismatch, "the server's own comes first");
        assert_eq!(why("", &key), Unusable::CertificateUnreadable);
        assert_eq!(why(&key, &key), Unusable::CertificateUnreadable);
        assert_eq!(why(&chain.replace('M', "N"), &key), Unusable::CertificateUnreadable);
        assert_eq!(why(&chain, ""), Unusable::KeyUnreadable);
        assert_eq!(why(&chain, &key.replace("PRIVATE", "ENCRYPTED PRIVATE")), Unusable::KeyUnreadable);
        assert_eq!(why(&pair(&[]).0, &key), Unusable::Nameless);
    }

    #[test]
    fn counts_from_its_first_second_to_before_its_last() {
        let (chain, key) = pair(&["a.test"]);
        let certificate = Certificate::read(chain.as_bytes(), key.as_bytes()).unwrap();
        let (from, until) = (certificate.not_before(), certificate.not_after());
        assert_eq!(certificate.check_time(from), Ok(()));
        assert_eq!(certificate.check_time(until - 1), Ok(()));
        assert_eq!(certificate.check_time(until), Err(Unusable::Expired(until)));
        assert_eq!(certificate.check_time(from - 1), Err(Unusable::NotYetValid(from)));
    }
}
