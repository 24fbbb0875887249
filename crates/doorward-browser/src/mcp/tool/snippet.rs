//! Lines of a snapshot that were found, each with its neighbours and with what it stands in.

use std::collections::BTreeSet;

/// Lines that are shown before and behind each.
const AROUND: usize = 3;
/// Lines that are shown of those that were found.
const SHOWN: usize = 200;

/// What is told of the lines that were found by a query.
pub(super) fn told(lines: &[&str], found: &[usize], query: &str) -> String {
    if found.is_empty() {
        return format!("No matches found for {query}.");
    }
    let count = found.len();
    let word = if count == 1 { "match" } else { "matches" };
    let part = if count > SHOWN { format!(" (showing first {SHOWN})") } else { String::new() };
    let snippets: Vec<String> = windows(&found[..count.min(SHOWN)], lines.len())
        .into_iter()
        .map(|(start, end)| {
            let mut shown: BTreeSet<usize> = (start..=end).collect();
            shown.extend(above(lines, start));
            shown.into_iter().map(|index| lines[index]).collect::<Vec<_>>().join("\n")
        })
        .collect();
    format!("Found {count} {word} for {query}{part}:\n\n{}", snippets.join("\n\n----\n\n"))
}

/// First and last line of what is shown; neighbours that meet are one.
fn windows(found: &[usize], count: usize) -> Vec<(usize, usize)> {
    let mut windows: Vec<(usize, usize)> = Vec::new();
    for at in found {
        let (start, end) = (at.saturating_sub(AROUND), (at + AROUND).min(count - 1));
        match windows.last_mut() {
            Some(last) if start <= last.1 + 1 => last.1 = last.1.max(end),
            _ => windows.push((start, end)),
        }
    }
    windows
}

/// The lines that a line stands in.
fn above(lines: &[&str], at: usize) -> Vec<usize> {
    let indent = |index: usize| lines[index].len() - lines[index].trim_start().len();
    let mut now = indent(at);
    let mut found = Vec::new();
    for index in (0..at).rev() {
        if now == 0 {
            break;
        }
        if indent(index) < now {
            now = indent(index);
            found.push(index);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_with_its_neighbours_and_all_that_it_stands_in() {
        let lines: Vec<String> = (0..30).map(|index| format!("  - item {index}")).collect();
        let lines: Vec<&str> = std::iter::once("- list:").chain(lines.iter().map(String::as_str)).collect();
        let text = told(&lines, &[11, 13, 29], "\"x\"");
        assert!(text.starts_with("Found 3 matches for \"x\":\n\n- list:\n  - item 7\n"), "{text}");
        assert!(text.contains("  - item 15\n\n----\n\n- list:\n  - item 25\n"), "{text}");
        assert_eq!(told(&lines, &[], "\"x\""), "No matches found for \"x\".");
    }
}
