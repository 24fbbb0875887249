//! Rows H: who started a request.

use super::scope::Scope;
use crate::Reason;
use crate::csrf::Csrf;
use crate::decision::{Decision, Phase, Provenance, Trust};
use crate::option::{Mode, Unproven};
use crate::origin::{OriginRef, Scheme};
use crate::request::{Initiator, RequestView, Stated};

pub(super) fn decide(csrf: &Csrf, view: &RequestView<'_>, scope: &Scope<'_>, mode: Mode) -> Phase {
    let found = match (scope.origin, scope.site) {
        // H1
        (Stated::Malformed, _) => Err(Reason::OriginMalformed),
        (_, Initiator::SameOrigin) => by_same_origin(csrf, scope),
        (_, Initiator::SameSite | Initiator::CrossSite) => by_foreign_site(csrf, scope),
        (Stated::Of(origin), _) => by_origin(csrf, scope, origin),
        // H9
        (Stated::Null, _) => Err(Reason::OriginNull),
        (Stated::Absent, _) => without_origin(csrf, view, scope),
    };
    match found {
        Ok(provenance) => conclude(csrf, view, provenance, mode),
        Err(reason) => Phase::Decided(Decision::new(reason)),
    }
}

/// Rows H2 and H3.
fn by_same_origin(csrf: &Csrf, scope: &Scope<'_>) -> Result<Provenance, Reason> {
    let is_foreign = matches!(scope.origin, Stated::Of(_)) && !scope.is_origin_own() && !scope.is_origin_trusted(csrf);
    match scope.origin {
        // H2
        Stated::Of(origin) if is_foreign && csrf.policy.strict_origin => Err(mismatch(scope.own, origin)),
        // H3
        _ => Ok(Provenance { is_origin_mismatched: is_foreign, ..Provenance::new(Trust::Same, Reason::SameOrigin) }),
    }
}

/// Rows H4 to H6.
fn by_foreign_site(csrf: &Csrf, scope: &Scope<'_>) -> Result<Provenance, Reason> {
    let is_same_site = scope.site == Initiator::SameSite;
    // H4
    if scope.is_origin_trusted(csrf) {
        return Ok(Provenance::new(Trust::Trusted, Reason::TrustedOrigin));
    }
    // H4a
    if is_same_site && csrf.policy.allow_same_site {
        return Ok(Provenance::new(Trust::Trusted, Reason::SameSiteAllowed));
    }
    // H5
    if scope.is_origin_own() {
        return Err(Reason::SfsOriginConflict);
    }
    // H6
    Err(if is_same_site { Reason::SameSiteUntrusted } else { Reason::CrossSite })
}

/// Rows H7 and H8.
fn by_origin(csrf: &Csrf, scope: &Scope<'_>, origin: OriginRef<'_>) -> Result<Provenance, Reason> {
    // H7
    if origin == scope.own {
        return Ok(Provenance::new(Trust::Same, Reason::OriginMatch));
    }
    if csrf.trusts(origin) {
        return Ok(Provenance::new(Trust::Trusted, Reason::TrustedOrigin));
    }
    // H8
    Err(mismatch(scope.own, origin))
}

/// Which part of a foreign origin differs.
fn mismatch(own: OriginRef<'_>, origin: OriginRef<'_>) -> Reason {
    if origin.host != own.host {
        Reason::OriginUntrusted
    } else if !origin.scheme.eq_ignore_ascii_case(own.scheme) {
        Reason::OriginSchemeMismatch
    } else {
        Reason::OriginPortMismatch
    }
}

/// Rows H10 to H15.
fn without_origin(csrf: &Csrf, view: &RequestView<'_>, scope: &Scope<'_>) -> Result<Provenance, Reason> {
    let policy = &csrf.policy;
    let is_https = scope.scheme.is_https();
    match scope.site {
        // H10
        Initiator::None if policy.sfs_none == Unproven::Deny => return Err(Reason::UserInitiatedDenied),
        Initiator::None => return Ok(Provenance::new(Trust::Unknown, Reason::UserInitiated)),
        // H11
        Initiator::Unknown => return Err(Reason::SfsUnknown),
        // H12
        _ if is_https && policy.require_sfs => return Err(Reason::SfsRequired),
        _ => {}
    }
    match view.referer() {
        // H13
        Stated::Of(referer) if referer == scope.own => Ok(Provenance::new(Trust::Same, Reason::RefererMatch)),
        Stated::Of(referer) if csrf.trusts(referer) => Ok(Provenance::new(Trust::Trusted, Reason::TrustedReferer)),
        // H14
        Stated::Malformed | Stated::Null => Err(Reason::RefererMalformed),
        Stated::Of(referer) if is_https && referer.scheme.eq_ignore_ascii_case(Scheme::Http.as_str()) => {
            Err(Reason::RefererInsecure)
        }
        Stated::Of(_) => Err(Reason::RefererUntrusted),
        // H15
        Stated::Absent if policy.missing_provenance == Unproven::Deny => Err(Reason::ProvenanceMissing),
        Stated::Absent => Ok(Provenance::new(Trust::Unknown, Reason::NonBrowser)),
    }
}

