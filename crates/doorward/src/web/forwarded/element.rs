//! The elements of the field `Forwarded` (RFC 7239, section 4).

use http::HeaderValue;

/// One element: what one proxy says. What it does not say, or says in a way that cannot be read, is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Element<'a> {
    /// `for`: an address with or without port, `unknown`, or a name that begins with `_`.
    pub(super) client: &'a str,
    /// `proto`, as it is written.
    pub(super) scheme: &'a str,
    /// `host`, as it is written.
    pub(super) host: &'a str,
}

/// The elements of one field, the last first. Where the field has a part that cannot be read, that part is one element
/// that says nothing and the last that comes: a quote that somebody left open must not swallow what a proxy appended,
/// nor make it up.
pub(super) fn backwards(field: &HeaderValue) -> std::vec::IntoIter<Element<'_>> {
    let mut elements = vec![Element::default()];
    let mut rest = field.to_str().unwrap_or("\"");
    loop {
        let Some((element, next)) = element(rest) else {
            // Everything so far may be part of the trick.
            elements.truncate(1);
            break;
        };
        elements.push(element);
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    elements.reverse();
    elements.into_iter()
}

/// One element, and what stands behind its comma.
fn element(text: &str) -> Option<(Element<'_>, Option<&str>)> {
    let mut element = Element::default();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with([';', ',']) {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            rest = after.trim_start_matches([' ', '\t']);
            let slot = match name.trim_end_matches([' ', '\t']).to_ascii_lowercase().as_str() {
                "for" => Some(&mut element.client),
                "proto" => Some(&mut element.scheme),
                "host" => Some(&mut element.host),
                other if other.bytes().all(is_token) && !other.is_empty() => None,
                _ => return None,
            };
            match slot {
                // Said twice is said unclearly.
                Some(slot) if !slot.is_empty() => return None,
                Some(slot) => *slot = value,
                None => {}
            }
        }
        match rest.as_bytes().first() {
            None => return Some((element, None)),
            Some(b',') => return Some((element, Some(&rest[1..]))),
            Some(b';') => rest = &rest[1..],
            Some(_) => return None,
        }
    }
}

/// A token or a quoted string, and what follows. No address, scheme or host needs an escape, so one with escapes says
/// nothing.
fn value(text: &str) -> Option<(&str, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        return (end > 0).then(|| text.split_at(end));
    };
    let mut is_escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => {
                let (value, rest) = (&quoted[..at], &quoted[at + 1..]);
                return Some((if value.contains('\\') { "" } else { value }, rest));
            }
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

/// RFC 9110, section 5.6.2; and the colon and brackets of addresses, which many proxies do not quote.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:[]".contains(&byte)
}
