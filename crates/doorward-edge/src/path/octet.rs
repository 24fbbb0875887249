//! Percent-encoded octets, and whether they are UTF-8.

/// The octet that `%` and two hex digits at the start of `text` stand for.
pub(super) fn encoded(text: &[u8]) -> Option<u8> {
    hex(text.strip_prefix(b"%")?)
}

/// The octet of the two hex digits at the start of `text`.
pub(super) fn hex(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| match text.get(at)? {
        byte @ b'0'..=b'9' => Some(byte - b'0'),
        byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
        byte @ b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    Some(digit(0)? << 4 | digit(1)?)
}

/// The text with its octets decoded once.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, behind @ ..] = rest {
        let octet = encoded(rest);
        decoded.push(octet.unwrap_or(*byte));
        rest = if octet.is_some() { &rest[3..] } else { behind };
    }
    decoded
}

/// Reads UTF-8 octet by octet (RFC 3629, section 4). Overlong forms, in which an old program may see
/// a slash or a dot, are no UTF-8.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    left: u8,
    low: u8,
    high: u8,
}

impl Utf8 {
    /// Whether the octet may stand here.
    pub(super) fn push(&mut self, octet: u8) -> bool {
        if self.left > 0 {
            let is_well = (self.low..=self.high).contains(&octet);
            (self.left, self.low, self.high) = (self.left - 1, 0x80, 0xBF);
            return is_well;
        }
        (self.left, self.low, self.high) = match octet {
            0..=0x7F => (0, 0, 0),
            0xC2..=0xDF => (1, 0x80, 0xBF),
            0xE0 => (2, 0xA0, 0xBF),
            0xED => (2, 0x80, 0x9F),
            0xE1..=0xEF => (2, 0x80, 0xBF),
            0xF0 => (3, 0x90, 0xBF),
            0xF1..=0xF3 => (3, 0x80, 0xBF),
            0xF4 => (3, 0x80, 0x8F),
            _ => return false,
        };
        true
    }

    /// Whether no character is half read.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_hex_digits_are_an_octet() {
        for (text, octet) in [("%2F", Some(0x2F)), ("%aB9", Some(0xAB)), ("%2", None), ("%g0", None), ("2F", None)] {
            assert_eq!(encoded(text.as_bytes()), octet, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_the_standard_library_reads(bytes in proptest::collection::vec(any::<u8>(), 0..6)) {
            let mut utf8 = Utf8::default();
            let is_well = bytes.iter().all(|byte| utf8.push(*byte)) && utf8.is_whole();
            prop_assert_eq!(is_well, std::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn takes_every_character(text in "\\PC{0,4}") {
            let mut utf8 = Utf8::default();
            prop_assert!(text.bytes().all(|byte| utf8.push(byte)) && utf8.is_whole());
        }
    }
}
