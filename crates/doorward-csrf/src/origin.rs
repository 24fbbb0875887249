//! Origins and hosts as requests carry them: borrowed, compared as (scheme, host, port).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The scheme of a request to this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Http, Self::Https];

    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is not written.
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Whether cookies of this scheme carry `Secure`.
    #[must_use]
    pub const fn is_https(self) -> bool {
        matches!(self, Self::Https)
    }
}

/// Where a request goes: what a router in front of several hosts needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The scheme that the client uses, as the rule takes it.
    pub scheme: Scheme,
    /// The host as it was written, in any letter case; nothing where it is an IPv6 address.
    pub host: Option<&'a str>,
    /// The port, where one was written.
    pub port: Option<u16>,
}

/// The bytes of a host name. One look-up for each byte, because every request comes through here twice.
const HOST_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        byte += 1;
    }
    table
};

/// A host name in any letter case, or an IPv6 address in any spelling.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HostRef<'a> {
    Name(&'a str),
    V6(Ipv6Addr),
}

impl PartialEq for HostRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(two)) => one == two || one.eq_ignore_ascii_case(two),
            (Self::V6(one), Self::V6(two)) => one == two,
            _ => false,
        }
    }
}

impl fmt::Display for HostRef<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.chars().try_for_each(|letter| write!(out, "{}", letter.to_ascii_lowercase())),
            Self::V6(address) => write!(out, "[{address}]"),
        }
    }
}

impl<'a> HostRef<'a> {
    /// The name, where it is one.
    pub(crate) fn as_name(self) -> Option<&'a str> {
        match self {
            Self::Name(name) => Some(name),
            Self::V6(_) => None,
        }
    }

    /// Reads a host without its port; `None` where it could not stand in a URL of this server.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return Ipv6Addr::from_str(inner.strip_suffix(']')?).ok().map(Self::V6);
        }
        // Labels of letters, digits, hyphens and underscores, none of them empty, with at most one dot at the end.
        let mut before = b'.';
        for byte in text.bytes() {
            if !HOST_BYTES[usize::from(byte)] || (byte == b'.' && before == b'.') {
                return None;
            }
            before = byte;
        }
        (1..=253).contains(&text.len()).then_some(Self::Name(text))
    }
}

/// `host[:port]` as in the `Host` field and in `:authority`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Authority<'a> {
    pub(crate) host: HostRef<'a>,
    pub(crate) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads an authority; an empty port, a user name or anything else is refused.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let port = match port {
            Some(digits) => Some(parse_port(digits)?),
            None => None,
        };
        Some(Self { host: HostRef::parse(host)?, port })
    }
}

/// Splits `host:port` at the colon behind the host, which in brackets may hold colons of its own.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    let host_end = if text.starts_with('[') { memchr::memchr(b']', text.as_bytes())? + 1 } else { 0 };
    match memchr::memchr(b':', &text.as_bytes()[host_end..]) {
        Some(at) => Some((&text[..host_end + at], Some(&text[host_end + at + 1..]))),
        None => Some((text, None)),
    }
}

/// Reads a port as browsers write it: decimal, no leading zero, at most 65535.
pub(crate) fn parse_port(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    if is_plain { digits.parse().ok() } else { None }
}

/// An origin as a browser states it (RFC 6454, section 6.2), of any scheme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OriginRef<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) host: HostRef<'a>,
    port: Option<u16>,
}

impl PartialEq for OriginRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        let is_same_scheme = self.scheme == other.scheme || self.scheme.eq_ignore_ascii_case(other.scheme);
        self.port == other.port && is_same_scheme && self.host == other.host
    }
}

impl fmt::Display for OriginRef<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) if default_port(self.scheme) != Some(port) => write!(out, ":{port}"),
            _ => Ok(()),
        }
    }
}

impl<'a> OriginRef<'a> {
    /// An origin of this server, or another one whose parts are known.
    pub(crate) fn new(scheme: &'a str, authority: Authority<'a>) -> Self {
        Self { scheme, host: authority.host, port: authority.port.or_else(|| default_port(scheme)) }
    }

    /// The origin of a request to this server.
    pub(crate) fn of_target(scheme: Scheme, authority: Authority<'a>) -> Self {
        let port = Some(authority.port.unwrap_or(scheme.port()));
        Self { scheme: scheme.as_str(), host: authority.host, port }
    }

