//! A software authenticator that can lie in every field of its answer (Web Authentication, Level 3, sections 6 and 7).
//!
//! Nothing of it comes from the program or its library: keys and signatures are of `ring`, the CBOR is written by hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The user is present.
pub(crate) const UP: u8 = 1;
/// The user was verified.
pub(crate) const UV: u8 = 4;
/// The key may be copied.
pub(crate) const BE: u8 = 8;
/// A copy exists.
pub(crate) const BS: u8 = 16;
const AT: u8 = 64;

/// One key on one device.
#[derive(Debug)]
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    /// Its name.
    pub(crate) id: Vec<u8>,
    /// Whose it says it is.
    pub(crate) handle: Option<Vec<u8>>,
    /// What it signs as its counter next.
    pub(crate) counter: u32,
    /// The flags of its answers.
    pub(crate) flags: u8,
}

/// What is said in an answer, true or not.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// The origin of the page.
    pub(crate) origin: String,
    /// The domain of the key.
    pub(crate) rp_id: String,
    /// `webauthn.create` or `webauthn.get`.
    pub(crate) kind: &'static str,
    /// The challenge, as the options named it.
    pub(crate) challenge: String,
    /// Further fields of the client data.
    pub(crate) more: Value,
    /// How many bytes of the authenticator data are cut off its end.
    pub(crate) cut: usize,
    /// Whether the last byte of the signature is another.
    pub(crate) spoils_signature: bool,
    /// The public key in the place of the own one, in CBOR.
    pub(crate) public_key: Option<Vec<u8>>,
}

impl Said {
    /// The truth, for the options of a question at this origin.
    pub(crate) fn truth(options: &Value, origin: &str, kind: &'static str) -> Self {
        let rp_id = options["rpId"].as_str().or(options["rp"]["id"].as_str()).unwrap().to_owned();
        let challenge = options["challenge"].as_str().unwrap().to_owned();
        let (more, cut, spoils_signature, public_key) = (json!({}), 0, false, None);
        Self { origin: origin.to_owned(), rp_id, kind, challenge, more, cut, spoils_signature, public_key }
    }

    fn client_data(&self) -> Vec<u8> {
        let mut data = json!({"type": self.kind, "challenge": self.challenge, "origin": self.origin});
        for (name, value) in self.more.as_object().unwrap() {
            data[name] = value.clone();
        }
        data.to_string().into_bytes()
    }
}

/// The text of bytes in answers.
pub(crate) fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A string of bytes in CBOR (RFC 8949, section 3.1).
fn bytes(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&[0x59][..], &length.to_be_bytes(), content].concat()
}

/// A key of Ed25519, which is not offered.
pub(crate) fn ed25519() -> Vec<u8> {
    [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &[7; 32]].concat()
}

/// A key of RS256, which is not offered.
pub(crate) fn rs256() -> Vec<u8> {
    let modulus = [&[0xc1][..], &[0x5b; 254], &[0x01]].concat();
    let start = [0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20];
    [&start[..], &bytes(&modulus), &[0x21, 0x43, 0x01, 0x00, 0x01]].concat()
}

impl Key {
    /// A new key that may be copied, as those of phones.
    pub(crate) fn synced() -> Self {
        Self::new(UP | UV | BE | BS, 0)
    }

    /// A new key that stays on its device and counts.
    pub(crate) fn bound() -> Self {
        Self::new(UP | UV, 1)
    }

    fn new(flags: u8, counter: u32) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let id = Sha256::digest(pair.public_key().as_ref()).to_vec();
        Self { pair, id, handle: None, counter, flags }
    }

    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let start = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&start[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..65]].concat()
    }

    fn authenticator_data(&self, said: &Said, flags: u8) -> Vec<u8> {
        let domain = Sha256::digest(said.rp_id.as_bytes());
        [&domain[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// The answer to the question for a new key.
    pub(crate) fn made(&mut self, options: &Value, said: &Said) -> Value {
        self.handle = URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).ok();
        let mut data = self.authenticator_data(said, self.flags | AT);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(said.public_key.clone().unwrap_or_else(|| self.cose()));
        data.truncate(data.len() - said.cut);
        let object = [
            &[0xa3, 0x63][..],
            b"fmt",
            &[0x64],
            b"none",
            &[0x67],
            b"attStmt",
            &[0xa0, 0x68],
            b"authData",
            &bytes(&data),
        ];
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": text(said.client_data()),
                "attestationObject": text(object.concat()),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// The answer to the question for a proof.
    pub(crate) fn proven(&mut self, said: &Said) -> Value {
        let mut data = self.authenticator_data(said, self.flags);
        data.truncate(data.len() - said.cut);
        let client_data = said.client_data();
        let message = [&data[..], &Sha256::digest(&client_data)].concat();
        let mut signature = self.pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec();
        if said.spoils_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": self.handle.as_ref().map(text),
            },
        })
    }
}
