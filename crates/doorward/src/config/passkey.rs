//! The section `[passkeys]`: the domain that passkeys belong to.

use serde::Deserialize;

use super::check::Check;
use super::domain::{self, Domain, host_name};
use super::origin::PublicUrl;
use super::registry::{Key, Kind};
use super::server::Server;

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[Key::new(
    "passkeys.rp_id",
    Kind::Text,
    "",
    "The domain that passkeys belong to (`rp_id`), for good: browsers offer a passkey at no other. By default the host of `server.public_url`; a domain above it, such as `example.com` for `login.example.com`, lets the pages move to another host of that domain later.",
)
.restart()];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    rp_id: Option<String>,
}

/// As meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkeys {
    /// The domain of passkeys: the host of the pages, or a domain above it.
    pub rp_id: Box<str>,
    /// Whether a browser offers passkeys at the address of the pages at all: it has a name, and `https` or this machine.
    pub is_possible: bool,
}

impl Raw {
    /// Checks the section. Without a public URL only this machine is served, under the name `localhost`.
    pub(super) fn check(self, server: &Server, check: &mut Check<'_>) -> Passkeys {
        let url = server.public_url.as_ref();
        let host = url.map_or("localhost", PublicUrl::host);
        let rp_id = self.rp_id.and_then(|text| read(&text, host, check));
        let is_safe = url.is_none_or(PublicUrl::is_https) || domain::is_loopback(host);
        let passkeys = Passkeys {
            rp_id: rp_id.unwrap_or_else(|| host.into()),
            is_possible: is_safe && domain::address(host).is_none(),
        };
        // A public URL in the clear that is not allowed stops the start anyway.
        let is_meant = |url: &&PublicUrl| url.is_https() || server.insecure_allow_http;
        if let Some(url) = url.filter(is_meant).filter(|_| !passkeys.is_possible) {
            let why = if domain::address(host).is_some() {
                format!("Browsers make passkeys for names only, and {url} is an address: nobody can set one up.")
            } else {
                format!("Browsers make passkeys over https only, and {url} is not: nobody can set one up.")
            };
            let finding = check.warning("config.passkeys_impossible", "server.public_url", why);
            let remedy = check.line("server.public_url", "https://login.example.com");
            check.report(finding.with_remedy(remedy));
        }
        passkeys
    }
}

/// A browser accepts the host of the page or a domain above it that is no public suffix (Web Authentication, section
/// 5.1.3, step 7).
fn read(text: &str, host: &str, check: &mut Check<'_>) -> Option<Box<str>> {
    let path = "passkeys.rp_id";
    let name = host_name(text.trim());
    let is_above = |name: &String| name.parse::<Domain>().is_ok_and(|domain| domain.covers(host));
    let found = name.filter(|name| name == host || is_above(name));
    if found.is_none() {
        let why = format!(
            "It is neither the host of the pages, which is {host}, nor a domain above it under which only you can have names."
        );
        let finding = check.error("config.passkeys_domain", path, why).with_remedy(check.line(path, host));
        check.report(finding);
    }
    found.map(Into::into)
}
