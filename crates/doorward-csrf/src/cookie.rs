//! Cookies: finding them in every `Cookie` field, and writing `Set-Cookie`.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::origin::{HostRef, Scheme};

/// How many values of one name are looked at. A sibling host can plant any number; time stays bounded.
pub const MAX_SAME_NAME: usize = 8;

/// How long a bind cookie lives: 30 days.
const BIND_SECONDS: u64 = 30 * 24 * 60 * 60;

/// The values of every cookie with this exact name, at most [`MAX_SAME_NAME`], from all `Cookie` fields in the order
/// in which they arrived. HTTP/2 sends one field for each cookie, so looking at the first field only loses cookies.
pub fn cookie_values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|field| pairs(field.as_bytes()))
        .filter_map(move |pair| value_of(pair, name))
        .take(MAX_SAME_NAME)
}

fn pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = Some(0);
    let mut ends = memchr::memchr_iter(b';', field);
    std::iter::from_fn(move || {
        let from = start?;
        let end = ends.next();
        start = end.map(|at| at + 1);
        Some(&field[from..end.unwrap_or(field.len())])
    })
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let pair = pair.trim_ascii_start();
    let rest = pair.strip_prefix(name.as_bytes())?.trim_ascii_start();
    Some(rest.strip_prefix(b"=")?.trim_ascii())
}

/// The names and the scope of the cookies of one server.
#[derive(Debug, Clone)]
pub(crate) struct CookieNames {
    pub(crate) token: String,
    pub(crate) bind_https: String,
    pub(crate) bind_http: String,
    pub(crate) domain: Option<String>,
}

impl CookieNames {
    /// The name of the bind cookie, which differs by scheme so that one never shadows the other.
    pub(crate) fn bind(&self, scheme: Scheme) -> &str {
        match scheme {
            Scheme::Https => &self.bind_https,
            Scheme::Http => &self.bind_http,
        }
    }

    /// The cookie that carries a token: readable by scripts, so without `HttpOnly`.
    pub(crate) fn set_token(&self, scheme: Scheme, host: HostRef<'_>, token: &str, max_age: u64) -> HeaderValue {
        let domain = self.domain_for(host).map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        let secure = secure(scheme);
        header(&format!("{}={token}; Path=/; Max-Age={max_age}; SameSite=Lax{secure}{domain}", self.token))
    }

    /// The cookie that identifies a browser. It is set once and never changes.
    pub(crate) fn set_bind(&self, scheme: Scheme, value: &str) -> HeaderValue {
        let secure = secure(scheme);
        let name = self.bind(scheme);
        header(&format!("{name}={value}; Path=/; Max-Age={BIND_SECONDS}; HttpOnly; SameSite=Lax{secure}"))
    }

    /// Removes the token cookies that would stand beside the one of [`Self::set_token`]: the host-only twin where a
    /// Domain is used, and, where several values arrived, those of this host and its parents with a Domain.
    pub(crate) fn expire_twins(&self, scheme: Scheme, host: HostRef<'_>, has_several: bool) -> Vec<HeaderValue> {
        let secure = secure(scheme);
        let expire =
            |domain: &str| header(&format!("{}=; Path=/; Max-Age=0; SameSite=Lax{secure}{domain}", self.token));
        if self.domain_for(host).is_some() {
            return vec![expire("")];
        }
        let (true, HostRef::Name(name)) = (has_several && may_have_domain(host), host) else { return Vec::new() };
        let parents = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent));
        // Three levels are as deep as deployments go; a browser ignores what is not its to remove.
        parents
            .take_while(|parent| parent.contains('.'))
            .take(3)
            .map(|parent| expire(&format!("; Domain={parent}")))
            .collect()
    }

    /// The configured Domain, where this host may use it.
    fn domain_for(&self, host: HostRef<'_>) -> Option<&str> {
        let domain = self.domain.as_deref()?;
        let HostRef::Name(name) = host else { return None };
        let at = name.len().checked_sub(domain.len())?;
        let is_below = at == 0 || name.as_bytes()[at - 1] == b'.';
        (may_have_domain(host) && is_below && name.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes()))
            .then_some(domain)
    }
}

