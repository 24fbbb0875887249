//! No path of somebody's machine in the repository: it would be wrong on every other one.

use super::tree::Tree;

/// Beginnings of such paths, in two pieces so that this file does not find itself.
const MACHINE: &[(&str, &str)] = &[("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/", "brief"), ("/ho", "me/")];

/// Lines that name a path of one machine.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let starts: Vec<String> = MACHINE.iter().map(|(one, other)| format!("{one}{other}")).collect();
    let lines = tree.files().flat_map(|file| {
        let numbered = file.text.lines().enumerate();
        numbered.map(|(index, line)| (file.path.as_str(), index + 1, line))
    });
    lines
        .filter(|(_, _, line)| starts.iter().any(|start| names(line, start)))
        .map(|(path, number, line)| format!("{path}:{number}: {}", line.trim()))
        .collect()
}

/// Whether the path begins here, and is not the tail of an address such as `example.com/home/`.
fn names(line: &str, start: &str) -> bool {
    let mut places = line.match_indices(start).map(|(at, _)| &line[..at]);
    places.any(|before| !before.ends_with(|last: char| last.is_alphanumeric() || "-_.}".contains(last)))
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found_and_an_address_is_not() {
        let path = format!("cd {}{}thing", MACHINE[0].0, MACHINE[0].1);
        let found = check(&tree(&[("a.md", &path), ("b.md", "https://example.com/home/page network/work")]));
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
