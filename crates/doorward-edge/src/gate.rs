//! The gate: what has two readings, or is meant for no app, is refused before anybody decides.

use std::borrow::Cow;

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, TE,
    TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{Method, Uri, Version};

use crate::header;

/// A request that is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reason code of the one list.
    pub code: &'static str,
    /// What of the request is wrong. It names only what the client sent.
    pub hint: Cow<'static, str>,
}

impl Refused {
    fn new(code: &'static str, hint: &'static str) -> Self {
        Self { code, hint: Cow::Borrowed(hint) }
    }

    fn conflict(hint: &'static str) -> Self {
        Self::new("http.header_conflict", hint)
    }
}

/// Methods beyond HTTP's own that apps know: `WebDAV` and its kin (RFC 4918, 3253, 3648, 3744, 4791,
/// 5323, 5842), `PATCH`'s sister `QUERY`, and `LINK`.
const EXTENSIONS: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "VERSION-CONTROL",
];

/// Fields that two programs could pick differently where they stand twice.
const SINGLE: [HeaderName; 3] = [AUTHORIZATION, CONTENT_TYPE, ORIGIN];

/// Checks the head of a request: version, method, target, host and framing.
///
/// The caller checks how many fields there are and how long they are, and brings the path into its
/// one form ([`crate::path::settle`]).
///
/// What hyper has settled before is not seen here: it refuses control characters, folded lines, blanks
/// before a colon, a length that is no number, and `Transfer-Encoding` in HTTP/1.0; of a length beside
/// `Transfer-Encoding: chunked` it keeps the latter (RFC 9112, section 6.3) and closes the connection.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(parts: &Parts) -> Result<(), Refused> {
    if !matches!(parts.version, Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2) {
        return Err(Refused::new("http.version", "HTTP/1.1 and HTTP/2 are spoken here"));
    }
    check_method(&parts.method)?;
    check_target(&parts.uri)?;
    check_host(parts)?;
    check_framing(parts)?;
    check_single(&parts.headers)
}

fn check_method(method: &Method) -> Result<(), Refused> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::DELETE | Method::PATCH | Method::OPTIONS => {
            Ok(())
        }
        Method::CONNECT | Method::TRACE => {
            Err(Refused::new("http.method_not_allowed", "CONNECT and TRACE are never passed on"))
        }
        _ if EXTENSIONS.contains(&method.as_str()) => Ok(()),
        _ => Err(Refused::new("http.method_unknown", "methods are written in upper case and stand in a list")),
    }
}

/// Origin form, or absolute form of a web address (RFC 9112, section 3.2).
fn check_target(uri: &Uri) -> Result<(), Refused> {
    let is_well = match uri.scheme_str() {
        None => uri.authority().is_none() && uri.path().starts_with('/'),
        Some(scheme) => matches!(scheme, "http" | "https") && uri.path().starts_with('/'),
    };
    if is_well { Ok(()) } else { Err(Refused::new("http.path_not_canonical", "the target is a path")) }
}

/// One host, named once, or twice in the same words (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
fn check_host(parts: &Parts) -> Result<(), Refused> {
    let mut fields = parts.headers.get_all(HOST).iter();
    let field = fields.next().map(HeaderValue::as_bytes);
    if fields.next().is_some() {
        return Err(Refused::conflict("host stands more than once"));
    }
    let authority = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = match (field, authority) {
        (Some(field), Some(authority)) if !field.eq_ignore_ascii_case(authority) => {
            return Err(Refused::conflict("the target and the field Host name different hosts"));
        }
        (Some(field), _) => field,
        (None, Some(authority)) if parts.version == Version::HTTP_2 => authority,
        (None, _) => return Err(Refused::new("http.host_missing", "the field Host is missing")),
    };
    if is_host(host) { Ok(()) } else { Err(Refused::new("http.host_missing", "the field Host holds no host")) }
}

