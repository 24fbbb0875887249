//! The floors of the house: an arrow between crates runs only downward.

use toml::{Table, Value};

use super::tree::Tree;

/// Each crate of ours and its floor. A crate that is not listed has no place to stand yet.
const FLOORS: &[(&str, u8)] = &[
    ("doorward-csrf", 0),
    ("doorward-core", 0),
    ("doorward-port", 0),
    ("doorward-store", 1),
    ("doorward-edge", 1),
    ("doorward-browser", 1),
    ("doorward-doctor", 1),
    ("doorward", 2),
];

/// The lines of manifests whose dependencies do not run downward.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let manifests = tree.files().filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"));
    manifests.flat_map(|file| manifest(&file.path, &file.text)).collect()
}

fn manifest(path: &str, text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<Table>() else {
        return vec![format!("{path}: not TOML")];
    };
    let name = table.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let Some(own) = floor(name) else {
        return vec![format!("{path}: `{name}` has no floor; give it one in xtask/src/lint/floor.rs")];
    };
    dependencies(&table)
        .into_iter()
        .filter(|dependency| dependency.starts_with("doorward"))
        .filter(|dependency| floor(dependency).is_none_or(|below| below >= own))
        .map(|dependency| format!("{path}: `{name}` (floor {own}) must not depend on `{dependency}`"))
        .collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

/// The names in every table of dependencies, those for one platform included.
fn dependencies(table: &Table) -> Vec<String> {
    const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];
    let platforms = table.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(table)
        .chain(platforms)
        .flat_map(|holder| TABLES.iter().filter_map(|name| holder.get(*name)?.as_table()))
        .flat_map(|dependencies| dependencies.iter())
        .map(|(key, value)| {
            let renamed = value.get("package").and_then(Value::as_str);
            renamed.unwrap_or(key).to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    fn judged(name: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n{dependencies}");
        check(&tree(&[(&format!("crates/{name}/Cargo.toml"), &text)]))
    }

    #[test]
    fn downward_is_well() {
        assert!(judged("doorward", "[dependencies]\ndoorward-store.workspace = true").is_empty());
        assert!(judged("doorward-store", "[dependencies]\ndoorward-core.workspace = true").is_empty());
    }

    #[test]
    fn sideways_and_upward_are_refused() {
        for (name, text) in [
            ("doorward-csrf", "[dependencies]\ndoorward-core.workspace = true"),
            ("doorward-core", "[dev-dependencies]\ndoorward-store.workspace = true"),
            ("doorward-store", "[dependencies]\ndoorward.workspace = true"),
            ("doorward-core", "[target.'cfg(unix)'.dependencies]\ndoorward-csrf.workspace = true"),
            ("doorward-core", "[dependencies]\nhidden = { package = \"doorward-csrf\", version = \"1\" }"),
        ] {
            assert_eq!(judged(name, text).len(), 1, "{name}: {text}");
        }
    }

    #[test]
    fn an_unknown_crate_has_no_floor() {
        assert!(judged("doorward-new", "")[0].contains("has no floor"));
    }
}
