//! What a healthy chain costs: questions, connections, requests.

use std::sync::atomic::Ordering;

use doorward_doctor::probe::Login;

use super::server::{FORM, answer, examined, serve};

#[test]
fn a_healthy_chain_is_examined_within_its_budget() {
    let server = serve(|head| {
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
        answer("200 OK\r\nContent-Type: text/html\r\nSet-Cookie: csrf_token=tttttttttttt; Path=/; SameSite=Lax", FORM)
    });
    let login = Login { user: "ada".into(), password: "right".into(), totp: None };
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
