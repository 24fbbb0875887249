//! Every word of the pages, in every language: one constant for each text, one file for each part.
//!
//! A text is one value with all languages in it, so none can be missing. `{}` is filled by the page.

macro_rules! texts {
    ($($name:ident: $en:literal, $de:literal;)+) => {
        $(pub(crate) const $name: doorward_core::reason::Text = doorward_core::reason::Text { en: $en, de: $de };)+

        #[cfg(test)]
        pub(super) const ALL: &[(&str, doorward_core::reason::Text)] = &[$((stringify!($name), $name)),+];
    };
}

pub(crate) mod account;
pub(crate) mod app_password;
pub(crate) mod confirm;
pub(crate) mod demo;
pub(crate) mod done;
pub(crate) mod error;
pub(crate) mod factor;
pub(crate) mod finish;
pub(crate) mod handover;
pub(crate) mod history;
pub(crate) mod letter;
pub(crate) mod link;
pub(crate) mod mail;
pub(crate) mod passkey;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod recovery;
pub(crate) mod shell;
pub(crate) mod signin;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_says_the_same_amount_in_both_languages() {
        let parts = [
            account::ALL,
            app_password::ALL,
            confirm::ALL,
            demo::ALL,
            done::ALL,
            error::ALL,
            factor::ALL,
            finish::ALL,
            handover::ALL,
            history::ALL,
            letter::ALL,
            link::ALL,
            mail::ALL,
            passkey::ALL,
            people::ALL,
            place::ALL,
            recovery::ALL,
            shell::ALL,
            signin::ALL,
        ];
        for (name, text) in parts.into_iter().flatten() {
            assert!(!text.en.trim().is_empty() && !text.de.trim().is_empty(), "{name} is empty");
            assert_eq!(text.en.matches("{}").count(), text.de.matches("{}").count(), "{name}");
            assert!(!format!("{}{}", text.en, text.de).contains(['<', '>', '&']), "{name} holds markup");
        }
    }
}
