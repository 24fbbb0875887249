//! No allocation between the first look at a request and its admission.

use doorward_csrf::{Csrf, Mode, Reason, RequestView, SecretKey, SessionState, System, UnixSeconds};
use http::{HeaderMap, HeaderValue, Method, Uri};

const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

/// A moment that stands still, with the random numbers of the operating system.
#[derive(Debug)]
struct Still;

impl doorward_csrf::Environment for Still {
    fn now(&self) -> UnixSeconds {
        NOW
    }
    fn fill(&self, bytes: &mut [u8]) {
        System.fill(bytes);
    }
}

fn csrf(mode: Mode) -> Csrf {
    Csrf::builder()
        .secret_keys([
            SecretKey::new(1, *b"0123456789abcdef0123456789abcdef"),
            SecretKey::new(2, *b"an older secret of 32 characters"),
        ])
        .trusted_origins(["https://*.trusted.test"])
        .public_origins(["https://auth.example.com", "https://app.example.com"])
        .allowed_hosts(["auth.example.com"])
        .exempt_paths(["POST /hooks/{name}"])
        .session_paths(["/api/v1/auth/jwt/login"])
        .mode(mode)
        .build()
        .unwrap()
}

/// A browser's headers with twelve cookies, among them the ones of a token that has just been issued.
fn headers(csrf: &Csrf, session: &SessionState<'_>) -> HeaderMap {
    let mut headers: HeaderMap = [("host", "auth.example.com")]
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
    let uri = Uri::from_static("/");
    let view = RequestView::new(&Method::GET, &uri, &headers, NOW).tls(true);
    let visitor = csrf.visitor(&view);
    let minted = csrf.issue(&visitor, session, &Still);
    let mut cookies: Vec<String> = (0..10).map(|at| format!("cookie{at}={}", "v".repeat(50))).collect();
    for cookie in csrf.set_cookies(&visitor, &minted) {
        cookies.push(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    }
    assert_eq!(cookies.len(), 12);
    headers.insert("cookie", HeaderValue::from_str(&cookies.join("; ")).unwrap());
    headers.insert("x-csrf-token", HeaderValue::from_str(minted.token()).unwrap());
    headers
}

fn assert_free(csrf: &Csrf, view: &RequestView<'_>, session: &SessionState<'_>, expected: Reason) {
    let mut reason = None;
    let measured = allocation_counter::measure(|| reason = Some(csrf.check(view, session, None).reason));
    assert_eq!(reason, Some(expected));
    assert_eq!(measured.count_total, 0, "{expected}");
}

#[test]
fn admitting_a_request_allocates_nothing() {
    let csrf = csrf(Mode::Layered);
    let signed_in = SessionState::SignedIn { handle: b"handle", tag: Some(csrf.session_tag(b"handle")) };
    let uri = Uri::from_static("/api/v1/account");
    for (session, origin, expected) in [
        (signed_in, "https://auth.example.com", Reason::TokenOk),
        (SessionState::of_handle(b"handle"), "https://a.trusted.test", Reason::TokenOk),
        (SessionState::Anonymous, "https://auth.example.com", Reason::TokenOk),
    ] {
        let mut headers = headers(&csrf, &session);
        headers.insert("origin", HeaderValue::from_static(origin));
        let view = RequestView::new(&Method::POST, &uri, &headers, NOW).tls(true);
        assert_free(&csrf, &view, &session, expected);
    }
    let mut headers = headers(&csrf, &SessionState::Anonymous);
    let encoded = headers["x-csrf-token"].to_str().unwrap().replace(':', "%3A");
    headers.insert("x-csrf-token", HeaderValue::from_str(&encoded).unwrap());
    headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    let view = RequestView::new(&Method::POST, &uri, &headers, NOW).tls(true);
    assert_free(&csrf, &view, &SessionState::Anonymous, Reason::TokenOk);
    assert_free(&csrf, &view, &signed_in, Reason::TokenOkStaleSession);
}

#[test]
fn admitting_without_a_token_allocates_nothing_either() {
    let csrf = csrf(Mode::HeadersOnly);
    let host = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
        let all = [("host", "auth.example.com")].iter().chain(pairs);
        all.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    };
    for (method, path, pairs, expected) in [
        (Method::GET, "/", &[][..], Reason::SafeMethod),
        (Method::POST, "/hooks/ci", &[], Reason::ExemptPath),
        (Method::POST, "/api/%61", &[("authorization", "Bearer x")], Reason::NoAmbientCredentials),
        (Method::POST, "/", &[("referer", "https://auth.example.com/x")], Reason::RefererMatch),
        (Method::POST, "/", &[("referer", "https://[::1]/x"), ("sec-fetch-site", "same-origin")], Reason::SameOrigin),
    ] {
        let (uri, headers) = (Uri::from_static(path), host(pairs));
        assert_free(
            &csrf,
            &RequestView::new(&method, &uri, &headers, NOW).tls(true),
            &SessionState::Anonymous,
            expected,
        );
    }
}

#[test]
fn the_counter_counts() {
    let measured = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(measured.count_total, 1);
}
