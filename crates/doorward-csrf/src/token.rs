//! The token: `timestamp:nonce:signature`, its shape, its making and its reading.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::environment::UnixSeconds;
use crate::key::{ANONYMOUS, KeyRing, Tag};

/// The most bytes a token may have where it arrives, before any decoding.
pub(crate) const MAX_BYTES: usize = 256;
const NONCE_CHARS: usize = 43;
const SIGNATURE_CHARS: usize = 64;

/// Why a text is not a token of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It does not have the shape (row T3).
    Malformed,
    /// Its key is unknown or its MAC is wrong (row T4).
    BadSignature,
}

/// What a token of this server says. Only [`open`] makes one, so its existence proves the MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) issued_at: UnixSeconds,
    pub(crate) kid: u8,
    pub(crate) family: Tag,
    pub(crate) session: Tag,
}

/// The three parts of a token, read but not verified.
#[derive(Debug, Clone, Copy)]
struct Parts {
    issued_at: u64,
    nonce: [u8; 32],
    signature: [u8; 32],
}

impl Parts {
    fn kid(&self) -> u8 {
        self.nonce[0]
    }

    fn opened(&self) -> Opened {
        let tag = |from: usize| std::array::from_fn(|at| self.nonce[from + at]);
        Opened { issued_at: UnixSeconds(self.issued_at), kid: self.kid(), family: tag(1), session: tag(9) }
    }

    fn has_valid_signature(&self, ring: &KeyRing) -> bool {
        ring.sign(self.kid(), self.issued_at, &self.nonce).is_some_and(|expected| is_equal(&expected, &self.signature))
    }
}

/// Reads and verifies a token as it arrived in a header or a field.
pub(crate) fn open(ring: &KeyRing, text: &[u8]) -> Result<Opened, Flaw> {
    let parts = read(text).ok_or(Flaw::Malformed)?;
    if parts.has_valid_signature(ring) { Ok(parts.opened()) } else { Err(Flaw::BadSignature) }
}

/// The same for a cookie value, around which proxies put quotes.
pub(crate) fn open_cookie(ring: &KeyRing, value: &[u8]) -> Option<Opened> {
    let inner = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    open(ring, inner.unwrap_or(value)).ok()
}

/// The key number that a text of the right shape names, verified or not.
pub(crate) fn claimed_kid(text: &[u8]) -> Option<u8> {
    read(text).map(|parts| parts.kid())
}

/// Accepts one level of percent-decoding, which clients apply to `:`.
fn read(text: &[u8]) -> Option<Parts> {
    if text.len() > MAX_BYTES {
        return None;
    }
    if memchr::memchr(b'%', text).is_none() {
        return read_plain(text);
    }
    let mut decoded = [0; MAX_BYTES];
    let mut length = 0;
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        (decoded[length], rest) = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => (crate::pattern::hex(*high)? << 4 | crate::pattern::hex(*low)?, tail),
            (b'%', _) => return None,
            (byte, tail) => (*byte, tail),
        };
        length += 1;
    }
    read_plain(&decoded[..length])
}

fn read_plain(text: &[u8]) -> Option<Parts> {
    let colon = memchr::memchr(b':', text)?;
    let (timestamp, rest) = (&text[..colon], &text[colon + 1..]);
    if rest.len() != NONCE_CHARS + 1 + SIGNATURE_CHARS || rest[NONCE_CHARS] != b':' {
        return None;
    }
    Some(Parts {
        issued_at: read_seconds(timestamp)?,
        nonce: read_nonce(rest.first_chunk()?)?,
        signature: read_hex(&rest[NONCE_CHARS + 1..])?,
    })
}

