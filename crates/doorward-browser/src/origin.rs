//! Which addresses may be asked: a scheme that is none of a file, and an origin that is on the list.

use serde_json::{Value, json};

use crate::options::Options;

/// Schemes of addresses that a tool may open. What is not here is a file, a page of the browser itself, or a program of
/// the machine.
const SCHEMES: &[&str] = &["http", "https", "data", "blob", "javascript"];

/// Why an address must not be opened, if so. A text without a scheme is left to the browser, which opens none.
#[must_use]
pub fn refusal(url: &str) -> Option<&'static str> {
    let url = as_read(url);
    let (scheme, rest) = url.split_once(':')?;
    match scheme {
        "about" if ["blank", "srcdoc"].contains(&rest.split(['?', '#']).next().unwrap_or_default()) => None,
        "blob" if rest.starts_with("file:") => Some(FILE),
        "view-source" => refusal(rest),
        "file" | "filesystem" => Some(FILE),
        _ if !is_scheme(scheme) || SCHEMES.contains(&scheme) => None,
        "about" | "chrome" | "chrome-extension" | "chrome-untrusted" | "chrome-search" | "devtools" => {
            Some("pages of the browser itself are refused")
        }
        // `localhost:3000` reads like a scheme; the browser refuses it in its own words.
        _ if scheme == "localhost" || scheme.contains('.') => None,
        _ => Some("addresses of this scheme are refused: only http, https, data, blob and about:blank are opened"),
    }
}

/// An address of this machine needs no scheme.
pub(crate) fn completed(url: &str) -> String {
    let is_own = ["localhost", "127.0.0.1"].iter().any(|name| {
        url.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?', '#']))
    });
    if is_own { format!("http://{url}") } else { url.to_owned() }
}

const FILE: &str = "file: addresses are refused: a page of the disk could read other files";

/// The beginning of an address as browsers read it (URL Standard, section 4.4): control characters and spaces around
/// it, and tabs and line ends anywhere in it, count as nothing.
fn as_read(url: &str) -> String {
    let bare = url.trim_matches(|one: char| one <= ' ');
    bare.chars().filter(|one| !matches!(one, '\t' | '\n' | '\r')).collect::<String>().to_ascii_lowercase()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || "+-.".contains(one))
}

/// Whether the lists of origins let a request go.
#[must_use]
pub fn is_allowed(options: &Options, url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let url = lower.strip_prefix("blob:").unwrap_or(&lower);
    if url.starts_with("file:") {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = cut(authority.rsplit('@').next().unwrap_or_default());
    let Some(port) = port.or_else(|| usual_port(scheme)) else { return false };
    let is_one_of = |list: &[String]| list.iter().any(|origin| Place::read(origin).holds(scheme, host, port));
    let is_open = options.allowed_origins.is_empty() || is_one_of(&options.allowed_origins);
    is_open && !is_one_of(&options.blocked_origins)
}

/// Host and port of an authority, the brackets of an address staying.
fn cut(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// What a list of origins names: `http://host:port` an origin, `host:port` any scheme, `*.host` every name below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    scheme: Option<String>,
    /// The host, or the one above all that are meant.
    pub(crate) host: String,
    /// Whether every name below the host is meant, and not the host.
    pub(crate) is_below: bool,
    port: Option<u16>,
}

impl Place {
    pub(crate) fn read(origin: &str) -> Self {
        let origin = origin.trim().trim_end_matches('/').to_ascii_lowercase();
        let (scheme, rest) = origin.split_once("://").map_or((None, origin.as_str()), |(one, rest)| (Some(one), rest));
        let (host, port) = cut(rest);
        let below = host.strip_prefix("*.");
        Self {
            scheme: scheme.map(str::to_owned),
            host: below.unwrap_or(host).to_owned(),
            is_below: below.is_some(),
            port: port.or_else(|| usual_port(scheme?)),
        }
    }

    fn holds(&self, scheme: &str, host: &str, port: u16) -> bool {
        // A socket belongs to the origin that its handshake goes to.
        let plain = match scheme {
            "ws" => "http",
            "wss" => "https",
            other => other,
        };
        let is_host = if self.is_below { is_below(host, &self.host) } else { host == self.host };
        let is_port = match self.port {
            Some(own) => own == port,
            None => self.is_below || Some(port) == usual_port(scheme),
        };
        is_host && is_port && self.scheme.as_deref().is_none_or(|own| own == plain)
    }

    /// The ports that are meant; none for all.
    pub(crate) fn ports(&self) -> Vec<u16> {
        match self.port {
            Some(port) => vec![port],
            None if self.is_below => Vec::new(),
            None => vec![80, 443],
        }
    }
}

/// Whether a name stands below another.
pub(crate) fn is_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Whether any list of origins is set, so that each request has to be judged.
#[must_use]
pub fn is_judged(options: &Options) -> bool {
    !options.allowed_origins.is_empty() || !options.blocked_origins.is_empty()
}

/// What `Fetch.enable` is told so that each request stops until it is judged.
pub(crate) fn every_request() -> Value {
    json!({ "patterns": [{ "urlPattern": "*" }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_pages_of_the_browser_are_refused_however_they_are_spelled() {
        for url in [
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            " file:/x",
            "\u{1}file:///x",
            "fi\nle:///x",
            "\tf\ti\rle:/x",
            "view-source:file:///x",
            "view-source:view-source:chrome://version",
            "filesystem:file:///x",
            "blob:file:///x",
            "chrome://version",
            "\0chrome://version",
            "about:version",
            "about:settings",
            "devtools://devtools/x",
            "ftp://h/x",
            "mailto:a@b.test",
            "steam://run",
        ] {
            assert!(refusal(url).is_some(), "{url:?}");
        }
        for url in [
            "http://app.test/",
            "HTTPS://app.test/",
            "about:blank",
            "about:blank#x",
            "data:text/html,x",
            "https://h/file:",
            "blob:http://app.test/1",
            "view-source:http://app.test/",
            "localhost:3000",
            "nonsense",
            "",
        ] {
            assert!(refusal(url).is_none(), "{url:?}");
        }
    }

    #[test]
    fn an_address_of_this_machine_needs_no_scheme() {
        for (url, made) in [
            ("localhost:3000/x", "http://localhost:3000/x"),
            ("localhost", "http://localhost"),
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("localhost.evil.test", "localhost.evil.test"),
            ("https://localhost/", "https://localhost/"),
        ] {
            assert_eq!(completed(url), made);
        }
    }

    #[test]
    fn lists_name_origins_hosts_and_names_below() {
        let options = Options {
            allowed_origins: ["http://app.test:8000", "api.test", "*.cdn.test"].map(str::to_owned).to_vec(),
            blocked_origins: vec!["bad.cdn.test".to_owned()],
            ..Options::default()
        };
        for (url, is_open) in [
            ("http://app.test:8000/x", true),
            ("https://app.test:8000/", false),
            ("http://app.test:8000.evil.test/", false),
            ("http://app.test:8000@evil.test/", false),
            ("https://api.test/", true),
            ("https://a.cdn.test/", true),
            ("https://bad.cdn.test/", false),
            ("https://cdn.test/", false),
            ("https://a.cdn.test:8443/", true),
            ("https://acdn.test/", false),
            ("https://api.test:443/", true),
            ("https://api.test:8443/", false),
            ("blob:http://app.test:8000/1", true),
            ("blob:http://evil.test/1", false),
            ("ws://app.test:8000/", true),
            ("ws://evil.test/", false),
            ("http://[::1]:3000/", false),
            ("data:text/plain,x", true),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_allowed(&options, url), is_open, "{url}");
        }
    }
}
