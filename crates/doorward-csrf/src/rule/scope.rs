//! Rows P and A: which origin a request is for, and whether it needs protection at all.

use http::Method;

use crate::Reason;
use crate::csrf::Csrf;
use crate::origin::{OriginRef, Scheme};
use crate::pattern::is_ambiguous;
use crate::request::{Initiator, RequestView, Stated};

/// What rows P and A leave for rows H.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) own: OriginRef<'a>,
    pub(super) scheme: Scheme,
    pub(super) site: Initiator,
    pub(super) origin: Stated<'a>,
}

impl Scope<'_> {
    /// Whether Origin is in TRUST.
    pub(super) fn is_origin_trusted(&self, csrf: &Csrf) -> bool {
        matches!(self.origin, Stated::Of(origin) if csrf.trusts(origin))
    }

    /// Whether Origin is SELF.
    pub(super) fn is_origin_own(&self) -> bool {
        self.origin == Stated::Of(self.own)
    }
}

/// `Err` ends the rule here: with a refusal, or by letting the request through.
pub(super) fn decide<'a>(csrf: &'a Csrf, view: &RequestView<'a>) -> Result<Scope<'a>, Reason> {
    // P1, P2
    let target = view.target()?;
    // P3
    if !csrf.allows(&target) {
        return Err(Reason::HostNotAllowed);
    }
    let own = csrf.self_of(&target);
    let scheme = target.scheme_beside(own);
    // P4, P5
    let scope = Scope { own, scheme, site: view.site()?, origin: view.origin(own)? };
    // A1
    if *view.method == Method::GET
        && view.path == csrf.token_path
        && matches!(scope.site, Initiator::CrossSite | Initiator::SameSite)
        && !scope.is_origin_trusted(csrf)
    {
        return Err(Reason::TokenEndpointCrossSite);
    }
    // A2
    if view.is_safe() {
        return Err(Reason::SafeMethod);
    }
    // A3
    if csrf.require_https && !scheme.is_https() {
        return Err(Reason::HttpsRequired);
    }
    // A4
    if csrf.rules.exempt_paths.iter().any(|rule| rule.matches(view.method, view.path)) && !is_ambiguous(view.path) {
        return Err(Reason::ExemptPath);
    }
    // A5
    let creates_session = || csrf.rules.session_paths.iter().any(|pattern| pattern.could_match(view.path));
    if view.has_bearer() && !view.has_cookies() && !creates_session() {
        return Err(Reason::NoAmbientCredentials);
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use crate::Reason;
    use crate::table::{Row, assert_rows};

    #[test]
    fn p1_two_different_hosts_are_refused() {
        assert_rows(&[
            Row::post("two hosts").authority("a.example").header("host", "b.example").is(Reason::AuthorityMismatch),
            Row::post("one is malformed").authority("a.example").header("host", "@").is(Reason::AuthorityMismatch),
            Row::get("a safe method too")
                .authority("a.example")
                .header("host", "b.example")
                .is(Reason::AuthorityMismatch),
            Row::post("one spelled with its default port")
                .authority("auth.example.com:443")
                .header("host", "AUTH.example.com")
                .header("sec-fetch-site", "same-origin")
                .is(Reason::TokenMissing),
        ]);
    }

    #[test]
    fn p2_a_host_that_cannot_be_read_is_refused() {
        assert_rows(&[
            Row::post("none").no_host().is(Reason::HostMalformed),
            Row::post("user name").header("host", "u@auth.example.com").is(Reason::HostMalformed),
            Row::post("path").header("host", "auth.example.com/x").is(Reason::HostMalformed),
            Row::post("empty").header("host", "").is(Reason::HostMalformed),
            Row::post("not text").header("host", "\u{fc}").is(Reason::HostMalformed),
            Row::post("twice")
                .header("host", "auth.example.com")
                .and("host", "auth.example.com")
                .is(Reason::HostMalformed),
            Row::post("a good forwarded host does not excuse it")
                .header("host", "@malformed")
                .forwarded()
                .header("x-forwarded-host", "auth.example.com")
                .is(Reason::HostMalformed),
            Row::post("a malformed forwarded host")
                .forwarded()
                .header("x-forwarded-host", "a b")
                .is(Reason::HostMalformed),
            Row::post("a malformed forwarded port")
                .forwarded()
                .header("x-forwarded-port", "x")
                .is(Reason::HostMalformed),
        ]);
    }

    #[test]
    fn p3_a_host_that_is_not_ours_is_misdirected() {
        let hosts = |row: Row| row.with(|builder| builder.allowed_hosts(["auth.example.com", "*.apps.example.com"]));
        assert_rows(&[
            hosts(Row::get("rebound")).header("host", "rebind.test").is(Reason::HostNotAllowed),
            hosts(Row::get("listed")).is(Reason::SafeMethod),
            hosts(Row::get("listed, any port")).header("host", "auth.example.com:8443").is(Reason::SafeMethod),
            hosts(Row::get("below a wildcard")).header("host", "a.apps.example.com").is(Reason::SafeMethod),
            hosts(Row::get("a single public origin does not hide the host"))
                .with(|builder| builder.public_origins(["https://auth.example.com"]))
                .header("host", "rebind.test")
                .is(Reason::HostNotAllowed),
        ]);
    }

    #[test]
    fn p4_contradicting_fetch_metadata_is_refused() {
        assert_rows(&[
            Row::post("two values")
                .header("sec-fetch-site", "same-origin")
                .and("sec-fetch-site", "cross-site")
                .is(Reason::SfsConflict),
            Row::get("a safe method too")
                .header("sec-fetch-site", "none")
                .and("sec-fetch-site", "x")
                .is(Reason::SfsConflict),
            Row::post("one value twice")
                .header("sec-fetch-site", "Cross-Site")
                .and("sec-fetch-site", "cross-site")
                .is(Reason::CrossSite),
        ]);
    }

    #[test]
    fn p5_contradicting_origins_are_refused() {
        let own = "https://auth.example.com";
        assert_rows(&[
            Row::post("two values")
                .header("origin", own)
                .and("origin", "https://evil.test")
                .is(Reason::OriginMalformed),
            Row::get("a safe method too").header("origin", own).and("origin", "null").is(Reason::OriginMalformed),
            Row::post("one value twice").header("origin", own).and("origin", own).is(Reason::TokenMissing),
        ]);
    }

    #[test]
    fn a1_a_foreign_page_gets_no_token() {
        let fetch = |name| Row::get(name).path("/api/v1/auth/csrf-token");
        let trusting = |row: Row| row.with(|builder| builder.trusted_origins(["https://app.test"]));
        assert_rows(&[
            fetch("cross-site").header("sec-fetch-site", "cross-site").is(Reason::TokenEndpointCrossSite),
            fetch("sibling").header("sec-fetch-site", "same-site").is(Reason::TokenEndpointCrossSite),
            fetch("same origin").header("sec-fetch-site", "same-origin").is(Reason::SafeMethod),
            fetch("typed").header("sec-fetch-site", "none").is(Reason::SafeMethod),
            trusting(fetch("trusted"))
                .header("sec-fetch-site", "cross-site")
                .header("origin", "https://app.test")
                .is(Reason::SafeMethod),
            trusting(fetch("not the one"))
                .header("sec-fetch-site", "cross-site")
                .header("origin", "https://b.test")
                .is(Reason::TokenEndpointCrossSite),
        ]);
    }

    #[test]
    fn a2_only_exact_safe_methods_pass() {
        let foreign = |method, name| Row::new(method, name).header("sec-fetch-site", "cross-site");
        assert_rows(&[
            foreign("GET", "get").is(Reason::SafeMethod),
            foreign("HEAD", "head").is(Reason::SafeMethod),
            foreign("OPTIONS", "options").is(Reason::SafeMethod),
            foreign("get", "lower case").is(Reason::CrossSite),
            foreign("TRACE", "trace").is(Reason::CrossSite),
            foreign("GET", "override").header("x-http-method-override", "DELETE").is(Reason::CrossSite),
            foreign("GET", "second override").header("x-method-override", "DELETE").is(Reason::CrossSite),
            foreign("GET", "third override").header("x-http-method", "DELETE").is(Reason::CrossSite),
            foreign("GET", "handshake").header("upgrade", "h2c, WebSocket").is(Reason::CrossSite),
            foreign("CONNECT", "extended connect").websocket().is(Reason::CrossSite),
        ]);
    }

    #[test]
    fn a3_plain_http_is_refused_where_https_is_required() {
        let plain = |name| Row::post(name).http();
        let strict = |row: Row| row.with(|builder| builder.require_https(true));
        assert_rows(&[
            strict(plain("http")).is(Reason::HttpsRequired),
            strict(plain("an untrusted peer says https"))
                .header("x-forwarded-proto", "https")
                .is(Reason::HttpsRequired),
            strict(plain("a trusted peer says https"))
                .forwarded()
                .header("x-forwarded-proto", "https")
                .is(Reason::TokenMissing),
            strict(Row::post("a trusted peer says http"))
                .forwarded()
                .header("x-forwarded-proto", "http")
                .is(Reason::HttpsRequired),
            strict(Row::get("safe").http()).is(Reason::SafeMethod),
            plain("not required").is(Reason::TokenMissing),
            strict(plain("behind the public origin"))
                .with(|builder| builder.public_origins(["https://auth.example.com"]))
                .is(Reason::TokenMissing),
        ]);
    }

    #[test]
    fn a4_an_exemption_is_exact() {
        let exempt = |path| {
            Row::post(path)
                .path(path)
                .header("sec-fetch-site", "cross-site")
                .with(|builder| builder.exempt_paths(["POST /hooks/{name}", "* /open/"]))
        };
        assert_rows(&[
            exempt("/hooks/ci").is(Reason::ExemptPath),
            exempt("/open/").is(Reason::ExemptPath),
            exempt("/open").is(Reason::CrossSite),
            exempt("/hooks/..").is(Reason::CrossSite),
            exempt("/hooks/%2e").is(Reason::CrossSite),
            exempt("//open/").is(Reason::CrossSite),
            exempt("/Open/").is(Reason::CrossSite),
        ]);
    }

    #[test]
    fn a5_a_caller_with_its_own_credentials_and_no_cookie_passes() {
        let with = |name, value| Row::post(name).header("authorization", value);
        let login =
            |path| with(path, "Bearer abc").path(path).with(|builder| builder.session_paths(["/api/v1/auth/login"]));
        assert_rows(&[
            with("bearer", "Bearer abc").is(Reason::NoAmbientCredentials),
            with("dpop", "dpop abc").is(Reason::NoAmbientCredentials),
            with("basic is ambient", "Basic abc").is(Reason::TokenMissing),
            with("empty", "Bearer ").is(Reason::TokenMissing),
            with("two fields", "Bearer a").and("authorization", "Basic b").is(Reason::TokenMissing),
            with("a cookie came along", "Bearer abc").header("cookie", "a=1").is(Reason::TokenMissing),
            login("/api/v1/auth/login").is(Reason::TokenMissing),
            login("/api/v1/auth/login/").is(Reason::TokenMissing),
            login("/api/v1/auth/%6Cogin").is(Reason::TokenMissing),
            login("/api/v1/users").is(Reason::NoAmbientCredentials),
        ]);
    }
}
