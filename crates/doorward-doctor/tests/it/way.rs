//! Ways of a sign-in that a page alone does not show: by a provider, at an API without pages, under a full head.

use std::time::Duration;

use super::server::{Deed, FORM, answer, examined_within, serve};

/// As much as a loaded machine may need.
const PATIENCE: Duration = Duration::from_secs(3);

fn root(deed: impl Fn(&str) -> Deed + Send + Sync + 'static) -> Option<&'static str> {
    let (report, _) = examined_within(&serve(deed), None, PATIENCE);
    report.root_cause.map(|root| root.code)
}

/// A site with a link to its provider, which knows this way back.
fn provided(known: &'static str) -> impl Fn(&str) -> Deed + Send + Sync + 'static {
    move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let host = head.split("\r\n").find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
        match path.split('?').next().unwrap_or_default() {
            "/login" => answer("200 OK\r\nContent-Type: text/html", "<a href=/oauth/start>Sign in</a>"),
            "/oauth/start" => {
                let back = format!("http%3A%2F%2F{}%2Fcallback", host.replace(':', "%3A"));
                answer(&format!("302 Found\r\nLocation: /authorize?client_id=a&state=b&redirect_uri={back}"), "")
            }
            "/authorize" if path.ends_with(known) => answer("200 OK\r\nContent-Type: text/html", FORM),
            "/authorize" => {
                answer("400 Bad Request\r\nContent-Type: text/html", "<p>Invalid parameter: redirect_uri</p>")
            }
            _ => answer("404 Not Found", ""),
        }
    }
}

#[test]
fn a_provider_that_does_not_know_the_way_back_says_so() {
    assert_eq!(root(provided("%2Fother")), Some("auth.oauth.redirect_uri_mismatch"));
    assert_eq!(root(provided("%2Fcallback")), None);
}

/// A site whose heads may be so long.
fn narrow(most: usize) -> impl Fn(&str) -> Deed + Send + Sync + 'static {
    move |head| {
        if head.len() > most {
            return answer("400 Bad Request\r\nContent-Type: text/html", "<h1>Request Header Or Cookie Too Large</h1>");
        }
        let line = if head.starts_with("POST") { "401 Unauthorized" } else { "200 OK" };
        answer(&format!("{line}\r\nContent-Type: text/html"), &FORM.replace("tttttttttttt", "Invalid password"))
    }
}

#[test]
fn a_head_as_browsers_send_it_must_pass() {
    assert_eq!(root(narrow(900)), Some("http.header.request_too_large"));
    assert_eq!(root(narrow(8_000)), None);
}

#[test]
fn an_api_without_a_page_is_found_by_its_description() {
    let server = serve(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let json = |line: &str, body: &str| answer(&format!("{line}\r\nContent-Type: application/json"), body);
        match path {
            "/openapi.json" => json(
                "200 OK",
                r#"{"paths":{"/api/login":{"post":{"requestBody":{"content":{"application/json":{}}}}}}}"#,
            ),
            "/api/login" => json("401 Unauthorized", r#"{"detail":"Incorrect username or password"}"#),
            _ => json("200 OK", "{}"),
        }
    });
    let (report, facts) = examined_within(&server, None, PATIENCE);
    assert_eq!(report.root_cause, None, "{}", report.to_json());
    assert_eq!(facts.signin.attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [401]);
}
