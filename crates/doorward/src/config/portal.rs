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
    Key::new(
        "portal.prefix",
        Kind::Text,
        "",
        "A path below which the API, the health checks and the published keys are, such as `/.doorward`, so that an app on the same host has `/api` and `/health` for itself. The pages are below `/.doorward` always.",
    )
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
    /// Below which path everything but the pages is, without a slash at the end.
    pub prefix: Option<Box<str>>,
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Portal {
        let prefix = self.prefix.and_then(|text| read_prefix(&text, check));
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

fn read_prefix(text: &str, check: &mut Check<'_>) -> Option<Box<str>> {
    let prefix = text.trim().trim_end_matches('/');
    if prefix.is_empty() {
        return None;
    }
    if prefix.parse::<doorward_core::app::Pattern>().is_ok() && !prefix.ends_with('*') {
        return Some(prefix.into());
    }
    let why = "It is no plain path.";
    let finding = check
        .error("config.value_invalid", "portal.prefix", why)
        .with_remedy(check.line("portal.prefix", "/.doorward"));
    check.report(finding);
    None
}
