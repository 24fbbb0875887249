//! Rows T: whether the token is authentic, fresh, and of this browser or sign-in.

use http::HeaderValue;

use crate::Reason;
use crate::cookie::cookie_values;
use crate::csrf::Csrf;
use crate::decision::{Decision, FormValue, Provenance, TokenFacts};
use crate::key::{ANONYMOUS, Tag};
use crate::request::RequestView;
use crate::session::SessionState;
use crate::token::{Flaw, Opened, open, open_cookie};

impl Csrf {
    /// Rows T: the token of a request whose provenance is known. No I/O and no allocation.
    ///
    /// `form_value` is the token field of a form without scripts; it is only looked at where the header is absent.
    pub fn token<'f>(
        &self,
        view: &RequestView<'_>,
        provenance: Provenance,
        session: &SessionState<'_>,
        form_value: impl Into<FormValue<'f>>,
    ) -> Decision {
        let mut decision = Decision { provenance: Some(provenance), ..Decision::new(Reason::TokenMissing) };
        let opened = match self.presented(view, form_value.into()) {
            Ok(opened) => opened,
            Err(reason) => return Decision { reason, ..decision },
        };
        let age_seconds = view.now - opened.issued_at;
        decision.token = Some(TokenFacts { age_seconds, kid: opened.kid });
        decision.reason = match self.untimely(age_seconds) {
            // T5, T6
            Some(reason) => reason,
            None => self.bound(view, provenance, session, &opened),
        };
        decision
    }

    /// Whether the token is in the header, so that nobody needs to read the body.
    #[must_use]
    pub fn has_token_header(&self, view: &RequestView<'_>) -> bool {
        view.headers.get_all(&self.header).iter().any(|value| !trimmed(value).is_empty())
    }

    /// Rows T1 to T4.
    pub(crate) fn presented(&self, view: &RequestView<'_>, form_value: FormValue<'_>) -> Result<Opened, Reason> {
        let mut fields = view.headers.get_all(&self.header).iter().map(trimmed);
        let first = fields.next().unwrap_or_default();
        let differs = fields.any(|other| other != first);
        let text = match (first, form_value) {
            // T2
            _ if differs => return Err(Reason::TokenAmbiguous),
            // T1
            (b"", FormValue::Absent | FormValue::Text("")) => return Err(Reason::TokenMissing),
            // T3: a field that is no text
            (b"", FormValue::NotText) => return Err(Reason::TokenMalformed),
            (b"", FormValue::Text(text)) => text.as_bytes(),
            (header, _) => header,
        };
        open(&self.ring, text).map_err(|flaw| match flaw {
            // T3
            Flaw::Malformed => Reason::TokenMalformed,
            // T4
            Flaw::BadSignature => Reason::TokenBadSignature,
        })
    }

    /// Rows T7 to T14.
    fn bound(
        &self,
        view: &RequestView<'_>,
        provenance: Provenance,
        session: &SessionState<'_>,
        token: &Opened,
    ) -> Reason {
        let own = session.tag(&self.ring, token.kid);
        let is_same_session = own.is_some_and(|own| is_equal(own, token.session));
        // T7
        if session.is_signed_in() && is_same_session {
            return Reason::TokenOk;
        }
        let browser = self.browser(view, token);
        let is_proven = provenance.trust.is_proven();
        let is_one_anonymous = !session.is_signed_in() || token.session == ANONYMOUS;
        match browser {
            // T8
            Browser { has_bind: false, has_cookie: false, .. } => Reason::CookieMissing,
            // T9
            Browser { has_bind: false, has_authentic_cookie: false, .. } => Reason::CookieInvalid,
            // T10
            _ if !is_one_anonymous && !is_same_session => Reason::TokenOtherSession,
            // T11
            Browser { is_family: true, .. } if is_same_session => Reason::TokenOk,
            // T12
            Browser { is_family: true, .. } if is_proven => Reason::TokenOkStaleSession,
            Browser { is_family: true, .. } => Reason::TokenStaleSession,
            // T13
            Browser { has_authentic_cookie: true, .. } if is_same_session && is_proven => Reason::TokenOkRotated,
            // T14
            _ => Reason::TokenBindingMismatch,
        }
    }

    /// What the cookies say about the browser. With a bind cookie, only that one names the browser: a sibling host
    /// can plant token cookies, but not that one on https.
    fn browser(&self, view: &RequestView<'_>, token: &Opened) -> Browser {
        let mut browser = Browser::default();
        for value in self.bind_values(view) {
            browser.has_bind = true;
            browser.is_family |= is_equal(self.family(token.kid, value), token.family);
        }
        if browser.has_bind && browser.is_family {
            return browser;
        }
        for value in cookie_values(view.headers, &self.names.token) {
            browser.has_cookie = true;
            if let Some(cookie) = open_cookie(&self.ring, value) {
                browser.has_authentic_cookie = true;
                // Families of different keys cannot be compared; row T13 covers that moment of a key change.
                let is_family = cookie.kid == token.kid && is_equal(cookie.family, token.family);
                browser.is_family |= !browser.has_bind && is_family;
            }
        }
        browser
    }
}

