//! What is encrypted before it is stored: keys of authenticators, states of ceremonies, letters that wait.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::Random;
use doorward_core::factor::Sealed;
use doorward_core::identifier::UserId;
use doorward_core::random::bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use zeroize::{Zeroize as _, Zeroizing};

/// The first characters of every sealed text: which form it has.
const FORM: &str = "s1.";

/// What a sealed text is, and whose: associated data, so that no text opens in the place of another.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What it is, one word for each column that holds such texts, such as `totp`.
    pub what: &'static str,
    /// The name of its row.
    pub id: &'a [u8],
    /// Whose it is, where it is somebody's.
    pub user: Option<UserId>,
}

impl Context<'_> {
    /// Each part enters with its length, so that no two contexts have the same bytes.
    fn to_bytes(self) -> Vec<u8> {
        let user = self.user.as_ref().map_or(&[][..], |user| user.as_bytes());
        [self.what.as_bytes(), self.id, user].into_iter().fold(Vec::new(), |mut all, part| {
            all.extend_from_slice(&(part.len() as u64).to_be_bytes());
            all.extend_from_slice(part);
            all
        })
    }
}

/// Encrypts and opens with AES-256-GCM (NIST SP 800-38D), under keys derived from the key directory by HKDF (RFC 5869).
///
/// Nonces are 96 random bits: one key may seal 2³² texts (section 8.3), which is more than an installation ever stores.
#[derive(Clone)]
pub struct Sealer {
    /// The newest first: it seals, and all open.
    keys: Arc<[LessSafeKey]>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealer({} of ****)", self.keys.len())
    }
}

impl Sealer {
    /// Derives keys of their own from shared secrets, the newest first.
    pub(super) fn derive(secrets: impl Iterator<Item = [u8; 32]>) -> Self {
        let key = |mut secret: [u8; 32]| {
            let derived = derive(&secret, b"doorward sealed text v1");
            secret.zeroize();
            LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*derived).expect("the key has 32 bytes"))
        };
        Self { keys: secrets.map(key).collect() }
    }

    /// Encrypts a secret for its place.
    ///
    /// # Panics
    /// Never: a keyring is not opened without a secret, and no secret of ours is as long as the limit of the cipher.
    #[must_use]
    pub fn seal(&self, context: Context<'_>, secret: &[u8], random: &dyn Random) -> Sealed {
        let nonce: [u8; NONCE_LEN] = bytes(random);
        let mut text = Zeroizing::new(secret.to_vec());
        let key = self.keys.first().expect("a keyring is not opened without a secret");
        let data = Aad::from(context.to_bytes());
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), data, &mut text)
            .expect("no secret of ours is as long as the limit of the cipher");
        let whole = [&nonce[..], &text, tag.as_ref()].concat();
        Sealed::new(format!("{FORM}{}", URL_SAFE_NO_PAD.encode(whole)))
    }

    /// Opens what was sealed for this place; nothing where it was sealed for another, under other keys, or was changed.
    #[must_use]
    pub fn open(&self, context: Context<'_>, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let whole = URL_SAFE_NO_PAD.decode(sealed.as_str().strip_prefix(FORM)?).ok()?;
        let (nonce, rest) = whole.split_first_chunk::<NONCE_LEN>()?;
        let data = context.to_bytes();
        self.keys.iter().find_map(|key| {
            let mut text = Zeroizing::new(rest.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = key.open_in_place(nonce, Aad::from(&data), &mut text).ok()?.len();
            text.truncate(length);
            Some(text)
        })
    }
}

/// A key for one purpose (RFC 5869); the label tells purposes apart.
pub(super) fn derive(secret: &[u8; 32], label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    let info = [label];
    let filled =
        Salt::new(HKDF_SHA256, b"").extract(secret).expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut *derived));
    filled.expect("32 bytes are one block");
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Chance;

    impl Random for Chance {
        fn fill(&self, buffer: &mut [u8]) {
            getrandom::fill(buffer).unwrap();
        }
    }

    const ADA: UserId = UserId::from_bytes([1; 16]);
    const PLACE: Context<'_> = Context { what: "totp", id: b"one", user: Some(ADA) };

    fn sealer(secrets: &[u8]) -> Sealer {
        Sealer::derive(secrets.iter().map(|byte| [*byte; 32]))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let sealed = sealer(&[1]).seal(PLACE, b"secret", &Chance);
        assert_eq!(sealer(&[1]).open(PLACE, &sealed).unwrap().as_slice(), b"secret");
        for other in [
            Context { what: "state", ..PLACE },
            Context { id: b"two", ..PLACE },
            Context { id: b"on", ..PLACE },
            Context { user: None, ..PLACE },
            Context { user: Some(UserId::from_bytes([2; 16])), ..PLACE },
        ] {
            assert!(sealer(&[1]).open(other, &sealed).is_none(), "{other:?}");
        }
        assert!(sealer(&[2]).open(PLACE, &sealed).is_none(), "under another key");
    }

    #[test]
    fn a_key_that_was_followed_still_opens() {
        let sealed = sealer(&[1]).seal(PLACE, b"secret", &Chance);
        assert!(sealer(&[2, 1]).open(PLACE, &sealed).is_some());
        let newer = sealer(&[2, 1]).seal(PLACE, b"secret", &Chance);
        assert!(sealer(&[1]).open(PLACE, &newer).is_none(), "the newest seals");
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let sealed = sealer(&[1]).seal(PLACE, b"secret", &Chance);
        assert_ne!(sealed, sealer(&[1]).seal(PLACE, b"secret", &Chance), "no nonce comes twice");
        let text = sealed.as_str();
        let cut = Sealed::new(&text[..text.len() - 4]);
        let other = Sealed::new(text.replacen(FORM, "s2.", 1));
        let (start, rest) = text.split_at(10);
        let first = if rest.starts_with('A') { "B" } else { "A" };
        let changed = Sealed::new(format!("{start}{first}{}", &rest[1..]));
        for bad in [cut, other, changed, Sealed::new(""), Sealed::new(FORM), Sealed::new("s1.!")] {
            assert!(sealer(&[1]).open(PLACE, &bad).is_none(), "{}", bad.as_str());
        }
    }
}
