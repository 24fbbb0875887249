//! [`Csrf`]: a checked configuration with its keys, and everything that can be asked of it.

use http::{HeaderName, HeaderValue};

use crate::config::Builder;
use crate::cookie::{CookieNames, cookie_values};
use crate::environment::{Environment, UnixSeconds};
use crate::key::{ANONYMOUS, KeyRing, Tag};
use crate::option::{Mode, Rotate, Unproven};
use crate::origin::{Destination, HostRef, OriginRef, Scheme};
use crate::pattern::{Exemption, HostPattern, OriginPattern, PathPattern};
use crate::request::{RequestView, Target};
use crate::session::{Session, SessionState, SessionTag};
use crate::token::{self, Draft, Explanation};
use crate::{Decision, Reason};

/// The text of every refusal. Old clients and tests look for it.
pub const MESSAGE: &str = "CSRF token validation failed. Please refresh the page and try again.";

/// The most bytes a bind cookie may have; longer ones count as absent.
const MAX_BIND_BYTES: usize = 256;

/// The switches of the rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy {
    pub(crate) mode: Mode,
    pub(crate) rotate: Rotate,
    pub(crate) missing_provenance: Unproven,
    pub(crate) sfs_none: Unproven,
    pub(crate) require_sfs: bool,
    pub(crate) allow_same_site: bool,
    pub(crate) strict_origin: bool,
}

/// The lists of the rule.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) public_origins: Vec<OriginPattern>,
    pub(crate) trusted_origins: Vec<OriginPattern>,
    pub(crate) allowed_hosts: Vec<HostPattern>,
    pub(crate) session_paths: Vec<PathPattern>,
    pub(crate) exempt_paths: Vec<Exemption>,
}

/// CSRF protection of one server. It holds no state that changes: any number of nodes with the same keys agree.
#[derive(Debug)]
pub struct Csrf {
    pub(crate) ring: KeyRing,
    pub(crate) names: CookieNames,
    pub(crate) rules: Rules,
    pub(crate) policy: Policy,
    pub(crate) header: HeaderName,
    pub(crate) header_text: String,
    pub(crate) field_name: String,
    pub(crate) token_path: String,
    pub(crate) require_https: bool,
    pub(crate) report_only: bool,
    pub(crate) max_age: u64,
    pub(crate) skew: u64,
}

/// A token that has just been made, and the bind cookie that goes with it.
#[derive(Clone)]
pub struct Minted {
    token: String,
    new_bind: Option<String>,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Minted(****)")
    }
}

impl Minted {
    /// The token, for the header, the body, the cookie or a form field.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// The browser of a request, as far as an answer needs to know it.
#[derive(Clone)]
pub struct Visitor {
    address: Option<(Scheme, String)>,
    bind: Option<Box<[u8]>>,
    has_several_tokens: bool,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Visitor({:?}, has_bind: {})", self.address, self.has_bind_cookie())
    }
}

impl Visitor {
    /// Whether the browser sent a bind cookie.
    #[must_use]
    pub fn has_bind_cookie(&self) -> bool {
        self.bind.is_some()
    }

    fn parsed(&self) -> Option<(Scheme, HostRef<'_>)> {
        let (scheme, host) = self.address.as_ref()?;
        Some((*scheme, HostRef::parse(host)?))
    }
}

impl Csrf {
    /// Starts a configuration.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The keys.
    #[must_use]
    pub fn key_ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The tag of a sign-in under the key that signs now. Keep it with the session.
    #[must_use]
    pub fn session_tag(&self, handle: &[u8]) -> SessionTag {
        SessionTag::new(&self.ring, handle)
    }

    /// A sign-in in the form that the layer takes from extensions.
    #[must_use]
    pub fn session(&self, handle: &[u8]) -> Session {
        Session::signed_in(handle, self.session_tag(handle))
    }

    /// What is needed to answer a request with a token after the request itself has moved on.
    #[must_use]
    pub fn visitor(&self, view: &RequestView<'_>) -> Visitor {
        let target = view.target().ok();
        Visitor {
            address: target.map(|target| (self.effective_scheme(&target), target.authority.host.to_string())),
            bind: self.bind_values(view).next().map(Into::into),
            has_several_tokens: cookie_values(view.headers, &self.names.token).nth(1).is_some(),
        }
    }

    /// Makes a token for the browser and the sign-in of a request. A browser without a bind cookie gets one.
    #[must_use]
    pub fn issue(&self, visitor: &Visitor, session: &SessionState<'_>, environment: &dyn Environment) -> Minted {
        let kid = self.ring.signing_kid();
        let mut new_bind = None;
        let family = match &visitor.bind {
            Some(value) => self.family(kid, value),
            None => self.family(kid, new_bind.insert(random_bind(environment)).as_bytes()),
        };
        let mut salt = [0; 15];
        environment.fill(&mut salt);
        // The signing key is in its ring, so the tag is there; anonymous would be the weaker token.
        let session = session.tag(&self.ring, kid).unwrap_or(ANONYMOUS);
        let draft = Draft { issued_at: environment.now(), family, session, salt };
        Minted { token: token::seal(&self.ring, &draft), new_bind }
    }