/// A name or an address, and perhaps a port. No user, no list, nothing that another field would read
/// as more than a word.
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|byte| *byte == b':') {
        Some(at) if !host.ends_with(b"]") => (&host[..at], Some(&host[at + 1..])),
        _ => (host, None),
    };
    let is_port = port.is_none_or(|port| (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit));
    let is_name = match name {
        [b'[', inner @ .., b']'] => {
            let inner = std::str::from_utf8(inner).ok();
            inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
        }
        name => {
            let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
            (1..=255).contains(&name.len()) && name.iter().all(is_sign) && !name.starts_with(b".")
        }
    };
    is_port && is_name
}

/// One way to find the end of the body (RFC 9112, section 6; RFC 9113, sections 8.1 and 8.2.2).
fn check_framing(parts: &Parts) -> Result<(), Refused> {
    let headers = &parts.headers;
    let is_http2 = parts.version == Version::HTTP_2;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next();
    if let Some(coding) = coding {
        let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
        if !is_chunked || parts.version != Version::HTTP_11 {
            return Err(Refused::conflict("transfer-encoding is absent or one `chunked`"));
        }
    }
    if headers.contains_key(CONTENT_LENGTH) {
        if coding.is_some() {
            return Err(Refused::conflict("content-length stands beside transfer-encoding"));
        }
        if header::content_length(headers).is_none() {
            return Err(Refused::conflict("content-length is one number in plain digits"));
        }
    }
    // In HTTP/1.1 `TE` ends here whatever it says; in HTTP/2 nothing else may stand in it.
    let fields = || headers.get_all(TE).iter();
    if is_http2 && fields().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"trailers")) {
        return Err(Refused::conflict("te is absent or `trailers`"));
    }
    Ok(())
}

