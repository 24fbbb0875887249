//! TLS: certificates by name, handshakes, and certificate files that change under a running program.
//!
//! rustls with *ring*, TLS 1.2 and 1.3. A certificate is put into force only once its key is known to belong to it
//! and its time is known to be now; a table is swapped as a whole, so that no handshake meets half a change.

mod accept;
mod certificate;
mod challenge;
mod config;
mod file;
mod name;
mod table;
mod x509;

pub use accept::{Accepted, HandshakeError, Secured, accept};
pub use certificate::{Certificate, Unusable};
pub use challenge::{Challenges, Shown};
pub use file::{Files, Pair};
pub use name::Names;
pub use table::{Certificates, Slot};

/// How long a handshake may take from its first byte to its last.
pub const HANDSHAKE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
