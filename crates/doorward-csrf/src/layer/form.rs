//! The token field of a form without scripts: read from the beginning of the body, within fixed limits.

use std::collections::VecDeque;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body;
use http_body_util::BodyExt;
use memchr::memmem;

use super::body::Replay;

/// How much of an urlencoded body is read.
const MAX_URLENCODED: usize = 64 * 1024;
/// How much of a multipart body is read; the field must stand before any file.
const MAX_MULTIPART: usize = 16 * 1024;
/// How many frames are kept, so that tiny ones cannot fill the memory.
const MAX_FRAMES: usize = 4096;

/// The token field as it was found.
#[derive(PartialEq, Eq)]
pub enum FormField {
    /// There is no form, no such field, or the body could not be read.
    Absent,
    /// The value.
    Text(String),
    /// A value that is not text.
    NotText,
}

impl std::fmt::Debug for FormField {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", crate::FormValue::from(self))
    }
}

/// A body, whole again, and the token field that was found in it.
#[derive(Debug)]
pub struct Form<B> {
    /// The field.
    pub field: FormField,
    /// The body, byte for byte as it came.
    pub body: Replay<B>,
}

impl<B> Form<B> {
    /// A body that nobody looked into.
    pub(super) fn unread(body: B) -> Self {
        Self { field: FormField::Absent, body: Replay::new(VecDeque::new(), body) }
    }
}

