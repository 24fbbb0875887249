//! Each schema of the published API has a name of its own: of two with one name the document keeps one, and says nothing.

use std::collections::BTreeMap;

use super::tree::Tree;

/// What makes a type a schema.
const DERIVED: &str = "ToSchema";

/// Names that two types share.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in tree.sources() {
        for name in names(&file.text) {
            places.entry(name).or_default().push(&file.path);
        }
    }
    let shared = places.into_iter().filter(|(_, places)| places.len() > 1);
    shared
        .map(|(name, places)| format!("{name} is the name of {} schemas: {}", places.len(), places.join(", ")))
        .collect()
}

/// The names of the schemas of one file: the type that follows the derivation.
fn names(text: &str) -> Vec<String> {
    let derived = text.match_indices(DERIVED).filter(|(at, _)| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default();
        line.trim_start().starts_with("#[derive(")
    });
    let follows = derived.filter_map(|(at, _)| {
        text[at..].lines().skip(1).find_map(|line| {
            let rest = line.trim_start().strip_prefix("pub ").unwrap_or(line.trim_start());
            rest.strip_prefix("struct ").or_else(|| rest.strip_prefix("enum "))
        })
    });
    follows.map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_found() {
        let one = "use utoipa::ToSchema;\n#[derive(Debug, ToSchema)]\n#[serde(x)]\npub struct Code {\n";
        let other = "#[derive(ToSchema)]\nenum Other { A }\n#[derive(Debug)]\nstruct Plain;\n";
        assert_eq!(names(one), ["Code"]);
        assert_eq!(names(other), ["Other"]);
        assert!(check(&tree(&[("a.rs", one), ("b.rs", other)])).is_empty());
        let found = check(&tree(&[("a.rs", one), ("b.rs", other), ("c.rs", one)]));
        assert_eq!(found, ["Code is the name of 2 schemas: a.rs, c.rs"]);
    }
}
