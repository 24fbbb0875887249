//! The fields that tell an app who asks and from where: only we set them.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName};

use super::remove_where;

/// Names that are ours; `*` stands for any end.
///
/// Each is trusted by some app, framework or proxy without proof, so a client that could write one
/// would be whoever it likes. What a client may rightly say of itself is not here: `Authorization`,
/// `X-Auth-Token` and `X-User-Id` (apps have logins and tokens of their own), `Via` (a log of the way;
/// we add to it), `Origin`, `Referer`, `X-Requested-With`, `X-HTTP-Method-Override` (a rule by method
/// does not see into apps that obey it; such an app lists it as an extra name).
const OURS: &[&str] = &[
    // What Doorward sets, and what it may set one day.
    "remote-*",
    "x-doorward-*",
    "x-request-id",
    // Where the request comes from and what it asked for.
    "forwarded",
    "x-forwarded",
    "x-forwarded-*",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-originating-ip",
    "x-remote-*",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
    "fastly-client-ip",
    "x-azure-clientip",
    "x-envoy-external-address",
    "x-envoy-original-*",
    "x-host",
    "x-original-*",
    "x-rewrite-url",
    "x-url-scheme",
    "front-end-https",
    // Who asks, in the words of other login proxies and clouds.
    "x-auth-request-*",
    "x-auth-user",
    "x-auth-username",
    "x-auth-email",
    "x-auth-name",
    "x-auth-groups",
    "x-auth-roles",
    "x-authenticated-*",
    "x-authentik-*",
    "x-webauth-*",
    "x-vouch-*",
    "x-pomerium-*",
    "x-user",
    "x-user-name",
    "x-user-email",
    "x-user-groups",
    "x-user-roles",
    "x-username",
    "x-email",
    "x-groups",
    "x-roles",
    "x-ms-client-principal*",
    "x-ms-token-*",
    "x-goog-authenticated-user-*",
    "x-goog-iap-jwt-assertion",
    "x-amzn-oidc-*",
    "cf-access-*",
    "tailscale-user-*",
    "oidc-*",
    "auth-user",
    // Certificates that a proxy in front has seen.
    "client-cert",
    "client-cert-chain",
    "x-client-cert*",
    "x-client-verify",
    "x-client-dn",
    "x-client-s-dn",
    "x-ssl-*",
    "ssl-client-*",
    "x-tls-client-*",
    "x-amzn-mtls-*",
];

/// The set of fields that only we set, ready to be looked up.
///
/// Names are compared as an app may fold them: CGI, WSGI, Rack and PHP turn every character that is
/// no letter and no digit into `_`, so `Remote-User`, `remote_user` and `Remote.User` are one name
/// there. Cloning is cheap.
#[derive(Clone)]
pub struct Managed(Arc<Names>);

struct Names {
    /// Folded names by their first character: letters, digits, anything else.
    groups: [Vec<Name>; GROUPS],
}

const GROUPS: usize = 37;

struct Name {
    folded: Box<[u8]>,
    is_prefix: bool,
}

impl Managed {
    /// The fields of the built-in list, and those with these names: what an operator lets us set for an app.
    #[must_use]
    pub fn new<'a>(extra_names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut groups = [const { Vec::new() }; GROUPS];
        let built_in = OURS.iter().map(|name| match name.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (*name, false),
        });
        let extra = extra_names.into_iter().map(|name| (name, false));
        for (name, is_prefix) in built_in.chain(extra) {
            let folded: Box<[u8]> = name.bytes().map(fold).collect();
            let Some(first) = folded.first() else { continue };
            groups[group(*first)].push(Name { folded, is_prefix });
        }
        Self(Arc::new(Names { groups }))
    }

    /// Whether this name, in any spelling, is one of ours.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        let name = name.as_bytes();
        let Some(first) = name.first() else { return false };
        self.0.groups[group(fold(*first))].iter().any(|ours| ours.is(name))
    }

    /// Removes every field of ours, in every spelling, and every field with `_` in its name: nobody
    /// needs one, and folding makes it equal to another (nginx drops them as well).
    pub fn strip(&self, headers: &mut HeaderMap) {
        remove_where(headers, |name: &HeaderName| {
            let name = name.as_str();
            name.as_bytes().contains(&b'_') || self.holds(name)
        });
    }
}

impl Name {
    fn is(&self, name: &[u8]) -> bool {
        let is_long_enough =
            if self.is_prefix { name.len() >= self.folded.len() } else { name.len() == self.folded.len() };
        is_long_enough && name.iter().zip(&self.folded).all(|(byte, folded)| fold(*byte) == *folded)
    }
}

/// The strictest reading of a character in a name: letters in lower case, digits, and one sign for all else.
fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

fn group(folded: u8) -> usize {
    match folded {
        b'a'..=b'z' => usize::from(folded - b'a'),
        b'0'..=b'9' => usize::from(folded - b'0') + 26,
        _ => GROUPS - 1,
    }
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.groups.iter().flatten();
        let shown = names.map(|name| {
            let star = if name.is_prefix { "*" } else { "" };
            format!("{}{star}", String::from_utf8_lossy(&name.folded))
        });
        f.debug_set().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{map, names};
    use super::*;

    #[test]
    fn every_spelling_of_ours_goes_and_the_rest_stays() {
        let managed = Managed::new(["X-Tenant"]);
        let mut headers = map(&[
            ("Remote-User", "eve"),
            ("remote.user", "eve"),
            ("remote_user", "eve"),
            ("remote~user", "eve"),
            ("remote-user-id", "eve"),
            ("X.Forwarded.For", "1"),
            ("x-tenant", "1"),
            ("x.tenant", "1"),
            ("X-Auth-Request-User", "eve"),
            ("any_thing", "x"),
            ("x-tenants", "stays"),
            ("authorization", "Basic x"),
            ("cookie", "a=b"),
            ("via", "1.1 other"),
            ("x-requested-with", "XMLHttpRequest"),
            ("forwarded-not", "stays"),
        ]);
        managed.strip(&mut headers);
        let left = ["authorization", "cookie", "forwarded-not", "via", "x-requested-with", "x-tenants"];
        assert_eq!(names(&headers), left);
    }

    #[test]
    fn what_browsers_send_is_not_ours() {
        let managed = Managed::new([]);
        for name in [
            "accept",
            "accept-encoding",
            "access-control-request-method",
            "cache-control",
            "content-type",
            "cookie",
            "dnt",
            "host",
            "if-none-match",
            "origin",
            "priority",
            "range",
            "referer",
            "sec-fetch-site",
            "sec-websocket-key",
            "upgrade-insecure-requests",
            "user-agent",
            "x-csrf-token",
            "x-requested-with",
            "x-auth-token",
            "x-user-id",
            "x-api-key",
            "traceparent",
        ] {
            assert!(!managed.holds(name), "{name}");
        }
    }
}
