//! The one path that is decided on and forwarded.
//!
//! Rules and app must see the same path. What can be written in one way only is repaired, and what
//! two programs could read differently is refused (RFC 3986, section 6, names the ways).

use std::borrow::Cow;

use http::Uri;
use http::uri::PathAndQuery;

mod octet;

use octet::{Utf8, encoded};

/// What becomes of an encoded slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EncodedSlash {
    /// It is refused: some programs take it for a slash, others do not.
    #[default]
    Refuse,
    /// It stays as it was written, for an app that has it inside a segment (a branch, a scoped package).
    /// It is part of its segment then, for rules as for the app.
    Keep,
}

/// Why a path is not canonical, and cannot be made so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotCanonical {
    /// It does not begin with a slash, or is not in origin form.
    #[error("a path begins with a slash")]
    Form,
    /// It has a segment `.` or `..`, as such or encoded.
    #[error("a dot segment")]
    DotSegment,
    /// It has a character that must be encoded, or that some servers treat as special.
    #[error("a character that does not belong into a path")]
    Character,
    /// It encodes what must not be encoded, encodes twice, or is not well encoded.
    #[error("an encoding that can be read in two ways")]
    Encoding,
    /// The query has a control character or a `#`.
    #[error("a character that does not belong into a query")]
    Query,
}

impl NotCanonical {
    /// The reason code of the one list.
    #[must_use]
    pub fn code(self) -> &'static str {
        "http.path_not_canonical"
    }
}

/// Brings a raw path into its one form, without allocating where it has that form already.
///
/// Repaired: encoded letters, digits and `-._~` are decoded, hex digits are in upper case, slashes
/// side by side become one. Refused: dot segments, `\`, `;`, `#`, control characters and what is no
/// ASCII, each as such or encoded; an encoded slash (but see [`EncodedSlash`]); octets that are no UTF-8;
/// and an encoded `%` before what would be any of these after a second decoding.
///
/// The result is a fixed point: given again, it comes back as it is.
///
/// # Errors
/// The first way in which the path could be read differently.
pub fn canonical(raw: &str, slashes: EncodedSlash) -> Result<Cow<'_, str>, NotCanonical> {
    let bytes = raw.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(NotCanonical::Form);
    }
    let mut writer = Writer::new(bytes);
    let mut segment = Segment::default();
    let mut utf8 = Utf8::default();
    let mut has_percent = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let octet = encoded(&bytes[at..]).ok_or(NotCanonical::Encoding)?;
                if !utf8.push(octet) || is_refused(octet, slashes) {
                    return Err(NotCanonical::Encoding);
                }
                has_percent |= octet == b'%';
                if is_unreserved(octet) {
                    segment.push(octet);
                    writer.write(at, 3, &[octet]);
                } else {
                    segment.push(b'%');
                    let is_kept = octet == b'/';
                    let digits = [bytes[at + 1], bytes[at + 2]];
                    let digits = if is_kept { digits } else { digits.map(|digit| digit.to_ascii_uppercase()) };
                    writer.write(at, 3, &[b'%', digits[0], digits[1]]);
                }
                at += 3;
                continue;
            }
            _ if !utf8.is_whole() => return Err(NotCanonical::Encoding),
            b'/' => {
                segment.end()?;
                let is_first = at == 0 || bytes[at - 1] != b'/';
                writer.write(at, 1, if is_first { b"/" } else { b"" });
            }
            b'\\' | b';' | b'#' | b'?' => return Err(NotCanonical::Character),
            byte if byte.is_ascii_graphic() => {
                segment.push(*byte);
                writer.write(at, 1, &[*byte]);
            }
            _ => return Err(NotCanonical::Character),
        }
        at += 1;
    }
    segment.end()?;
    if !utf8.is_whole() {
        return Err(NotCanonical::Encoding);
    }
    let path = writer.finish(raw);
    if has_percent && encodes_twice(path.as_bytes(), slashes) {
        return Err(NotCanonical::Encoding);
    }
    if slashes == EncodedSlash::Keep && hides_dots(path.as_bytes()) {
        return Err(NotCanonical::DotSegment);
    }
    Ok(path)
}

/// Checks that a query has nothing that ends it early. It is passed on byte for byte.
///
/// # Errors
/// [`NotCanonical::Query`].
pub fn check_query(query: &str) -> Result<(), NotCanonical> {
    let is_bad = |byte: u8| byte == b'#' || byte == b' ' || byte.is_ascii_control();
    if query.bytes().any(is_bad) { Err(NotCanonical::Query) } else { Ok(()) }
}

