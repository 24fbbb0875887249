//! What configuration writes about origins, hosts and paths, checked once and matched without allocation.

use http::Method;

use crate::origin::{Authority, HostRef, OriginRef};

/// How many labels a `*` in front of a host stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wildcard {
    None,
    OneLabel,
    AnyDepth,
}

/// A host, or all hosts below one: `example.com`, `*.example.com`, `**.example.com`, each with or without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    wildcard: Wildcard,
    host: String,
    port: Option<u16>,
}

impl HostPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if !text.is_ascii() {
            return Err("is not ASCII: write international names in their xn-- form");
        }
        if text.contains('@') {
            return Err("holds a user name");
        }
        if text.contains(['/', '?', '#', '\\']) {
            return Err("holds a path, a query or a trailing slash");
        }
        let (wildcard, rest) = if let Some(rest) = text.strip_prefix("**.") {
            (Wildcard::AnyDepth, rest)
        } else if let Some(rest) = text.strip_prefix("*.") {
            (Wildcard::OneLabel, rest)
        } else {
            (Wildcard::None, text)
        };
        if rest.starts_with('*') {
            return Err("holds a bare wildcard");
        }
        let authority = Authority::parse(rest).ok_or("holds a host or port that cannot be read")?;
        match (wildcard, authority.host) {
            (Wildcard::None, _) | (_, HostRef::Name(_)) => {}
            (_, HostRef::V6(_)) => return Err("puts a wildcard before an address"),
        }
        Ok(Self { wildcard, host: authority.host.to_string(), port: authority.port })
    }

    /// Whether `host` is one of these hosts, and `port` the one written, if any was.
    pub(crate) fn matches(&self, host: HostRef<'_>, port: Option<u16>) -> bool {
        self.matches_host(host) && (self.port.is_none() || self.port == port)
    }

    fn matches_host(&self, host: HostRef<'_>) -> bool {
        let HostRef::Name(name) = host else {
            return HostRef::parse(&self.host) == Some(host);
        };
        if self.wildcard == Wildcard::None {
            return name.eq_ignore_ascii_case(&self.host);
        }
        let Some(at) = name.len().checked_sub(self.host.len()) else { return false };
        let (Some(labels), Some(tail)) = (name.get(..at), name.get(at..)) else { return false };
        let Some(labels) = labels.strip_suffix('.') else { return false };
        tail.eq_ignore_ascii_case(&self.host)
            && !labels.is_empty()
            && (self.wildcard == Wildcard::AnyDepth || !labels.contains('.'))
    }
}

/// An origin that configuration trusts, exactly or with a wildcard in front of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginPattern {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
}

impl OriginPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "null" {
            return Err("is null, which any page can send");
        }
        let (scheme, rest) = text.split_once("://").ok_or("has no scheme: write https://host")?;
        let host = HostPattern::parse(rest)?;
        // The host pattern has already been read, so a plain name stands in to check the scheme.
        let probe = format!("{scheme}://a");
        let known = OriginRef::parse(&probe).ok_or("has a scheme that cannot be read")?;
        let port = host.port.or(known.port());
        Ok(Self { scheme: scheme.to_ascii_lowercase(), host, port })
    }

    pub(crate) fn matches(&self, origin: OriginRef<'_>) -> bool {
        origin.scheme.eq_ignore_ascii_case(&self.scheme)
            && origin.port() == self.port
            && self.host.matches_host(origin.host)
    }

    /// The one origin this stands for, where there is no wildcard.
    pub(crate) fn as_exact(&self) -> Option<OriginRef<'_>> {
        let host = HostRef::parse(&self.host.host).filter(|_| self.host.wildcard == Wildcard::None)?;
        Some(OriginRef::new(&self.scheme, Authority { host, port: self.port }))
    }
}

/// A path of fixed segments and `{name}` segments, each of which stands for exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern(String);

impl PathPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') {
            return Err("does not begin with a slash");
        }
        if is_ambiguous(text) || text.contains(['?', '#', ' ', '*', '\\']) {
            return Err("holds a wildcard, a query, or a part that no exact path has");
        }
        for segment in text.split('/') {
            let is_hole = is_hole(segment);
            if segment.contains(['{', '}']) && !is_hole {
                return Err("holds a wildcard that is not exactly one segment: write {name}");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Byte for byte, each hole taking one segment that is not empty.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        self.0.split('/').all(|want| match segments.next() {
            Some(segment) if is_hole(want) => !segment.is_empty(),
            Some(segment) => segment == want,
            None => false,
        }) && segments.next().is_none()
    }

    /// Whether a router that decodes, ignores letter case or ignores slashes could take `path` for this one.
    /// Used where a match makes the rule stricter, so that it errs towards matching.
    pub(crate) fn could_match(&self, path: &str) -> bool {
        if path.split('/').any(is_dotted) {
            return true;
        }
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        self.0.split('/').filter(|want| !want.is_empty()).all(|want| match segments.next() {
            Some(segment) => is_hole(want) || decoded(segment).eq(want.bytes().map(|byte| byte.to_ascii_lowercase())),
            None => false,
        }) && segments.next().is_none()
    }
}

