//! What is known of a request when it arrives, before anybody looks at cookies.

use std::net::IpAddr;

use doorward_core::UnixTime;
use doorward_core::identifier::RequestId;
use doorward_core::language::Language;
use doorward_core::session::device_label;
use doorward_csrf::Scheme;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

/// One request, as far as everybody may know it. In the extensions of every request as `Arc<Arrival>`.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its name, in the answer, in logs and in the audit log.
    pub id: RequestId,
    /// When it came.
    pub at: UnixTime,
    /// Who holds the other end of the connection.
    pub peer: IpAddr,
    /// The client, as trusted proxies tell it.
    pub address: IpAddr,
    /// Whether the client uses https.
    pub is_https: bool,
    /// The origin that the client uses, such as `https://example.com`; empty where the target is malformed.
    pub origin: String,
    /// The path, never the query.
    pub path: String,
    /// Whether the query holds a token or a code: such an address goes to nobody.
    pub has_token: bool,
    /// The language of texts.
    pub language: Language,
    /// Whether a person looks at the answer: a navigation, or a client that asks for HTML.
    pub is_page: bool,
    /// Who reads a refusal.
    pub reader: Reader,
    /// What the client calls itself.
    pub device: Box<str>,
}

impl Arrival {
    /// The host of the origin, without port and brackets; empty where the target is malformed.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// The scheme that the client uses.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.is_https { Scheme::Https } else { Scheme::Http }
    }
}

/// Who reads a refusal, and so in which form it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person in a browser: a page.
    Person,
    /// A person at a terminal, who asks for plain text first.
    Terminal,
    /// A program: a problem document.
    Program,
}

/// Who reads a refusal: `Accept` names plain text first, or nothing better than a document is known.
#[must_use]
pub fn reader(headers: &HeaderMap) -> Reader {
    if is_page(headers) {
        return Reader::Person;
    }
    let first = text(headers, &ACCEPT).split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("text/plain") { Reader::Terminal } else { Reader::Program }
}

/// Whether a person will look at the answer (Fetch Metadata where the browser sends it, `Accept` elsewhere).
pub fn is_page(headers: &HeaderMap) -> bool {
    const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    asks_for_page(headers.get(MODE), headers.get(ACCEPT))
}

/// The same, of Sec-Fetch-Mode and `Accept`.
#[must_use]
pub fn asks_for_page(mode: Option<&HeaderValue>, accept: Option<&HeaderValue>) -> bool {
    let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match mode {
        Some(mode) => mode == "navigate",
        None => accept.split(',').any(|range| range.trim().to_ascii_lowercase().starts_with("text/html")),
    }
}

/// Whether a query holds a token or a code that opens something.
#[must_use]
pub fn has_token(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| matches!(pair.split('=').next(), Some("token" | "code")))
}

/// The language that the client asks for.
#[must_use]
pub fn language(headers: &HeaderMap) -> Language {
    Language::from_accept_language(text(headers, &ACCEPT_LANGUAGE))
}

/// What the client calls itself, cut to what is kept.
#[must_use]
pub fn device(headers: &HeaderMap) -> Box<str> {
    device_label(text(headers, &USER_AGENT))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
