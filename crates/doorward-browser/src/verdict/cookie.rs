//! Why a cookie was refused or not sent.

use super::{Verdict, host, parts};
use crate::recorder::{Refusal, Way};

/// What is said of one cause: its code, what happened, and what mends it.
type Said = (&'static str, String, String);

/// The cause of a refusal; none where a cookie stayed away as it should.
#[must_use]
pub fn judge(refusal: &Refusal) -> Option<Verdict> {
    let (code, what, remedy) = refusal.reasons.iter().find_map(|reason| said(refusal, reason))?;
    Some(Verdict {
        code,
        subject: refusal.name.clone(),
        what,
        remedy,
        url: refusal.url.clone(),
        reasons: refusal.reasons.clone(),
        evidence: refusal.evidence.clone(),
    })
}

fn said(refusal: &Refusal, reason: &str) -> Option<Said> {
    let name = &refusal.name;
    let is_set = refusal.way == Way::Set;
    let made = |code, what: String, remedy: &str| Some((code, what, remedy.to_owned()));
    match reason {
        "SecureOnly" | "SchemefulSecureOnly" => made(
            "cookie.secure_over_http",
            if is_set {
                format!(
                    "The cookie {name} has Secure, and the answer came by plain http, so the browser threw it away."
                )
            } else {
                format!("The cookie {name} has Secure, and the request goes by plain http, so it stayed away.")
            },
            "Serve the site by https, and let the proxy tell the app so (X-Forwarded-Proto); only where it is served by http on purpose, in development, set the cookie without Secure.",
        ),
        "SameSiteNoneInsecure" => made(
            "cookie.samesite_none_insecure",
            format!("The cookie {name} says SameSite=None without Secure, and browsers take that for a mistake."),
            "Write `SameSite=None; Secure` and serve by https; or `SameSite=Lax` where the cookie is used on its own site only.",
        ),
        "InvalidDomain" => domain(refusal),
        "InvalidPrefix" => made(
            "cookie.prefix_violation",
            format!(
                "The name {name} promises what the cookie does not keep: __Host- needs Secure, Path=/ and no Domain; __Secure- needs Secure."
            ),
            "Give the cookie what its name promises, or another name.",
        ),
        "NameValuePairExceedsMaxSize" | "AttributeValueExceedsMaxSize" => made(
            "cookie.too_large",
            format!("The cookie {name} is larger than 4096 bytes, so the browser threw it away."),
            "Keep the session on the server and put only its handle into the cookie.",
        ),
        "NotOnPath" => Some((
            "cookie.path_mismatch",
            format!(
                "The cookie {name} is for the path {}, and {} is outside of it.",
                refusal.path,
                parts(&refusal.url).2
            ),
            "Set it with Path=/ or with a path that covers every address that needs it.".to_owned(),
        )),
        "DomainMismatch" => Some(other_host(refusal)),
        "OverwriteSecure" | "OverwriteHttpOnly" => made(
            "cookie.duplicate",
            format!("A cookie {name} with stronger attributes is there already, and this one must not replace it."),
            "Set the cookie in one place only, with the same attributes each time.",
        ),
        "SyntaxError" | "DisallowedCharacter" | "NoCookieContent" | "InvalidPartitioned" => made(
            "cookie.malformed",
            format!("The line that sets {name} is not written as a cookie is."),
            "Write `name=value; Path=/; …` without control characters; Partitioned needs Secure.",
        ),
        _ => across(refusal, reason),
    }
}

/// What is said where the request came from another site.
fn across(refusal: &Refusal, reason: &str) -> Option<Said> {
    let name = &refusal.name;
    let made = |code, what: String, remedy: &str| Some((code, what, remedy.to_owned()));
    match reason {
        "UserPreferences"
        | "ThirdPartyPhaseout"
        | "ThirdPartyBlockedInFirstPartySet"
        | "SameSiteNoneCookiesInSandbox"
        | "AnonymousContext" => made(
            "cookie.third_party_blocked",
            format!("The browser blocks cookies of other sites, and {name} belongs to another site than the page."),
            "Serve page and API under one site; or give the cookie `Partitioned` where it is used inside of frames.",
        ),
        "SchemefulSameSiteStrict" | "SameSiteStrict" => made(
            "cookie.samesite_strict_cross_site",
            crossing(refusal, "SameSite=Strict"),
            "Use SameSite=Lax for the session; Strict cookies never come with a link or a redirect from another site.",
        ),
        "SchemefulSameSiteLax"
        | "SameSiteLax"
        | "SchemefulSameSiteUnspecifiedTreatedAsLax"
        | "SameSiteUnspecifiedTreatedAsLax" => made(
            "cookie.samesite_lax_cross_post",
            crossing(
                refusal,
                if reason.contains("Unspecified") { "no SameSite, which counts as Lax" } else { "SameSite=Lax" },
            ),
            "Let the other site come back by a GET (for OpenID Connect `response_mode=query`), or give only the cookie of that one step `SameSite=None; Secure`.",
        ),
        _ => None,
    }
}

fn crossing(refusal: &Refusal, attribute: &str) -> String {
    let name = &refusal.name;
    match refusal.way {
        Way::Set => format!(
            "The cookie {name} ({attribute}) was set by an answer to a request from another site, so it was thrown away."
        ),
        Way::Send => {
            format!("The cookie {name} ({attribute}) stayed away, because the request came from another site.")
        }
    }
}

/// What is wrong with the Domain of a cookie, seen from the host that set it.
fn domain(refusal: &Refusal) -> Option<Said> {
    let attribute = refusal.line.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("domain").then(|| value.trim().trim_start_matches('.').to_ascii_lowercase())
    })?;
    let host = host(&refusal.url).to_ascii_lowercase();
    let name = &refusal.name;
    let is_address = attribute.parse::<std::net::IpAddr>().is_ok() || host.parse::<std::net::IpAddr>().is_ok();
    let is_above = host.ends_with(&format!(".{attribute}"));
    let without = "Leave Domain out: the cookie then belongs to exactly the host that sets it.";
    let (code, why) = if is_address || attribute.contains([':', '/', '_', ' ']) {
        ("cookie.domain_invalid", "is no domain; an address or a port is none".to_owned())
    } else if !attribute.contains('.') && attribute == host {
        ("cookie.domain_single_label", "has one label only, which no cookie may be for".to_owned())
    } else if is_above {
        ("cookie.domain_public_suffix", "belongs to everybody below it, so no site may set cookies for it".to_owned())
    } else {
        ("cookie.domain_mismatch", format!("is not the host {host} nor above it"))
    };
    Some((code, format!("The cookie {name} is for Domain={attribute}, which {why}."), without.to_owned()))
}

