//! What a healthy chain costs: questions, connections, requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use doorward_doctor::probe::Login;

use super::server::{FORM, Server, answer, examined, serve};

#[test]
fn a_healthy_chain_is_examined_within_its_budget() {
    let drawn = AtomicUsize::new(0);
    let server = serve(move |head| {
        if head.starts_with("GET /account") {
            return answer("200 OK", "<h1>hello</h1>");
        }
        if head.starts_with("POST") && head.contains("username=ada") {
            return answer(
                "303 See Other\r\nLocation: /account\r\nSet-Cookie: session=1; Path=/; HttpOnly; SameSite=Lax",
                "",
            );
        }
        if head.starts_with("POST") {
            return answer("401 Unauthorized\r\nContent-Type: text/html", "Invalid username or password");
        }
        // Each visitor gets a token of his own, as healthy apps do.
        let token = format!("token{:07}", drawn.fetch_add(1, Ordering::SeqCst));
        let cookie = format!("Set-Cookie: csrf_token={token}; Path=/; SameSite=Lax");
        answer(&format!("200 OK\r\nContent-Type: text/html\r\n{cookie}"), &FORM.replace("tttttttttttt", &token))
    });
    let login = Login { user: "ada".into(), password: "right".into(), ..Login::default() };
    let (report, facts) = examined(&server, Some(login));
    assert_eq!(report.root_cause, None, "{}", report.to_json());
    assert!(facts.lookups.len() <= 6);
    assert!(
        server.connections.load(Ordering::SeqCst) <= 3,
        "{} connections",
        server.connections.load(Ordering::SeqCst)
    );
    assert!(server.requests.load(Ordering::SeqCst) <= 9, "{} requests", server.requests.load(Ordering::SeqCst));
}

/// What a healthy chain costs at most, whatever its page holds.
fn within_budget(server: &Server) -> doorward_doctor::Facts {
    let (report, facts) = examined(server, None);
    assert_eq!(report.root_cause, None, "{}", report.to_json());
    assert!(facts.spent.http <= 9, "{:?}", facts.spent);
    assert!(facts.spent.dns <= 6, "{:?}", facts.spent);
    facts
}

#[test]
fn a_provider_of_identities_costs_little_and_is_not_the_site() {
    // It stands behind a CDN that challenges the doctor, and sends it on without end.
    let provider = serve(|head| {
        let to = if head.starts_with("GET /authorize") { "/one" } else { "/two" };
        let cdn = "Server: cloudflare\r\nCF-RAY: 1\r\ncf-mitigated: challenge";
        let cookies = "Set-Cookie: id=1; Path=/\r\nSet-Cookie: id=2; Path=/";
        answer(&format!("302 Found\r\nLocation: {to}\r\n{cdn}\r\n{cookies}"), "")
    });
    let (at, drawn) = (provider.address, AtomicUsize::new(0));
    let server = serve(move |head| {
        if head.starts_with("GET /oauth/start") {
            return answer(&format!("302 Found\r\nLocation: http://{at}/authorize?client_id=shop"), "");
        }
        if head.starts_with("POST") {
            return answer("401 Unauthorized\r\nContent-Type: text/html", "Invalid username or password");
        }
        let token = format!("token{:07}", drawn.fetch_add(1, Ordering::SeqCst));
        let page = format!("{}<a href=/oauth/start>Sign in with ID</a>", FORM.replace("tttttttttttt", &token));
        let cookie = format!("Set-Cookie: csrf_token={token}; Path=/; SameSite=Lax");
        answer(&format!("200 OK\r\nContent-Type: text/html\r\n{cookie}"), &page)
    });
    let facts = within_budget(&server);
    assert!(!facts.at_provider.is_empty() && !facts.is_behind_cdn());
    assert!(facts.visits.iter().all(|visit| !visit.url.contains(&at.to_string())));
}

#[test]
fn an_api_that_describes_itself_is_examined_within_the_budget() {
    let server = serve(|head| {
        if head.starts_with("POST") {
            return answer("401 Unauthorized\r\nContent-Type: application/json", r#"{"detail":"invalid credentials"}"#);
        }
        let said = r#"{"paths":{"/api/login":{"post":{"requestBody":{"content":{"application/json":{}}}}}}}"#;
        let text = if head.starts_with("GET /openapi.json") { said } else { r#"{"name":"shop"}"# };
        answer("200 OK\r\nContent-Type: application/json", text)
    });
    let facts = within_budget(&server);
    assert!(facts.visits.iter().any(|visit| visit.url.ends_with("/openapi.json")));
}