    /// The `Set-Cookie` values that go with a token: the removal of its twins, the token cookie, and the bind cookie
    /// if the browser has none yet.
    #[must_use]
    pub fn set_cookies(&self, visitor: &Visitor, minted: &Minted) -> Vec<HeaderValue> {
        let Some((scheme, host)) = visitor.parsed() else { return Vec::new() };
        let mut cookies = self.names.expire_twins(scheme, host, visitor.has_several_tokens);
        cookies.push(self.names.set_token(scheme, host, &minted.token, self.max_age));
        cookies.extend(minted.new_bind.as_deref().map(|value| self.names.set_bind(scheme, value)));
        cookies
    }

    /// The bind cookie for a page of this server, where the browser has none yet. With it the first token fetch
    /// already knows its browser. Only for answers that no shared cache may keep.
    #[must_use]
    pub fn set_bind_cookie(&self, visitor: &Visitor, environment: &dyn Environment) -> Option<HeaderValue> {
        let (scheme, _) = visitor.parsed()?;
        visitor.bind.is_none().then(|| self.names.set_bind(scheme, &random_bind(environment)))
    }

    /// The JSON that the token endpoint answers.
    #[must_use]
    pub fn token_body(&self, minted: &Minted) -> String {
        // Header and cookie names are tokens of RFC 9110, so nothing here needs escaping.
        format!(
            r#"{{"csrf_token":"{}","header_name":"{}","cookie_name":"{}","expires_in":{},"message":"Send this token in the {} header."}}"#,
            minted.token, self.header_text, self.names.token, self.max_age, self.header_text
        )
    }

    /// The headers of the token endpoint's answer, which no cache may keep, beside its content type and cookies.
    /// It must not be compressed either.
    #[must_use]
    pub fn token_headers() -> [(HeaderName, HeaderValue); 4] {
        [
            (http::header::CACHE_CONTROL, HeaderValue::from_static("no-store, private")),
            (HeaderName::from_static("cdn-cache-control"), HeaderValue::from_static("no-store")),
            (http::header::PRAGMA, HeaderValue::from_static("no-cache")),
            (http::header::VARY, HeaderValue::from_static("Cookie, Origin, Sec-Fetch-Site")),
        ]
    }

