//! The languages that Doorward speaks to visitors, and which of them a browser asks for.

use crate::reason::Text;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English: also the answer to whoever asks for none that we speak.
    #[default]
    English,
    /// German.
    German,
}

/// More ranges than this in one field are no wish of a person.
const MOST_RANGES: usize = 32;

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The tag for the attribute `lang` and the field `Content-Language` (RFC 5646).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language that the field `Accept-Language` prefers (RFC 9110, section 12.5.4), by "lookup" of
    /// RFC 4647, section 3.4: `de-AT` is served with German. Of equal wishes the first wins.
    #[must_use]
    pub fn from_accept_language(field: &str) -> Self {
        let mut best = (Self::English, 0);
        for range in field.split(',').take(MOST_RANGES) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(1000);
            if let Some(language) = Self::of_range(tag)
                && weight > best.1
            {
                best = (language, weight);
            }
        }
        best.0
    }

    fn of_range(range: &str) -> Option<Self> {
        let primary = range.split('-').next().unwrap_or_default();
        if primary == "*" {
            return Some(Self::English);
        }
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// The weight of `q=0.8` in thousandths; 0 where it is no weight, so that nonsense is never preferred.
fn weight(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim_end().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(0);
    }
    let thousandths = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => Some(0),
    }
}

impl Text {
    /// This text in one language.
    #[must_use]
    pub fn in_(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::German => self.de,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English, German};
    use super::*;

    #[test]
    fn the_highest_weight_wins_and_then_the_first() {
        for (field, language) in [
            ("", English),
            ("de", German),
            ("DE-at", German),
            ("fr, de;q=0.5, en;q=0.4", German),
            ("en;q=0.8, de;q=0.9", German),
            ("en, de", English),
            ("de, en", German),
            ("de;q=0.001", German),
            ("de ; q=0.7 , en ; q=0.71", English),
            ("fr", English),
        ] {
            assert_eq!(Language::from_accept_language(field), language, "{field}");
        }
    }

    #[test]
    fn what_is_refused_or_nonsense_is_not_preferred() {
        for field in ["de;q=0", "de;q=0.000", "de;q=7", "de;q=1.5", "de;q=x", "de;q=0.12345", "de;q=-1", "*", "deutsch"]
        {
            assert_eq!(Language::from_accept_language(field), English, "{field}");
        }
    }

    #[test]
    fn a_huge_field_costs_little() {
        assert_eq!(Language::from_accept_language(&"xx,".repeat(100_000)), English);
    }
}
