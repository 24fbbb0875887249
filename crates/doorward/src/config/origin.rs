//! Origins as configuration writes them: what visitors type, and which front ends are trusted.

use std::fmt;

use url::Url;

use super::domain::{address, host_name, is_public};

/// The one address under which people reach Doorward: scheme, host and port, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// Why a text is no origin, and what to write instead where that is clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OriginProblem {
    pub(super) code: &'static str,
    pub(super) why: &'static str,
    pub(super) instead: Option<String>,
}

impl OriginProblem {
    fn new(code: &'static str, why: &'static str, instead: Option<String>) -> Self {
        Self { code, why, instead }
    }
}

impl PublicUrl {
    pub(super) fn parse(text: &str) -> Result<Self, OriginProblem> {
        let problem = |why, instead| OriginProblem::new("config.origin_invalid", why, instead);
        if !text.contains("://") {
            return Err(problem("It has no scheme.", Some(format!("https://{text}"))));
        }
        let url = Url::parse(text).map_err(|_| problem("It is no URL.", None))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(problem("Its scheme is neither https nor http.", None));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(problem("It holds a user name.", Some(url.origin().ascii_serialization())));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let instead = Some(url.origin().ascii_serialization());
            return Err(OriginProblem::new("config.origin_path", "It has a path, and an origin has none.", instead));
        }
        Ok(Self(url))
    }

    /// The URL of a host under a scheme, without a port.
    pub(super) fn of_host(is_https: bool, host: &str) -> Option<Self> {
        Url::parse(&format!("{}://{host}", if is_https { "https" } else { "http" })).ok().map(Self)
    }

    /// The same URL at another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut url = self.0.clone();
        // Only a URL without a host refuses a port, and this one has a host.
        let _ = url.set_port(Some(port));
        Self(url)
    }

    /// The same URL at another host; nothing where that is no host.
    #[must_use]
    pub fn with_host(&self, host: &str) -> Option<Self> {
        let mut url = self.0.clone();
        url.set_host(Some(host)).ok().map(|()| Self(url))
    }

    /// Whether browsers reach it over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, IPv6 addresses in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, written or of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// `scheme://host[:port]` without a slash at the end: the issuer of tokens, and the origin that browsers send.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin())
    }
}

/// Checks one trusted origin and returns its host, with wildcards.
pub(super) fn check_trusted(text: &str) -> Result<&str, OriginProblem> {
    let invalid = |why, instead| OriginProblem::new("config.origin_invalid", why, instead);
    match text {
        "*" => return Err(invalid("It would trust every page in the world.", None)),
        "null" => return Err(invalid("Any page can send the origin null.", None)),
        _ => {}
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let is_host = host_name(text.split(':').next().unwrap_or_default()).is_some();
        return Err(invalid("It has no scheme.", is_host.then(|| format!("https://{text}"))));
    };
    if let Some(end) = rest.find(['/', '?', '#', '\\']) {
        let instead = (end > 0).then(|| format!("{scheme}://{}", &rest[..end]));
        return Err(OriginProblem::new(
            "config.origin_path",
            "It has a path or a slash at the end, and an origin has none.",
            instead,
        ));
    }
    if let Some((_, behind)) = rest.rsplit_once('@') {
        return Err(invalid("It holds a user name.", Some(format!("{scheme}://{behind}"))));
    }
    if !text.is_ascii() {
        let instead = host_name(rest).map(|host| format!("{scheme}://{host}"));
        return Err(invalid("Browsers send international names in their xn-- form.", instead));
    }
    let host = host_of_authority(rest);
    if host.trim_start_matches('*').strip_prefix('.').is_some_and(|below| host.starts_with('*') && is_public(below)) {
        return Err(invalid("Strangers can have names below it: it is on the Public Suffix List.", None));
    }
    Ok(host)
}

/// The host of `host[:port]`, IPv6 addresses in brackets.
pub(super) fn host_of_authority(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && address(authority).is_none() => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_public_urls() {
        for (text, expected) in [
            ("https://login.example.com", Ok("https://login.example.com")),
            ("https://login.example.com/", Ok("https://login.example.com")),
            ("https://LOGIN.example.com:443", Ok("https://login.example.com")),
            ("http://localhost:8000", Ok("http://localhost:8000")),
            ("http://[::1]:8000", Ok("http://[::1]:8000")),
            ("login.example.com", Err(("config.origin_invalid", Some("https://login.example.com")))),
            ("https://example.com/login", Err(("config.origin_path", Some("https://example.com")))),
            ("https://example.com/?a", Err(("config.origin_path", Some("https://example.com")))),
            ("https://a:b@example.com", Err(("config.origin_invalid", Some("https://example.com")))),
            ("ftp://example.com", Err(("config.origin_invalid", None))),
            ("https://", Err(("config.origin_invalid", None))),
        ] {
            let read = PublicUrl::parse(text).map(|url| url.origin());
            let expected = expected.map(str::to_owned).map_err(|(code, instead)| (code, instead.map(str::to_owned)));
            assert_eq!(read.map_err(|problem| (problem.code, problem.instead)), expected, "{text}");
        }
    }

    #[test]
    fn reads_trusted_origins() {
        for (text, expected) in [
            ("https://app.example.com", Ok("app.example.com")),
            ("https://*.example.com:8443", Ok("*.example.com")),
            ("http://[::1]:3000", Ok("[::1]")),
            ("http://localhost", Ok("localhost")),
            ("https://app.example.com/", Err(("config.origin_path", Some("https://app.example.com")))),
            ("https://app.example.com/path", Err(("config.origin_path", Some("https://app.example.com")))),
            ("app.example.com", Err(("config.origin_invalid", Some("https://app.example.com")))),
            ("*", Err(("config.origin_invalid", None))),
            ("null", Err(("config.origin_invalid", None))),
            ("https://b\u{fc}cher.example", Err(("config.origin_invalid", Some("https://xn--bcher-kva.example")))),
        ] {
            let expected = expected.map_err(|(code, instead): (_, Option<&str>)| (code, instead.map(str::to_owned)));
            assert_eq!(check_trusted(text).map_err(|problem| (problem.code, problem.instead)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", near in "(https?://)?[a-z*.@:\\[\\]/?#0-9\u{e4}]{0,30}") {
            for text in [&text, &near] {
                let _ = (PublicUrl::parse(text), check_trusted(text), host_of_authority(text));
            }
        }
    }
}