fn other_host(refusal: &Refusal) -> Said {
    let (host, domain) = (host(&refusal.url), refusal.domain.trim_start_matches('.'));
    let bare = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    let is_www = bare(host) == bare(domain);
    let code = if is_www { "cookie.host_mismatch_www" } else { "cookie.domain_mismatch" };
    let name = &refusal.name;
    (
        code,
        format!("The cookie {name} belongs to {domain}, and the request goes to {host}."),
        "Let one host name lead to the other before anybody signs in.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::recorder::Recorder;

    fn set(url: &str, line: &str, reason: &str) -> Verdict {
        let mut recorder = Recorder::default();
        let request = json!({ "requestId": "1", "request": { "url": url, "method": "GET" } });
        recorder.take("Network.requestWillBeSent", &request);
        let blocked = json!([{ "blockedReasons": [reason], "cookieLine": line }]);
        recorder.take("Network.responseReceivedExtraInfo", &json!({ "requestId": "1", "blockedCookies": blocked }));
        super::super::of(&recorder).remove(0)
    }

    #[test]
    fn a_domain_is_wrong_in_one_of_four_ways() {
        for (url, domain, code) in [
            ("http://app.test/", "other.test", "cookie.domain_mismatch"),
            ("http://app.test/", "test", "cookie.domain_public_suffix"),
            ("http://localhost:3000/", "localhost", "cookie.domain_single_label"),
            ("http://127.0.0.1/", "127.0.0.1", "cookie.domain_invalid"),
            ("http://app.test:8000/", "app.test:8000", "cookie.domain_invalid"),
            ("https://a.example.co.uk/", "co.uk", "cookie.domain_public_suffix"),
        ] {
            assert_eq!(set(url, &format!("sid=1; Domain={domain}"), "InvalidDomain").code, code, "{url} {domain}");
        }
    }

    #[test]
    fn a_reason_of_a_newer_browser_is_passed_by_and_the_known_one_counts() {
        let mut recorder = Recorder::default();
        recorder.take(
            "Network.requestWillBeSent",
            &json!({ "requestId": "1", "request": { "url": "http://a/", "method": "GET" } }),
        );
        let blocked = json!([{ "blockedReasons": ["BrandNewReason", "SecureOnly"], "cookieLine": "a=1", "more": {} }]);
        recorder.take("Network.responseReceivedExtraInfo", &json!({ "requestId": "1", "blockedCookies": blocked }));
        let found = super::super::of(&recorder);
        assert_eq!((found.len(), found[0].code), (1, "cookie.secure_over_http"));
    }

    #[test]
    fn no_text_holds_a_value_or_weakens_protection() {
        let verdict = set("http://app.test/", "sid=secret; Secure", "SecureOnly");
        let text = format!("{verdict} {}", verdict.evidence);
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("https"), "{text}");
    }
}
