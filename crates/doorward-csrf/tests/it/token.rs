//! Tokens and cookies as a program asks for them without the layer.

use doorward_csrf::{
    Builder, Csrf, Environment, Minted, Reason, RequestView, Rotate, SecretKey, SessionState, UnixSeconds,
};
use http::{HeaderMap, HeaderValue, Method, Uri};

const NOW: u64 = 1_767_225_600;

#[derive(Debug)]
struct At(u64);

impl Environment for At {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.0)
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(9);
    }
}

fn key(kid: u8) -> SecretKey {
    SecretKey::new(kid, format!("the secret number {kid} of these tests, long enough"))
}

fn csrf(change: impl Fn(Builder) -> Builder) -> Csrf {
    change(Csrf::builder().secret_keys([key(1)])).build().unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let all = [("host", "auth.example.com"), ("sec-fetch-site", "same-origin")];
    all.iter()
        .chain(pairs)
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn view<'a>(uri: &'a Uri, headers: &'a HeaderMap, now: u64) -> RequestView<'a> {
    RequestView::new(&Method::POST, uri, headers, UnixSeconds(now)).tls(true)
}

fn issue(csrf: &Csrf, headers: &HeaderMap, session: &SessionState<'_>, now: u64) -> (Minted, Vec<String>) {
    let uri = Uri::from_static("/");
    let visitor = csrf.visitor(&view(&uri, headers, now));
    let minted = csrf.issue(&visitor, session, &At(now));
    let cookies = csrf.set_cookies(&visitor, &minted);
    (minted, cookies.iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect())
}

#[test]
fn a_token_stands_by_itself_until_it_expires() {
    let csrf = csrf(|builder| builder);
    let (minted, _) = issue(&csrf, &headers(&[]), &SessionState::Anonymous, NOW);
    let verify = |now| csrf.verify(minted.token(), UnixSeconds(now));
    assert_eq!(verify(NOW + 3600), Ok(()));
    assert_eq!(verify(NOW + 3601), Err(Reason::TokenExpired));
    assert_eq!(verify(NOW - 61), Err(Reason::TokenFromFuture));
    assert_eq!(csrf.verify("x", UnixSeconds(NOW)), Err(Reason::TokenMalformed));
    let other = Csrf::builder().secret_keys([key(2)]).build().unwrap();
    assert_eq!(other.verify(minted.token(), UnixSeconds(NOW)), Err(Reason::TokenBadSignature));
    assert!(
        csrf.is_ours(minted.token().as_bytes()) && !other.is_ours(minted.token().as_bytes()) && !csrf.is_ours(b"x")
    );
}

#[test]
fn an_explanation_says_what_a_token_is_worth_now() {
    let csrf = csrf(|builder| builder);
    let (minted, _) = issue(&csrf, &headers(&[]), &SessionState::of_handle(b"s1"), NOW);
    let explained = csrf.explain(minted.token(), UnixSeconds(NOW + 4000)).unwrap();
    assert!(explained.is_signature_valid && !explained.is_anonymous);
    assert_eq!((explained.age_seconds, explained.refusal), (4000, Some(Reason::TokenExpired)));
    assert_eq!(explained.key_fingerprint.as_deref(), Some(csrf.key_ring().fingerprint()));
}

#[test]
fn a_known_browser_keeps_its_bind_cookie() {
    let csrf = csrf(|builder| builder);
    let (_, cookies) = issue(&csrf, &headers(&[]), &SessionState::Anonymous, NOW);
    assert!(cookies[1].starts_with("__Host-Http-csrf_bind="), "{cookies:?}");
    let (_, cookies) = issue(&csrf, &headers(&[("cookie", "__Host-Http-csrf_bind=b1")]), &SessionState::Anonymous, NOW);
    assert_eq!(cookies.len(), 1);
}

#[test]
fn strays_are_removed_when_several_token_cookies_arrive() {
    let csrf = csrf(|builder| builder);
    let known = "__Host-Http-csrf_bind=b1; csrf_token=x; csrf_token=y";
    let (_, cookies) = issue(&csrf, &headers(&[("cookie", known)]), &SessionState::Anonymous, NOW);
    assert!(cookies[0].starts_with("csrf_token=;") && cookies[0].ends_with("; Domain=auth.example.com"), "{cookies:?}");
    assert!(cookies[1].ends_with("; Domain=example.com") && !cookies[2].contains("Domain"), "{cookies:?}");
}

#[test]
fn a_token_of_a_retiring_key_is_replaced_at_once() {
    let (old, minted_by) = (csrf(|builder| builder), headers(&[("cookie", "__Host-Http-csrf_bind=b1")]));
    let (minted, _) = issue(&old, &minted_by, &SessionState::Anonymous, NOW);
    let request = headers(&[("cookie", "__Host-Http-csrf_bind=b1"), ("x-csrf-token", minted.token())]);
    let uri = Uri::from_static("/");
    let rotates = |csrf: &Csrf, now| {
        let decision = csrf.check(&view(&uri, &request, now), &SessionState::Anonymous, None);
        assert_eq!(decision.reason, Reason::TokenOk);
        csrf.should_rotate(&decision)
    };
    assert!(!rotates(&old, NOW + 900) && rotates(&old, NOW + 901));
    assert!(rotates(&csrf(|builder| builder.secret_keys([key(2), key(1)])), NOW));
    assert!(rotates(&csrf(|builder| builder.rotate(Rotate::Always)), NOW));
    assert!(!rotates(&csrf(|builder| builder.rotate(Rotate::Never)), NOW + 3600));
}

#[test]
fn one_list_answers_for_cors_too() {
    let csrf = csrf(|builder| builder.trusted_origins(["https://*.app.test"]));
    assert!(csrf.is_trusted_origin("https://a.app.test"));
    assert!(!csrf.is_trusted_origin("http://a.app.test") && !csrf.is_trusted_origin("null"));
}