/// Brings the target of a request into its one form, in place: path canonical, query as it was, no
/// scheme and no host. Does nothing where it has that form already.
///
/// # Errors
/// As [`canonical`] and [`check_query`].
pub fn settle(uri: &mut Uri, slashes: EncodedSlash) -> Result<(), NotCanonical> {
    if let Some(query) = uri.query() {
        check_query(query)?;
    }
    let path = match canonical(uri.path(), slashes)? {
        Cow::Borrowed(_) if uri.authority().is_none() => return Ok(()),
        Cow::Borrowed(_) => uri.path_and_query().cloned().ok_or(NotCanonical::Form)?,
        Cow::Owned(path) => {
            let target = match uri.query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            };
            PathAndQuery::try_from(target).map_err(|_| NotCanonical::Character)?
        }
    };
    *uri = Uri::from(path);
    Ok(())
}

/// What rules compare: a canonical path with its octets decoded, for an app takes `/@me` and `/%40me`
/// for one. An encoded slash and an encoded `%` stay (in upper case), so segments stay what they are.
#[must_use]
pub fn decoded(canonical: &str) -> Cow<'_, str> {
    if !canonical.contains('%') {
        return Cow::Borrowed(canonical);
    }
    let bytes = canonical.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match encoded(&bytes[at..]) {
            Some(octet @ (b'/' | b'%')) => {
                text.extend_from_slice(if octet == b'/' { b"%2F" } else { b"%25" });
                at += 3;
            }
            Some(octet) => {
                text.push(octet);
                at += 3;
            }
            None => {
                text.push(*byte);
                at += 1;
            }
        }
    }
    // A canonical path is UTF-8 when decoded; anything else is compared as it is written.
    String::from_utf8(text).map_or(Cow::Borrowed(canonical), Cow::Owned)
}

/// Octets that change what a path is, however they are written.
fn is_refused(octet: u8, slashes: EncodedSlash) -> bool {
    match octet {
        b'/' => slashes == EncodedSlash::Refuse,
        b'\\' | b';' => true,
        octet => octet.is_ascii_control(),
    }
}

/// Characters that mean the same whether encoded or not (RFC 3986, section 2.3).
fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~".contains(&octet)
}

/// Whether a second decoding would bring up what the first one may not. Any number of `25` may stand between.
fn encodes_twice(path: &[u8], slashes: EncodedSlash) -> bool {
    let starts = path.windows(3).enumerate().filter(|(_, three)| *three == b"%25").map(|(at, _)| at);
    starts.into_iter().any(|at| {
        let mut rest = &path[at + 3..];
        while let Some(deeper) = rest.strip_prefix(b"25") {
            rest = deeper;
        }
        let octet = octet::hex(rest);
        octet.is_some_and(|octet| octet == b'.' || is_refused(octet, slashes))
    })
}

/// How often a path can be encoded over and over; more than any program decodes.
const MOST_LAYERS: usize = 4;

/// Whether a dot segment comes up once kept slashes are decoded, however often. What is encoded in more layers than
/// any program peels is taken for one that does: looking further would cost the square of its length.
fn hides_dots(path: &[u8]) -> bool {
    let mut text = Cow::Borrowed(path);
    for _ in 0..=MOST_LAYERS {
        if text.split(|byte| *byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
            return true;
        }
        if !text.contains(&b'%') {
            return false;
        }
        let next = octet::decode(&text);
        if next.len() == text.len() {
            return false;
        }
        text = Cow::Owned(next);
    }
    true
}

/// A segment as far as it was read: only whether it is nothing but dots.
#[derive(Default)]
struct Segment {
    length: usize,
    dots: usize,
}

impl Segment {
    fn push(&mut self, byte: u8) {
        self.length += 1;
        self.dots += usize::from(byte == b'.');
    }

    fn end(&mut self) -> Result<(), NotCanonical> {
        let ended = std::mem::take(self);
        let is_dots = ended.length == ended.dots && (1..=2).contains(&ended.dots);
        if is_dots { Err(NotCanonical::DotSegment) } else { Ok(()) }
    }
}

/// Writes a path anew from the first place on where it differs from the raw one.
struct Writer<'a> {
    raw: &'a [u8],
    own: Option<Vec<u8>>,
}

impl<'a> Writer<'a> {
    fn new(raw: &'a [u8]) -> Self {
        Self { raw, own: None }
    }

    /// Writes `text` for the `length` raw bytes at `at`.
    fn write(&mut self, at: usize, length: usize, text: &[u8]) {
        match &mut self.own {
            Some(own) => own.extend_from_slice(text),
            None if self.raw[at..at + length] == *text => {}
            None => {
                let mut own = Vec::with_capacity(self.raw.len());
                own.extend_from_slice(&self.raw[..at]);
                own.extend_from_slice(text);
                self.own = Some(own);
            }
        }
    }

    fn finish(self, raw: &str) -> Cow<'_, str> {
        match self.own.map(String::from_utf8) {
            None => Cow::Borrowed(raw),
            Some(Ok(own)) => Cow::Owned(own),
            // Every byte that is written is ASCII.
            Some(Err(error)) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
