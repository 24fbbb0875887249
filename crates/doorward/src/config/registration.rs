//! The section `[registration]`: whether people may make accounts for themselves.

use std::collections::BTreeSet;

use doorward_core::user::{ADMINISTRATORS, Email, Group};
use serde::Deserialize;

use super::check::Check;
use super::domain::host_name;
use super::mail::Mail;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "registration.enabled",
        Kind::Bool,
        "false",
        "Whether people may make accounts for themselves, with an address that they prove by mail.",
    ),
    Key::new("registration.domains", Kind::List, "", "Only addresses of these domains may; empty for every domain."),
    Key::new(
        "registration.groups",
        Kind::List,
        "",
        "The groups of whoever registers; none by default, and never the administrators.",
    ),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    enabled: Option<bool>,
    domains: Option<Vec<String>>,
    groups: Option<Vec<String>>,
}

/// As meant.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// Whether people may register.
    pub is_enabled: bool,
    /// Lower case; empty for every domain.
    pub domains: Vec<String>,
    /// What whoever registers is in.
    pub groups: BTreeSet<Group>,
}

impl Registration {
    /// Whether this address may register. A domain is exactly that, not those below it.
    ///
    /// # Errors
    /// `user.registration_closed`, `user.domain_closed`.
    pub fn check(&self, email: &Email) -> Result<(), &'static str> {
        let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
        if !self.is_enabled {
            Err("user.registration_closed")
        } else if self.domains.is_empty() || self.domains.iter().any(|own| own == domain) {
            Ok(())
        } else {
            Err("user.domain_closed")
        }
    }
}

impl Raw {
    pub(super) fn check(self, mail: &Mail, check: &mut Check<'_>) -> Registration {
        let is_enabled = self.enabled.unwrap_or_default();
        if is_enabled && !mail.is_on() {
            let why = "Addresses are proven by mail, and there is no mail.";
            let finding = check.error("config.conflict", "registration.enabled", why);
            let remedy = check.line("mail.server", "smtp.example.com");
            check.report(finding.with_remedy(remedy));
        }
        let mut domains = Vec::new();
        for text in self.domains.unwrap_or_default() {
            match host_name(text.trim().trim_start_matches('@')) {
                Some(domain) => domains.push(domain),
                None => refuse(check, "registration.domains", format!("{text} is no domain."), "example.com"),
            }
        }
        let mut groups = BTreeSet::new();
        for text in self.groups.unwrap_or_default() {
            match text.parse::<Group>() {
                Ok(group) if group.as_str() != ADMINISTRATORS => _ = groups.insert(group),
                Ok(_) => refuse(
                    check,
                    "registration.groups",
                    "Nobody makes themselves an administrator.".to_owned(),
                    "staff",
                ),
                Err(error) => refuse(check, "registration.groups", format!("{text} is no group: {error}."), "staff"),
            }
        }
        Registration { is_enabled, domains, groups }
    }
}

fn refuse(check: &mut Check<'_>, path: &str, why: String, instead: &str) {
    let finding = check.error("config.value_invalid", path, why);
    let remedy = check.line(path, instead);
    check.report(finding.with_remedy(remedy));
}