/// Browsers refuse `Domain` for localhost and the names below it, for addresses and for single labels.
pub(crate) fn may_have_domain(host: HostRef<'_>) -> bool {
    match host {
        HostRef::V6(_) => false,
        HostRef::Name(name) => {
            let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            name.contains('.')
                && !last.is_empty()
                && !last.eq_ignore_ascii_case("localhost")
                && !last.bytes().all(|byte| byte.is_ascii_digit())
        }
    }
}

fn secure(scheme: Scheme) -> &'static str {
    if scheme.is_https() { "; Secure" } else { "" }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names are checked tokens, values are of our own alphabet")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(domain: Option<&str>) -> CookieNames {
        CookieNames {
            token: "csrf_token".to_owned(),
            bind_https: "__Host-Http-csrf_bind".to_owned(),
            bind_http: "csrf_bind".to_owned(),
            domain: domain.map(str::to_owned),
        }
    }

    fn fields(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, HeaderValue::from_static(value))).collect()
    }

    fn found(values: &[&'static str]) -> Vec<String> {
        let headers = fields(values);
        cookie_values(&headers, "t").map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }

    #[test]
    fn finds_every_value_in_every_field() {
        assert_eq!(found(&["a=1; t=x", "t=y", "t=z;b=2;t=w"]), ["x", "y", "z", "w"]);
        assert_eq!(found(&["at=1; tt=2; T=3; xt=4; t", "t =5;  t=\"6\""]), ["5", "\"6\""]);
        assert_eq!(found(&["t="]), [""]);
        assert_eq!(found(&["", ";;;", "a=t=1"]), Vec::<String>::new());
    }

    #[test]
    fn looks_at_eight_values_and_no_more() {
        assert_eq!(found(&["t=1;t=2;t=3;t=4;t=5", "t=6;t=7;t=8;t=9"]).len(), MAX_SAME_NAME);
    }

    #[test]
    fn attributes_follow_the_scheme() {
        let host = HostRef::Name("auth.example.com");
        assert_eq!(
            names(None).set_token(Scheme::Https, host, "v", 3600),
            "csrf_token=v; Path=/; Max-Age=3600; SameSite=Lax; Secure"
        );
        assert_eq!(
            names(None).set_token(Scheme::Http, host, "v", 60),
            "csrf_token=v; Path=/; Max-Age=60; SameSite=Lax"
        );
        assert_eq!(
            names(None).set_bind(Scheme::Https, "v"),
            "__Host-Http-csrf_bind=v; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            names(None).set_bind(Scheme::Http, "v"),
            "csrf_bind=v; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_domain_is_written_only_where_a_browser_takes_it() {
        let with = |host| names(Some("example.com")).set_token(Scheme::Http, HostRef::parse(host).unwrap(), "v", 1);
        for host in ["auth.example.com", "example.com", "a.b.EXAMPLE.com"] {
            assert!(with(host).to_str().unwrap().ends_with("; Domain=example.com"), "{host}");
        }
        for host in ["localhost", "auth.localhost", "127.0.0.1", "[::1]", "other.test", "notexample.com"] {
            assert!(!with(host).to_str().unwrap().contains("Domain"), "{host}");
        }
    }

    #[test]
    fn the_other_kind_of_token_cookie_is_removed() {
        let host = HostRef::Name("a.example.com");
        let domains = |names: CookieNames, several| -> Vec<_> {
            let cookies = names.expire_twins(Scheme::Https, host, several);
            cookies.iter().map(|cookie| cookie.to_str().unwrap().split_once("Secure").unwrap().1.to_owned()).collect()
        };
        assert_eq!(domains(names(Some("example.com")), false), [""]);
        assert_eq!(domains(names(None), false), Vec::<String>::new());
        assert_eq!(domains(names(None), true), ["; Domain=a.example.com", "; Domain=example.com"]);
        assert!(names(None).expire_twins(Scheme::Http, HostRef::Name("localhost"), true).is_empty());
    }

    proptest! {
        #[test]
        fn no_field_panics_and_no_value_is_invented(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let headers: HeaderMap = [(COOKIE, value)].into_iter().collect();
                prop_assert!(cookie_values(&headers, "t").all(|value| !value.contains(&b';')));
            }
        }
    }
}
