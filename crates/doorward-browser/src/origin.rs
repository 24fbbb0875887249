//! Which addresses may be asked: a scheme that is none of a file, and an origin that is on the list.

use crate::options::Options;

/// Why an address must not be opened, if so.
#[must_use]
pub fn refusal(url: &str) -> Option<&'static str> {
    let scheme = url.trim_start().split(':').next().unwrap_or_default().to_ascii_lowercase();
    match scheme.as_str() {
        "file" => Some("file: addresses are refused: a page of the disk could read other files"),
        "view-source" if url.to_ascii_lowercase().contains("file:") => Some("file: addresses are refused"),
        "chrome" | "chrome-extension" | "devtools" | "chrome-untrusted" | "chrome-search" => {
            Some("pages of the browser itself are refused")
        }
        _ => None,
    }
}

/// Whether the lists of origins let a request go.
#[must_use]
pub fn is_allowed(options: &Options, url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    if lower.starts_with("file:") {
        return false;
    }
    let Some((_, rest)) = lower.split_once("://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_one_of = |list: &[String]| list.iter().any(|origin| matches(origin, &lower, host));
    let is_open = options.allowed_origins.is_empty() || is_one_of(&options.allowed_origins);
    is_open && !is_one_of(&options.blocked_origins)
}

/// `http://host:port` names an origin, `host:port` any scheme, `*.host` every name below.
fn matches(origin: &str, url: &str, host: &str) -> bool {
    let origin = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, wanted) =
        origin.split_once("://").map_or((None, origin.as_str()), |(scheme, rest)| (Some(scheme), rest));
    if scheme.is_some_and(|scheme| !url.starts_with(&format!("{scheme}://"))) {
        return false;
    }
    match wanted.strip_prefix("*.") {
        Some(parent) => host.split(':').next().is_some_and(|name| name.ends_with(&format!(".{parent}"))),
        None => host == wanted,
    }
}

/// Whether any list of origins is set, so that each request has to be judged.
#[must_use]
pub fn is_judged(options: &Options) -> bool {
    !options.allowed_origins.is_empty() || !options.blocked_origins.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_pages_of_the_browser_are_refused_however_they_are_spelled() {
        for url in ["file:///etc/passwd", "FILE:///etc/passwd", " file:/x", "view-source:file:///x", "chrome://version"]
        {
            assert!(refusal(url).is_some(), "{url}");
        }
        for url in ["http://app.test/", "about:blank", "data:text/html,x", "https://h/file:"] {
            assert!(refusal(url).is_none(), "{url}");
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
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_allowed(&options, url), is_open, "{url}");
        }
    }
}
