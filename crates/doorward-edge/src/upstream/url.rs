//! The address of an app, as an operator writes it.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Bytes of the path of a Unix socket that every system takes (`sun_path` less its NUL).
const SOCKET_PATH_BYTES: usize = 103;

/// Where an app listens: `http://HOST[:PORT]` or `unix:/PATH`.
///
/// The host is a name, an IPv4 address, or an IPv6 address in brackets; the port is 80 where none is
/// written (RFC 9110, section 4.2.1). Names are looked up at each connect, not here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamUrl(Place);

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A host as written, in lower case and without brackets, and its port.
    Tcp {
        /// Name or address.
        host: Box<str>,
        /// Never 0.
        port: u16,
    },
    /// The absolute path of a Unix socket.
    Unix(PathBuf),
}

/// Why a text is no address of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamUrlError {
    /// `https:`.
    #[error("Doorward speaks plain HTTP to an app: write http://, and keep the way to the app private")]
    Https,
    /// Neither `http://` nor `unix:`.
    #[error("an upstream begins with http:// or unix:")]
    Scheme,
    /// A name or password before `@`.
    #[error("an upstream holds no user name or password")]
    Userinfo,
    /// A path after the port.
    #[error("an upstream holds no path: the path of the request is passed on as it is")]
    Path,
    /// A query or fragment.
    #[error("an upstream holds no query and no fragment")]
    Query,
    /// No host, or one with characters that no host has.
    #[error("the host is neither a name nor an IPv4 address nor an IPv6 address in brackets")]
    Host,
    /// A port that is 0, too large, or no number.
    #[error("the port is a number from 1 to 65535")]
    Port,
    /// A Unix socket without an absolute path, or with one too long.
    #[error("a Unix socket is written unix:/absolute/path, of at most {SOCKET_PATH_BYTES} bytes")]
    Socket,
}

impl UpstreamUrl {
    /// What it names.
    pub(crate) fn place(&self) -> &Place {
        &self.0
    }

    /// The path of the Unix socket, where it is one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match &self.0 {
            Place::Unix(path) => Some(path),
            Place::Tcp { .. } => None,
        }
    }

    /// Host (an IPv6 address without brackets) and port, where it is not a Unix socket.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        match &self.0 {
            Place::Tcp { host, port } => Some((host, *port)),
            Place::Unix(_) => None,
        }
    }
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = strip_scheme(text, "unix:") {
            return socket(path);
        }
        if strip_scheme(text, "https:").is_some() {
            return Err(UpstreamUrlError::Https);
        }
        let rest = strip_scheme(text, "http://").ok_or(UpstreamUrlError::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UpstreamUrlError::Userinfo);
        }
        if tail.contains(['?', '#']) {
            return Err(UpstreamUrlError::Query);
        }
        // A lone slash is how address bars write "no path".
        if !matches!(tail, "" | "/") {
            return Err(UpstreamUrlError::Path);
        }
        let (host, port) = split_port(authority)?;
        Ok(Self(Place::Tcp { host: check_host(host)?, port: check_port(port)? }))
    }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn socket(path: &str) -> Result<UpstreamUrl, UpstreamUrlError> {
    let is_well = path.starts_with('/')
        && !path.starts_with("//")
        && !path.ends_with('/')
        && path.len() <= SOCKET_PATH_BYTES
        && !path.chars().any(char::is_control);
    if is_well { Ok(UpstreamUrl(Place::Unix(PathBuf::from(path)))) } else { Err(UpstreamUrlError::Socket) }
}

/// Host (brackets kept) and the text of the port.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), UpstreamUrlError> {
    let after = if authority.starts_with('[') { authority.find(']').ok_or(UpstreamUrlError::Host)? + 1 } else { 0 };
    let (bracketed, rest) = authority.split_at(after);
    match rest.split_once(':') {
        Some((middle, port)) => Ok((&authority[..bracketed.len() + middle.len()], Some(port))),
        None => Ok((authority, None)),
    }
}

fn check_host(host: &str) -> Result<Box<str>, UpstreamUrlError> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or(UpstreamUrlError::Host)?;
        let address: Ipv6Addr = inner.parse().map_err(|_| UpstreamUrlError::Host)?;
        return Ok(address.to_string().into());
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() <= 253 && name.split('.').all(is_label) {
        Ok(host.to_ascii_lowercase().into())
    } else {
        Err(UpstreamUrlError::Host)
    }
}

fn check_port(port: Option<&str>) -> Result<u16, UpstreamUrlError> {
    let Some(port) = port else { return Ok(80) };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = if is_number { port.parse().unwrap_or(0) } else { 0 };
    if port == 0 { Err(UpstreamUrlError::Port) } else { Ok(port) }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Tcp { host, port } if host.contains(':') => write!(f, "http://[{host}]:{port}"),
            Place::Tcp { host, port } => write!(f, "http://{host}:{port}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_an_operator_writes_is_read() {
        for (text, shown) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("HTTP://App.Internal", "http://app.internal:80"),
            ("http://app_1.internal.:8080", "http://app_1.internal.:8080"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[0:0::1]", "http://[::1]:80"),
            ("unix:/run/app.sock", "unix:/run/app.sock"),
        ] {
            let url: UpstreamUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.to_string(), shown);
            assert_eq!(shown.parse(), Ok(url), "{shown}");
        }
    }

    #[test]
    fn what_is_no_upstream_is_refused_with_its_reason() {
        use UpstreamUrlError as E;
        for (text, why) in [
            ("https://app.internal", E::Https),
            ("ftp://app.internal", E::Scheme),
            ("app.internal:3000", E::Scheme),
            ("", E::Scheme),
            ("http:/app", E::Scheme),
            ("http://user:secret@app.internal", E::Userinfo),
            ("http://user@app.internal/path", E::Userinfo),
            ("http://app.internal/path", E::Path),
            ("http://app.internal//", E::Path),
            ("http://app.internal?x=1", E::Query),
            ("http://app.internal/#a", E::Query),
            ("http://", E::Host),
            ("http://:80", E::Host),
            ("http://[::1", E::Host),
            ("http://[::g]", E::Host),
            ("http://::1:80", E::Host),
            ("http://a b", E::Host),
            ("http://-a", E::Host),
            ("http://a..b", E::Host),
            ("http://app\u{e4}.test", E::Host),
            ("http://[::1]x:80", E::Host),
            ("http://app.internal:0", E::Port),
            ("http://app.internal:", E::Port),
            ("http://app.internal:65536", E::Port),
            ("http://app.internal:+80", E::Port),
            ("http://app.internal:80:81", E::Port),
            ("unix:", E::Socket),
            ("unix:run/app.sock", E::Socket),
            ("unix://run/app.sock", E::Socket),
            ("unix:/run/", E::Socket),
            ("unix:/run/a\u{0}b", E::Socket),
        ] {
            assert_eq!(text.parse::<UpstreamUrl>(), Err(why), "{text}");
        }
        assert_eq!(format!("unix:/{}", "a".repeat(103)).parse::<UpstreamUrl>(), Err(E::Socket));
    }

    proptest! {
        #[test]
        fn what_is_read_is_shown_so_that_it_reads_the_same(text in "(http://|unix:)[a-z0-9\\[\\]:./@?#_-]{0,24}") {
            if let Ok(url) = text.parse::<UpstreamUrl>() {
                prop_assert_eq!(url.to_string().parse(), Ok(url));
            }
        }
    }
}