fn is_hole(segment: &str) -> bool {
    segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    })
}

/// Whether a server between could rewrite this path into another one.
pub(crate) fn is_ambiguous(path: &str) -> bool {
    path.contains("..") || path.contains("//") || path.contains('%')
}

fn is_dotted(segment: &str) -> bool {
    let mut count = 0;
    decoded(segment).all(|byte| {
        count += 1;
        byte == b'.'
    }) && count > 0
}

/// The bytes of a segment after one level of percent-decoding, in lower case.
fn decoded(segment: &str) -> impl Iterator<Item = u8> + '_ {
    let bytes = segment.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let escaped =
            (byte == b'%').then(|| Some(hex(*bytes.get(at + 1)?)? << 4 | hex(*bytes.get(at + 2)?)?)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        Some(escaped.unwrap_or(byte).to_ascii_lowercase())
    })
}

/// The value of one hexadecimal digit in either letter case.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// One exemption: a method or all of them, and an exact path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exemption {
    method: Option<Method>,
    path: PathPattern,
}

impl Exemption {
    /// Reads `"POST /hooks/{name}"`, or `"* /hooks/{name}"` for every method.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (method, path) = text.split_once(' ').ok_or("is not a method and a path")?;
        let method = match method {
            "*" => None,
            name => Some(Method::from_bytes(name.as_bytes()).map_err(|_| "has a method that cannot be read")?),
        };
        Ok(Self { method, path: PathPattern::parse(path)? })
    }

    pub(crate) fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method) && self.path.matches(path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trusts(pattern: &str, origin: &str) -> bool {
        OriginPattern::parse(pattern).unwrap().matches(OriginRef::parse(origin).unwrap())
    }

    #[test]
    fn one_star_is_one_label_and_two_stars_are_any_depth() {
        assert!(trusts("https://*.example.com", "https://a.example.com"));
        assert!(!trusts("https://*.example.com", "https://a.b.example.com"));
        assert!(!trusts("https://*.example.com", "https://example.com"));
        assert!(!trusts("https://*.example.com", "https://aexample.com"));
        assert!(trusts("https://**.example.com", "https://a.b.example.com"));
        assert!(!trusts("https://**.example.com", "https://example.com"));
        assert!(!trusts("https://**.example.com", "https://a.example.com.evil.test"));
    }

    #[test]
    fn scheme_and_port_belong_to_a_trusted_origin() {
        assert!(trusts("https://example.com:443", "https://EXAMPLE.com"));
        assert!(!trusts("https://example.com", "http://example.com"));
        assert!(!trusts("https://example.com", "https://example.com:8443"));
        assert!(trusts("http://[::1]:3000", "http://[0::1]:3000"));
        assert!(trusts("chrome-extension://abc", "chrome-extension://abc"));
    }

    #[test]
    fn refuses_what_never_matches_or_matches_too_much() {
        for text in [
            "",
            "null",
            "*",
            "**",
            "https://*",
            "https://**",
            "https://*.*.example.com",
            "https://a.*.example.com",
            "https://example.com/",
            "https://example.com/x",
            "https://example.com?x",
            "https://example.com#x",
            "https://u@example.com",
            "https://ex ample.com",
            "https://\u{fc}mlaut.example",
            "mailto:x@y.z",
            "https://",
            "https://example.com:",
            "https://example.com:99999",
            "://example.com",
            "https://*.[::1]",
        ] {
            assert!(OriginPattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_exemption_is_one_method_and_one_exact_path() {
        let hook = Exemption::parse("POST /hooks/{name}").unwrap();
        assert!(hook.matches(&Method::POST, "/hooks/ci"));
        for path in ["/hooks/", "/hooks/a/b", "/hooks", "/Hooks/ci", "/hooks/ci/"] {
            assert!(!hook.matches(&Method::POST, path), "{path}");
        }
        assert!(!hook.matches(&Method::PUT, "/hooks/ci"));
        assert!(Exemption::parse("* /hooks/").unwrap().matches(&Method::PUT, "/hooks/"));
        for text in ["/hooks", "POST hooks", "POST /a/*", "POST /{a...}", "POST /{*a}", "POST /a{b}", "POST /a/../b"] {
            assert!(Exemption::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_session_path_is_recognised_in_any_disguise() {
        let login = PathPattern::parse("/auth/login").unwrap();
        for path in ["/auth/login", "/auth/login/", "//auth/login", "/auth/%6Cogin", "/AUTH/login", "/x/../auth/login"]
        {
            assert!(login.could_match(path), "{path}");
        }
        for path in ["/auth", "/auth/login/x", "/auth/logi", "/auth/%"] {
            assert!(!login.could_match(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", path in "/[a-z/.%{}]{0,20}") {
            let _ = (OriginPattern::parse(&text), HostPattern::parse(&text), Exemption::parse(&text));
            if let Ok(pattern) = PathPattern::parse(&path) {
                let has_hole = path.contains('{');
                prop_assert!(has_hole || pattern.matches(&path) && pattern.could_match(&path));
            }
        }
    }
}
