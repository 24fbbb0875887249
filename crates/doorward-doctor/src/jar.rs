//! A cookie jar by RFC 6265bis with the Public Suffix List, that says why a cookie is refused or withheld.

use url::Url;

use crate::facts::{Cookie, Trouble};
use crate::redact::Salt;

/// Name and value together, in bytes (RFC 6265bis, section 5.6).
const LARGEST: usize = 4_096;

/// A cookie that was kept.
#[derive(Debug, Clone)]
struct Kept {
    fact: Cookie,
    value: String,
    host: String,
    is_host_only: bool,
    domain: String,
    path: String,
    was_refused: bool,
}

/// Where a request starts, for `SameSite` (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The same site, or the person typed the address.
    SameSite,
    /// Another site leads here with a GET.
    CrossSiteNavigation,
    /// Another site posts a form here.
    CrossSitePost,
}

/// Cookies of one visitor.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    kept: Vec<Kept>,
}

impl Jar {
    /// Takes a `Set-Cookie` in, as a browser would, and says what was found.
    pub fn take(&mut self, line: &str, url: &Url, now: i64, salt: &Salt) -> Cookie {
        let (mut fact, value) = read(line, now, salt);
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        fact.trouble = trouble(&fact, &value, url, &host);
        let domain =
            fact.domain.as_deref().map(|domain| domain.trim_start_matches('.').to_lowercase()).unwrap_or_default();
        // A Domain that is the host itself and a public suffix counts as host-only (section 5.7, step 9).
        let is_host_only = domain.is_empty() || (domain == host && is_public_suffix(&domain));
        let path = fact.path.clone().filter(|path| path.starts_with('/')).unwrap_or_else(|| default_path(url));
        self.kept.retain(|known| {
            !(known.fact.name == fact.name
                && known.path == path
                && known.is_host_only == is_host_only
                && known.domain == if is_host_only { host.clone() } else { domain.clone() })
        });
        if !fact.is_deletion {
            let domain = if is_host_only { host.clone() } else { domain };
            let was_refused = fact.trouble.is_some();
            self.kept.push(Kept { fact: fact.clone(), value, host, is_host_only, domain, path, was_refused });
        }
        fact
    }

    /// The `Cookie` field for this address, and the names in it.
    #[must_use]
    pub fn send(&self, url: &Url, start: Start) -> (String, Vec<String>) {
        let mut chosen: Vec<_> =
            self.kept.iter().filter(|kept| !kept.was_refused && withheld(kept, url, start).is_none()).collect();
        // Longer paths first (section 5.8.3).
        chosen.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let pairs: Vec<_> = chosen.iter().map(|kept| pair(kept)).collect();
        (pairs.join("; "), chosen.iter().map(|kept| kept.fact.name.clone()).collect())
    }

    /// The same with what a browser would not send: the naive client that scripts are.
    #[must_use]
    pub fn send_all(&self) -> (String, Vec<String>) {
        let pairs: Vec<_> = self.kept.iter().map(pair).collect();
        (pairs.join("; "), self.kept.iter().map(|kept| kept.fact.name.clone()).collect())
    }

    /// Cookies that stay behind at this address, and why.
    #[must_use]
    pub fn left_behind(&self, url: &Url, start: Start) -> Vec<(String, Trouble)> {
        let reason = |kept: &Kept| kept.fact.trouble.or_else(|| withheld(kept, url, start));
        self.kept.iter().filter_map(|kept| Some((kept.fact.name.clone(), reason(kept)?))).collect()
    }

    /// The value of a cookie that was kept, whether browsers would or not.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.kept.iter().rev().find(|kept| kept.fact.name == name).map(|kept| kept.value.as_str())
    }

    /// Whether scripts cannot read the cookie of this name.
    #[must_use]
    pub fn is_http_only(&self, name: &str) -> bool {
        self.kept.iter().rev().find(|kept| kept.fact.name == name).is_some_and(|kept| kept.fact.is_http_only)
    }

    /// Names of all cookies.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.kept.iter().map(|kept| kept.fact.name.clone()).collect()
    }

    /// The cookie of this name that a deletion with this domain and path leaves standing.
    #[must_use]
    pub fn survives(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept.fact.name == name && !kept.was_refused)
    }
}

fn pair(kept: &Kept) -> String {
    if kept.fact.name.is_empty() { kept.value.clone() } else { format!("{}={}", kept.fact.name, kept.value) }
}

