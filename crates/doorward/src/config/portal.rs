//! The section `[portal]`: the host on which the pages of Doorward are.

use serde::Deserialize;

use super::check::Check;
use super::domain::host_name;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "portal.host",
        Kind::Text,
        "",
        "The host of the sign-in pages. By default the host of `server.public_url`.",
    )
    .restart(),
    Key::new("portal.prefix", Kind::Text, "/.doorward", "The path of the pages. Fixed until the proxy comes.")
        .restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    host: Option<String>,
    prefix: Option<String>,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Portal {
    /// The written host; the host of the public URL otherwise.
    pub host: Option<String>,
    /// The path of the pages, without a slash at the end.
    pub prefix: &'static str,
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Portal {
        let prefix = "/.doorward";
        if self.prefix.is_some_and(|written| written.trim_end_matches('/') != prefix) {
            let why = "The pages are always below /.doorward in this version.";
            let finding =
                check.error("config.not_yet", "portal.prefix", why).with_remedy(check.line("portal.prefix", prefix));
            check.report(finding);
        }
        let host = self.host.and_then(|text| {
            let host = host_name(text.trim());
            if host.is_none() {
                let finding = check
                    .error(
                        "config.value_invalid",
                        "portal.host",
                        "It is no host name; a scheme and a port do not belong here.",
                    )
                    .with_remedy(check.line("portal.host", "login.example.com"));
                check.report(finding);
            }
            host
        });
        Portal { host, prefix }
    }
}