/// How the fields of a form are written.
#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    Urlencoded,
    Multipart { boundary: String },
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
        if kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Some(Self::Urlencoded);
        }
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let boundary = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
        })?;
        // RFC 2046, section 5.1.1 sets the limit.
        (1..=70).contains(&boundary.len()).then_some(Self::Multipart { boundary })
    }

    fn limit(&self) -> usize {
        match self {
            Self::Urlencoded => MAX_URLENCODED,
            Self::Multipart { .. } => MAX_MULTIPART,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Form<B> {
    /// Reads the field `name` of an urlencoded or multipart body, and puts the body together again. A body that cannot
    /// be read has no field. At most 64 KiB of an urlencoded and 16 KiB of a multipart body are read; how long that
    /// may take is for the caller to bound.
    pub async fn read(headers: &HeaderMap, mut body: B, name: &str) -> Self {
        let Some(encoding) = Encoding::of(headers) else { return Self::unread(body) };
        let (mut frames, mut text, mut is_whole) = (VecDeque::new(), Vec::new(), false);
        while text.len() < encoding.limit() && frames.len() < MAX_FRAMES {
            let frame = match body.frame().await {
                Some(Ok(frame)) => frame,
                // The client is gone: what it had sent so far is no form.
                Some(Err(_)) => return Form { field: FormField::Absent, body: Replay::new(frames, body) },
                None => {
                    is_whole = true;
                    break;
                }
            };
            if let Some(data) = frame.data_ref() {
                let room = encoding.limit() - text.len();
                text.extend_from_slice(&data[..data.len().min(room)]);
                is_whole = data.len() <= room && body.is_end_stream();
            }
            frames.push_back(frame);
        }
        let field = match &encoding {
            Encoding::Urlencoded => urlencoded(&text, is_whole, name),
            Encoding::Multipart { boundary } => multipart(&text, boundary, name),
        };
        Self { field, body: Replay::new(frames, body) }
    }
}

fn urlencoded(text: &[u8], is_whole: bool, name: &str) -> FormField {
    // The last pair of a body that goes on may have been cut.
    let end = if is_whole { text.len() } else { memchr::memrchr(b'&', text).unwrap_or(0) };
    let mut pairs = form_urlencoded::parse(&text[..end]);
    pairs.find(|(key, _)| key == name).map_or(FormField::Absent, |(_, value)| FormField::Text(value.into_owned()))
}

/// Walks the parts (RFC 7578) until the field, the first file, or the end of what was read.
fn multipart(text: &[u8], boundary: &str, name: &str) -> FormField {
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let Some(first) = text.strip_prefix(&delimiter.as_bytes()[2..]) else { return FormField::Absent };
    let mut rest = first;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(head_end) = memmem::find(part, b"\r\n\r\n") else { return FormField::Absent };
        let (head, content) = (&part[..head_end], &part[head_end + 4..]);
        let (is_ours, is_file) = disposition(head, name);
        let Some(end) = finder.find(content) else { return FormField::Absent };
        match (is_ours, is_file) {
            (true, true) => return FormField::NotText,
            (true, false) => {
                return String::from_utf8(content[..end].to_vec()).map_or(FormField::NotText, FormField::Text);
            }
            (false, true) => return FormField::Absent,
            (false, false) => rest = &content[end + delimiter.len()..],
        }
    }
    FormField::Absent
}

/// Whether a part has this name, and whether it is a file.
fn disposition(head: &[u8], name: &str) -> (bool, bool) {
    let head = String::from_utf8_lossy(head);
    let line = head.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let (mut is_ours, mut is_file) = (false, false);
    for (key, value) in line.unwrap_or_default().split(';').filter_map(|parameter| parameter.split_once('=')) {
        let key = key.trim();
        is_ours |= key.eq_ignore_ascii_case("name") && value.trim().trim_matches('"') == name;
        is_file |= key.eq_ignore_ascii_case("filename") || key.eq_ignore_ascii_case("filename*");
    }
    (is_ours, is_file)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http::HeaderValue;
    use http_body::Frame;
    use http_body_util::Full;
    use proptest::prelude::*;

    use super::*;

    fn headers(kind: &str) -> HeaderMap {
        [(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap())].into_iter().collect()
    }

    async fn field_of(kind: &str, body: impl Into<Bytes>) -> FormField {
        let body = body.into();
        let form = Form::read(&headers(kind), Full::new(body.clone()), "csrf_token").await;
        assert_eq!(form.body.collect().await.unwrap().to_bytes(), body, "the body is whole again");
        form.field
    }

    fn text(value: &str) -> FormField {
        FormField::Text(value.to_owned())
    }

    #[tokio::test]
    async fn reads_an_urlencoded_field() {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(field_of(kind, "a=1&csrf_token=1%3Ax&b=2").await, text("1:x"));
        assert_eq!(field_of(kind, "csrf_token=").await, text(""));
        assert_eq!(field_of(kind, "a=1&token=2").await, FormField::Absent);
        assert_eq!(field_of(kind, "").await, FormField::Absent);
        assert_eq!(field_of("application/json", "csrf_token=1").await, FormField::Absent);
    }

    #[tokio::test]
    async fn stops_reading_at_the_limit_and_never_takes_half_a_value() {
        let kind = "application/x-www-form-urlencoded";
        let padding = "x".repeat(MAX_URLENCODED - "a=&csrf_token=12".len());
        assert_eq!(field_of(kind, format!("a={padding}&csrf_token=12345")).await, FormField::Absent);
        assert_eq!(field_of(kind, format!("csrf_token=12345&a={padding}{padding}")).await, text("12345"));
        assert_eq!(field_of(kind, format!("a={padding}&csrf_token=12")).await, text("12"));
    }

    #[tokio::test]
    async fn reads_a_multipart_field_before_any_file() {
        let kind = "multipart/form-data; boundary=\"XX\"";
        let part = |name: &str, value: &str| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file =
            "--XX\r\ncontent-disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\nxx\r\n";
        let end = "--XX--\r\n";
        let token = part("csrf_token", "1:x");
        assert_eq!(field_of(kind, format!("{}{token}{file}{end}", part("a", "b"))).await, text("1:x"));
        assert_eq!(field_of(kind, format!("{file}{token}{end}")).await, FormField::Absent);
        assert_eq!(
            field_of(kind, format!("{}{token}{end}", part("a", &"b".repeat(MAX_MULTIPART)))).await,
            FormField::Absent
        );
        assert_eq!(field_of(kind, file.replace("name=\"f\"", "name=\"csrf_token\"") + end).await, FormField::NotText);
        assert_eq!(
            field_of(kind, "--XX\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\nx").await,
            FormField::Absent
        );
        assert_eq!(field_of("multipart/form-data", token).await, FormField::Absent);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_has_no_field() {
        let body = Broken(Some(Bytes::from_static(b"csrf_token=1")));
        let form = Form::read(&headers("application/x-www-form-urlencoded"), body, "csrf_token").await;
        assert_eq!(form.field, FormField::Absent);
    }

    /// A body whose client goes away after one frame.
    struct Broken(Option<Bytes>);

    impl Body for Broken {
        type Data = Bytes;
        type Error = &'static str;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(Some(self.0.take().map(Frame::data).ok_or("gone")))
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..400), boundary in "[a-z]{1,3}") {
            let _ = multipart(&body, &boundary, "t");
            let _ = urlencoded(&body, true, "t");
        }

        #[test]
        fn near_multipart_does_not_panic(pieces in proptest::collection::vec(prop_oneof![
            Just("--a"), Just("\r\n"), Just("--"), Just("Content-Disposition: form-data; name=t"), Just("; filename=x"), Just("v"),
        ], 0..24)) {
            let _ = multipart(pieces.concat().as_bytes(), "a", "t");
        }
    }
}
