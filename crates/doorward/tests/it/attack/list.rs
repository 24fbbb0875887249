//! The list of known attacks is complete, and what it says is true.

use std::collections::HashSet;
use std::path::Path;

const LIST: &str = include_str!("attack.tsv");

#[test]
fn every_known_attack_has_its_test_or_its_place_in_the_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut seen = HashSet::new();
    for line in LIST.lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let [id, _, place] = fields[..] else { panic!("three fields: {line}") };
        assert!(seen.insert(id), "{id} stands twice");
        if place.starts_with("later: ") {
            continue;
        }
        let source = std::fs::read_to_string(root.join(place)).unwrap_or_else(|_| panic!("{id}: no file {place}"));
        assert!(source.contains(id), "{place} does not name {id}");
    }
    assert_eq!(seen.len(), 127);
}
