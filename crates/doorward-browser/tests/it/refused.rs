//! Every kind of refused cookie and blocked request, told with its code, by plain HTTP and by HTTPS.

use std::sync::Arc;
use std::time::Duration;

use doorward_browser::{Browser, Policy, Tab, verdict};

use crate::site::{Answer, Request, Site, headed, options, page, to};

/// The pages: those of `app.test` are visited, the other hosts are other sites.
#[expect(clippy::too_many_lines, reason = "a table of pages, one a row")]
fn answer(site: Site, request: &Request) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let large = format!("big={}", "x".repeat(5_000));
    let scheme = if request.header("host").is_some_and(|host| host.ends_with(&format!(":{}", site.tls))) {
        "https"
    } else {
        "http"
    };
    let there = |host: &str, path: &str| site.at(scheme == "https", host, path);
    let fetch = |path: &str, options: &str| {
        page(&format!("<script>fetch({:?}, {options}).catch(() => 0)</script>", there("api.test", path)))
    };
    match path {
        "/plain" => to(302, &site.at(false, "app.test", "/secure")),
        "/secure" => headed(&[("Set-Cookie", "sid=1; Path=/; Secure")], ""),
        "/none-insecure" => headed(&[("Set-Cookie", "sid=1; Path=/; SameSite=None")], ""),
        "/domain-other" => headed(&[("Set-Cookie", "sid=1; Domain=other.test")], ""),
        "/domain-suffix" => headed(&[("Set-Cookie", "sid=1; Domain=test")], ""),
        "/prefix" => headed(&[("Set-Cookie", "__Host-sid=1; Path=/; Domain=app.test; Secure")], ""),
        "/large" => headed(&[("Set-Cookie", &large)], ""),
        "/path" => headed(&[("Set-Cookie", "narrow=1; Path=/api")], "<script>location = '/elsewhere'</script>"),
        "/strict" => headed(
            &[("Set-Cookie", "st=1; SameSite=Strict")],
            &format!("<script>location = {:?}</script>", there("other.test", "/link")),
        ),
        "/link" => {
            page(&format!("<a id=a href={:?}>go</a><script>a.click()</script>", there("app.test", "/elsewhere")))
        }
        "/unspecified" => {
            headed(&[("Set-Cookie", "un=1")], &format!("<script>location = {:?}</script>", there("idp.test", "/post")))
        }
        "/post" => page(&format!(
            "<form id=f method=post action={:?}></form><script>f.submit()</script>",
            there("app.test", "/elsewhere")
        )),
        "/third" => page(&format!("<img src={:?}>", there("tracker.test", "/pixel"))),
        "/pixel" => {
            headed(&[("Set-Cookie", if scheme == "https" { "tr=1; SameSite=None; Secure" } else { "tr=1" })], "")
        }
        "/loop" => to(302, "/loop"),
        "/framed" => page(&format!("<iframe src={:?}></iframe>", there("api.test", "/unframed"))),
        "/unframed" => headed(&[("X-Frame-Options", "DENY")], "hidden"),
        "/csp" => headed(
            &[("Content-Security-Policy", "form-action 'self'")],
            &format!(
                "<form id=f method=post action={:?}></form><script>f.submit()</script>",
                there("idp.test", "/authorize")
            ),
        ),
        "/cors-none" => fetch("/api/none", "{}"),
        "/cors-other" => fetch("/api/other", "{}"),
        "/cors-star" => fetch("/api/star", "{ credentials: 'include' }"),
        "/cors-credentials" => fetch("/api/credentials", "{ credentials: 'include' }"),
        "/cors-preflight" => fetch("/api/none", "{ method: 'PUT' }"),
        "/cors-header" => fetch("/api/header", "{ headers: { 'X-Csrf': '1' } }"),
        "/api/other" => headed(&[("Access-Control-Allow-Origin", "http://localhost:3000")], "{}"),
        "/api/star" => {
            headed(&[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")], "{}")
        }
        "/api/credentials" | "/api/header" => {
            headed(&[("Access-Control-Allow-Origin", request.header("origin").unwrap_or_default())], "{}")
        }
        _ => page("<title>else</title>here"),
    }
}

/// Each kind: the page of `app.test` that shows it, and its code.
const KINDS: &[(&str, &str)] = &[
    ("/secure", "cookie.secure_over_http"),
    ("/none-insecure", "cookie.samesite_none_insecure"),
    ("/domain-other", "cookie.domain_mismatch"),
    ("/domain-suffix", "cookie.domain_public_suffix"),
    ("/prefix", "cookie.prefix_violation"),
    ("/large", "cookie.too_large"),
    ("/path", "cookie.path_mismatch"),
    ("/strict", "cookie.samesite_strict_cross_site"),
    ("/cors-none", "cors.origin_not_allowed"),
    ("/cors-other", "cors.origin_not_allowed"),
    ("/cors-star", "cors.wildcard_with_credentials"),
    ("/cors-credentials", "cors.credentials_not_allowed"),
    ("/cors-preflight", "cors.origin_not_allowed"),
    ("/cors-header", "cors.header_not_allowed"),
    ("/csp", "csp.form_action"),
    ("/loop", "redirect.loop"),
    ("/framed", "frontend.framing_refused"),
];

async fn told(browser: &Arc<Browser>, url: &str, code: &str) {
    let context = browser.new_context().await.unwrap();
    let tab = browser.new_tab(Some(&context)).await.unwrap();
    // A page that leads on, or that nobody may see, is no error here.
    let _ = tab.navigate(url).await;
    let is_told = |tab: &Tab| tab.recorded(|recorder| verdict::of(recorder).iter().any(|verdict| verdict.code == code));
    for _ in 0..100 {
        if is_told(&tab) {
            browser.drop_context(&context).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{url} should show {code}, and shows {:#?}", tab.recorded(verdict::of));
}

async fn kinds(is_secure: bool) {
    let site = Site::serve(answer);
    let browser = Browser::start(options(Policy::Today)).await.unwrap();
    for (path, code) in KINDS {
        // A Secure cookie is thrown away only by http, also where https led there.
        let path = if is_secure && *path == "/secure" { "/plain" } else { path };
        told(&browser, &site.at(is_secure, "app.test", path), code).await;
    }
    browser.close().await;
    let strict = Browser::start(options(Policy::Strict)).await.unwrap();
    told(&strict, &site.at(is_secure, "app.test", "/unspecified"), "cookie.samesite_lax_cross_post").await;
    strict.close().await;
    let blocking = Browser::start(options(Policy::Blocking)).await.unwrap();
    told(&blocking, &site.at(is_secure, "app.test", "/third"), "cookie.third_party_blocked").await;
    blocking.close().await;
}

#[tokio::test]
async fn all_nineteen_kinds_are_told_over_plain_http() {
    kinds(false).await;
}

#[tokio::test]
async fn all_nineteen_kinds_are_told_over_https() {
    kinds(true).await;
}
