//! Signing keys: Ed25519 (RFC 8032), each with a name, a beginning and one algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::random::bytes;
use doorward_core::{Random, UnixTime};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::file::Found;

/// One signing key.
#[derive(Debug)]
pub(in crate::identity) struct SigningKey {
    kid: Box<str>,
    /// The first segment of every access token of this key.
    header: Box<str>,
    /// The first segment of every identity that apps are told: no access token begins so.
    pass_header: Box<str>,
    pair: Ed25519KeyPair,
    seed: Seed,
    created_at: UnixTime,
    active_from: UnixTime,
}

/// The 32 bytes that a key is made of.
struct Seed(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("****")
    }
}

impl SigningKey {
    pub(super) fn make(now: UnixTime, active_from: UnixTime, random: &dyn Random) -> Self {
        Self::from_seed(Zeroizing::new(bytes(random)), now, active_from).expect("32 bytes are an Ed25519 seed")
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>, created_at: UnixTime, active_from: UnixTime) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).ok()?;
        // The name follows from the key, so that one name can never mean two keys.
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(pair.public_key().as_ref())[..12]);
        let header = |kind: &str| {
            let text = format!(r#"{{"alg":"EdDSA","typ":"{kind}","kid":"{kid}"}}"#);
            URL_SAFE_NO_PAD.encode(text).into_boxed_str()
        };
        let (header, pass_header) = (header("at+jwt"), header("JWT"));
        Some(Self { kid: kid.into(), header, pass_header, pair, seed: Seed(seed), created_at, active_from })
    }

    pub(super) fn from_file(found: &Found) -> Option<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(found.field("seed")?).ok()?);
        seed.copy_from_slice(decoded.get(..).filter(|bytes| bytes.len() == 32)?);
        let moment = |name| found.field(name)?.parse().ok().map(UnixTime);
        let key = Self::from_seed(seed, moment("created_at")?, moment("active_from")?)?;
        (found.field("kid") == Some(key.kid())).then_some(key)
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "kid: {}\ncreated_at: {}\nactive_from: {}\nseed: {}\n",
            self.kid,
            self.created_at.0,
            self.active_from.0,
            URL_SAFE_NO_PAD.encode(*self.seed.0),
        ))
    }

    pub(super) fn to_jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref()),
        })
    }

    pub(in crate::identity) fn kid(&self) -> &str {
        &self.kid
    }

    pub(in crate::identity) fn header(&self) -> &str {
        &self.header
    }

    pub(in crate::identity) fn pass_header(&self) -> &str {
        &self.pass_header
    }

    pub(super) fn created_at(&self) -> UnixTime {
        self.created_at
    }

    pub(in crate::identity) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    pub(in crate::identity) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref()).verify(message, signature).is_ok()
    }
}

/// The signing keys, in the order in which they begin.
#[derive(Debug)]
pub(in crate::identity) struct Ring(Vec<SigningKey>);

impl Ring {
    pub(super) fn new(keys: Vec<SigningKey>) -> Self {
        let mut ring = Self(keys);
        ring.sort();
        ring
    }

    fn sort(&mut self) {
        self.0.sort_by(|a, b| (a.active_from, &a.kid).cmp(&(b.active_from, &b.kid)));
    }

    pub(super) fn add(&mut self, key: SigningKey) {
        self.0.push(key);
        self.sort();
    }

    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid() == kid)
    }

    pub(super) fn drop_key(&mut self, kid: &str) {
        self.0.retain(|key| key.kid() != kid);
    }

    pub(super) fn keys(&self) -> &[SigningKey] {
        &self.0
    }

    /// The key that signs now: the newest that has begun; the first one where the clock stands before them all.
    pub(in crate::identity) fn active(&self, now: UnixTime) -> &SigningKey {
        let begun = self.0.iter().rev().find(|key| key.active_from <= now);
        begun.or_else(|| self.0.first()).expect("a ring is never empty: it is not opened so, and the newest key stays")
    }

    /// The key whose tokens begin with exactly this segment. So the header is never read.
    pub(in crate::identity) fn by_header(&self, header: &[u8]) -> Option<&SigningKey> {
        self.0.iter().find(|key| key.header.as_bytes() == header)
    }

    /// The keys whose successor has signed for longer than `after` seconds.
    pub(super) fn over(&self, now: UnixTime, after: i64) -> Vec<String> {
        let is_over = |pair: &&[SigningKey]| now.seconds_since(pair[1].active_from) >= after;
        self.0.windows(2).filter(is_over).map(|pair| pair[0].kid.to_string()).collect()
    }
}
