//! The key ring: which secret signs, which ones still verify.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::mac::TokenMac;

/// The fewest bytes a secret may have.
pub const MIN_SECRET_BYTES: usize = 32;

/// Eight bytes that stand for a browser or a sign-in inside a token.
pub(crate) type Tag = [u8; 8];

/// The tag of a token that belongs to no sign-in.
pub(crate) const ANONYMOUS: Tag = [0; 8];

/// One secret with its explicit number. The number travels in every token, so it must never be reused for another
/// secret while tokens of the first are alive.
#[derive(Clone)]
pub struct SecretKey {
    kid: u8,
    secret: Zeroizing<Vec<u8>>,
}

impl SecretKey {
    /// A secret of at least [`MIN_SECRET_BYTES`] bytes; [`crate::Builder::build`] refuses shorter ones.
    #[must_use]
    pub fn new(kid: u8, secret: impl Into<Vec<u8>>) -> Self {
        Self { kid, secret: Zeroizing::new(secret.into()) }
    }

    /// The number of this key.
    #[must_use]
    pub fn kid(&self) -> u8 {
        self.kid
    }

    pub(crate) fn is_short(&self) -> bool {
        self.secret.len() < MIN_SECRET_BYTES
    }

    /// Whether the secret is one byte repeated, as placeholders are.
    pub(crate) fn is_uniform(&self) -> bool {
        self.secret.windows(2).all(|pair| pair[0] == pair[1])
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SecretKey({}, ****)", self.kid)
    }
}

/// What is derived from one secret, with the HMAC key schedule already run.
struct Key {
    kid: u8,
    mac: TokenMac,
    tag: Hmac<Sha256>,
    fingerprint: String,
}

impl Key {
    fn derive(secret: &SecretKey) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, &secret.secret);
        let sub_key = |info: &[u8]| {
            let mut key = Zeroizing::new([0_u8; 32]);
            hkdf.expand(info, &mut *key).expect("32 bytes are within what HKDF-SHA256 can expand");
            key
        };
        let hmac = |info| Hmac::new_from_slice(&*sub_key(info)).expect("HMAC takes keys of any length");
        let print = sub_key(b"doorward-csrf fingerprint v1");
        Self {
            kid: secret.kid,
            mac: TokenMac::new(&sub_key(b"doorward-csrf mac v1")),
            tag: hmac(b"doorward-csrf tag v1"),
            fingerprint: format!("{}:{:02x}{:02x}{:02x}", secret.kid, print[0], print[1], print[2]),
        }
    }
}

/// The keys of a server: the first signs, all verify.
///
/// To change the key on many nodes: add the new one behind the old everywhere, move it to the front everywhere, and
/// remove the old one after `max_age`, `skew` and the time of the roll-out have passed.
pub struct KeyRing {
    keys: Box<[Key]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.fingerprints()).finish()
    }
}

impl KeyRing {
    /// Derives the sub-keys. The caller has checked that there is a first key, and no number twice.
    pub(crate) fn derive(secrets: &[SecretKey]) -> Option<Self> {
        if secrets.is_empty() {
            return None;
        }
        Some(Self { keys: secrets.iter().map(Key::derive).collect() })
    }

    fn signing(&self) -> &Key {
        self.keys.first().expect("a ring is only made with at least one key")
    }

    fn find(&self, kid: u8) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The number of the key that signs.
    #[must_use]
    pub fn signing_kid(&self) -> u8 {
        self.signing().kid
    }

    /// Whether a key with this number is in the ring.
    #[must_use]
    pub fn has(&self, kid: u8) -> bool {
        self.find(kid).is_some()
    }

    /// `kid:6 hex digits` of the signing key. Two nodes that print different ones do not share the secret. The
    /// digits come from a sub-key of their own and say nothing about the secret.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.signing().fingerprint
    }

    /// The fingerprints of all keys, the signing one first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.fingerprint.as_str())
    }

    /// The fingerprint of one key, if it is in the ring.
    #[must_use]
    pub fn fingerprint_of(&self, kid: u8) -> Option<&str> {
        self.find(kid).map(|key| key.fingerprint.as_str())
    }

    /// The MAC of a token under the key `kid`.
    pub(crate) fn sign(&self, kid: u8, issued_at: u64, nonce: &[u8; 32]) -> Option<[u8; 32]> {
        Some(self.find(kid)?.mac.sign(issued_at, nonce))
    }

    /// The tag of a browser (`b'a'`) or of a sign-in (`b's'`) under the key `kid`.
    pub(crate) fn tag(&self, kid: u8, purpose: u8, value: &[u8]) -> Option<Tag> {
        let mut mac = self.find(kid)?.tag.clone();
        mac.update(&[purpose]);
        mac.update(value);
        let full = mac.finalize().into_bytes();
        full.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(kids: &[u8]) -> KeyRing {
        let secrets: Vec<_> = kids.iter().map(|kid| SecretKey::new(*kid, vec![kid.wrapping_add(1); 32])).collect();
        KeyRing::derive(&secrets).unwrap()
    }

    #[test]
    fn the_first_key_signs_and_every_key_verifies() {
        let ring = ring(&[7, 3]);
        assert_eq!(ring.signing_kid(), 7);
        assert!(ring.has(3) && !ring.has(4));
        assert_ne!(ring.sign(7, 1, &[0; 32]), ring.sign(3, 1, &[0; 32]));
        assert_eq!(ring.sign(4, 1, &[0; 32]), None);
    }

    #[test]
    fn browser_and_sign_in_have_different_tags_for_one_value() {
        let ring = ring(&[0]);
        assert_ne!(ring.tag(0, b'a', b"x"), ring.tag(0, b's', b"x"));
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secret = SecretKey::new(1, *b"correct horse battery staple 123");
        assert_eq!(format!("{secret:?}"), "SecretKey(1, ****)");
        let ring = KeyRing::derive(&[secret]).unwrap();
        assert_eq!(format!("{ring:?}"), format!("[{:?}]", ring.fingerprint()));
        assert_eq!(ring.fingerprint().len(), "1:abcdef".len());
    }

    #[test]
    fn the_mac_is_hmac_sha256_over_the_46_bytes_of_the_layout() {
        let ring = ring(&[0]);
        let mut sub_key = [0; 32];
        Hkdf::<Sha256>::new(None, &[1; 32]).expand(b"doorward-csrf mac v1", &mut sub_key).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&sub_key).unwrap();
        mac.update(b"csrf1|");
        mac.update(&1_754_631_055_u64.to_be_bytes());
        mac.update(&[9; 32]);
        assert_eq!(ring.sign(0, 1_754_631_055, &[9; 32]).unwrap(), <[u8; 32]>::from(mac.finalize().into_bytes()));
    }
}
