//! The pepper: a key outside the database that every password passes before it is hashed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Names a pepper in stored hashes. It is derived from the key, so the two cannot be confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PepperId(pub(super) [u8; 6]);

impl fmt::Display for PepperId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// One key of 256 bits (NIST SP 800-63B-4, section 3.1.1.2: the keyed step whose key is kept apart).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pepper {
    key: [u8; 32],
    #[zeroize(skip)]
    id: PepperId,
}

impl Pepper {
    /// Takes a random key over.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        let full = mac(&key, b"doorward pepper id");
        Self { key, id: PepperId(std::array::from_fn(|index| full[index])) }
    }

    /// The name in stored hashes.
    #[must_use]
    pub fn id(&self) -> PepperId {
        self.id
    }

    /// What Argon2 gets instead of the password: HMAC-SHA-256, so its length says nothing.
    pub(super) fn season(&self, password: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut message = Zeroizing::new(Vec::with_capacity(password.len() + 10));
        message.extend_from_slice(b"password\0\0");
        message.extend_from_slice(password);
        Zeroizing::new(mac(&self.key, &message))
    }

    /// What is stored of the outcome of a foreign hash. Another purpose, so that neither MAC passes as the other.
    pub(super) fn seal(&self, output: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut message = Zeroizing::new(Vec::with_capacity(output.len() + 10));
        message.extend_from_slice(b"imported\0\0");
        message.extend_from_slice(output);
        Zeroizing::new(mac(&self.key, &message))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pepper({})", self.id)
    }
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// All peppers that stored hashes may name.
#[derive(Debug, Clone)]
pub struct Peppers {
    current: Pepper,
    older: Vec<Pepper>,
}

impl Peppers {
    /// New hashes use `current`; hashes with one of `older` are still right, and are made anew.
    #[must_use]
    pub fn new(current: Pepper, older: Vec<Pepper>) -> Self {
        Self { current, older }
    }

    /// The pepper of new hashes.
    #[must_use]
    pub fn current(&self) -> &Pepper {
        &self.current
    }

    pub(super) fn find(&self, id: PepperId) -> Option<&Pepper> {
        std::iter::once(&self.current).chain(&self.older).find(|pepper| pepper.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_from_the_key_and_shows_nothing_of_it() {
        let (one, two) = (Pepper::new([1; 32]), Pepper::new([2; 32]));
        assert_ne!(one.id(), two.id());
        assert_eq!(one.id(), Pepper::new([1; 32]).id());
        assert_eq!(format!("{one:?}"), format!("Pepper({})", one.id()));
        assert_ne!(one.season(b"a"), two.season(b"a"));
    }
}
