//! Words that an attacker tries first for this person and this service.

use zeroize::Zeroizing;

use super::fold::{Folded, lower};
use super::{Context, blocklist, pattern};
use crate::user::{Email, Name};

/// A shorter word says nothing: it stands in half of all passwords.
const LEAST_WORD: usize = 3;

/// What may remain beside the words.
const MOST_REST: usize = 4;

/// Digits and signs that may remain beside the words: a date.
const MOST_DIGITS: usize = 8;

/// The words, lower case, longest first.
pub(super) fn words(service: &[String], context: &Context<'_>) -> Vec<String> {
    let email = context.email.map(Email::as_str);
    let name = context.name.map(Name::as_str);
    let mut words = Vec::new();
    for text in service.iter().map(String::as_str).chain(email).chain(name) {
        let text = lower(text);
        words.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.extend(text.split('@').map(str::to_owned));
        words.push(text);
    }
    words.retain(|word| word.chars().count() >= LEAST_WORD);
    words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    words.dedup();
    words
}

/// Whether a password is made of these words, and of little else. Words are looked for where digits are
/// read as letters; what remains is judged as it was typed.
pub(super) fn is_own(folded: &Folded, words: &[String]) -> bool {
    let spoken: Zeroizing<Vec<char>> = Zeroizing::new(folded.spoken.chars().collect());
    let mut is_taken = vec![false; spoken.len()];
    for word in words {
        let word: Vec<char> = Folded::new(word).spoken.chars().collect();
        let found: Vec<usize> = (0..spoken.len()).filter(|at| spoken[*at..].starts_with(&word)).collect();
        for at in found {
            let place = &mut is_taken[at..at + word.len()];
            if !place.contains(&true) {
                place.fill(true);
            }
        }
    }
    let rest = folded.plain.chars().zip(&is_taken).filter(|(_, is_taken)| !**is_taken);
    let rest = Zeroizing::new(rest.map(|(character, _)| character).collect::<String>());
    is_taken.contains(&true) && is_little(&rest)
}

fn is_little(rest: &str) -> bool {
    let count = rest.chars().count();
    let has_letters = rest.chars().any(char::is_alphabetic);
    count <= MOST_REST || (!has_letters && count <= MOST_DIGITS) || blocklist::is_common(rest) || pattern::is_run(rest)
}
