//! What every page shares: language, visitor, banners, token and the name of the request.

use std::borrow::Borrow;
use std::fmt::Display;

use doorward_core::language::Language;
use doorward_core::reason::Text;

/// What every page shares.
#[derive(Debug, Clone, Default)]
pub struct Chrome {
    /// The language of all texts.
    pub language: Language,
    /// The token for every form of this page. It must belong to the browser that gets the page.
    pub csrf_token: String,
    /// Whoever is completely signed in.
    pub viewer: Option<Viewer>,
    /// What everybody must know, above all else.
    pub banners: Vec<Banner>,
    /// Below which path the API is: the prefix of the portal, or nothing.
    pub prefix: String,
    /// The name of this request.
    pub request_id: String,
    /// The address that this page belongs to, `https://login.example.com`, where configuration names one.
    /// The client compares it with the address bar and warns where cookies could not be held.
    pub address: Option<String>,
}

/// Whoever is signed in.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// As shown to people.
    pub name: String,
    /// Signs in with this.
    pub email: String,
    /// Whether the way to the administration is shown.
    pub is_administrator: bool,
}

/// One line above the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Banner {
    /// `ENVIRONMENT=development`.
    Development,
    /// `insecure_allow_http`: passwords travel unencrypted.
    InsecureHttp,
    /// The page was opened under an address whose cookies cannot be held; the right one, as a URL.
    WrongAddress(String),
    /// A second factor must be set up within so many days.
    SecondFactorDue(u32),
    /// A security key must be set up within so many days; nothing else counts.
    SecurityKeyDue(u32),
}

impl Chrome {
    /// A text in the language of the page.
    pub(crate) fn say(&self, text: impl Borrow<Text>) -> &'static str {
        (*text.borrow()).in_(self.language)
    }

    /// A text with its place `{}` filled.
    pub(crate) fn fill(&self, text: impl Borrow<Text>, value: impl Display) -> String {
        self.say(text).replacen("{}", &value.to_string(), 1)
    }

    /// The language for the attribute `lang`.
    pub(crate) fn tag(&self) -> &'static str {
        self.language.tag()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_filled_once_and_not_read_again() {
        let chrome = Chrome { language: Language::German, ..Chrome::default() };
        let text = Text { en: "Hello {}", de: "Hallo {}" };
        assert_eq!(chrome.fill(text, "{}<"), "Hallo {}<");
    }
}
