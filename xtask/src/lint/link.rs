//! Links between the pages of the repository lead somewhere.

use std::path::{Component, Path, PathBuf};

use super::tree::{File, Tree};

/// Relative links of Markdown pages to files that are not here.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    tree.files()
        .filter(|file| file.has_extension("md"))
        .flat_map(|file| links(&file.text).map(move |link| (file, link)))
        .filter(|(file, link)| !leads_somewhere(tree, file, link))
        .map(|(file, link)| format!("{}: `{link}` leads nowhere", file.path))
        .collect()
}

/// The targets of `[text](target)` that are paths, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':') && !target.contains(char::is_whitespace))
}

fn leads_somewhere(tree: &Tree, file: &File, link: &str) -> bool {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut place = PathBuf::new();
    for part in folder.join(link).components() {
        match part {
            Component::ParentDir => _ = place.pop(),
            Component::CurDir => {}
            other => place.push(other),
        }
    }
    tree.files().any(|other| Path::new(&other.path).starts_with(&place))
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    #[test]
    fn files_and_folders_are_found_and_missing_ones_are_named() {
        let page = "[a](../README.md#start) [b](here.md) [c](gone.md) [d](https://example.com/x) [e](sub) [f](#top)";
        let tree = tree(&[("README.md", ""), ("docs/a.md", page), ("docs/here.md", ""), ("docs/sub/x.md", "")]);
        assert_eq!(check(&tree), ["docs/a.md: `gone.md` leads nowhere"]);
    }
}
