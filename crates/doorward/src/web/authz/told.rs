//! The request that another proxy asks about, as it tells it.

use doorward_csrf::Scheme;
use doorward_edge::path::{EncodedSlash, canonical};
use http::{HeaderMap, HeaderName, Method, Uri};

use crate::config::Environment;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// In which headers the request is told, and how the answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`; the whole answer goes to the client.
    Forward,
    /// `X-Original-Method` and `X-Original-URL`; 200, 401 with `Location`, or 403.
    Request,
}

/// The request that is asked about.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) method: Method,
    pub(super) scheme: Scheme,
    /// Host and port as they were told.
    pub(super) authority: String,
    /// The host in lower case, without port.
    pub(super) host: String,
    /// The path, which is canonical.
    pub(super) path: String,
    /// The query, or empty.
    pub(super) query: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) uri: Uri,
}

impl Told {
    /// Reads the request. What is missing, stands twice or can be read in two ways is refused: the proxy will forward
    /// what it has, and we must have decided about just that.
    pub(super) fn read(exchange: &Exchange, shape: Shape) -> Result<Self, Failure> {
        let headers = exchange.headers();
        let (method, scheme, authority, target) = match shape {
            Shape::Forward => (
                one(headers, "x-forwarded-method")?,
                one(headers, "x-forwarded-proto")?,
                one(headers, "x-forwarded-host")?,
                one(headers, "x-forwarded-uri")?,
            ),
            Shape::Request => {
                let url = one(headers, "x-original-url")?;
                let (scheme, rest) = url.split_once("://").ok_or_else(|| unclear("x-original-url"))?;
                let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (one(headers, "x-original-method")?, scheme, authority, target)
            }
        };
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let method = Method::from_bytes(method.as_bytes()).ok().filter(|_| is_method);
        let scheme = match scheme {
            "https" | "wss" => Scheme::Https,
            "http" | "ws" => Scheme::Http,
            _ => return Err(unclear("the scheme")),
        };
        let target = if target.is_empty() { "/" } else { target };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let keeps = canonical(path, EncodedSlash::Keep)
            .map_err(|why| Failure::of("http.path_not_canonical").with_hint(why.to_string()))?;
        // The proxy forwards the path as it came, so there is nothing to repair here.
        if keeps != path {
            return Err(Failure::of("http.path_not_canonical").with_hint("a second spelling"));
        }
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_end_matches('.');
        let told = Self {
            method: method.ok_or_else(|| unclear("the method"))?,
            scheme,
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
            query: query.to_owned(),
            uri: target.parse().map_err(|_| unclear("the target"))?,
            target: target.to_owned(),
            authority: authority.to_owned(),
        };
        told.check(exchange)
    }

    fn check(self, exchange: &Exchange) -> Result<Self, Failure> {
        let config = &exchange.settings.config;
        let may_be_plain = config.environment == Environment::Development || config.server.insecure_allow_http;
        if self.scheme == Scheme::Http && !may_be_plain {
            return Err(Failure::of("csrf.https_required"));
        }
        let place = exchange.settings.door.find_app(&self.host, &self.path);
        let is_kept = place.is_some_and(|place| place.app.encoded_slash == EncodedSlash::Keep);
        if self.path.contains("%2F") && !is_kept {
            return Err(Failure::of("http.path_not_canonical").with_hint("an encoded slash"));
        }
        Ok(self)
    }

    /// An address on the host that was asked for.
    pub(super) fn url(&self, target: &str) -> String {
        format!("{}://{}{target}", self.scheme.as_str(), self.authority)
    }
}

/// The one value of a field. A proxy that adds to what a client sent would let the client speak.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty());
    text.filter(|text| !text.contains([',', '\\', '#']) || name.ends_with("uri") || name.ends_with("url"))
        .ok_or_else(|| unclear(name))
}

fn unclear(what: &str) -> Failure {
    Failure::of("proxy.question_unclear").with_hint(format!("{what} is missing, stands twice or cannot be read"))
}
