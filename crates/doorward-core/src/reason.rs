//! The one list of reasons: what Doorward answered, and what was found to be the cause.
//!
//! API problems, error pages, the access log, the audit log, metrics labels and findings all use these
//! codes. Each family has a file of its own; [`ALL`] joins them. A code never changes once released.

mod app;
mod authorization;
mod cause;
mod client;
mod config;
mod csrf;
mod entry;
mod factor;
mod http;
mod import;
mod keys;
mod mail;
mod password;
mod proxy;
mod session;
mod signin;
mod store;
mod tls;
mod token;
mod upstream;
mod user;

/// What a code speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What Doorward answered to a request, or why it ended a session.
    Refusal,
    /// What was found to be wrong with the installation.
    Cause,
}

/// The stations between a browser and an app, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Whoever asks.
    Visitor,
    /// A CDN or proxy in front.
    Proxy,
    /// Doorward itself.
    Doorward,
    /// The app behind it.
    App,
}

impl Side {
    /// The word in problem documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Proxy => "proxy",
            Self::Doorward => "doorward",
            Self::App => "app",
        }
    }
}

/// One text in the languages that Doorward speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// German.
    pub de: &'static str,
}

/// One reason: its code, and what is said of it to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The stable code, `family.detail`.
    pub code: &'static str,
    /// Refusal or cause.
    pub kind: Kind,
    /// The HTTP status of a refusal; 0 for a cause.
    pub status: u16,
    /// Whether the same request may succeed when it is sent again (with the fresh token, or later).
    pub is_retryable: bool,
    /// A short title.
    pub title: Text,
    /// What the visitor reads: what happened, and what to do now.
    pub visitor: Text,
    /// What the operator reads: how this comes about. English, as the logs are.
    pub operator: &'static str,
    /// What mends it, for the operator.
    pub remedy: &'static str,
}

impl Reason {
    /// The page of the reference that explains this code.
    #[must_use]
    pub fn docs(&self) -> String {
        format!("/.doorward/reasons#{}", self.code)
    }

    /// On which side of the way from the browser to the app it stopped.
    #[must_use]
    pub fn side(&self) -> Side {
        match (self.family(), self.code) {
            ("upstream", _) => Side::App,
            ("proxy", _) => Side::Proxy,
            ("store" | "keys" | "config" | "mail", _) | (_, "http.internal" | "signin.busy") => Side::Doorward,
            _ => Side::Visitor,
        }
    }

    /// The part before the dot.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.code.split_once('.').map_or(self.code, |(family, _)| family)
    }
}

/// The families in the order of the reference page, each sorted as its file has it.
pub const ALL: &[&[Reason]] = &[
    signin::REASONS,
    password::REASONS,
    factor::REASONS,
    session::REASONS,
    csrf::REASONS,
    token::REASONS,
    authorization::REASONS,
    client::REASONS,
    app::REASONS,
    proxy::REASONS,
    user::REASONS,
    import::REASONS,
    http::REASONS,
    upstream::REASONS,
    store::REASONS,
    keys::REASONS,
    tls::REASONS,
    mail::REASONS,
    config::REASONS,
];

/// What the doctor finds outside of Doorward, in tables along the way from the browser to the database.
pub const CAUSES: &[&[Reason]] = &cause::TABLES;

/// All reasons of all families.
pub fn all() -> impl Iterator<Item = &'static Reason> {
    ALL.iter().chain(CAUSES).flat_map(|family| family.iter())
}

/// The reason with this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Reason> {
    all().find(|reason| reason.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for reason in all() {
            assert!(seen.insert(reason.code), "{} stands twice", reason.code);
            let (family, detail) = reason.code.split_once('.').expect("a code has a family");
            assert!(!family.is_empty() && !detail.is_empty());
            assert!(reason.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)));
        }
    }

    #[test]
    fn every_reason_says_something_to_everybody() {
        for reason in all() {
            for text in [reason.title.en, reason.title.de, reason.visitor.en, reason.visitor.de] {
                assert!(!text.is_empty(), "{} lacks a text", reason.code);
            }
            assert!(!reason.operator.is_empty() && !reason.remedy.is_empty(), "{} lacks a text", reason.code);
            assert_eq!(reason.kind == Kind::Cause, reason.status == 0, "{}", reason.code);
        }
    }
}
