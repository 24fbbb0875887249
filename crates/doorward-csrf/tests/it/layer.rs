//! The layer around a real router.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Extension;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Form, Router};
use doorward_csrf::{
    Builder, Connection, Csrf, CsrfLayer, Environment, FormToken, MESSAGE, Mode, Rotate, SecretKey, Session,
    UnixSeconds,
};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

const TOKEN_PATH: &str = "/api/v1/auth/csrf-token";

/// A clock that the test moves, and random numbers that count.
#[derive(Debug)]
struct Clock {
    now: AtomicU64,
    drawn: AtomicU64,
}

impl Environment for Clock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.now.load(Ordering::Relaxed))
    }
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, digit)| *byte = *digit);
    }
}

struct Server {
    router: Router,
    clock: Arc<Clock>,
    refused: Arc<Mutex<Vec<String>>>,
}

async fn echo(Form(fields): Form<Vec<(String, String)>>) -> String {
    format!("{} fields", fields.len())
}

fn server(change: impl Fn(Builder) -> Builder) -> Server {
    server_with(change, |layer| layer)
}

fn server_with(change: impl Fn(Builder) -> Builder, adjust: impl Fn(CsrfLayer) -> CsrfLayer) -> Server {
    let builder =
        Csrf::builder().secret_keys([SecretKey::new(0, *b"0123456789abcdef0123456789abcdef")]).require_https(false);
    let csrf = Arc::new(change(builder).build().unwrap());
    let clock = Arc::new(Clock { now: AtomicU64::new(1_767_225_600), drawn: AtomicU64::new(0) });
    let refused = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&refused);
    let layer = CsrfLayer::new(Arc::clone(&csrf)).environment(Arc::clone(&clock) as Arc<dyn Environment>).on_refusal(
        move |report| {
            told.lock().unwrap().push(report.to_string());
        },
    );
    let signing_in = Arc::clone(&csrf);
    let router = Router::new()
        .route("/", get(|| async { "page" }).post(|| async { "done" }))
        .route(
            "/form",
            get(|Extension(form): Extension<FormToken>| async move {
                Html(format!("<input name={} value={}>", form.field_name(), form.token()))
            })
            .post(echo),
        )
        .route("/private", get(|| async { ([(header::CACHE_CONTROL, "private")], Html("page")) }))
        .route("/upload", post(|body: String| async move { body.len().to_string() }))
        .route("/sign-in", post(move || async move { (Extension(signing_in.session(b"s1")), "in").into_response() }))
        .layer(adjust(layer));
    Server { router, clock, refused }
}

impl Server {
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// A browser that keeps what it is given.
#[derive(Default, Clone)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(path).header("host", "localhost:8000");
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }
}