/// Rows H16 and H17: whether provenance is enough.
fn conclude(csrf: &Csrf, view: &RequestView<'_>, provenance: Provenance, mode: Mode) -> Phase {
    let decided = |reason| Phase::Decided(Decision { provenance: Some(provenance), ..Decision::new(reason) });
    // H16
    if view.is_websocket() {
        return decided(provenance.reason.on_websocket().unwrap_or(Reason::WsOriginRequired));
    }
    // H17
    let is_allowed_unproven = match provenance.reason {
        Reason::UserInitiated => csrf.policy.sfs_none == Unproven::Allow,
        _ => csrf.policy.missing_provenance == Unproven::Allow,
    };
    match mode {
        Mode::HeadersOnly => decided(provenance.reason),
        Mode::HeadersOrToken if provenance.trust.is_proven() || is_allowed_unproven => decided(provenance.reason),
        Mode::HeadersOrToken | Mode::Layered => Phase::NeedsToken(provenance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Row, assert_rows};

    const OWN: &str = "https://auth.example.com";

    fn only(name: &'static str) -> Row {
        Row::post(name)
            .with(|builder| builder.mode(Mode::HeadersOnly).trusted_origins(["https://app.test", "http://app.test"]))
    }

    #[test]
    fn h1_an_origin_that_is_none_is_refused() {
        assert_rows(&[
            only("no scheme").header("origin", "auth.example.com").is(Reason::OriginMalformed),
            only("empty").header("origin", "").is(Reason::OriginMalformed),
            only("user name").header("origin", "https://auth.example.com@evil.test").is(Reason::OriginMalformed),
            only("even when same-origin")
                .header("sec-fetch-site", "same-origin")
                .header("origin", "x")
                .is(Reason::OriginMalformed),
        ]);
    }

    #[test]
    fn h2_strict_origin_refuses_a_foreign_origin_even_when_same_origin() {
        let strict = |name, origin| {
            only(name)
                .with(|builder| builder.strict_origin(true))
                .header("sec-fetch-site", "same-origin")
                .header("origin", origin)
        };
        assert_rows(&[
            strict("host", "https://bad.test").is(Reason::OriginUntrusted),
            strict("scheme", "http://auth.example.com").is(Reason::OriginSchemeMismatch),
            strict("port", "https://auth.example.com:1").is(Reason::OriginPortMismatch),
            strict("own", OWN).is(Reason::SameOrigin),
            strict("trusted", "https://app.test").is(Reason::SameOrigin),
            strict("null is a policy, not a foreigner", "null").is(Reason::SameOrigin),
        ]);
    }

    #[test]
    fn h3_same_origin_is_believed_and_a_differing_origin_is_remembered() {
        let same = |name| only(name).header("sec-fetch-site", "Same-Origin");
        assert_rows(&[
            same("alone").is(Reason::SameOrigin),
            same("null origin").header("origin", "null").is(Reason::SameOrigin),
            same("rewritten host").header("origin", "https://public.test").is(Reason::SameOrigin),
        ]);
        let decision = same("rewritten host").header("origin", "https://public.test").decide();
        assert!(decision.provenance.unwrap().is_origin_mismatched);
        assert!(!same("own").header("origin", OWN).decide().provenance.unwrap().is_origin_mismatched);
    }

    #[test]
    fn h4_a_trusted_origin_may_be_foreign() {
        let from = |name, site, origin| only(name).header("sec-fetch-site", site).header("origin", origin);
        assert_rows(&[
            from("cross-site", "cross-site", "https://app.test").is(Reason::TrustedOrigin),
            from("same-site", "same-site", "https://app.test").is(Reason::TrustedOrigin),
            from("other port", "same-site", "https://app.test:1").is(Reason::SameSiteUntrusted),
        ]);
    }

    #[test]
    fn h4a_siblings_pass_only_where_that_is_configured() {
        let sibling =
            |name| only(name).header("sec-fetch-site", "same-site").with(|builder| builder.allow_same_site(true));
        assert_rows(&[
            sibling("no origin").is(Reason::SameSiteAllowed),
            sibling("any origin").header("origin", "https://x.example.com").is(Reason::SameSiteAllowed),
            only("cross-site stays out")
                .header("sec-fetch-site", "cross-site")
                .with(|builder| builder.allow_same_site(true))
                .is(Reason::CrossSite),
        ]);
    }

    #[test]
    fn h5_foreign_fetch_metadata_with_our_own_origin_is_no_browser() {
        assert_rows(&[
            only("cross-site")
                .header("sec-fetch-site", "cross-site")
                .header("origin", OWN)
                .is(Reason::SfsOriginConflict),
            only("same-site")
                .header("sec-fetch-site", "same-site")
                .header("origin", "https://auth.example.com:443")
                .is(Reason::SfsOriginConflict),
        ]);
    }

    #[test]
    fn h6_foreign_pages_are_refused() {
        assert_rows(&[
            only("cross-site").header("sec-fetch-site", "cross-site").is(Reason::CrossSite),
            only("sandboxed").header("sec-fetch-site", "cross-site").header("origin", "null").is(Reason::CrossSite),
            only("sibling")
                .header("sec-fetch-site", "same-site")
                .header("origin", "https://x.example.com")
                .is(Reason::SameSiteUntrusted),
        ]);
    }

    #[test]
    fn h7_origin_decides_where_fetch_metadata_is_silent() {
        assert_rows(&[
            only("own").header("origin", "https://AUTH.example.com:443").is(Reason::OriginMatch),
            only("trusted").header("origin", "https://app.test").is(Reason::TrustedOrigin),
            only("none").header("sec-fetch-site", "none").header("origin", OWN).is(Reason::OriginMatch),
            only("unknown value").header("sec-fetch-site", "same-party").header("origin", OWN).is(Reason::OriginMatch),
            only("public origin")
                .header("origin", "https://public.test")
                .with(|builder| builder.public_origins(["https://public.test"]))
                .is(Reason::OriginMatch),
            only("another public origin is not this one")
                .header("origin", "https://other.example.com")
                .with(|builder| builder.public_origins([OWN, "https://other.example.com"]))
                .is(Reason::OriginUntrusted),
            only("one host behind a proxy that ends TLS")
                .http()
                .header("origin", OWN)
                .with(|builder| builder.public_origins([OWN, "https://other.example.com"]))
                .is(Reason::OriginMatch),
        ]);
    }

    #[test]
    fn h8_names_the_part_of_the_origin_that_differs() {
        assert_rows(&[
            only("scheme").header("origin", "http://auth.example.com").is(Reason::OriginSchemeMismatch),
            only("other scheme and port")
                .header("origin", "ftp://auth.example.com:21")
                .is(Reason::OriginSchemeMismatch),
            only("port").header("origin", "https://auth.example.com:8443").is(Reason::OriginPortMismatch),
            only("host").header("origin", "https://evil.test").is(Reason::OriginUntrusted),
            only("suffix").header("origin", "https://auth.example.com.evil.test").is(Reason::OriginUntrusted),
        ]);
    }

    #[test]
    fn h9_a_null_origin_needs_fetch_metadata() {
        assert_rows(&[
            only("absent").header("origin", "null").is(Reason::OriginNull),
            only("none").header("origin", "null").header("sec-fetch-site", "none").is(Reason::OriginNull),
        ]);
    }

    #[test]
    fn h10_a_request_that_no_page_sent_goes_by_policy() {
        let typed = |name| only(name).header("sec-fetch-site", "none");
        assert_rows(&[
            typed("unknown").is(Reason::UserInitiated),
            typed("denied").with(|builder| builder.sfs_none(Unproven::Deny)).is(Reason::UserInitiatedDenied),
        ]);
    }

    #[test]
    fn h11_an_unknown_value_needs_an_origin() {
        assert_rows(&[only("unknown")
            .header("sec-fetch-site", "same-party")
            .header("referer", OWN)
            .is(Reason::SfsUnknown)]);
    }

    #[test]
    fn h12_fetch_metadata_may_be_required_over_https() {
        let strict = |row: Row| row.with(|builder| builder.require_sfs(true));
        assert_rows(&[
            strict(only("https")).header("referer", OWN).is(Reason::SfsRequired),
            strict(only("origin is enough")).header("origin", OWN).is(Reason::OriginMatch),
            strict(only("http").http()).is(Reason::NonBrowser),
        ]);
    }

    #[test]
    fn h13_referer_decides_where_nothing_else_does() {
        assert_rows(&[
            only("own").header("referer", "https://auth.example.com/sign-in?x").is(Reason::RefererMatch),
            only("trusted").header("referer", "https://app.test/").is(Reason::TrustedReferer),
            only("trusted although http").header("referer", "http://app.test/").is(Reason::TrustedReferer),
        ]);
    }

    #[test]
    fn h14_other_referers_are_refused_by_kind() {
        assert_rows(&[
            only("empty").header("referer", "").is(Reason::RefererMalformed),
            only("relative").header("referer", "/sign-in").is(Reason::RefererMalformed),
            only("two").header("referer", OWN).and("referer", "https://evil.test").is(Reason::RefererMalformed),
            only("http").header("referer", "http://auth.example.com/").is(Reason::RefererInsecure),
            only("foreign").header("referer", "https://evil.test/").is(Reason::RefererUntrusted),
            only("http to http").http().header("referer", "http://evil.test/").is(Reason::RefererUntrusted),
        ]);
    }

    #[test]
    fn h15_nothing_at_all_goes_by_policy() {
        let missing = |name, choice| {
            Row::post(name).with(move |builder| builder.mode(Mode::HeadersOrToken).missing_provenance(choice))
        };
        assert_rows(&[
            missing("token", Unproven::Token).is(Reason::TokenMissing),
            missing("deny", Unproven::Deny).is(Reason::ProvenanceMissing),
            missing("allow", Unproven::Allow).is(Reason::NonBrowser),
        ]);
    }

    #[test]
    fn h16_a_websocket_handshake_must_say_where_it_comes_from() {
        let shake = |name| {
            Row::get(name).header("upgrade", "websocket").with(|builder| builder.trusted_origins(["https://app.test"]))
        };
        assert_rows(&[
            shake("same origin").header("sec-fetch-site", "same-origin").is(Reason::WsSameOrigin),
            shake("origin").header("origin", OWN).is(Reason::WsOriginMatch),
            shake("trusted").header("origin", "https://app.test").is(Reason::WsTrustedOrigin),
            shake("referer").header("referer", OWN).is(Reason::WsRefererMatch),
            shake("trusted referer").header("referer", "https://app.test/x").is(Reason::WsTrustedReferer),
            shake("sibling")
                .header("sec-fetch-site", "same-site")
                .with(|builder| builder.allow_same_site(true))
                .is(Reason::WsSameSiteAllowed),
            shake("foreign").header("sec-fetch-site", "cross-site").is(Reason::CrossSite),
            shake("nothing").is(Reason::WsOriginRequired),
            shake("nothing, though allowed")
                .with(|builder| builder.mode(Mode::HeadersOnly).missing_provenance(Unproven::Allow))
                .is(Reason::WsOriginRequired),
            shake("typed").header("sec-fetch-site", "none").is(Reason::WsOriginRequired),
        ]);
    }

    #[test]
    fn h17_the_mode_says_whether_provenance_is_enough() {
        let in_mode = |name, mode| Row::post(name).with(move |builder| builder.mode(mode));
        let allowing = |row: Row| row.with(|builder| builder.sfs_none(Unproven::Allow));
        assert_rows(&[
            in_mode("only", Mode::HeadersOnly).header("origin", OWN).is(Reason::OriginMatch),
            in_mode("only, unproven", Mode::HeadersOnly).is(Reason::NonBrowser),
            in_mode("or token", Mode::HeadersOrToken).header("origin", OWN).is(Reason::OriginMatch),
            in_mode("or token, unproven", Mode::HeadersOrToken).is(Reason::TokenMissing),
            in_mode("or token, typed", Mode::HeadersOrToken).header("sec-fetch-site", "none").is(Reason::TokenMissing),
            allowing(in_mode("or token, typed, allowed", Mode::HeadersOrToken))
                .header("sec-fetch-site", "none")
                .is(Reason::UserInitiated),
            allowing(in_mode("or token, nothing at all", Mode::HeadersOrToken)).is(Reason::TokenMissing),
            in_mode("layered", Mode::Layered).header("origin", OWN).is(Reason::TokenMissing),
        ]);
    }
}