fn check_single(headers: &HeaderMap) -> Result<(), Refused> {
    for name in SINGLE {
        if headers.get_all(&name).iter().nth(1).is_some() {
            let hint = Cow::Owned(format!("{name} stands more than once"));
            return Err(Refused { code: "http.header_conflict", hint });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const WELL: &str = "";

    fn judged(version: Version, method: &str, uri: &str, fields: &[(&str, &str)]) -> &'static str {
        let mut request = Request::builder().version(version).method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts).map_or_else(
            |refused| {
                assert!(doorward_core::reason::find(refused.code).is_some(), "{}", refused.code);
                refused.code
            },
            |()| WELL,
        )
    }

    #[test]
    fn one_host_in_one_word() {
        let conflict = "http.header_conflict";
        let missing = "http.host_missing";
        for (version, uri, hosts, code) in [
            (Version::HTTP_11, "/", &["app.test"][..], WELL),
            (Version::HTTP_11, "/", &["App.test:8080"], WELL),
            (Version::HTTP_11, "/", &["[::1]:80"], WELL),
            (Version::HTTP_11, "/", &["[::1]"], WELL),
            (Version::HTTP_11, "/", &["a_b.test."], WELL),
            (Version::HTTP_10, "/", &["app.test"], WELL),
            (Version::HTTP_10, "/", &[], missing),
            (Version::HTTP_11, "/", &[], missing),
            (Version::HTTP_11, "/", &[""], missing),
            (Version::HTTP_11, "/", &["app.test", "app.test"], conflict),
            (Version::HTTP_11, "/", &["a@app.test"], missing),
            (Version::HTTP_11, "/", &["a, b"], missing),
            (Version::HTTP_11, "/", &["a;b=c"], missing),
            (Version::HTTP_11, "/", &["app.test:"], missing),
            (Version::HTTP_11, "/", &["app.test:80x"], missing),
            (Version::HTTP_11, "/", &["app.test:123456"], missing),
            (Version::HTTP_11, "/", &["app.test/"], missing),
            (Version::HTTP_11, "/", &["a%00b"], missing),
            (Version::HTTP_11, "/", &["\"a\""], missing),
            (Version::HTTP_11, "/", &[".test"], missing),
            (Version::HTTP_11, "/", &["[::1"], missing),
            (Version::HTTP_11, "/", &["::1"], missing),
            (Version::HTTP_11, "/", &["[::g]"], missing),
            (Version::HTTP_11, "http://app.test/a", &["app.test"], WELL),
            (Version::HTTP_11, "http://app.test/a", &["other.test"], conflict),
            (Version::HTTP_11, "http://app.test/a", &[], missing),
            (Version::HTTP_11, "http://u@app.test/a", &["app.test"], conflict),
            (Version::HTTP_2, "http://app.test/a", &[], WELL),
            (Version::HTTP_2, "http://app.test/a", &["APP.test"], WELL),
            (Version::HTTP_2, "http://app.test/a", &["other.test"], conflict),
            (Version::HTTP_2, "http://u:p@app.test/a", &[], missing),
            (Version::HTTP_2, "/a", &["app.test"], WELL),
            (Version::HTTP_2, "/a", &[], missing),
        ] {
            let fields: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            assert_eq!(judged(version, "GET", uri, &fields), code, "{version:?} {uri} {hosts:?}");
        }
    }

    #[test]
    fn methods_stand_in_a_list() {
        for (method, code) in [
            ("GET", WELL),
            ("PATCH", WELL),
            ("PROPFIND", WELL),
            ("QUERY", WELL),
            ("OPTIONS", WELL),
            ("TRACE", "http.method_not_allowed"),
            ("get", "http.method_unknown"),
            ("Get", "http.method_unknown"),
            ("PURGE", "http.method_unknown"),
            ("GET-", "http.method_unknown"),
            ("TRACK", "http.method_unknown"),
            ("DEBUG", "http.method_unknown"),
            ("PRI", "http.method_unknown"),
        ] {
            assert_eq!(judged(Version::HTTP_11, method, "/", &[("host", "app.test")]), code, "{method}");
        }
        let host = [("host", "app.test:80")];
        assert_eq!(judged(Version::HTTP_11, "CONNECT", "app.test:80", &host), "http.method_not_allowed");
        assert_eq!(judged(Version::HTTP_11, "GET", "app.test:80", &host), "http.path_not_canonical");
        assert_eq!(judged(Version::HTTP_11, "OPTIONS", "*", &host), "http.path_not_canonical");
        assert_eq!(judged(Version::HTTP_11, "GET", "ftp://app.test:80/", &host), "http.path_not_canonical");
        assert_eq!(judged(Version::HTTP_3, "GET", "/", &host), "http.version");
    }

    #[test]
    fn one_end_of_the_body() {
        let conflict = "http.header_conflict";
        for (version, fields, code) in [
            (Version::HTTP_11, &[("transfer-encoding", "chunked")][..], WELL),
            (Version::HTTP_11, &[("transfer-encoding", "Chunked")], WELL),
            (Version::HTTP_11, &[("transfer-encoding", "chunked, chunked")], conflict),
            (Version::HTTP_11, &[("transfer-encoding", "gzip, chunked")], conflict),
            (Version::HTTP_11, &[("transfer-encoding", "identity")], conflict),
            (Version::HTTP_11, &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], conflict),
            (Version::HTTP_11, &[("transfer-encoding", "chunked"), ("content-length", "5")], conflict),
            (Version::HTTP_10, &[("transfer-encoding", "chunked")], conflict),
            (Version::HTTP_2, &[("transfer-encoding", "chunked")], conflict),
            (Version::HTTP_11, &[("content-length", "5")], WELL),
            (Version::HTTP_2, &[("content-length", "5")], WELL),
            (Version::HTTP_11, &[("content-length", "5"), ("content-length", "5")], conflict),
            (Version::HTTP_11, &[("content-length", "5, 5")], conflict),
            (Version::HTTP_11, &[("content-length", "+5")], conflict),
            (Version::HTTP_11, &[("content-length", "05")], conflict),
            (Version::HTTP_11, &[("te", "gzip")], WELL),
            (Version::HTTP_2, &[("te", "trailers")], WELL),
            (Version::HTTP_2, &[("te", "gzip")], conflict),
            (Version::HTTP_11, &[("authorization", "a"), ("authorization", "b")], conflict),
            (Version::HTTP_11, &[("content-type", "a/b"), ("content-type", "a/b")], conflict),
            (Version::HTTP_11, &[("origin", "null"), ("origin", "http://a.test")], conflict),
        ] {
            let fields: Vec<_> = [("host", "app.test")].into_iter().chain(fields.iter().copied()).collect();
            assert_eq!(judged(version, "POST", "/", &fields), code, "{version:?} {fields:?}");
        }
    }
}
