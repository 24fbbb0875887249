//! The keys of app hosts' cookies, derived from what every node of an installation shares.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// One key for new cookies, and the older ones that still verify; and one for marks in addresses.
#[derive(Clone)]
pub struct DoorKeys {
    cookies: Keys,
    marks: Keys,
}

/// Keys for one purpose, the newest first.
#[derive(Clone)]
pub(in crate::identity) struct Keys(Box<[Hmac<Sha256>]>);

impl fmt::Debug for DoorKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DoorKeys({} of ****)", self.cookies.0.len())
    }
}

impl DoorKeys {
    /// Keys of their own, derived from shared secrets, the newest first.
    pub(super) fn derive(secrets: impl Iterator<Item = [u8; 32]> + Clone) -> Self {
        Self {
            cookies: Keys::derive(secrets.clone(), b"doorward session of an app host v1"),
            marks: Keys::derive(secrets, b"doorward mark in an address v1"),
        }
    }

    /// For the cookies of app hosts.
    pub(in crate::identity) fn cookie(&self) -> &Keys {
        &self.cookies
    }

    /// For marks in addresses.
    pub(super) fn seal(&self) -> &Keys {
        &self.marks
    }
}

impl Keys {
    /// One step of RFC 5869 with HMAC for each secret.
    fn derive(secrets: impl Iterator<Item = [u8; 32]>, label: &[u8]) -> Self {
        let derived = secrets.map(|secret| {
            let mut step = keyed(&secret);
            step.update(label);
            keyed(&step.finalize().into_bytes())
        });
        Self(derived.collect())
    }

    /// The MAC over a handle of fixed length and the host after it.
    pub(in crate::identity) fn mac(&self, handle: &[u8; 16], host: &str) -> [u8; 32] {
        // A keyring is not opened without a secret, so there is a first one.
        self.0.first().map_or([0; 32], |key| over(key, handle, host).finalize().into_bytes().into())
    }

    /// Whether a cut MAC is of one of the keys. Compared in constant time.
    pub(in crate::identity) fn is_of(&self, handle: &[u8; 16], host: &str, mac: &[u8]) -> bool {
        self.0.iter().any(|key| over(key, handle, host).verify_truncated_left(mac).is_ok())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

fn over(key: &Hmac<Sha256>, handle: &[u8; 16], host: &str) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(handle);
    mac.update(host.as_bytes());
    mac
}
