//! The parts of a request that the rule looks at, borrowed.

use std::fmt;

use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, REFERER, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::Reason;
use crate::environment::UnixSeconds;
use crate::origin::{Authority, OriginRef, Scheme, parse_port};

static OVERRIDES: [HeaderName; 3] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-http-method"),
];
pub(crate) static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// One request as the rule sees it. Copying is cheap; nothing is allocated.
#[derive(Clone, Copy)]
pub struct RequestView<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) now: UnixSeconds,
    pub(crate) version: Version,
    received_authority: Option<&'a str>,
    target_authority: Option<&'a str>,
    scheme: Option<Scheme>,
    is_tls: bool,
    is_websocket: bool,
    is_proxy_trusted: bool,
}

impl fmt::Debug for RequestView<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Header values hold cookies and tokens, so only what names the request is printed.
        write!(out, "RequestView({} {})", self.method, self.path)
    }
}

impl<'a> RequestView<'a> {
    /// A request as it arrived at `now`: over plain http, from a peer whose forwarded headers mean nothing.
    #[must_use]
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap, now: UnixSeconds) -> Self {
        Self {
            method,
            path: uri.path(),
            headers,
            now,
            version: Version::HTTP_11,
            received_authority: uri.authority().map(http::uri::Authority::as_str),
            target_authority: None,
            scheme: None,
            is_tls: false,
            is_websocket: headers.get_all(UPGRADE).iter().any(names_websocket),
            is_proxy_trusted: false,
        }
    }

    /// Whether the peer is connected over TLS.
    #[must_use]
    pub fn tls(self, is_tls: bool) -> Self {
        Self { is_tls, ..self }
    }

    /// The HTTP version, for the log only.
    #[must_use]
    pub fn version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// The scheme that the visitor uses, as a proxy-aware caller knows it. Without it the TLS state decides, or the
    /// public origin that stands for this host.
    #[must_use]
    pub fn scheme(self, scheme: Scheme) -> Self {
        Self { scheme: Some(scheme), ..self }
    }

    /// The `host[:port]` that the visitor uses, as a proxy-aware caller knows it. A malformed `Host` is still refused.
    #[must_use]
    pub fn target_authority(self, authority: &'a str) -> Self {
        Self { target_authority: Some(authority), ..self }
    }

    /// The `:authority` as it was received, for callers whose [`Uri`] does not hold it.
    #[must_use]
    pub fn received_authority(self, authority: &'a str) -> Self {
        Self { received_authority: Some(authority), ..self }
    }

    /// The path as it was received, for callers that have rewritten the [`Uri`].
    #[must_use]
    pub fn path(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    /// Lets `X-Forwarded-Proto`, `-Host` and `-Port` speak for the target. Call it only where the peer is a proxy
    /// that is listed in the configuration. Of several values the last one counts: the peer wrote that one itself.
    #[must_use]
    pub fn trust_forwarded(self) -> Self {
        Self { is_proxy_trusted: true, ..self }
    }

    /// Marks a WebSocket handshake that shows in no header: extended CONNECT (RFC 8441, section 4).
    #[must_use]
    pub fn websocket(self) -> Self {
        Self { is_websocket: true, ..self }
    }

    pub(crate) fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// Row A2 without its exceptions for WebSocket and overrides.
    pub(crate) fn is_safe(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS)
            && !self.is_websocket
            && !OVERRIDES.iter().any(|name| self.headers.contains_key(name))
    }

    pub(crate) fn has_cookies(&self) -> bool {
        self.headers.contains_key(COOKIE)
    }

    /// Whether the one `Authorization` field holds a scheme that browsers never add by themselves.
    pub(crate) fn has_bearer(&self) -> bool {
        let mut fields = self.headers.get_all(AUTHORIZATION).iter();
        let (Some(field), None) = (fields.next(), fields.next()) else { return false };
        let Some((scheme, rest)) = field.to_str().ok().and_then(|text| text.split_once(' ')) else { return false };
        let is_self_made = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
        is_self_made && !rest.trim().is_empty()
    }

    /// Sec-Fetch-Site, or row P4.
    pub(crate) fn site(&self) -> Result<Initiator, Reason> {
        let mut fields = self.headers.get_all(&SEC_FETCH_SITE).iter();
        let Some(first) = fields.next() else { return Ok(Initiator::Absent) };
        if fields.any(|other| !other.as_bytes().eq_ignore_ascii_case(first.as_bytes())) {
            return Err(Reason::SfsConflict);
        }
        Ok(Initiator::read(first.as_bytes().trim_ascii()))
    }

    /// Origin, or row P5. A page of this server states `own` letter by letter, so that is looked at first.
    pub(crate) fn origin(&self, own: OriginRef<'a>) -> Result<Stated<'a>, Reason> {
        let mut fields = self.headers.get_all(ORIGIN).iter();
        let Some(first) = fields.next() else { return Ok(Stated::Absent) };
        if fields.any(|other| other != first) {
            return Err(Reason::OriginMalformed);
        }
        if own.is_written(first.as_bytes()) {
            return Ok(Stated::Of(own));
        }
        Ok(match first.to_str().ok().map(str::trim_ascii) {
            Some("null") => Stated::Null,
            text => text.and_then(OriginRef::parse).map_or(Stated::Malformed, Stated::Of),
        })
    }

    /// The origin of Referer.
    pub(crate) fn referer(&self) -> Stated<'a> {
        let mut fields = self.headers.get_all(REFERER).iter();
        let Some(first) = fields.next() else { return Stated::Absent };
        if fields.any(|other| other != first) {
            return Stated::Malformed;
        }
        OriginRef::of_url(first.as_bytes().trim_ascii()).map_or(Stated::Malformed, Stated::Of)
    }

    /// Which host and scheme the request is for, or rows P1 and P2.
    pub(crate) fn target(&self) -> Result<Target<'a>, Reason> {
        let received = self.received()?;
        let is_malformed = |text| Authority::parse(text).ok_or(Reason::HostMalformed);
        let mut authority = match (self.target_authority, self.forwarded(&FORWARDED_HOST)?) {
            (Some(text), _) | (None, Some(text)) => is_malformed(text)?,
            (None, None) => received.ok_or(Reason::HostMalformed)?,
        };
        let names_port = authority.port.is_some() && (self.target_authority.is_some() || self.names_forwarded_host());
        if let (false, Some(digits)) = (names_port, self.forwarded(&FORWARDED_PORT)?) {
            authority.port = Some(parse_port(digits).ok_or(Reason::HostMalformed)?);
        }
        Ok(Target { authority, given_scheme: self.given_scheme()?, is_tls: self.is_tls })
    }

    fn names_forwarded_host(&self) -> bool {
        self.is_proxy_trusted && self.headers.contains_key(&FORWARDED_HOST)
    }

    fn received(&self) -> Result<Option<Authority<'a>>, Reason> {
        let mut fields = self.headers.get_all(HOST).iter();
        let host = fields.next().map(HeaderValue::as_bytes);
        if let (Some(authority), Some(host)) = (self.received_authority, host)
            && authority.as_bytes() != host
            && !self.is_same_authority(authority, host)
        {
            return Err(Reason::AuthorityMismatch);
        }
        // A second Host field is refused even where it repeats the first (RFC 9112, section 3.2).
        if fields.next().is_some() {
            return Err(Reason::HostMalformed);
        }
        let text = match (self.received_authority, host) {
            (Some(authority), _) => authority,
            (None, Some(host)) => str::from_utf8(host).map_err(|_| Reason::HostMalformed)?.trim_ascii(),
            (None, None) => return Ok(None),
        };
        Authority::parse(text).map(Some).ok_or(Reason::HostMalformed)
    }

    /// Whether two spellings name one target: letter case and the default port do not count.
    fn is_same_authority(&self, authority: &str, host: &[u8]) -> bool {
        let scheme = if self.is_tls { Scheme::Https } else { Scheme::Http };
        let read = |text| Authority::parse(text).map(|parsed| OriginRef::new(scheme.as_str(), parsed));
        let host = str::from_utf8(host).ok().and_then(read);
        host.is_some() && host == read(authority)
    }

    fn given_scheme(&self) -> Result<Option<Scheme>, Reason> {
        if self.scheme.is_some() {
            return Ok(self.scheme);
        }
        Ok(self.forwarded(&FORWARDED_PROTO)?.and_then(|text| {
            let is_any_of = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            if is_any_of(["https", "wss"]) {
                Some(Scheme::Https)
            } else {
                is_any_of(["http", "ws"]).then_some(Scheme::Http)
            }
        }))
    }

    /// The value that the peer itself wrote, where the peer is trusted.
    fn forwarded(&self, name: &HeaderName) -> Result<Option<&'a str>, Reason> {
        let field = self.is_proxy_trusted.then(|| self.headers.get_all(name).iter().next_back()).flatten();
        let Some(field) = field else { return Ok(None) };
        let text = field.to_str().map_err(|_| Reason::HostMalformed)?;
        Ok(text.rsplit(',').next().map(str::trim_ascii))
    }
}

