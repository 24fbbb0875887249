//! The request that another proxy asks about, as it tells it.

use std::borrow::Cow;

use doorward_csrf::Scheme;
use doorward_edge::path::{EncodedSlash, canonical, check_query, decoded};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, Uri};

use crate::config::Environment;
use crate::web::app::Settings;
use crate::web::door::table;
use crate::web::failure::Failure;

/// In which headers the request is told, and how the answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`; the whole answer goes to the client.
    Forward,
    /// `X-Original-Method` and `X-Original-URL`; 200, 401 with `Location`, or 403.
    Request,
}

/// The request that is asked about.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) method: Method,
    pub(super) scheme: Scheme,
    /// Host and port as they were told.
    pub(super) authority: String,
    /// The host in lower case, without port.
    pub(super) host: String,
    /// The path as places and rules are compared with: canonical and decoded.
    pub(super) path: String,
    /// The query, or empty.
    pub(super) query: String,
    /// Path and query as they were told.
    pub(super) target: String,
    pub(super) uri: Uri,
    has_slash: bool,
}

impl Told {
    /// Reads the request. What is missing, stands twice or can be read in two ways is refused: the proxy forwards what
    /// it has, and we must have decided about just that.
    pub(super) fn read(headers: &HeaderMap, shape: Shape) -> Result<Self, Failure> {
        let (method, scheme, authority, target) = match shape {
            Shape::Forward => (
                word(headers, "x-forwarded-method")?,
                word(headers, "x-forwarded-proto")?,
                word(headers, "x-forwarded-host")?,
                one(headers, "x-forwarded-uri")?,
            ),
            Shape::Request => {
                let url = one(headers, "x-original-url")?;
                let (scheme, rest) = url.split_once("://").ok_or_else(|| unclear("x-original-url"))?;
                let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (word(headers, "x-original-method")?, scheme, authority, if target.is_empty() { "/" } else { target })
            }
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, has_slash) = read_path(path)?;
        check_query(query).map_err(|why| Failure::of(why.code()).with_hint(why.to_string()))?;
        Ok(Self {
            method: read_method(method).ok_or_else(|| unclear("the method"))?,
            scheme: read_scheme(scheme).ok_or_else(|| unclear("the scheme"))?,
            host: read_host(authority).ok_or_else(|| unclear("the host"))?,
            authority: authority.to_owned(),
            path,
            query: query.to_owned(),
            uri: target.parse().map_err(|_| unclear("the target"))?,
            target: target.to_owned(),
            has_slash,
        })
    }

    /// Refuses what no app here could have been asked for, and what must not be answered over plain http.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        let config = &settings.config;
        let may_be_plain = config.environment == Environment::Development || config.server.insecure_allow_http;
        if self.scheme == Scheme::Http && !may_be_plain {
            return Err(Failure::of("csrf.https_required"));
        }
        if table::is_below(&self.path, table::PAGES) {
            let why = "/.doorward/ is Doorward's own: the proxy must send it here without asking";
            return Err(Failure::of("proxy.question_unclear").with_hint(why));
        }
        Ok(())
    }

    /// Whether the app takes the path: one with an encoded slash only where that is configured.
    pub(super) fn fits(&self, slashes: EncodedSlash) -> Result<(), Failure> {
        if self.has_slash && slashes != EncodedSlash::Keep {
            return Err(Failure::of("http.path_not_canonical").with_hint("an encoded slash"));
        }
        Ok(())
    }

    /// An address on the host that was asked for.
    pub(super) fn url(&self, target: &str) -> String {
        format!("{}://{}{target}", self.scheme.as_str(), self.authority)
    }

    /// The request in words for the log: never the query, which can hold the secret of a link.
    pub(super) fn words(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("asked about {} {}", self.method, self.url(path))
    }
}

/// The path to decide about, and whether it holds an encoded slash. The proxy forwards the path as it came, so there is
/// nothing to repair here; only the letter case of hex digits may differ, which changes no reading of a path
/// (RFC 3986, section 6.2.2.1).
fn read_path(raw: &str) -> Result<(String, bool), Failure> {
    let refused = |hint: String| Failure::of("http.path_not_canonical").with_hint(hint);
    let (path, has_slash) = match canonical(raw, EncodedSlash::Refuse) {
        Ok(path) => (path, false),
        Err(_) => (canonical(raw, EncodedSlash::Keep).map_err(|why| refused(why.to_string()))?, true),
    };
    if let Cow::Owned(other) = &path
        && !is_same_but_for_hex(raw, other)
    {
        return Err(refused("a second spelling of another path".to_owned()));
    }
    Ok((decoded(&path).into_owned(), has_slash))
}