/// The value of each character of base64url (RFC 4648, section 5); the two highest bits mark every other one.
const VALUES: [u8; 256] = {
    let mut values = [0xc0; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut value: u8 = 0;
    while value < 64 {
        values[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Reads 43 characters of base64url as 32 bytes. The two bits that are left over must be zero, so that a nonce has one
/// spelling. A decoder for any length takes twice the time.
fn read_nonce(text: &[u8; NONCE_CHARS]) -> Option<[u8; 32]> {
    let mut bytes = [0; 33];
    let mut padded = [b'A'; NONCE_CHARS + 1];
    padded[..NONCE_CHARS].copy_from_slice(text);
    let (groups, _) = padded.as_chunks::<4>();
    let (triples, _) = bytes.as_chunks_mut::<3>();
    let mut wrong = 0;
    for (triple, group) in triples.iter_mut().zip(groups) {
        let [a, b, c, d] = group.map(|character| VALUES[usize::from(character)]);
        wrong |= a | b | c | d;
        *triple = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    let [nonce @ .., rest] = bytes;
    (wrong & 0xc0 == 0 && rest == 0).then_some(nonce)
}

fn read_seconds(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    digits.iter().try_fold(0, |sum: u64, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')))
}

/// Reads 64 lower-case digits. Without a branch for each byte the compiler works on many bytes at once.
fn read_hex(digits: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; SIGNATURE_CHARS] = digits.try_into().ok()?;
    let mut values = [0; SIGNATURE_CHARS];
    let mut is_wrong = 0;
    for (value, digit) in values.iter_mut().zip(digits) {
        let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        *value = if decimal < 10 { decimal } else { letter.wrapping_add(10) };
        is_wrong |= u8::from(decimal >= 10) & u8::from(letter >= 6);
    }
    let (pairs, _) = values.as_chunks::<2>();
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = high << 4 | low;
    }
    (is_wrong == 0).then_some(bytes)
}

/// Compares in constant time, eight bytes at once.
fn is_equal(one: &[u8; 32], two: &[u8; 32]) -> bool {
    let (one, two) = (one.as_chunks::<8>().0, two.as_chunks::<8>().0);
    let pairs = one.iter().zip(two);
    let difference = pairs.fold(0, |sum, (one, two)| sum | (u64::from_ne_bytes(*one) ^ u64::from_ne_bytes(*two)));
    difference.ct_eq(&0).into()
}

/// What a new token is to say. `salt` makes each one different.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) issued_at: UnixSeconds,
    pub(crate) family: Tag,
    pub(crate) session: Tag,
    pub(crate) salt: [u8; 15],
}

/// Writes a token under the signing key.
pub(crate) fn seal(ring: &KeyRing, draft: &Draft) -> String {
    let kid = ring.signing_kid();
    let mut nonce = [0; 32];
    nonce[0] = kid;
    nonce[1..9].copy_from_slice(&draft.family);
    nonce[9..17].copy_from_slice(&draft.session);
    nonce[17..].copy_from_slice(&draft.salt);
    // A timestamp of at most twelve digits is part of the shape.
    let seconds = draft.issued_at.0.min(999_999_999_999);
    let signature = ring.sign(kid, seconds, &nonce).expect("the signing key is in its ring");
    let mut token = format!("{seconds}:");
    URL_SAFE_NO_PAD.encode_string(nonce, &mut token);
    token.push(':');
    for byte in signature {
        for digit in [byte >> 4, byte & 15] {
            token.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    token
}

/// What `doorward csrf explain TOKEN` and the debug endpoint say about a token. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// When it says it was issued.
    pub issued_at: UnixSeconds,
    /// Seconds since then; negative where it lies ahead.
    pub age_seconds: i64,
    /// The number of the key that it says signed it.
    pub kid: u8,
    /// The fingerprint of that key, if the ring has it.
    pub key_fingerprint: Option<String>,
    /// Six digits of the SHA-256 of its nonce. Two visitors with equal ones were served from a cache.
    pub nonce_fingerprint: String,
    /// Whether the MAC is right under that key.
    pub is_signature_valid: bool,
    /// Whether it belongs to no sign-in.
    pub is_anonymous: bool,
    /// The row of the decision table that would refuse it by itself, if any.
    pub refusal: Option<crate::Reason>,
}

/// Takes a token apart, valid or not; `None` where the text does not have the shape of one.
pub(crate) fn explain(ring: &KeyRing, text: &str, now: UnixSeconds) -> Option<Explanation> {
    let parts = read(text.trim().as_bytes())?;
    let opened = parts.opened();
    let is_signature_valid = parts.has_valid_signature(ring);
    Some(Explanation {
        issued_at: opened.issued_at,
        age_seconds: now - opened.issued_at,
        kid: opened.kid,
        key_fingerprint: ring.fingerprint_of(opened.kid).map(str::to_owned),
        nonce_fingerprint: fingerprint(&parts.nonce),
        is_signature_valid,
        is_anonymous: opened.session == ANONYMOUS,
        refusal: (!is_signature_valid).then_some(crate::Reason::TokenBadSignature),
    })
}

/// Six digits of a SHA-256, to recognise a value in two log lines without telling it.
pub(crate) fn fingerprint(value: &[u8]) -> String {
    let digest = Sha256::digest(value);
    format!("{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::SecretKey;

    fn ring() -> KeyRing {
        KeyRing::derive(&[SecretKey::new(1, [7; 32])]).unwrap()
    }

    fn draft() -> Draft {
        Draft { issued_at: UnixSeconds(1_754_631_055), family: [1; 8], session: [2; 8], salt: [3; 15] }
    }

    #[test]
    fn what_is_written_reads_back() {
        let token = seal(&ring(), &draft());
        assert_eq!(token.len(), 10 + 1 + 43 + 1 + 64);
        let opened = open(&ring(), token.as_bytes()).unwrap();
        let expected = Opened { issued_at: UnixSeconds(1_754_631_055), kid: 1, family: [1; 8], session: [2; 8] };
        assert_eq!(opened, expected);
        assert_eq!(open(&ring(), token.replace(':', "%3A").as_bytes()), Ok(expected));
        assert_eq!(open(&ring(), token.replace(':', "%3a").as_bytes()), Ok(expected));
        assert_eq!(open_cookie(&ring(), format!("\"{token}\"").as_bytes()), Some(expected));
    }

    #[test]
    fn refuses_every_other_spelling_of_a_good_token() {
        let token = seal(&ring(), &draft());
        let (head, signature) = token.rsplit_once(':').unwrap();
        for other in [
            format!("{head}:{}", signature.to_ascii_uppercase()),
            format!("\"{token}\""),
            format!("{token} "),
            format!(" {token}"),
            format!("+{token}"),
            format!("{token}:"),
            format!("{}:{signature}", head.replacen(':', "::", 1)),
            token.replace(':', "%253A"),
            token.replace(':', "%3"),
            token[..token.len() - 2].to_owned(),
            format!("000{token}"),
            token.split_once(':').unwrap().1.to_owned(),
            "%00".repeat(100),
            String::new(),
        ] {
            assert_eq!(open(&ring(), other.as_bytes()), Err(Flaw::Malformed), "{other}");
        }
    }

    #[test]
    fn refuses_set_bits_behind_the_nonce() {
        let token = seal(&ring(), &draft());
        let nonce_end = token.rfind(':').unwrap();
        let last = token.as_bytes()[nonce_end - 1];
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let value = alphabet.iter().position(|byte| *byte == last).unwrap();
        let mut bytes = token.into_bytes();
        bytes[nonce_end - 1] = alphabet[value | 1];
        assert_eq!(open(&ring(), &bytes), Err(Flaw::Malformed));
    }

    #[test]
    fn an_explanation_tells_a_foreign_key_from_a_forged_signature() {
        let token = seal(&ring(), &draft());
        let now = UnixSeconds(1_754_631_060);
        let explained = explain(&ring(), &token, now).unwrap();
        assert!(explained.is_signature_valid && !explained.is_anonymous && explained.refusal.is_none());
        assert_eq!((explained.age_seconds, explained.kid), (5, 1));
        let other = KeyRing::derive(&[SecretKey::new(2, [8; 32])]).unwrap();
        let foreign = explain(&other, &token, now).unwrap();
        assert!(!foreign.is_signature_valid && foreign.key_fingerprint.is_none());
        let forged = explain(&KeyRing::derive(&[SecretKey::new(1, [8; 32])]).unwrap(), &token, now).unwrap();
        assert!(!forged.is_signature_valid && forged.key_fingerprint.is_some());
        assert_eq!(explain(&other, "nonsense", now), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(open(&ring(), &bytes).is_err());
            prop_assert!(open_cookie(&ring(), &bytes).is_none());
        }

        #[test]
        fn near_tokens_do_not_panic(text in "[0-9]{0,13}:?[A-Za-z0-9_%-]{40,45}:?[0-9a-fA-F]{60,68}") {
            prop_assert!(open(&ring(), text.as_bytes()).is_err());
        }

        #[test]
        fn a_nonce_is_read_as_any_decoder_reads_it(text in "[A-Za-z0-9_-]{42}[A-Za-z0-9_=+/ -]") {
            let known = URL_SAFE_NO_PAD.decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
            prop_assert_eq!(read_nonce(text.as_bytes().try_into().unwrap()), known);
        }

        #[test]
        fn changing_any_byte_makes_it_worthless(at in 0..119_usize, byte in any::<u8>()) {
            let token = seal(&ring(), &draft());
            let mut bytes = token.clone().into_bytes();
            bytes[at] = byte;
            prop_assert_eq!(open(&ring(), &bytes).is_ok(), bytes == token.as_bytes());
        }

        #[test]
        fn every_draft_round_trips(issued_at in 0..1_000_000_000_000_u64, family: [u8; 8], session: [u8; 8], salt: [u8; 15]) {
            let draft = Draft { issued_at: UnixSeconds(issued_at), family, session, salt };
            let opened = open(&ring(), seal(&ring(), &draft).as_bytes()).unwrap();
            prop_assert_eq!(opened, Opened { issued_at: UnixSeconds(issued_at), kid: 1, family, session });
        }
    }
}
