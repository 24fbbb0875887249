//! Every crate states the licence in SPDX words, and the texts it names are here.

use toml::{Table, Value};

use super::tree::Tree;

/// The licence of everything here.
const LICENCE: &str = "Apache-2.0 OR MIT";

/// Manifests without the licence, and licence texts that are missing.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let texts = [("LICENSE-APACHE", "Apache License"), ("LICENSE-MIT", "MIT License")];
    let missing = texts
        .into_iter()
        .filter(|(path, title)| !tree.text(path).is_some_and(|text| text.contains(title)))
        .map(|(path, _)| format!("{path}: missing, or not the licence it is named for"));
    let unlicensed = tree
        .files()
        .filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"))
        .filter(|file| !is_licensed(&file.text))
        .map(|file| format!("{}: states no licence `{LICENCE}`", file.path));
    missing.chain(unlicensed).collect()
}

fn is_licensed(manifest: &str) -> bool {
    let Ok(table) = manifest.parse::<Table>() else {
        return false;
    };
    let package = table.get("package");
    let workspace = table.get("workspace").and_then(|workspace| workspace.get("package"));
    let licence = package.or(workspace).and_then(|holder| holder.get("license"));
    licence.is_some_and(|licence| {
        let is_inherited = licence.get("workspace").and_then(Value::as_bool) == Some(true);
        is_inherited || licence.as_str() == Some(LICENCE)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    #[test]
    fn inherited_and_written_licences_are_well() {
        assert!(is_licensed("[workspace.package]\nlicense = \"Apache-2.0 OR MIT\""));
        assert!(is_licensed("[package]\nlicense.workspace = true"));
        assert!(!is_licensed("[package]\nname = \"a\""));
        assert!(!is_licensed("[package]\nlicense = \"Apache-2.0/MIT\""));
    }

    #[test]
    fn the_texts_must_be_here() {
        let found = check(&tree(&[("LICENSE-MIT", "MIT License\n"), ("LICENSE-APACHE", "")]));
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
