//! Signing in and out: right, wrong, raced, and in two tabs.

use serde_json::json;

use crate::it::harness::{Server, raw};

const LOGIN: &str = "/api/v1/auth/jwt/login";

#[test]
fn a_wrong_password_an_unknown_account_and_a_disabled_one_get_the_same_answer() {
    let server = Server::start();
    server.json(&["user", "add", "gone@example.com"]);
    server.json(&["user", "disable", "gone@example.com"]);
    let answers: Vec<_> = ["admin@localhost", "nobody@example.com", "gone@example.com"]
        .into_iter()
        .map(|email| {
            let answer = server.client().sign_in(email, "this is not the password");
            let mut body = answer.json();
            body["request_id"] = json!(null);
            let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
            (answer.status, body, names, answer.header("content-length").map(str::to_owned))
        })
        .collect();
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0].1["reason"], "signin.credentials_wrong");
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn raced_tokens_are_equally_good() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let body = json!({"email": email, "password": password});
    for is_older_sent in [true, false] {
        let mut client = server.client();
        let older = client.token();
        let cookie = client.jar["csrf_token"].clone();
        let newer = client.token();
        let sent = if is_older_sent {
            older
        } else {
            client.jar.insert("csrf_token".to_owned(), cookie);
            newer
        };
        let origin = client.origin();
        let answer = client.call_with("POST", LOGIN, &[("X-CSRF-TOKEN", &sent), ("Origin", &origin)], &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[test]
fn two_first_visits_at_once_both_lead_in() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let (mut one, mut other) = (server.client(), server.client());
    let first = one.token();
    other.token();
    // Both answers arrive in one browser: the later one's cookies win.
    one.jar = other.jar.clone();
    let origin = one.origin();
    let body = json!({"email": email, "password": password});
    let answer = one.call_with("POST", LOGIN, &[("X-CSRF-TOKEN", &first), ("Origin", &origin)], &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_tab_of_somebody_else_is_refused_once_and_then_served() {
    let server = Server::start();
    let made = server.json(&["user", "add", "bob@example.com"]);
    let mut client = server.signed_in();
    let old_tab = client.token();
    client.sign_in("bob@example.com", made["password"].as_str().unwrap());
    let origin = client.origin();
    let logout = "/api/v1/auth/jwt/logout";
    let refused = client.call_with("POST", logout, &[("X-CSRF-TOKEN", &old_tab), ("Origin", &origin)], &json!(null));
    assert_eq!((refused.status, refused.reason().as_str()), (403, "csrf.token_other_session"));
    assert_eq!(refused.json()["retryable"], true);
    let fresh = refused.json()["csrf_token"].as_str().unwrap().to_owned();
    let second = client.call_with("POST", logout, &[("X-CSRF-TOKEN", &fresh), ("Origin", &origin)], &json!(null));
    assert_eq!(second.status, 200, "{}", second.body);
}

#[test]
fn signing_out_ends_the_session_for_every_copy_of_its_cookie() {
    let server = Server::start();
    let mut client = server.signed_in();
    let mut copy = client.clone();
    assert_eq!(copy.get("/api/v1/auth/me").status, 200);
    assert_eq!(client.call("POST", "/api/v1/auth/jwt/logout", &json!(null)).status, 200);
    assert!(!client.jar.contains_key("doorward"));
    let after = copy.get("/api/v1/auth/me");
    assert_eq!((after.status, after.reason().as_str()), (401, "session.signed_out"));
    // The answer carried a token for nobody, so that the next sign-in works at once.
    let (email, password) = server.administrator();
    assert_eq!(client.sign_in(&email, &password).status, 200);
}

#[test]
fn a_preset_cookie_is_never_adopted() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.client();
    let planted = format!("dws_{}", "A".repeat(43));
    client.jar.insert("doorward".to_owned(), planted.clone());
    assert_eq!(client.sign_in(&email, &password).status, 200);
    assert_ne!(client.jar["doorward"], planted);
}

#[test]
fn forged_requests_are_refused_and_make_no_session() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let body = json!({"email": email, "password": password});
    let mut client = server.client();
    let token = client.token();
    let origin = client.origin();
    for (headers, reason) in [
        (vec![("Origin", "https://evil.example"), ("X-CSRF-TOKEN", token.as_str())], "csrf.origin_untrusted"),
        (vec![("Origin", "null"), ("X-CSRF-TOKEN", token.as_str())], "csrf.origin_null"),
        (vec![("Sec-Fetch-Site", "cross-site"), ("X-CSRF-TOKEN", token.as_str())], "csrf.cross_site"),
        (vec![("Origin", origin.as_str())], "csrf.token_missing"),
        (vec![("Origin", origin.as_str()), ("X-CSRF-TOKEN", "nonsense")], "csrf.token_malformed"),
    ] {
        let answer = client.call_with("POST", LOGIN, &headers, &body);
        assert_eq!((answer.status, answer.reason().as_str()), (403, reason));
        assert_eq!(answer.json()["message"], "CSRF token validation failed. Please refresh the page and try again.");
        assert!(!client.jar.contains_key("doorward"));
    }
    server.wait_until("one line for each refusal, found by `grep CSRF`", || {
        server.log().lines().filter(|line| line.contains("CSRF token validation failed")).count() == 5
    });
}

#[test]
fn no_secret_is_in_the_log() {
    let server = Server::start_with(&[("LOG_LEVEL", "trace"), ("CSRF_DEBUG", "true")]);
    let (email, password) = server.administrator();
    let mut client = server.signed_in();
    let (cookie, bind) = (client.jar["doorward"].clone(), client.jar["csrf_bind"].clone());
    let token = client.token();
    client.sign_in(&email, "a wrong password of mine");
    client.page("/.doorward/reset?token=dwp_secretsecretsecret");
    let origin = client.origin();
    client.send(
        "POST",
        "/api/v1/auth/jwt/logout",
        &[("Origin", &origin), ("Authorization", "Bearer secretbearer")],
        "",
    );
    server.logs("POST /api/v1/auth/jwt/logout");
    let log = server.log();
    for secret in [&password, &cookie, &bind, &token, "a wrong password of mine", "secretsecretsecret", "secretbearer"]
    {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn the_pages_sign_in_without_any_script() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.client();
    let led = client.page("/.doorward/account");
    assert_eq!((led.status, led.location()), (303, "/.doorward/sign-in?return_to=%2F.doorward%2Faccount"));
    let page = led.location().to_owned();
    let wrong =
        client.submit(&page, "/.doorward/sign-in", &[("email", email.as_str()), ("password", "a-wrong-one-of-mine")]);
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains(&format!("value=\"{email}\"")), "what was typed stays");
    assert!(!wrong.body.contains("a-wrong-one-of-mine"), "but not the password");
    let fields = [("email", email.as_str()), ("password", &password), ("return_to", "/.doorward/account")];
    let inside = client.submit(&page, "/.doorward/sign-in", &fields);
    assert_eq!((inside.status, inside.location()), (303, "/.doorward/account"));
    assert!(client.page("/.doorward/account").body.contains(&email));
    let out = client.submit("/.doorward/sign-out", "/.doorward/sign-out", &[]);
    assert_eq!((out.status, out.location()), (303, "/.doorward/signed-out"));
    assert_eq!(client.page("/.doorward/account").status, 303);
}

#[test]
fn a_form_that_comes_after_the_session_has_ended_says_so_and_is_not_sent() {
    let server = Server::start();
    let mut client = server.signed_in();
    let page = client.page("/.doorward/account").body;
    let token = crate::it::harness::hidden_token(&page).unwrap().to_owned();
    client.clone().call("POST", "/api/v1/auth/jwt/logout", &json!(null));
    let fields = [("current_password", "a"), ("new_password", "b")];
    let answer = client.submit_with(&token, "/.doorward/account/password", &fields);
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("/.doorward/sign-in"), "{}", answer.body);
}

#[test]
fn guesses_are_counted_and_the_wait_is_told() {
    let server = Server::start();
    let mut reasons = Vec::new();
    for _ in 0..5 {
        let answer = server.client().sign_in("admin@localhost", "a wrong password of mine");
        reasons.push(answer.reason());
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
        }
    }
    assert_eq!(reasons[0], "signin.credentials_wrong");
    assert_eq!(reasons[4], "signin.account_wait");
}

#[test]
fn a_request_without_a_host_or_with_a_foreign_one_is_refused() {
    let server = Server::start();
    for (head, reason) in [
        ("GET /health/live HTTP/1.1\r\n", "csrf.host_malformed"),
        ("GET /health/live HTTP/1.1\r\nHost: evil.example\r\n", "csrf.host_not_allowed"),
    ] {
        let answer = raw(server.port, format!("{head}Connection: close\r\n\r\n").as_bytes());
        assert_eq!(answer.reason(), reason);
    }
}
