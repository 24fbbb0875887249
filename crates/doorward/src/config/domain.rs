//! Domains that may hold cookies, and which hosts are this machine or a local network.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::network::is_private;

/// A registrable domain or a host below one: lower case, ASCII, at least two labels, no public suffix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(Box<str>);

/// Why a text is no such domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// It ends in a port.
    #[error("cookies know no ports")]
    Port,
    /// It is an address.
    #[error("browsers refuse a cookie domain that is an address")]
    Address,
    /// It has one label only.
    #[error("browsers refuse a cookie domain of a single label")]
    SingleLabel,
    /// Strangers can register names below it.
    #[error("it is on the Public Suffix List: strangers can have names below it, and browsers refuse its cookies")]
    PublicSuffix,
    /// It cannot be read.
    #[error("it is no host name; write it like login.example.com, without scheme, path or leading dot")]
    Malformed,
}

impl Domain {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the host is this domain or lies below it.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        host.strip_suffix(self.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl DomainError {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Port => "config.domain_port",
            Self::Address => "config.domain_ip",
            Self::SingleLabel => "config.domain_single_label",
            Self::PublicSuffix => "config.cookie_domain_public_suffix",
            Self::Malformed => "config.value_invalid",
        }
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        if is_address(text) {
            return Err(DomainError::Address);
        }
        if let Some((host, port)) = text.rsplit_once(':')
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && !host.contains('/')
        {
            return Err(DomainError::Port);
        }
        let ascii = host_name(text).ok_or(DomainError::Malformed)?;
        if is_address(&ascii) {
            return Err(DomainError::Address);
        }
        if !ascii.contains('.') {
            return Err(DomainError::SingleLabel);
        }
        if psl::suffix_str(&ascii) == Some(ascii.as_str()) {
            return Err(DomainError::PublicSuffix);
        }
        Ok(Self(ascii.into()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a domain is on the Public Suffix List, so that strangers can have names below it.
pub(super) fn is_public(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == domain.as_bytes())
}

/// A host name in lower case and ASCII (RFC 5891), or nothing where the text is none.
pub(crate) fn host_name(text: &str) -> Option<String> {
    if text.len() > 1_000 {
        return None;
    }
    let url::Host::Domain(name) = url::Host::parse(text).ok()? else { return Some(text.to_owned()) };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

fn is_address(text: &str) -> bool {
    address(text).is_some()
}

/// The address that a host of a URL is, with or without brackets.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether a host names this machine: `localhost`, a name below it, or a loopback address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || address(&host).is_some_and(|it| it.to_canonical().is_loopback())
}

/// Whether a host can only be reached in a local network: a private address, a single label, or a name under a suffix
/// that is never delegated (RFC 6761, RFC 6762, RFC 8375).
pub(crate) fn is_local(host: &str) -> bool {
    const SUFFIXES: [&str; 7] = [".local", ".lan", ".home.arpa", ".internal", ".test", ".localhost", ".home"];
    let host = host.to_ascii_lowercase();
    address(&host)
        .map_or_else(|| !host.contains('.') || SUFFIXES.iter().any(|suffix| host.ends_with(suffix)), is_private)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_only_what_browsers_take() {
        for (text, expected) in [
            ("example.com", Ok("example.com")),
            ("Login.Example.COM", Ok("login.example.com")),
            ("b\u{fc}cher.example", Ok("xn--bcher-kva.example")),
            ("example.com:8443", Err(DomainError::Port)),
            ("localhost:8000", Err(DomainError::Port)),
            ("192.0.2.1", Err(DomainError::Address)),
            ("192.0.2.1:80", Err(DomainError::Port)),
            ("[::1]", Err(DomainError::Address)),
            ("::1", Err(DomainError::Address)),
            ("localhost", Err(DomainError::SingleLabel)),
            ("intranet", Err(DomainError::SingleLabel)),
            ("co.uk", Err(DomainError::PublicSuffix)),
            ("github.io", Err(DomainError::PublicSuffix)),
            ("https://example.com", Err(DomainError::Malformed)),
            (".example.com", Err(DomainError::Malformed)),
            ("example.com/login", Err(DomainError::Malformed)),
            ("a..example", Err(DomainError::Malformed)),
            ("-a.example", Err(DomainError::Malformed)),
            ("", Err(DomainError::Malformed)),
        ] {
            assert_eq!(text.parse::<Domain>().as_ref().map(Domain::as_str), expected.as_ref().map(|t| *t), "{text:?}");
        }
    }

    #[test]
    fn tells_near_hosts_from_far_ones() {
        for (host, loopback, local) in [
            ("localhost", true, true),
            ("app.localhost", true, true),
            ("127.0.0.9", true, true),
            ("[::1]", true, true),
            ("192.168.1.5", false, true),
            ("nas", false, true),
            ("nas.local", false, true),
            ("login.example.com", false, false),
            ("203.0.113.9", false, false),
        ] {
            assert_eq!((is_loopback(host), is_local(host)), (loopback, local), "{host}");
        }
    }

    #[test]
    fn covers_itself_and_what_lies_below() {
        let domain: Domain = "example.com".parse().unwrap();
        assert!(domain.covers("example.com") && domain.covers("app.example.com"));
        assert!(!domain.covers("badexample.com") && !domain.covers("com"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", near in "[a-z.:\\[\\]0-9-]{0,30}") {
            let _ = (text.parse::<Domain>(), is_local(&text), is_loopback(&near));
            if let Ok(domain) = near.parse::<Domain>() {
                prop_assert_eq!(domain.as_str().parse(), Ok(domain.clone()));
            }
        }
    }
}
