//! The published vocabulary: which codes belong to a family, and which link it is mended at.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Outcome, Trouble};

/// Families by name.
#[derive(Debug)]
pub(super) struct Families(BTreeMap<String, Family>);

/// One family.
#[derive(Debug)]
struct Family {
    link: String,
    codes: Vec<String>,
}

impl Families {
    /// Reads lines of link, family and codes, with tabs between.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or a line has another form.
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Trouble::failed(format!("{}: {error}", path.display())))?;
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let families: Option<BTreeMap<_, _>> = lines.map(read_line).collect();
        families.map(Self).ok_or_else(|| Trouble::failed(format!("{}: not link, family, codes", path.display())))
    }

    /// The link of a family, if all these codes are its own.
    pub(super) fn link(&self, family: &str, codes: &[String]) -> Result<&str, String> {
        let known = self.0.get(family).ok_or_else(|| format!("there is no family `{family}`"))?;
        match codes.iter().find(|code| !known.codes.contains(code)) {
            Some(code) => Err(format!("`{code}` is no code of `{family}`")),
            None => Ok(&known.link),
        }
    }
}

fn read_line(row: &str) -> Option<(String, Family)> {
    let mut columns = row.split('\t');
    let (link, name, codes) = (columns.next()?, columns.next()?, columns.next()?);
    let codes = codes.split(' ').map(str::to_owned).collect();
    Some((name.to_owned(), Family { link: link.to_owned(), codes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_is_whole_and_strict() {
        let families = Families::read(&crate::shell::root().join("lab/families.tsv")).expect("the file");
        assert_eq!(families.0.len(), 79);
        assert_eq!(families.link("net.dropped", &["firewall.dropped".to_owned()]), Ok("net"));
        assert!(families.link("net.dropped", &["net.other".to_owned()]).is_err());
        assert!(families.link("net.lost", &[]).is_err());
    }
}
