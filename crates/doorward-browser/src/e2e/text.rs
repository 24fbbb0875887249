//! Texts of a file with values in them: `${NAME}` and `${NAME:-otherwise}`.

use std::collections::BTreeMap;

/// What stands for a value in reports.
const HIDDEN: &str = "****";

/// A text with values in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Plain(String),
    Value { name: String, otherwise: Option<String> },
}

impl Text {
    /// A text without anything.
    pub(super) fn empty() -> Self {
        Self(Vec::new())
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Where a value is not written as one, as a sentence.
    pub(super) fn read(written: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or("a value is written ${NAME}, with both braces")?;
            let (name, otherwise) = match inside.split_once(":-") {
                Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
                None => (inside, None),
            };
            if name.is_empty() || !name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_') {
                return Err(format!("${{{inside}}} is no name of a value: letters, digits and _"));
            }
            parts.push(Part::Plain(before.to_owned()));
            parts.push(Part::Value { name: name.to_owned(), otherwise });
            rest = behind;
        }
        parts.push(Part::Plain(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The names of all values in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Value { name, .. } => Some(name.as_str()),
            Part::Plain(_) => None,
        })
    }

    /// The names of the values without which it cannot be read.
    pub(super) fn needed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Value { name, otherwise: None } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The whole text; a value that nobody gave is empty.
    pub(super) fn filled(&self, values: &Values) -> String {
        let part = |part: &Part| match part {
            Part::Plain(text) => text.clone(),
            Part::Value { name, otherwise } => {
                values.0.get(name).cloned().or_else(|| otherwise.clone()).unwrap_or_default()
            }
        };
        self.0.iter().map(part).collect()
    }
}

/// Values by name. They are secrets: nothing shows them.
#[derive(Clone, Default)]
pub(super) struct Values(BTreeMap<String, String>);

impl std::fmt::Debug for Values {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

impl Values {
    /// Sets a value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text without any of the values. Very short ones stay, since they stand in everything.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut all: Vec<&String> = self.0.values().filter(|value| value.chars().count() >= 4).collect();
        all.sort_by_key(|value| std::cmp::Reverse(value.len()));
        all.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_and_hidden_again() {
        let text = Text::read("to ${WHO} at ${WHERE:-home}!").unwrap();
        let mut values = Values::default();
        assert_eq!(text.needed().collect::<Vec<_>>(), ["WHO"]);
        values.set("WHO", "adalovelace");
        assert_eq!(text.filled(&values), "to adalovelace at home!");
        assert_eq!(values.hide("as adalovelace"), "as ****");
        assert!(!format!("{values:?}").contains("ada"));
        assert!(Text::read("${A").is_err() && Text::read("${a b}").is_err());
        assert_eq!(Text::read("costs 5 $").unwrap().filled(&values), "costs 5 $");
    }
}
