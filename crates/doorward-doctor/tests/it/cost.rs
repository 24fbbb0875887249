//! What a healthy chain costs: questions, connections, requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use doorward_doctor::probe::Login;

use super::server::{FORM, answer, examined, serve};

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