/// Whether two paths differ in nothing but the letter case of their encoded octets.
fn is_same_but_for_hex(one: &str, other: &str) -> bool {
    let mut digits = 0;
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).all(|(a, b)| {
            let is_digit = digits > 0;
            digits = if a == b'%' { 2 } else { digits - i32::from(is_digit) };
            a == b || (is_digit && a.eq_ignore_ascii_case(&b))
        })
}

fn read_method(text: &str) -> Option<Method> {
    let is_method = text.bytes().all(|byte| byte.is_ascii_uppercase());
    Method::from_bytes(text.as_bytes()).ok().filter(|_| is_method)
}

fn read_scheme(text: &str) -> Option<Scheme> {
    match text {
        "https" | "wss" => Some(Scheme::Https),
        "http" | "ws" => Some(Scheme::Http),
        _ => None,
    }
}

/// The host in lower case, without port and without the dot at its end.
fn read_host(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let rest = text.strip_prefix(host)?;
    let has_port = rest.is_empty() || authority.port_u16().is_some();
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[:]".contains(&byte);
    (has_port && !host.is_empty() && host.bytes().all(is_plain)).then(|| host.to_ascii_lowercase())
}

/// The one value of a field. A proxy that adds to what a client sent would let the client speak.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic())).ok_or_else(|| unclear(name))
}

/// The same of a field whose value is one word.
fn word<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Failure> {
    one(headers, name).and_then(|text| if text.contains(',') { Err(unclear(name)) } else { Ok(text) })
}

