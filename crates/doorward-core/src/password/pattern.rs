//! Patterns: one character, a short unit again and again, runs of the alphabet or the keyboard.

use super::blocklist;
use super::fold::Folded;

/// Neighbours on the keyboards of both languages that Doorward speaks, and in the alphabet.
const ROWS: [&str; 12] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü+",
    "asdfghjklöä#",
    "yxcvbnm,.-",
    "azertyuiop",
    "!@#$%^&*()_+",
    "!\"§$%&/()=?",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
];

/// The least length of a run.
const LEAST_RUN: usize = 3;

/// Whether a password is a pattern as a whole.
pub(super) fn is_repetitive(folded: &Folded) -> bool {
    is_run(&folded.plain) || is_unit_repeated(&folded.plain)
}

/// Whether a text is made of a few runs and hardly anything else, or of two characters only.
pub(super) fn is_run(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let mut collapsed = characters.clone();
    collapsed.dedup();
    has_few_kinds(&characters)
        || is_few_runs(&characters)
        || (2 * collapsed.len() <= characters.len() && (is_few_runs(&collapsed) || has_few_kinds(&collapsed)))
}

/// One or two different characters, where there are enough to tell.
fn has_few_kinds(characters: &[char]) -> bool {
    let mut kinds = characters.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    characters.len() > LEAST_RUN && kinds.len() <= 2 || characters.len() >= LEAST_RUN && kinds.len() == 1
}

/// At most three runs with at most two characters beside them.
fn is_few_runs(characters: &[char]) -> bool {
    let (mut at, mut runs, mut singles) = (0, 0, 0);
    while at < characters.len() {
        let length = run_length(&characters[at..]);
        if length >= LEAST_RUN {
            runs += 1;
            at += length;
        } else {
            singles += 1;
            at += 1;
        }
    }
    (1..=3).contains(&runs) && singles <= 2
}

/// The length of the longest run at the beginning.
fn run_length(characters: &[char]) -> usize {
    let Some((first, rest)) = characters.split_first() else { return 0 };
    let same = rest.iter().take_while(|character| *character == first).count();
    let row = ROWS.iter().flat_map(|row| [along(row.chars(), characters), along(row.chars().rev(), characters)]).max();
    row.unwrap_or(0).max(same + 1)
}

/// How many characters follow the row from wherever it has the first of them, going round at its end.
fn along(row: impl Iterator<Item = char> + Clone, characters: &[char]) -> usize {
    let from = row.clone().position(|character| Some(&character) == characters.first());
    from.map_or(0, |from| row.cycle().skip(from).zip(characters).take_while(|(a, b)| a == *b).count())
}

/// Whether the whole is one unit again and again, and the unit is short or common.
fn is_unit_repeated(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    let unit = (1..=length / 2).find(|unit| characters.iter().zip(&characters[*unit..]).all(|(a, b)| a == b));
    unit.is_some_and(|unit| {
        let end = text.char_indices().nth(unit).map_or(text.len(), |(at, _)| at);
        unit < 8 || blocklist::is_common(&text[..end])
    })
}
