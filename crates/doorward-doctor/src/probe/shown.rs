//! Header fields as they become facts.

use doorward_core::identifier::RequestId;

use crate::redact;

/// Header fields whose values hold no secret.
const OPEN: &[&str] = &[
    "server",
    "via",
    "date",
    "age",
    "vary",
    "cache-control",
    "content-type",
    "content-length",
    "alt-svc",
    "allow",
    "connection",
    "upgrade",
    "cf-ray",
    "cf-cache-status",
    "cf-mitigated",
    "x-cache",
    "x-cache-status",
    "x-proxy-cache",
    "x-varnish",
    "x-powered-by",
    "referrer-policy",
    "strict-transport-security",
    "content-security-policy",
    "retry-after",
    "www-authenticate",
    "x-frame-options",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "origin",
    "referer",
    "host",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-for",
    "access-control-request-method",
    "access-control-request-headers",
    "sec-fetch-site",
    "sec-fetch-mode",
    "accept",
    "user-agent",
    "x-request-id",
    "x-upstream",
    "sec-fetch-dest",
    "sec-fetch-user",
    "sec-fetch-storage-access",
    "x-real-ip",
    "transfer-encoding",
    "x-doorward-node",
    "non-authoritative-reason",
];

/// The value of a field as it becomes a fact.
pub(crate) fn shown(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name == "location" || name == "referer" || name == "origin" {
        return redact::address(value);
    }
    // The name of a request is random as a secret is, and there to be told: `doorward explain` asks for it.
    if name == "x-request-id" && value.parse::<RequestId>().is_ok() {
        return value.to_owned();
    }
    if OPEN.contains(&name.as_str()) {
        return redact::clean(value);
    }
    format!("‹{} characters›", value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_hold_no_secret_are_shown() {
        assert_eq!(shown("Server", "nginx"), "nginx");
        let id = "req_Jcm-hGVIkc6tjS13xntqgA";
        assert_eq!(shown("X-Request-Id", id), id);
        assert!(!shown("X-Api-Key", "abc").contains("abc"));
        assert!(!shown("Location", "/x?token=abc").contains("abc"));
    }
}
