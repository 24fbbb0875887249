//! Base32 (RFC 4648, section 6) for keys that authenticator apps read, and for codes that people type.

/// The alphabet of RFC 4648.
pub const STANDARD: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The alphabet of Crockford's base32 in small letters: no `i`, `l`, `o` and `u`, which are read as others.
pub const READABLE: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text of bytes in an alphabet, without padding.
#[must_use]
pub fn encode(alphabet: &[u8; 32], bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(alphabet, buffer >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(alphabet, buffer << (5 - bits)));
    }
    text
}

fn letter(alphabet: &[u8; 32], value: u32) -> char {
    char::from(alphabet[(value & 31) as usize])
}

/// The bytes of a text, or nothing where a character is foreign, a bit is left over or the length is impossible.
#[must_use]
pub fn decode(alphabet: &[u8; 32], text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let value = alphabet.iter().position(|letter| *letter == byte)?;
        buffer = ((buffer << 5) | u32::try_from(value).ok()?) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    let rest = buffer & ((1 << bits) - 1);
    (bits < 5 && rest == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_what_the_standard_writes() {
        // RFC 4648, section 10, without padding.
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(encode(STANDARD, bytes.as_bytes()), text);
            assert_eq!(decode(STANDARD, text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn reads_one_spelling_only() {
        for text in ["M", "MZ1", "mz", "MZ", "MY=", "MZXW6Y", "M\u{e4}"] {
            assert_eq!(decode(STANDARD, text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn comes_back(bytes: Vec<u8>) {
            for alphabet in [STANDARD, READABLE] {
                prop_assert_eq!(decode(alphabet, &encode(alphabet, &bytes)), Some(bytes.clone()));
            }
        }

        #[test]
        fn never_panics(text: String) {
            let _ = decode(READABLE, &text);
        }
    }
}
