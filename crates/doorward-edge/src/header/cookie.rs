//! Our own cookies: an app neither sees them nor sets them.

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use super::trim;

/// Removes the cookies that are ours from a request, and joins what is left to one field.
///
/// HTTP/2 splits the field into crumbs, and HTTP/1.1 wants one (RFC 9113, section 8.2.3). The order
/// of the others stays, for apps take the first of two cookies of one name. `is_ours` is given name
/// and value without the blanks around them; a cookie without `=` has an empty name.
pub fn strip_cookies(headers: &mut HeaderMap, is_ours: impl Fn(&[u8], &[u8]) -> bool) {
    let mut fields = 0;
    let mut has_ours = false;
    let (mut kept, mut bytes) = (0, 0);
    for field in headers.get_all(COOKIE) {
        fields += 1;
        bytes += field.len() + 2;
        for pair in pairs(field) {
            let (name, value) = split(pair);
            if is_ours(name, value) {
                has_ours = true;
            } else {
                kept += 1;
            }
        }
    }
    if !has_ours && fields <= 1 {
        return;
    }
    if kept == 0 {
        headers.remove(COOKIE);
        return;
    }
    let mut joined = Vec::with_capacity(bytes);
    for pair in headers.get_all(COOKIE).iter().flat_map(pairs) {
        let (name, value) = split(pair);
        if !is_ours(name, value) {
            if !joined.is_empty() {
                joined.extend_from_slice(b"; ");
            }
            joined.extend_from_slice(pair);
        }
    }
    match HeaderValue::from_maybe_shared(bytes::Bytes::from(joined)) {
        Ok(value) => _ = headers.insert(COOKIE, value),
        // Pieces of well-formed values joined by well-formed signs; were it otherwise, nothing is passed.
        Err(_) => _ = headers.remove(COOKIE),
    }
}

/// Drops the `Set-Cookie` fields of an answer that name a cookie of ours, and says how many there were.
///
/// Names are compared as browsers and servers do: without blanks, case-sensitive, and the prefixes
/// that browsers know (`__Host-` and the like) in any case (RFC 6265bis, section 4.1.3). A cookie
/// without a name is known by its value, for that is how it comes back in `Cookie`.
pub fn guard_set_cookies(headers: &mut HeaderMap, is_our_name: impl Fn(&[u8]) -> bool) -> usize {
    let is_ours = |value: &HeaderValue| {
        let pair = trim(value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default());
        let (mut name, value) = split(pair);
        if name.is_empty() {
            name = split(value).0;
            if name.is_empty() {
                name = value;
            }
        }
        is_our_name(name) || plain_prefix(name).is_some_and(|name| is_our_name(&name))
    };
    let count = headers.get_all(SET_COOKIE).iter().filter(|value| is_ours(value)).count();
    if count > 0 {
        let left: Vec<HeaderValue> =
            headers.get_all(SET_COOKIE).iter().filter(|value| !is_ours(value)).cloned().collect();
        headers.remove(SET_COOKIE);
        for value in left {
            headers.append(SET_COOKIE, value);
        }
    }
    count
}

fn pairs(field: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    field.as_bytes().split(|byte| *byte == b';').map(trim).filter(|pair| !pair.is_empty())
}

/// Name and value; all is value where there is no `=`.
fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (trim(&pair[..at]), trim(&pair[at + 1..])),
        None => (b"", pair),
    }
}

/// The name with its prefix written as the standard writes it, where it was written otherwise.
fn plain_prefix(name: &[u8]) -> Option<Vec<u8>> {
    const PREFIXES: [&[u8]; 4] = [b"__Host-Http-", b"__Http-", b"__Host-", b"__Secure-"];
    let prefix = PREFIXES
        .into_iter()
        .find(|prefix| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))?;
    Some([prefix, &name[prefix.len()..]].concat())
}

#[cfg(test)]
mod tests {
    use super::super::tests::map;
    use super::*;

    fn cookies(fields: &[&str]) -> Option<String> {
        let fields: Vec<_> = fields.iter().map(|value| ("cookie", *value)).collect();
        let mut headers = map(&fields);
        strip_cookies(&mut headers, |name, _| name == b"__Host-doorward" || name == b"csrf_token");
        assert!(headers.get_all(COOKIE).iter().count() <= 1);
        headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    // CVE classes: "session cookie leaks to the app"; crumbs of HTTP/2.
    #[test]
    fn ours_go_and_the_order_of_the_others_stays() {
        for (fields, left) in [
            (&["__Host-doorward=x"][..], None),
            (&["a=1; __Host-doorward=x; b=2"], Some("a=1; b=2")),
            (&["a=1", "__Host-doorward=x", "a=2; csrf_token=y"], Some("a=1; a=2")),
            (&["a=1", "b=2"], Some("a=1; b=2")),
            (&["a=1;b=2"], Some("a=1;b=2")),
            (&[" __Host-doorward = x ;a=1"], Some("a=1")),
            (&["__Host-doorward=x; __Host-doorward=y"], None),
            (&["plain; __Host-doorward=x"], Some("plain")),
            (&["a=__Host-doorward=x"], Some("a=__Host-doorward=x")),
            (&[";;__Host-doorward=x;;"], None),
            (&[], None),
        ] {
            assert_eq!(cookies(fields).as_deref(), left, "{fields:?}");
        }
    }

    #[test]
    fn an_app_sets_no_cookie_of_our_name() {
        for (field, is_ours) in [
            ("__Host-doorward=x; Path=/; Secure", true),
            (" __Host-doorward =x", true),
            ("__HOST-doorward=x", true),
            ("=__Host-doorward=x", true),
            ("= __host-doorward = x", true),
            ("__Host-doorward", true),
            ("=__Host-doorward", true),
            ("__Host-Doorward=x", false),
            ("doorward2=x", false),
            ("a=__Host-doorward=x", false),
            ("a=1; __Host-doorward=x", false),
            ("", false),
        ] {
            let mut headers = map(&[("set-cookie", "first=1"), ("set-cookie", field), ("set-cookie", "last=1")]);
            let dropped = guard_set_cookies(&mut headers, |name| name == b"__Host-doorward");
            assert_eq!(dropped == 1, is_ours, "{field}");
            let left: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(left.len(), 3 - dropped);
            assert_eq!((left[0], left[left.len() - 1]), ("first=1", "last=1"));
        }
    }
}
