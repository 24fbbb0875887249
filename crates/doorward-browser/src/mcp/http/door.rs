//! Who may speak to the tool server over HTTP: the right host name, no page of another origin, and the token.

use doorward_core::secret::Secret;
use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};

/// Names by which this machine calls itself.
const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// Where a browser says that a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a request must bring.
#[derive(Debug)]
pub struct Door {
    hosts: Vec<String>,
    port: u16,
    token: Secret,
}

/// Why a request is refused, with the status that says so.
pub(super) type Refused = (StatusCode, &'static str);

impl Door {
    /// A door on this port that opens to this token, under the names of this machine and those in `hosts`.
    #[must_use]
    pub fn new(port: u16, token: Secret, hosts: &[String]) -> Self {
        let own = LOOPBACK.iter().map(|name| (*name).to_owned());
        Self { hosts: own.chain(hosts.iter().map(|name| name.to_ascii_lowercase())).collect(), port, token }
    }

    /// Why this request may not come in, if so. What a page could send by itself is refused before the token is looked
    /// at, so that no page learns whether it has guessed one.
    pub(super) fn refusal(&self, parts: &Parts) -> Option<Refused> {
        if !self.is_addressed(parts) {
            return Some((StatusCode::FORBIDDEN, "Forbidden: this Host is none of this server's names"));
        }
        if !self.is_from_here(&parts.headers) {
            return Some((StatusCode::FORBIDDEN, "Forbidden: a page of another origin may not use this server"));
        }
        if !self.has_token(&parts.headers) {
            return Some((
                StatusCode::UNAUTHORIZED,
                "Unauthorized: send the token that this server told when it started as `Authorization: Bearer TOKEN`",
            ));
        }
        None
    }

    /// Whether the request names a host of ours. A name of somebody else's that leads here is how pages reach servers
    /// on the machine of whoever reads them (DNS rebinding).
    fn is_addressed(&self, parts: &Parts) -> bool {
        let Some(host) = single(&parts.headers, &HOST).and_then(|host| host.parse::<Authority>().ok()) else {
            return false;
        };
        let is_own = |authority: &Authority| self.is_own_name(authority.host()) && !authority.as_str().contains('@');
        is_own(&host) && parts.uri.authority().is_none_or(is_own)
    }

    fn is_own_name(&self, name: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn is_from_here(&self, headers: &HeaderMap) -> bool {
        let is_own_site = headers.get_all(SITE).iter().all(|site| site == "same-origin" || site == "none");
        let is_own_origin = !headers.contains_key(ORIGIN)
            || single(headers, &ORIGIN)
                .and_then(|origin| origin.strip_prefix("http://")?.parse::<Authority>().ok())
                .is_some_and(|origin| self.is_own_name(origin.host()) && origin.port_u16().unwrap_or(80) == self.port);
        is_own_site && is_own_origin
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some((scheme, token)) = single(headers, &AUTHORIZATION).and_then(|told| told.split_once(' ')) else {
            return false;
        };
        scheme.eq_ignore_ascii_case("bearer") && !self.token.is_empty() && Secret::new(token.trim()) == self.token
    }
}

/// The value of a field that stands there once; a field that stands there twice has no value.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(fields: &[(&str, &str)]) -> Option<u16> {
        let door = Door::new(8931, Secret::new("t0ken"), &["Tools.example.com".to_owned()]);
        let mut request = Request::post("/mcp");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        door.refusal(&request.body(()).unwrap().into_parts().0).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn only_whoever_has_the_token_and_is_no_foreign_page_comes_in() {
        let (host, token) = (("Host", "127.0.0.1:8931"), ("Authorization", "Bearer t0ken"));
        for (fields, wanted) in [
            (&[host, token][..], None),
            (&[("Host", "localhost"), token], None),
            (&[("Host", "[::1]:8931"), ("Authorization", "bearer t0ken")], None),
            (&[("Host", "tools.example.com"), token], None),
            (&[host, token, ("Origin", "http://127.0.0.1:8931"), ("Sec-Fetch-Site", "same-origin")], None),
            (&[host], Some(401)),
            (&[host, ("Authorization", "Bearer t0keN")], Some(401)),
            (&[host, ("Authorization", "Basic t0ken")], Some(401)),
            (&[host, ("Authorization", "Bearer ")], Some(401)),
            (&[host, token, token], Some(401)),
            (&[token], Some(403)),
            (&[host, host, token], Some(403)),
            (&[("Host", "evil.test:8931"), token], Some(403)),
            (&[("Host", "127.0.0.1.evil.test"), token], Some(403)),
            (&[("Host", "127.0.0.1@evil.test"), token], Some(403)),
            (&[host, token, ("Origin", "http://evil.test")], Some(403)),
            (&[host, token, ("Origin", "http://localhost:3000")], Some(403)),
            (&[host, token, ("Origin", "https://localhost:8931")], Some(403)),
            (&[host, token, ("Origin", "null")], Some(403)),
            (&[host, token, ("Sec-Fetch-Site", "cross-site")], Some(403)),
            (&[host, token, ("Sec-Fetch-Site", "same-site")], Some(403)),
        ] {
            assert_eq!(status(fields), wanted, "{fields:?}");
        }
    }

    #[test]
    fn a_host_in_the_target_counts_as_well() {
        let door = Door::new(8931, Secret::new("t"), &[]);
        let request =
            Request::post("http://evil.test/mcp").header("Host", "localhost").header("Authorization", "Bearer t");
        assert!(door.refusal(&request.body(()).unwrap().into_parts().0).is_some());
    }
}
