//! The list of common passwords: sorted fingerprints of 40 bits each, searched without allocation.
//!
//! `common.txt` beside the data says where the list comes from and how it is made again. At this length
//! of fingerprint a random password is taken for a common one less than once in a million times.

use sha2::{Digest as _, Sha256};

use super::fold::Folded;
use super::pattern;

/// Bytes of a fingerprint.
pub const FINGERPRINT: usize = 5;

/// Fingerprints in ascending order, without duplicates.
static LIST: &[u8] = include_bytes!("common.bin");

/// The least characters of what remains when digits and signs are taken off the ends.
const LEAST_STEM: usize = 4;

/// The most digits and signs that are taken off an end, unless they are a pattern themselves.
const MOST_PADDING: usize = 4;

/// The fingerprint of a lower-case text.
#[must_use]
pub fn fingerprint(text: &str) -> [u8; FINGERPRINT] {
    let digest = Sha256::digest(text.as_bytes());
    std::array::from_fn(|index| digest[index])
}

/// Whether a lower-case text is on the list, as a whole.
#[must_use]
pub fn is_common(text: &str) -> bool {
    let (entries, _) = LIST.as_chunks::<FINGERPRINT>();
    entries.binary_search(&fingerprint(text)).is_ok()
}

/// Whether a password is on the list, or becomes one that is when letters written as digits are read
/// as letters and a few digits and signs are taken off its ends.
pub(super) fn is_variant(folded: &Folded) -> bool {
    let is_stem_common = |text: &str| {
        let stem = stem(text);
        stem.chars().count() >= LEAST_STEM && is_common(stem)
    };
    is_common(&folded.plain)
        || is_common(&folded.spoken)
        || is_stem_common(&folded.plain)
        || is_spoken_stem_common(&folded.plain, &folded.spoken)
}

/// As for the plain form; the padding is found in what was typed, since spoken it may be letters.
fn is_spoken_stem_common(plain: &str, spoken: &str) -> bool {
    let stem = stem(plain);
    let before = plain.chars().count() - plain.trim_start_matches(is_padding).chars().count();
    let before = if plain.starts_with(stem) { 0 } else { before };
    let count = stem.chars().count();
    let Some(from) = spoken.char_indices().nth(before).map(|(at, _)| at) else { return false };
    let rest = &spoken[from..];
    let to = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
    count >= LEAST_STEM && is_common(&rest[..to])
}

fn is_padding(character: char) -> bool {
    character.is_numeric() || character.is_ascii_punctuation() || character == ' '
}

/// The text without the padding at its ends.
fn stem(text: &str) -> &str {
    let without_tail = text.trim_end_matches(is_padding);
    let text = if is_trivial(&text[without_tail.len()..]) { without_tail } else { text };
    let without_head = text.trim_start_matches(is_padding);
    if is_trivial(&text[..text.len() - without_head.len()]) { without_head } else { text }
}

/// Whether padding adds next to nothing: it is short, on the list itself, or a pattern.
pub(super) fn is_trivial(padding: &str) -> bool {
    padding.chars().count() <= MOST_PADDING || is_common(padding) || pattern::is_run(padding)
}
