//! The list of common passwords: sorted fingerprints of 40 bits each, searched without allocation.
//!
//! `blocklist.txt` beside the data says where the list comes from and how it is made again. At this length
//! of fingerprint a random password is taken for a common one about once in a million times.

use std::ops::Range;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::fold::Folded;
use super::pattern;

/// Bytes of a fingerprint.
pub const FINGERPRINT: usize = 5;

/// Fingerprints in ascending order, without duplicates.
static LIST: &[u8] = include_bytes!("blocklist.bin");

/// The least characters of what remains when digits and signs are taken off the ends.
const LEAST_STEM: usize = 4;

/// The most digits and signs that are taken off an end, unless they are a pattern themselves.
const MOST_PADDING: usize = 6;

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
    // The padding is found in what was typed: read as letters it is padding no more.
    let (plain, stem) = (&folded.plain, stem(&folded.plain));
    let (before, count) = (plain[..stem.start].chars().count(), plain[stem.clone()].chars().count());
    let spoken: Zeroizing<String> = Zeroizing::new(folded.spoken.chars().skip(before).take(count).collect());
    let is_stem_common = || is_common(&plain[stem]) || is_common(&spoken);
    is_common(plain) || is_common(&folded.spoken) || (count >= LEAST_STEM && is_stem_common())
}

/// Where the text stands without the padding at its ends.
fn stem(text: &str) -> Range<usize> {
    let is_padding = |c: char| c.is_numeric() || c.is_ascii_punctuation() || c == ' ';
    let end = text.trim_end_matches(is_padding).len();
    let end = if is_trivial(&text[end..]) { end } else { text.len() };
    let start = end - text[..end].trim_start_matches(is_padding).len();
    let start = if is_trivial(&text[..start]) { start } else { 0 };
    start..end
}

/// Whether padding adds next to nothing: it is short, on the list itself, or a pattern.
fn is_trivial(padding: &str) -> bool {
    padding.chars().count() <= MOST_PADDING || is_common(padding) || pattern::is_run(padding)
}