fn read(line: &str, now: i64, salt: &Salt) -> (Cookie, String) {
    let mut parts = line.split(';');
    let first = parts.next().unwrap_or_default();
    let (name, value) = first.split_once('=').unwrap_or(("", first));
    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
    let mut fact = Cookie { value: salt.mark(&value), name: crate::redact::clean(&name), ..Cookie::default() };
    for part in parts {
        let (key, text) = part.split_once('=').unwrap_or((part, ""));
        let text = text.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" if !text.is_empty() => fact.domain = Some(crate::redact::clean(text)),
            "path" => fact.path = Some(crate::redact::clean(text)),
            "samesite" => fact.same_site = Some(text.to_ascii_lowercase()),
            "secure" => fact.is_secure = true,
            "httponly" => fact.is_http_only = true,
            "partitioned" => fact.is_partitioned = true,
            "max-age" => fact.max_age = text.parse().ok(),
            "expires" => {
                let at = httpdate::parse_http_date(text).ok();
                let at = at.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                // What lies before 1970, or cannot be read, ends a cookie just as zero does.
                fact.expires = Some(at.map_or(0, |at| i64::try_from(at.as_secs()).unwrap_or(i64::MAX)));
            }
            _ => {}
        }
    }
    let ends = fact.max_age.map(|age| age <= 0).or(fact.expires.map(|at| at <= now));
    fact.is_deletion = ends.unwrap_or_default();
    (fact, value)
}

fn trouble(fact: &Cookie, value: &str, url: &Url, host: &str) -> Option<Trouble> {
    let is_secure_place = url.scheme() == "https" || is_potentially_trustworthy(host);
    if fact.name.len() + value.len() > LARGEST {
        return Some(Trouble::TooLarge);
    }
    if let Some(domain) = &fact.domain {
        let domain = domain.trim_start_matches('.').to_lowercase();
        let trouble = domain_trouble(&domain, host);
        if trouble.is_some() {
            return trouble;
        }
    }
    let name = fact.name.to_ascii_lowercase();
    let is_host = name.starts_with("__host-");
    if (name.starts_with("__secure-") || is_host) && !fact.is_secure
        || is_host && (fact.domain.is_some() || fact.path.as_deref() != Some("/"))
        || (name.starts_with("__http-") || name.starts_with("__host-http-")) && !(fact.is_http_only && fact.is_secure)
    {
        return Some(Trouble::Prefix);
    }
    if fact.is_secure && !is_secure_place {
        return Some(Trouble::SecureOverHttp);
    }
    if fact.same_site.as_deref() == Some("none") && !fact.is_secure {
        return Some(Trouble::NoneInsecure);
    }
    None
}

fn domain_trouble(domain: &str, host: &str) -> Option<Trouble> {
    let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    if domain.contains(':') && !is_address(domain)
        || domain.contains(['/', ' ', ',', '_', '*'])
        || domain.ends_with('.')
    {
        return Some(Trouble::DomainInvalid);
    }
    if is_address(domain) {
        return (domain != host).then_some(Trouble::DomainInvalid);
    }
    // Some browsers keep it for the host itself, others drop it; for names below the host it is lost everywhere.
    let is_above = domain == host || host.ends_with(&format!(".{domain}"));
    if !domain.contains('.') {
        return Some(Trouble::DomainSingleLabel);
    }
    if is_public_suffix(domain) && domain != host {
        return Some(Trouble::DomainPublicSuffix);
    }
    (!is_above).then_some(Trouble::DomainMismatch)
}

/// Whether strangers have names below this one.
#[must_use]
pub fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == domain.as_bytes() && suffix.is_known())
}

/// Hosts on which browsers keep `Secure` cookies over plain http.
fn is_potentially_trustworthy(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The site of a host: its registrable domain, or the host itself.
#[must_use]
pub fn site(host: &str) -> &str {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => url.path()[..at].to_owned(),
    }
}