async fn json(response: Response<Body>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

async fn fetch_token(server: &Server, jar: &mut Jar) -> String {
    let response = server.send(jar.request("GET", TOKEN_PATH).body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    jar.keep(response.headers());
    json(response).await["csrf_token"].as_str().unwrap().to_owned()
}

fn post_with(jar: &Jar, path: &str, token: &str) -> Request<Body> {
    jar.request("POST", path)
        .header("x-csrf-token", token)
        .header("origin", "http://localhost:8000")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn the_token_endpoint_keeps_its_contract() {
    let server = server(|builder| builder);
    let response = server.send(Jar::default().request("GET", TOKEN_PATH).body(Body::empty()).unwrap()).await;
    let headers = response.headers().clone();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(text("content-type"), "application/json");
    assert_eq!(
        (text("cache-control"), text("cdn-cache-control")),
        ("no-store, private".to_owned(), "no-store".to_owned())
    );
    assert_eq!((text("pragma"), text("vary")), ("no-cache".to_owned(), "Cookie, Origin, Sec-Fetch-Site".to_owned()));
    let cookies: Vec<_> =
        headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let body = json(response).await;
    assert_eq!((&body["header_name"], &body["cookie_name"]), (&"X-CSRF-TOKEN".into(), &"csrf_token".into()));
    assert_eq!(body["expires_in"], 3600);
    assert!(body["message"].is_string());
    assert_eq!(
        cookies[0],
        format!("csrf_token={}; Path=/; Max-Age=3600; SameSite=Lax", body["csrf_token"].as_str().unwrap())
    );
    assert!(
        cookies[1].starts_with("csrf_bind=")
            && cookies[1].ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
    );
}

#[tokio::test]
async fn a_token_lets_its_own_browser_through_and_no_other() {
    let server = server(|builder| builder);
    let (mut jar, mut other) = (Jar::default(), Jar::default());
    let token = fetch_token(&server, &mut jar).await;
    let foreign = fetch_token(&server, &mut other).await;
    assert_eq!(server.send(post_with(&jar, "/", &token)).await.status(), StatusCode::OK);
    let mut stolen = post_with(&jar, "/", &foreign);
    stolen.headers_mut().remove("origin");
    assert_eq!(server.send(stolen).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn cookies_are_secure_exactly_on_https() {
    let server = server(|builder| builder);
    let mut request = Jar::default().request("GET", TOKEN_PATH).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Connection { is_tls: true, ..Connection::default() });
    let response = server.send(request).await;
    let cookies: Vec<_> =
        response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(
        cookies.iter().all(|cookie| cookie.contains("; Secure")) && cookies[1].starts_with("__Host-Http-csrf_bind="),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn a_refusal_explains_itself_and_carries_a_token_that_works() {
    let server = server(|builder| builder);
    let mut jar = Jar::default();
    fetch_token(&server, &mut jar).await;
    let request = jar.request("POST", "/").header("origin", "http://localhost:8000").header("x-request-id", "r1");
    let response = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    jar.keep(response.headers());
    let body = json(response).await;
    assert_eq!((&body["message"], &body["detail"]), (&MESSAGE.into(), &MESSAGE.into()));
    assert_eq!((&body["reason"], &body["retryable"]), (&"csrf.token_missing".into(), &true.into()));
    assert_eq!((&body["title"], &body["status"]), (&"Forbidden".into(), &403.into()));
    assert_eq!((&body["type"], &body["docs"]), (&"/docs/reasons#csrf.token_missing".into(), &body["type"]));
    assert_eq!((&body["request_id"], &body["header_name"]), (&"r1".into(), &"X-CSRF-TOKEN".into()));
    assert!(body["hint"].is_string() && body["debug"].is_null());
    let fresh = body["csrf_token"].as_str().unwrap();
    assert_eq!(server.send(post_with(&jar, "/", fresh)).await.status(), StatusCode::OK);
    assert!(server.refused.lock().unwrap()[0].starts_with("CSRF token validation failed: reason=csrf.token_missing"));
}

#[tokio::test]
async fn a_refusal_by_provenance_carries_no_token() {
    let server = server(|builder| builder);
    let request = Jar::default().request("POST", "/").header("sec-fetch-site", "cross-site");
    let response = server.send(request.body(Body::empty()).unwrap()).await;
    assert!(response.headers().get("set-cookie").is_none());
    let body = json(response).await;
    assert_eq!((&body["reason"], &body["retryable"]), (&"csrf.cross_site".into(), &false.into()));
    assert!(body["csrf_token"].is_null() && body["header_name"].is_null());
}

#[tokio::test]
async fn expected_values_are_shown_only_in_debug() {
    let ask = async |is_debug| {
        let server = server_with(
            |builder| builder.public_origins(["https://secret.example.com"]),
            |layer| layer.dangerous_debug(is_debug),
        );
        let request = Jar::default().request("POST", "/").header("origin", "https://evil.test");
        json(server.send(request.body(Body::empty()).unwrap()).await).await.to_string()
    };
    assert!(!ask(false).await.contains("secret.example.com"));
    assert!(ask(true).await.contains("secret.example.com"));
}

#[tokio::test]
async fn statuses_follow_the_reason() {
    let server = server(|builder| builder.allowed_hosts(["localhost"]));
    let with_host =
        |host: &str| Request::builder().method("GET").uri("/").header("host", host).body(Body::empty()).unwrap();
    assert_eq!(server.send(with_host("rebind.test")).await.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(server.send(with_host("@")).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(server.send(with_host("localhost")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_without_scripts_is_read_and_reaches_the_handler_whole() {
    let server = server(|builder| builder);
    let mut jar = Jar::default();
    let page = server.send(jar.request("GET", "/form").body(Body::empty()).unwrap()).await;
    assert_eq!(page.headers()["cache-control"], "no-store");
    jar.keep(page.headers());
    let html = String::from_utf8(page.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let token = html.split("value=").nth(1).unwrap().trim_end_matches('>').to_owned();
    let submit = |fields: String| {
        jar.request("POST", "/form")
            .header("origin", "http://localhost:8000")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(fields))
            .unwrap()
    };
    let response = server.send(submit(format!("a=1&csrf_token={}&b=2", token.replace(':', "%3A")))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "3 fields");
    assert_eq!(server.send(submit("a=1".to_owned())).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_upload_passes_by_its_field_and_by_its_header() {
    let server = server(|builder| builder);
    let mut jar = Jar::default();
    let token = fetch_token(&server, &mut jar).await;
    let file = format!(
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n{}\r\n--B--\r\n",
        "x".repeat(100_000)
    );
    let field = format!("--B\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n");
    let upload = |body: String, header: Option<&str>| {
        let request = jar
            .request("POST", "/upload")
            .header("origin", "http://localhost:8000")
            .header("content-type", "multipart/form-data; boundary=B");
        let request = if let Some(token) = header { request.header("x-csrf-token", token) } else { request };
        request.body(Body::from(body)).unwrap()
    };
    let whole = format!("{field}{file}");
    let response = server.send(upload(whole.clone(), None)).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), whole.len().to_string());
    assert_eq!(server.send(upload(file.clone(), None)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(server.send(upload(file, Some(&token))).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn tokens_rotate_when_they_age_and_the_old_one_lives_on() {
    let server = server(|builder| builder);
    let mut jar = Jar::default();
    let token = fetch_token(&server, &mut jar).await;
    let fresh = server.send(post_with(&jar, "/", &token)).await;
    assert!(fresh.headers().get("x-csrf-token").is_none() && fresh.headers().get("set-cookie").is_none());
    server.clock.now.fetch_add(901, Ordering::Relaxed);
    let aged = server.send(post_with(&jar, "/", &token)).await;
    assert_eq!(aged.status(), StatusCode::OK);
    let next = aged.headers()["x-csrf-token"].to_str().unwrap().to_owned();
    jar.keep(aged.headers());
    for token in [&token, &next] {
        assert_eq!(server.send(post_with(&jar, "/", token)).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn rotation_follows_its_option() {
    for (rotate, is_expected) in [(Rotate::Always, true), (Rotate::Aging, false), (Rotate::Never, false)] {
        let server = server(|builder| builder.rotate(rotate));
        let mut jar = Jar::default();
        let token = fetch_token(&server, &mut jar).await;
        let response = server.send(post_with(&jar, "/", &token)).await;
        assert_eq!(response.headers().contains_key("x-csrf-token"), is_expected, "{rotate:?}");
        let page = server.send(jar.request("GET", "/").body(Body::empty()).unwrap()).await;
        assert!(!page.headers().contains_key("x-csrf-token"));
    }
}

#[tokio::test]
async fn signing_in_answers_with_a_token_of_the_new_session() {
    let server = server(|builder| builder);
    let mut jar = Jar::default();
    let before = fetch_token(&server, &mut jar).await;
    let response = server.send(post_with(&jar, "/sign-in", &before)).await;
    let after = response.headers()["x-csrf-token"].to_str().unwrap().to_owned();
    jar.keep(response.headers());
    let csrf = Csrf::builder().secret_keys([SecretKey::new(0, *b"0123456789abcdef0123456789abcdef")]).build().unwrap();
    let as_session = |token: &str, handle: &[u8]| {
        let mut request = post_with(&jar, "/", token);
        request.extensions_mut().insert::<Session>(csrf.session(handle));
        request
    };
    assert_eq!(server.send(as_session(&after, b"s1")).await.status(), StatusCode::OK);
    assert_eq!(server.send(as_session(&before, b"s1")).await.status(), StatusCode::OK);
    let other = server.send(as_session(&after, b"s2")).await;
    assert_eq!(json(other).await["reason"], "csrf.token_other_session");
}

#[tokio::test]
async fn a_private_page_brings_the_bind_cookie_and_a_public_one_does_not() {
    let server = server(|builder| builder);
    let get = |path| server.send(Jar::default().request("GET", path).body(Body::empty()).unwrap());
    assert!(get("/private").await.headers()["set-cookie"].to_str().unwrap().starts_with("csrf_bind="));
    assert!(get("/").await.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn report_only_reports_and_lets_through() {
    let server = server(|builder| builder.report_only(true));
    let request = Jar::default().request("POST", "/").header("sec-fetch-site", "cross-site");
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
    assert!(server.refused.lock().unwrap()[0].contains("reason=csrf.cross_site"));
    let fetch = Jar::default().request("GET", TOKEN_PATH).header("sec-fetch-site", "cross-site");
    assert_eq!(server.send(fetch.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn forwarded_headers_count_only_from_a_trusted_proxy() {
    let server = server(|builder| builder.mode(Mode::HeadersOnly));
    let send = async |is_proxy_trusted| {
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header("host", "10.0.0.2")
            .header("origin", "https://auth.example.com")
            .header("x-forwarded-host", "auth.example.com")
            .header("x-forwarded-proto", "https");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Connection { is_proxy_trusted, ..Connection::default() });
        server.send(request).await.status()
    };
    assert_eq!(send(true).await, StatusCode::OK);
    assert_eq!(send(false).await, StatusCode::FORBIDDEN);
}