fn names_websocket(field: &HeaderValue) -> bool {
    field.as_bytes().split(|byte| *byte == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// The host and scheme that a request is for, before configuration has its say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) authority: Authority<'a>,
    pub(crate) given_scheme: Option<Scheme>,
    is_tls: bool,
}

impl Target<'_> {
    /// What the caller knows, or else what SELF says.
    pub(crate) fn scheme_beside(&self, own: OriginRef<'_>) -> Scheme {
        self.given_scheme.unwrap_or(if own.scheme == "https" { Scheme::Https } else { Scheme::Http })
    }

    /// What the caller knows, or else what the connection shows.
    pub(crate) fn connection_scheme(&self) -> Scheme {
        self.given_scheme.unwrap_or(if self.is_tls { Scheme::Https } else { Scheme::Http })
    }
}

/// What Sec-Fetch-Site says (Fetch Metadata, section 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initiator {
    Absent,
    /// A value that the specification does not know: counts as absent, but is remembered for row H11.
    Unknown,
    SameOrigin,
    SameSite,
    CrossSite,
    None,
}

impl Initiator {
    fn read(text: &[u8]) -> Self {
        for (word, site) in [
            (&b"same-origin"[..], Self::SameOrigin),
            (b"same-site", Self::SameSite),
            (b"cross-site", Self::CrossSite),
            (b"none", Self::None),
        ] {
            if text.eq_ignore_ascii_case(word) {
                return site;
            }
        }
        Self::Unknown
    }
}

/// What a field says about an origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stated<'a> {
    Absent,
    Malformed,
    Null,
    Of(OriginRef<'a>),
}