fn withheld(kept: &Kept, url: &Url, start: Start) -> Option<Trouble> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
    let is_below = host == kept.domain || host.ends_with(&format!(".{}", kept.domain));
    if kept.is_host_only && host != kept.host || !is_below {
        return Some(Trouble::Host);
    }
    let path = url.path();
    let covers = path == kept.path
        || path.starts_with(&kept.path) && (kept.path.ends_with('/') || path[kept.path.len()..].starts_with('/'));
    if !covers {
        return Some(Trouble::Path);
    }
    if kept.fact.is_secure && url.scheme() != "https" && !is_potentially_trustworthy(&host) {
        return Some(Trouble::SecureOverHttp);
    }
    let same_site = kept.fact.same_site.as_deref();
    match (start, same_site) {
        (Start::SameSite, _) | (_, Some("none")) => None,
        (Start::CrossSiteNavigation, same_site) => (same_site == Some("strict")).then_some(Trouble::SameSite),
        (Start::CrossSitePost, _) => Some(Trouble::SameSite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str, line: &str) -> Option<Trouble> {
        Jar::default().take(line, &Url::parse(url).unwrap(), 1_000, &Salt::of(b"s")).trouble
    }

    #[test]
    fn refuses_what_browsers_refuse() {
        for (url, line, expected) in [
            ("http://192.0.2.1/", "s=1; Secure", Some(Trouble::SecureOverHttp)),
            ("http://localhost/", "s=1; Secure", None),
            ("http://127.0.0.1:8000/", "__Host-s=1; Secure; Path=/", None),
            ("https://a.test/", "s=1; SameSite=None", Some(Trouble::NoneInsecure)),
            ("http://localhost:5000/", "s=1; Domain=localhost:5000", Some(Trouble::DomainInvalid)),
            ("http://auth.localhost/", "s=1; Domain=.localhost", Some(Trouble::DomainSingleLabel)),
            ("http://localhost:3000/", "s=1; Domain=localhost", Some(Trouble::DomainSingleLabel)),
            ("https://app.vercel.app/", "s=1; Domain=.vercel.app", Some(Trouble::DomainPublicSuffix)),
            ("https://api.xyz.com/", "s=1; Domain=aaa.com", Some(Trouble::DomainMismatch)),
            ("https://api.xyz.com/", "s=1; Domain=.xyz.com", None),
            ("https://a.test/", "__Host-s=1; Path=/", Some(Trouble::Prefix)),
            ("https://a.test/", "__Host-s=1; Secure; Path=/x", Some(Trouble::Prefix)),
            ("https://a.test/", "__Secure-s=1; Secure", None),
        ] {
            assert_eq!(taken(url, line), expected, "{url} {line}");
        }
        assert_eq!(taken("https://a.test/", &format!("s={}", "x".repeat(4_096))), Some(Trouble::TooLarge));
    }

    #[test]
    fn withholds_what_browsers_withhold() {
        let mut jar = Jar::default();
        let at = |url: &str| Url::parse(url).unwrap();
        for line in
            ["lax=1; SameSite=Lax", "strict=1; SameSite=Strict", "deep=1; Path=/auth", "none=1; SameSite=None; Secure"]
        {
            jar.take(line, &at("https://www.a.test/"), 1_000, &Salt::default());
        }
        let names = |url: &str, start| {
            let mut names = jar.send(&at(url), start).1;
            names.sort();
            names
        };
        assert_eq!(names("https://www.a.test/auth/refresh", Start::SameSite), ["deep", "lax", "none", "strict"]);
        assert_eq!(names("https://www.a.test/authx", Start::SameSite), ["lax", "none", "strict"]);
        assert_eq!(names("https://www.a.test/", Start::CrossSitePost), ["none"]);
        assert_eq!(names("https://www.a.test/", Start::CrossSiteNavigation), ["lax", "none"]);
        assert!(names("https://a.test/", Start::SameSite).is_empty());
        assert!(
            jar.left_behind(&at("https://www.a.test/v1/auth"), Start::SameSite)
                .contains(&("deep".into(), Trouble::Path))
        );
    }

    #[test]
    fn a_deletion_with_another_path_leaves_the_cookie() {
        let mut jar = Jar::default();
        let url = Url::parse("https://a.test/x/y").unwrap();
        jar.take("s=1; Path=/", &url, 1_000, &Salt::default());
        assert!(jar.take("s=; Path=/x; Max-Age=0", &url, 1_000, &Salt::default()).is_deletion);
        assert!(jar.survives("s"));
        jar.take("s=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", &url, 1_000, &Salt::default());
        assert!(!jar.survives("s"));
    }

    #[test]
    fn a_deletion_without_the_domain_leaves_the_cookie_of_the_domain() {
        let mut jar = Jar::default();
        let url = Url::parse("https://a.test/").unwrap();
        jar.take("s=1; Path=/; Domain=a.test", &url, 1_000, &Salt::default());
        jar.take("s=; Path=/; Max-Age=0", &url, 1_000, &Salt::default());
        assert!(jar.survives("s"));
        jar.take("s=; Path=/; Domain=.a.test; Max-Age=0", &url, 1_000, &Salt::default());
        assert!(!jar.survives("s"));
    }

    proptest::proptest! {
        #[test]
        fn survives_any_line(line in ".{0,200}") {
            let url = Url::parse("https://a.test/b/c").unwrap();
            let mut jar = Jar::default();
            jar.take(&line, &url, 1, &Salt::default());
            let _ = jar.send(&url, Start::SameSite);
        }
    }
}
