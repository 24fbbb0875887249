//! The forms of a password that are one password to an attacker: case, and letters written as digits.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The lower-case forms of one password.
pub(super) struct Folded {
    /// Lower case, NFC.
    pub(super) plain: Zeroizing<String>,
    /// [`Self::plain`] with digits and signs read as the letters they stand for.
    pub(super) spoken: Zeroizing<String>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        let plain = Zeroizing::new(lower(text));
        let spoken = Zeroizing::new(plain.chars().map(letter).collect());
        Self { plain, spoken }
    }
}

/// Lower case, NFC.
pub(super) fn lower(text: &str) -> String {
    let mut lower = String::with_capacity(4 * text.len());
    lower.extend(text.chars().flat_map(char::to_lowercase).nfc());
    lower
}

/// The letter that a digit or a sign commonly stands for.
fn letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}