fn unclear(what: &str) -> Failure {
    Failure::of("proxy.question_unclear").with_hint(format!("{what} is missing, stands twice or cannot be read"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn forward(method: &str, host: &str, uri: &str) -> Result<Told, Failure> {
        let pairs = [
            ("x-forwarded-method", method),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", host),
            ("x-forwarded-uri", uri),
        ];
        Told::read(&headers(&pairs), Shape::Forward)
    }

    fn request(url: &str) -> Result<Told, Failure> {
        Told::read(&headers(&[("x-original-method", "GET"), ("x-original-url", url)]), Shape::Request)
    }

    #[test]
    fn both_shapes_tell_the_same() {
        for told in [forward("GET", "App.example.com:8443", "/a?b=/c"), request("https://App.example.com:8443/a?b=/c")]
        {
            let told = told.unwrap();
            let seen = (told.host.as_str(), told.path.as_str(), told.query.as_str(), told.target.as_str());
            assert_eq!(seen, ("app.example.com", "/a", "b=/c", "/a?b=/c"));
            assert_eq!(told.url("/x"), "https://App.example.com:8443/x");
            assert_eq!(told.words(), "asked about GET https://App.example.com:8443/a");
        }
        assert_eq!(request("https://app.example.com").unwrap().target, "/");
    }

    // CVE-2025-54576: only the path is compared with rules, never the query.
    #[test]
    fn the_query_is_no_part_of_the_path() {
        for uri in ["/private?x=/public/ok", "/private?/public/", "/private?;/../public", "/private??/public"] {
            assert_eq!(forward("GET", "a.test", uri).unwrap().path, "/private", "{uri}");
        }
    }

    #[test]
    fn a_path_with_one_reading_passes_as_it_came() {
        for (uri, path) in [
            ("/", "/"),
            ("/a%20b", "/a b"),
            ("/caf%c3%a9", "/café"),
            ("/caf%C3%A9", "/café"),
            ("/%40me", "/@me"),
            ("/a,b", "/a,b"),
        ] {
            let told = forward("GET", "a.test", uri).unwrap();
            assert_eq!((told.path.as_str(), told.target.as_str()), (path, uri));
        }
        let kept = forward("GET", "a.test", "/a%2fb").unwrap();
        assert!(kept.fits(EncodedSlash::Keep).is_ok() && kept.fits(EncodedSlash::Refuse).is_err());
    }

    // CVE-2021-32637: what cannot be read is refused, never let in.
    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for uri in [
            "",
            "a",
            "*",
            "//a",
            "/a//b",
            "/a/../b",
            "/open/..%2fsecret",
            "/%2e%2e/a",
            "/a/.",
            "/a%",
            "/a%zz",
            "/a%4",
            "/%61",
            "/a;b",
            "/a%3bb",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a%0a",
            "/a#b",
            "/a?b#c",
            "/a b",
            "/a\tb",
            "/%252e%252e/a",
            "/%c0%ae/a",
            "/a%ff",
            "http://b.test/a",
            "/a, /b",
        ] {
            assert!(forward("GET", "a.test", uri).is_err(), "{uri}");
            assert!(
                uri.is_empty() || !uri.starts_with('/') || request(&format!("https://a.test{uri}")).is_err(),
                "{uri}"
            );
        }
        let raw = HeaderMap::from_iter([
            (HeaderName::from_static("x-original-method"), http::HeaderValue::from_static("GET")),
            (HeaderName::from_static("x-original-url"), http::HeaderValue::from_bytes(b"https://a.test/\xff").unwrap()),
        ]);
        assert!(Told::read(&raw, Shape::Request).is_err());
    }

    #[test]
    fn a_method_is_capital_letters() {
        assert!(forward("PROPFIND", "a.test", "/").is_ok());
        for method in ["", "get", "G", "GET ", "GET,POST", "M-SEARCH", "GET/", "P\u{d6}ST", "G3T"] {
            assert_eq!(forward(method, "a.test", "/").is_ok(), method == "G", "{method}");
        }
    }

    #[test]
    fn a_host_is_one_host() {
        for host in [
            "",
            "a.test,b.test",
            "a.test, b.test",
            "b.test@a.test",
            "a.test:",
            "a.test:x",
            "a.test:99999",
            "a.test/x",
            "a.test?x",
            "a.test#x",
            "a.test\\b.test",
            "a%2etest",
            "a b",
            ":80",
            ".",
        ] {
            assert!(forward("GET", host, "/").is_err(), "{host}");
        }
        for (host, read) in [("A.test.", "a.test"), ("[::1]:80", "[::1]"), ("127.0.0.1", "127.0.0.1")] {
            assert_eq!(forward("GET", host, "/").unwrap().host, read);
        }
        for url in ["https://a.test?x=/y", "https://u@a.test/", "//a.test/", "a.test/", "ftp://a.test/", "https:///a"] {
            assert!(request(url).is_err(), "{url}");
        }
    }

    #[test]
    fn nothing_stands_twice() {
        let pairs = [("x-original-method", "GET"), ("x-original-url", "https://a.test/public")];
        for (name, value) in pairs.iter().map(|(name, _)| (*name, "https://a.test/secret")).chain(pairs) {
            let mut twice = headers(&pairs);
            twice.append(HeaderName::from_static(name), value.parse().unwrap());
            assert!(Told::read(&twice, Shape::Request).is_err(), "{name}");
            let mut without = headers(&pairs);
            without.remove(name);
            assert!(Told::read(&without, Shape::Request).is_err(), "{name}");
        }
    }

    // CVE-2026-39858: another spelling of a header is another header, and tells nothing.
    #[test]
    fn an_alias_tells_nothing() {
        let pairs = [("x-original-method", "GET"), ("x-original-url", "https://a.test/secret")];
        let aliases = [("x_original_url", "https://a.test/public"), ("x.original.url", "https://a.test/public")];
        assert_eq!(Told::read(&headers(&[pairs, aliases].concat()), Shape::Request).unwrap().path, "/secret");
        assert!(Told::read(&headers(&[&pairs[..1], &aliases].concat()), Shape::Request).is_err());
    }

    proptest! {
        #[test]
        fn whatever_passes_reads_the_same_when_the_proxy_decodes_it(uri in "(/[a-zA-Z.%;0-9]{0,6}){1,4}") {
            if let Ok(told) = forward("GET", "a.test", &uri) {
                let read: Vec<u8> = percent_encoding::percent_decode_str(&uri).collect();
                let is_kept = told.has_slash;
                prop_assert!(is_kept || read == told.path.as_bytes() || uri.contains("%25"));
                prop_assert!(!told.path.split('/').any(|segment| segment == "." || segment == ".."));
                prop_assert!(!told.path.contains("//") && !told.path.contains(['\\', ';']));
            }
        }
    }
}
