//! The one canonical target of a request: what cannot be canonical is answered 400.
//!
//! Policy and handler must see the same path. So a path that two programs could read differently is
//! refused rather than repaired (RFC 3986, section 6, names the ways; RULINGS of the design, 15).

/// Why a path is not canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// It does not begin with a slash, or is not in origin form.
    #[error("a path begins with a slash")]
    Form,
    /// It has an empty segment.
    #[error("two slashes stand side by side")]
    EmptySegment,
    /// It has a segment `.` or `..`, as such or encoded.
    #[error("a dot segment")]
    DotSegment,
    /// It has a character that must be encoded, or that some servers treat as special.
    #[error("a character that does not belong into a path")]
    Character,
    /// It encodes what must not be encoded, or is not well encoded.
    #[error("an encoding that can be read in two ways")]
    Encoding,
}

/// Checks that a raw path has exactly one reading.
///
/// # Errors
/// The first way in which it could be read differently.
pub fn check_path(path: &str) -> Result<(), NotCanonical> {
    let rest = path.strip_prefix('/').ok_or(NotCanonical::Form)?;
    if rest.is_empty() {
        return Ok(());
    }
    let segments: Vec<&str> = rest.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        check_segment(segment, is_last)?;
    }
    Ok(())
}

fn check_segment(segment: &str, is_last: bool) -> Result<(), NotCanonical> {
    if segment.is_empty() {
        // A trailing slash is one reading; `//` in the middle is two.
        return if is_last { Ok(()) } else { Err(NotCanonical::EmptySegment) };
    }
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => check_encoded(bytes.next(), bytes.next())?,
            b'\\' | b';' | b'#' | b'?' => return Err(NotCanonical::Character),
            byte if byte.is_ascii_graphic() => {}
            _ => return Err(NotCanonical::Character),
        }
    }
    if matches!(segment, "." | "..") { Err(NotCanonical::DotSegment) } else { Ok(()) }
}

/// An encoded octet may stand only where the plain character could not: everything else is a second
/// spelling. Encoded slashes, backslashes and controls are never canonical.
fn check_encoded(high: Option<u8>, low: Option<u8>) -> Result<(), NotCanonical> {
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    let (Some(high), Some(low)) = (digit(high), digit(low)) else { return Err(NotCanonical::Encoding) };
    let octet = u8::try_from(high * 16 + low).unwrap_or(0);
    let is_unreserved = octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    if is_unreserved || b"/\\;".contains(&octet) || octet.is_ascii_control() {
        Err(NotCanonical::Encoding)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_reading_passes() {
        for path in ["/", "/a", "/a/", "/a/b.c", "/.doorward/sign-in", "/a%20b", "/a%C3%A4", "/...", "/a..b", "/@x:y"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_second_reading_is_refused() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "//a",
            "/a//b",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/a",
            "/%2E",
            "/a/%2e./b",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/a%0d%0a",
            "/a;b",
            "/..;/a",
            "/a%3bb",
            "/%",
            "/%4",
            "/%zz",
            "/%41",
            "/a b",
            "/ä",
            "/a#b",
            "/a\u{7f}",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_stable_under_decoding(path in "(/[a-z.%;0-9A-F]{0,6}){1,4}") {
            if check_path(&path).is_ok() {
                let decoded = percent_encoding::percent_decode_str(&path).collect::<Vec<u8>>();
                // No structure can appear by decoding: the number of slashes stays, and no dot segment comes up.
                prop_assert_eq!(decoded.split(|b| *b == b'/').count(), path.split('/').count());
                let is_dotted = decoded.split(|b| *b == b'/').any(|s| s == b"." || s == b"..");
                prop_assert!(!is_dotted);
            }
        }
    }
}