    /// Whether a token stands by itself: shape, key, MAC and age, without any request. For tools; a request is
    /// judged by [`Csrf::check`].
    ///
    /// # Errors
    /// The reason of the row (T3 to T6) that refuses it.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<(), Reason> {
        let opened = token::open(&self.ring, token.as_bytes()).map_err(|flaw| match flaw {
            token::Flaw::Malformed => Reason::TokenMalformed,
            token::Flaw::BadSignature => Reason::TokenBadSignature,
        })?;
        self.untimely(now - opened.issued_at).map_or(Ok(()), Err)
    }

    /// What a token says about itself; `None` where the text does not have the shape of one.
    #[must_use]
    pub fn explain(&self, token: &str, now: UnixSeconds) -> Option<Explanation> {
        let mut explanation = token::explain(&self.ring, token, now)?;
        explanation.refusal = explanation.refusal.or_else(|| self.untimely(explanation.age_seconds));
        Some(explanation)
    }

    /// Whether a cookie value was made here, expired or not. A proxy removes only such a cookie before an app.
    #[must_use]
    pub fn is_ours(&self, value: &[u8]) -> bool {
        token::open_cookie(&self.ring, value).is_some()
    }

    /// Whether the answer to an allowed request should carry a new token.
    #[must_use]
    pub fn should_rotate(&self, decision: &Decision) -> bool {
        if !decision.is_allowed() || decision.provenance.is_none() {
            return false;
        }
        match (self.policy.rotate, decision.token) {
            (Rotate::Never, _) | (Rotate::Aging, None) => false,
            (Rotate::Always, _) => true,
            (Rotate::Aging, Some(token)) => {
                decision.reason != Reason::TokenOk
                    || token.kid != self.ring.signing_kid()
                    || token.age_seconds.saturating_mul(4) > i64::try_from(self.max_age).unwrap_or(i64::MAX)
            }
        }
    }

    /// Whether a request is for one of the allowed hosts; for any host where none are listed.
    #[must_use]
    pub fn allows_host(&self, view: &RequestView<'_>) -> bool {
        view.target().is_ok_and(|target| self.allows(&target))
    }

    /// Row P3.
    pub(crate) fn allows(&self, target: &Target<'_>) -> bool {
        let hosts = &self.rules.allowed_hosts;
        let port = Some(target.authority.port.unwrap_or(target.connection_scheme().port()));
        hosts.is_empty() || hosts.iter().any(|pattern| pattern.matches(target.authority.host, port))
    }

    /// The origin that the rule takes a request to be for, as text: SELF. `None` where the target is malformed.
    #[must_use]
    pub fn self_origin(&self, view: &RequestView<'_>) -> Option<String> {
        view.target().ok().map(|target| self.self_of(&target).to_string())
    }

    /// The scheme that decides about `Secure` and about cookie names.
    #[must_use]
    pub fn scheme(&self, view: &RequestView<'_>) -> Option<Scheme> {
        view.target().ok().map(|target| self.effective_scheme(&target))
    }

    /// Where a request goes, as the rule takes it. `None` where the target is malformed.
    #[must_use]
    pub fn destination<'a>(&self, view: &RequestView<'a>) -> Option<Destination<'a>> {
        let target = view.target().ok()?;
        let scheme = self.effective_scheme(&target);
        Some(Destination { scheme, host: target.authority.host.as_name(), port: target.authority.port })
    }

    /// The name of the bind cookie under a scheme.
    #[must_use]
    pub fn bind_cookie_name(&self, scheme: Scheme) -> &str {
        self.names.bind(scheme)
    }

    /// The name of the token cookie.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.names.token
    }

    /// The name of the header that carries a token, both ways.
    #[must_use]
    pub fn header_name(&self) -> &HeaderName {
        &self.header
    }

    /// The header name as it was configured, in its letter case.
    #[must_use]
    pub fn header_text(&self) -> &str {
        &self.header_text
    }

    /// The name of the form field.
    #[must_use]
    pub fn field_name(&self) -> &str {
        &self.field_name
    }

    /// The path of the token endpoint.
    #[must_use]
    pub fn token_path(&self) -> &str {
        &self.token_path
    }

    /// The configured mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.policy.mode
    }

    /// Whether refusals are only reported.
    #[must_use]
    pub fn is_report_only(&self) -> bool {
        self.report_only
    }

    /// The life of a token in seconds.
    #[must_use]
    pub fn max_age_seconds(&self) -> u64 {
        self.max_age
    }

    /// Whether an origin is trusted. The answer for CORS comes from here too, so that there is one list.
    #[must_use]
    pub fn is_trusted_origin(&self, origin: &str) -> bool {
        OriginRef::parse(origin).is_some_and(|origin| self.trusts(origin))
    }

    pub(crate) fn trusts(&self, origin: OriginRef<'_>) -> bool {
        self.rules.trusted_origins.iter().any(|pattern| pattern.matches(origin))
    }

    /// SELF: the public origin that stands for the target, or else the target itself.
    pub(crate) fn self_of<'a>(&'a self, target: &Target<'a>) -> OriginRef<'a> {
        let derived = OriginRef::of_target(target.connection_scheme(), target.authority);
        let mut public = self.rules.public_origins.iter().filter_map(OriginPattern::as_exact);
        match self.rules.public_origins.len() {
            0 => derived,
            1 => public.next().unwrap_or(derived),
            _ if public.clone().any(|origin| origin == derived) => derived,
            _ => {
                let mut same_host = public.filter(|origin| origin.host == derived.host);
                // With two public origins on one host nobody can say which one a rewritten request was for.
                same_host.next().filter(|_| same_host.next().is_none()).unwrap_or(derived)
            }
        }
    }

    /// What the caller says, then what configuration says, then what the connection shows.
    pub(crate) fn effective_scheme(&self, target: &Target<'_>) -> Scheme {
        target.scheme_beside(self.self_of(target))
    }

    /// The bind cookies of a request, at most eight.
    pub(crate) fn bind_values<'a>(&'a self, view: &RequestView<'a>) -> impl Iterator<Item = &'a [u8]> {
        let name = view.target().ok().map(|target| self.names.bind(self.effective_scheme(&target)));
        let values = name.into_iter().flat_map(|name| cookie_values(view.headers, name));
        values.filter(|value| !value.is_empty() && value.len() <= MAX_BIND_BYTES)
    }

    pub(crate) fn family(&self, kid: u8, bind: &[u8]) -> Tag {
        self.ring.tag(kid, b'a', bind).unwrap_or(ANONYMOUS)
    }

    /// Rows T5 and T6.
    pub(crate) fn untimely(&self, age: i64) -> Option<Reason> {
        let limit = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        if age < -limit(self.skew) {
            Some(Reason::TokenFromFuture)
        } else if age > limit(self.max_age) {
            Some(Reason::TokenExpired)
        } else {
            None
        }
    }
}

/// 128 random bits in the alphabet of tokens.
fn random_bind(environment: &dyn Environment) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 16];
    environment.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