/// The columns of rows T8 to T14 that cookies fill.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the table, and the rows combine them freely")]
struct Browser {
    has_bind: bool,
    has_cookie: bool,
    has_authentic_cookie: bool,
    is_family: bool,
}

/// Compares tags in constant time although neither is a secret of the client's.
fn is_equal(one: Tag, two: Tag) -> bool {
    u64::from_ne_bytes(one) ^ u64::from_ne_bytes(two) == 0
}

fn trimmed(value: &HeaderValue) -> &[u8] {
    value.as_bytes().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::Mode;
    use crate::table::{Row, assert_rows};

    /// A request of browser `b1` with a good token, from a page of our own or from nowhere known.
    fn proven(name: &'static str) -> Row {
        Row::post(name).header("sec-fetch-site", "same-origin")
    }

    fn unknown(name: &'static str) -> Row {
        Row::post(name)
    }

    #[test]
    fn t1_only_header_and_field_count() {
        assert_rows(&[
            proven("nothing").bind("b1").is(Reason::TokenMissing),
            proven("only in the cookie").bind("b1").cookie_token("b1", None, 5).is(Reason::TokenMissing),
            proven("empty").bind("b1").header("x-csrf-token", "").form("").is(Reason::TokenMissing),
            proven("in the query").path("/x?csrf_token=1").bind("b1").is(Reason::TokenMissing),
            proven("in the field").bind("b1").form_token("b1", None, 5).is(Reason::TokenOk),
            proven("the header beats the field")
                .bind("b1")
                .header("x-csrf-token", "x")
                .form_token("b1", None, 5)
                .is(Reason::TokenMalformed),
            proven("an empty header leaves the field")
                .bind("b1")
                .header("x-csrf-token", " ")
                .form_token("b1", None, 5)
                .is(Reason::TokenOk),
        ]);
    }

    #[test]
    fn t2_two_different_headers_are_ambiguous() {
        assert_rows(&[
            proven("different").bind("b1").token("b1", None, 5).and("x-csrf-token", "x").is(Reason::TokenAmbiguous),
            proven("the same twice").bind("b1").token("b1", None, 5).token("b1", None, 5).is(Reason::TokenOk),
        ]);
    }

    #[test]
    fn t3_what_is_no_token_is_not_verified() {
        assert_rows(&[
            proven("rubbish").bind("b1").header("x-csrf-token", "rubbish").is(Reason::TokenMalformed),
            proven("long").bind("b1").header("x-csrf-token", LONG).is(Reason::TokenMalformed),
            proven("a field that is no text").bind("b1").form_not_text().is(Reason::TokenMalformed),
        ]);
    }

    const LONG: &str = "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\
        11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\
        1111111111111111111111111111111111111111111";

    #[test]
    fn t4_a_token_of_another_key_or_a_changed_one_is_refused() {
        assert_rows(&[
            proven("another key under the same number").bind("b1").foreign_token("b1").is(Reason::TokenBadSignature),
            proven("an unknown number")
                .bind("b1")
                .token("b1", None, 5)
                .with(|builder| builder.secret_keys([crate::SecretKey::new(9, *b"another secret of sufficient size")]))
                .is(Reason::TokenBadSignature),
        ]);
    }

    #[test]
    fn t5_t6_the_limits_of_age_are_inclusive() {
        assert_rows(&[
            proven("at the skew").bind("b1").token("b1", None, -60).is(Reason::TokenOk),
            proven("beyond the skew").bind("b1").token("b1", None, -61).is(Reason::TokenFromFuture),
            proven("at max_age").bind("b1").token("b1", None, 3600).is(Reason::TokenOk),
            proven("beyond max_age").bind("b1").token("b1", None, 3601).is(Reason::TokenExpired),
        ]);
    }

    #[test]
    fn t7_a_token_of_this_sign_in_needs_no_cookie() {
        assert_rows(&[
            unknown("no cookie").session("s1").token("b1", Some("s1"), 5).is(Reason::TokenOk),
            unknown("another browser's bind").bind("b2").session("s1").token("b1", Some("s1"), 5).is(Reason::TokenOk),
        ]);
    }

    #[test]
    fn t8_no_cookie_at_all_is_no_browser() {
        assert_rows(&[
            proven("none").token("b1", None, 5).is(Reason::CookieMissing),
            proven("others").header("cookie", "a=1").token("b1", None, 5).is(Reason::CookieMissing),
            proven("empty bind cookie").bind("").token("", None, 5).is(Reason::CookieMissing),
            proven("signed in, token anonymous").session("s1").token("b1", None, 5).is(Reason::CookieMissing),
        ]);
    }

    #[test]
    fn t9_an_authentic_token_cookie_stands_in_for_the_bind_cookie() {
        assert_rows(&[
            proven("rubbish").header("cookie", "csrf_token=x; csrf_token=y").token("b1", None, 5).is(Reason::CookieInvalid),
            proven("rubbish first").header("cookie", "csrf_token=x").cookie_token("b1", None, 5).token("b1", None, 9).is(Reason::TokenOk),
            proven("expired counts").cookie_token("b1", None, 9999).token("b1", None, 9).is(Reason::TokenOk),
            proven("the ninth does not count").header("cookie", "csrf_token=1;csrf_token=2;csrf_token=3;csrf_token=4;csrf_token=5;csrf_token=6;csrf_token=7;csrf_token=8").cookie_token("b1", None, 5).token("b1", None, 9).is(Reason::CookieInvalid),
        ]);
    }

    #[test]
    fn t10_a_token_of_another_sign_in_is_refused_even_in_the_same_browser() {
        assert_rows(&[
            proven("same browser").bind("b1").session("s2").token("b1", Some("s1"), 5).is(Reason::TokenOtherSession),
            unknown("other browser").bind("b2").session("s2").token("b1", Some("s1"), 5).is(Reason::TokenOtherSession),
        ]);
    }

    #[test]
    fn t11_any_fresh_token_of_this_browser_will_do() {
        assert_rows(&[
            unknown("header and cookie differ")
                .bind("b1")
                .cookie_token("b1", None, 1)
                .token("b1", None, 900)
                .is(Reason::TokenOk),
            unknown("one of several bind cookies").bind("b2").bind("b1").token("b1", None, 5).is(Reason::TokenOk),
            unknown("no bind cookie yet").cookie_token("b1", None, 1).token("b1", None, 5).is(Reason::TokenOk),
        ]);
    }

    #[test]
    fn t12_after_a_sign_in_or_sign_out_provenance_must_be_proven() {
        assert_rows(&[
            proven("signed in since").bind("b1").session("s1").token("b1", None, 5).is(Reason::TokenOkStaleSession),
            proven("signed out since").bind("b1").token("b1", Some("s1"), 5).is(Reason::TokenOkStaleSession),
            unknown("signed in since").bind("b1").session("s1").token("b1", None, 5).is(Reason::TokenStaleSession),
            unknown("signed out since").bind("b1").token("b1", Some("s1"), 5).is(Reason::TokenStaleSession),
        ]);
    }

    #[test]
    fn t13_the_first_two_fetches_of_a_browser_may_race() {
        assert_rows(&[
            proven("raced").cookie_token("f1", None, 2).token("f2", None, 1).is(Reason::TokenOkRotated),
            proven("with a bind cookie")
                .bind("b1")
                .cookie_token("f1", None, 2)
                .token("f2", None, 1)
                .is(Reason::TokenOkRotated),
        ]);
    }

    #[test]
    fn t14_a_token_of_another_browser_is_refused() {
        assert_rows(&[
            unknown("planted pair")
                .bind("b1")
                .cookie_token("evil", None, 5)
                .token("evil", None, 5)
                .is(Reason::TokenBindingMismatch),
            proven("no token cookie").bind("b1").token("b2", None, 5).is(Reason::TokenBindingMismatch),
            proven("rubbish token cookie")
                .bind("b1")
                .header("cookie", "csrf_token=x")
                .token("b2", None, 5)
                .is(Reason::TokenBindingMismatch),
            proven("signed in since")
                .bind("b1")
                .cookie_token("b1", None, 5)
                .session("s1")
                .token("b2", None, 5)
                .is(Reason::TokenBindingMismatch),
            unknown("raced, unproven")
                .cookie_token("f1", None, 2)
                .token("f2", None, 1)
                .is(Reason::TokenBindingMismatch),
        ]);
    }

    #[test]
    fn a_gateway_route_never_asks_for_a_token() {
        let row = proven("app");
        assert_eq!(row.decide_in(Mode::HeadersOnly), Reason::SameOrigin);
        assert_eq!(unknown("script").decide_in(Mode::HeadersOnly), Reason::NonBrowser);
    }
}