    /// Reads `scheme://host[:port]` and nothing behind it.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = split_scheme(text)?;
        Some(Self::new(scheme, Authority::parse(authority)?))
    }

    /// Reads the origin of an absolute URL, as `Referer` holds it. An empty port stands for the default.
    pub(crate) fn of_url(url: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', url)?;
        let rest = url.get(colon + 1..)?.strip_prefix(b"//")?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let prefix = str::from_utf8(&url[..colon + 3 + end]).ok()?;
        let (scheme, authority) = split_scheme(prefix)?;
        let authority = authority.strip_suffix(':').unwrap_or(authority);
        Some(Self::new(scheme, Authority::parse(authority)?))
    }

    /// Whether `text` is this origin as browsers write it, where that is plain to see: a name at the default port.
    pub(crate) fn is_written(&self, text: &[u8]) -> bool {
        let HostRef::Name(name) = self.host else { return false };
        text.len() == self.scheme.len() + 3 + name.len()
            && text.ends_with(name.as_bytes())
            && text.starts_with(self.scheme.as_bytes())
            && text[self.scheme.len()..].starts_with(b"://")
            && self.port == default_port(self.scheme)
    }

    /// The explicit port, or the default of the scheme; `None` where a scheme of its own has neither.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    // Searching for one byte is several times faster than for the three of "://".
    let (scheme, rest) = text.split_at_checked(memchr::memchr(b':', text.as_bytes())?)?;
    let rest = rest.strip_prefix("://")?;
    let is_scheme = scheme.bytes().next()?.is_ascii_alphabetic()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

fn default_port(scheme: &str) -> Option<u16> {
    // Browsers and this server write these two in lower case.
    match scheme {
        "https" => return Some(443),
        "http" => return Some(80),
        _ => {}
    }
    if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") {
        Some(443)
    } else if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") {
        Some(80)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_origins_and_nothing_else() {
        for (text, is_origin) in [
            ("https://example.com", true),
            ("https://EXAMPLE.com:8443", true),
            ("http://[::1]:8000", true),
            ("chrome-extension://abcdef", true),
            ("ftp://example.com", true),
            ("https://example.com/", false),
            ("https://example.com:", false),
            ("https://example.com:0443", false),
            ("https://example.com:65536", false),
            ("https://user@example.com", false),
            ("https://example.com@evil.example", false),
            ("https://a..example", false),
            ("https://", false),
            ("example.com", false),
            ("//example.com", false),
            ("https://exa mple.com", false),
            ("https://[::1", false),
            ("https://a.example, https://b.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(OriginRef::parse(text).is_some(), is_origin, "{text:?}");
        }
    }

    #[test]
    fn elides_default_ports_and_letter_case_on_both_sides() {
        let same = |one, two| OriginRef::parse(one) == OriginRef::parse(two);
        assert!(same("https://example.com", "HTTPS://Example.COM:443"));
        assert!(same("http://[::1]", "http://[0:0:0:0:0:0:0:1]:80"));
        assert!(!same("https://example.com", "http://example.com:443"));
        assert!(!same("https://example.com", "https://example.com:80"));
        assert!(!same("https://example.com", "https://example.com."));
    }

    #[test]
    fn takes_the_origin_out_of_a_url() {
        let of = |url: &str| OriginRef::of_url(url.as_bytes()).map(|origin| origin.to_string());
        assert_eq!(of("https://a.example:8443/x?y#z"), Some("https://a.example:8443".to_owned()));
        assert_eq!(of("http://http://a.example/"), Some("http://http".to_owned()));
        assert_eq!(of("https://a.example?x"), Some("https://a.example".to_owned()));
        for malformed in ["", "/x", "//a.example/", "about:blank", "https:///x", "https://u:p@a.example/", "\u{d8}B"] {
            assert_eq!(of(malformed), None, "{malformed:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_reads_back(text in "\\PC{0,60}", bytes in any::<Vec<u8>>()) {
            let _ = OriginRef::of_url(&bytes);
            if let Some(origin) = OriginRef::parse(&text) {
                let written = origin.to_string();
                prop_assert_eq!(OriginRef::parse(&written), Some(origin));
            }
        }

        #[test]
        fn what_is_plain_to_see_is_what_would_be_read(
            scheme in "https?|wss|ftp", host in "[a-zA.]{1,4}", port in proptest::option::of(79_u16..81),
            text in "(https?|wss|ftp)://[a-zA.]{1,4}(:80|:443)?",
        ) {
            let host = HostRef::parse(&host);
            prop_assume!(host.is_some());
            let own = OriginRef::new(&scheme, Authority { host: host.unwrap(), port });
            for text in [text, own.to_string(), format!("{scheme}://{}", own.host), format!("{scheme}://{}.", own.host)] {
                prop_assert!(!own.is_written(text.as_bytes()) || OriginRef::parse(&text) == Some(own), "{text}");
            }
        }

        #[test]
        fn near_origins_do_not_panic(text in "(https?|HTTP)?(://)?[\\[\\]:.a-z0-9@/-]{0,20}(:[0-9]{0,6})?") {
            let _ = (OriginRef::parse(&text), OriginRef::of_url(text.as_bytes()), Authority::parse(&text));
        }
    }
}
