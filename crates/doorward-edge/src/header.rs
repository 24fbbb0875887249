//! The fields of a message: which end here, and which only we set.

use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};

mod cookie;
mod managed;

pub use cookie::{guard_set_cookies, strip_cookies};
pub use managed::Managed;

/// Removes what is meant for this hop alone (RFC 9110, section 7.6.1): first every field that
/// `Connection` names, then `Connection`, `Keep-Alive`, `Proxy*`, `Transfer-Encoding`, `Upgrade`,
/// `HTTP2-Settings` and `TE`.
///
/// `TE: trailers` stays, with the `Connection: te` that it needs, for it is a promise of the client
/// that may be passed on (section 10.1.4). `Trailer` announces fields of the message and stays as well.
///
/// Call it before the fields of ours are set: what `Connection` names is gone then, and cannot come back.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    let takes_trailers = has_token(headers, &TE, b"trailers");
    remove_where(headers, is_hop_by_hop);
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    if *name == CONNECTION || *name == TE || *name == TRANSFER_ENCODING || *name == UPGRADE {
        return true;
    }
    let name = name.as_str();
    match name.as_bytes().first() {
        // `Proxy` alone becomes HTTP_PROXY in a CGI program (CVE-2016-5385).
        Some(b'p') => name == "proxy" || (name.starts_with("proxy-") && name != "proxy-status"),
        Some(b'k') => name == "keep-alive",
        Some(b'h') => name == "http2-settings",
        _ => false,
    }
}

fn strip_named_by_connection(headers: &mut HeaderMap) {
    let is_plain = |value: &HeaderValue| {
        let words: [&[u8]; 4] = [b"keep-alive", b"close", b"upgrade", b"te"];
        words.iter().any(|word| value.as_bytes().eq_ignore_ascii_case(word))
    };
    if headers.get_all(CONNECTION).iter().all(is_plain) {
        return;
    }
    let named: Vec<HeaderValue> = headers.get_all(CONNECTION).iter().cloned().collect();
    for token in named.iter().flat_map(|value| tokens(value.as_bytes())) {
        if token.eq_ignore_ascii_case(b"te") {
            continue;
        }
        if let Ok(name) = HeaderName::from_bytes(token) {
            headers.remove(name);
        }
    }
}

/// The members of a comma-separated list, without the blanks around them.
pub(crate) fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(trim).filter(|token| !token.is_empty())
}

/// Whether one of the fields of this name lists this token, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &[u8]) -> bool {
    headers.get_all(name).iter().any(|value| tokens(value.as_bytes()).any(|found| found.eq_ignore_ascii_case(token)))
}

/// Without the blanks and tabs around it (RFC 9110, section 5.6.3).
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The length, where exactly one field gives it in its one canonical form: digits, no sign, no zero in front.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut fields = headers.get_all(CONTENT_LENGTH).iter();
    let digits = fields.next()?.as_bytes();
    let is_canonical = fields.next().is_none()
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits[0] != b'0');
    if is_canonical { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

/// For how long the app says that it keeps an idle connection, less the second that an answer may be on its way.
pub(crate) fn keep_alive_timeout(headers: &HeaderMap) -> Option<Duration> {
    let field = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = field.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?;
    let seconds: u64 = seconds.parse().ok()?;
    Some(Duration::from_secs(seconds.saturating_sub(1)))
}

/// Removes the fields whose names a rule picks; allocates nothing.
fn remove_where(headers: &mut HeaderMap, is_picked: impl Fn(&HeaderName) -> bool) {
    const AT_ONCE: usize = 8;
    // Most messages have nothing to remove.
    while headers.keys().any(&is_picked) {
        let mut picked: [Option<HeaderName>; AT_ONCE] = [const { None }; AT_ONCE];
        let mut count = 0;
        for name in headers.keys().filter(|name| is_picked(name)).take(AT_ONCE) {
            picked[count] = Some(name.clone());
            count += 1;
        }
        for name in picked.into_iter().take(count).flatten() {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    pub(crate) fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_connection_names_goes_first_and_cannot_come_back() {
        let mut headers = map(&[
            ("connection", "keep-alive, Remote-User"),
            ("connection", "x-forwarded-host ,,\tte"),
            ("remote-user", "eve"),
            ("remote-user", "eve2"),
            ("x-forwarded-host", "evil.test"),
            ("keep-alive", "timeout=5"),
            ("proxy", "evil.test"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "keep-alive"),
            ("proxy-status", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("trailer", "x-sum"),
            ("te", "gzip, trailers"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["accept", "connection", "proxy-status", "te", "trailer"]);
        assert_eq!((&headers["te"], &headers["connection"]), (&"trailers".parse().unwrap(), &"te".parse().unwrap()));
    }

    #[test]
    fn a_plain_message_loses_its_connection_field_only() {
        let mut headers = map(&[("connection", "Close"), ("host", "app.test"), ("te", "gzip")]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["host"]);
    }

    #[test]
    fn a_length_has_one_form() {
        for (fields, length) in [
            (&["5"][..], Some(5)),
            (&["0"], Some(0)),
            (&["18446744073709551615"], Some(u64::MAX)),
            (&["18446744073709551616"], None),
            (&["+5"], None),
            (&["05"], None),
            (&["5 5"], None),
            (&["5, 5"], None),
            (&["5", "5"], None),
            (&["0x5"], None),
            (&["-1"], None),
            (&[""], None),
            (&[], None),
        ] {
            let fields: Vec<_> = fields.iter().map(|value| ("content-length", *value)).collect();
            assert_eq!(content_length(&map(&fields)), length, "{fields:?}");
        }
    }

    #[test]
    fn an_app_names_how_long_it_keeps_a_connection() {
        for (field, time) in
            [("timeout=5, max=100", Some(4)), ("max=9, timeout=1", Some(0)), ("timeout=x", None), ("max=1", None)]
        {
            let headers = map(&[("keep-alive", field)]);
            assert_eq!(keep_alive_timeout(&headers), time.map(Duration::from_secs), "{field}");
        }
    }

    #[test]
    fn any_number_of_fields_is_removed() {
        let fields: Vec<(String, &str)> = (0..40).map(|index| (format!("x-{index}"), "")).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let mut headers = map(&fields);
        remove_where(&mut headers, |name| name.as_str() != "x-7");
        assert_eq!(names(&headers), ["x-7"]);
    }
}
