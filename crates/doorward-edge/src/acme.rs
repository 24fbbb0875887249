//! ACME (RFC 8555): certificates that an authority issues to whoever proves to hold a name.

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The directory of Let's Encrypt for trials: no browser trusts what it issues, and its limits are wide.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// How a name is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Challenge {
    /// In a TLS handshake on port 443 (RFC 8737).
    TlsAlpn01,
    /// By a file over plain HTTP on port 80 (RFC 8555, section 8.3).
    Http01,
}
