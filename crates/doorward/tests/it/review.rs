//! Findings of reviews over HTTP, each with the test that would have caught it.

mod mailbox;
mod second;

use doorward_core::session::EndReason;
use serde_json::json;

use crate::it::harness::{Answer, Client, Server, Upstream};

fn ask(client: &mut Client, path: &str) -> Answer {
    let told = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "notes.localhost"),
        ("X-Forwarded-Uri", "/open/a"),
    ];
    client.send("GET", path, &told, "")
}

// A proxy that only hands requests on would let its visitors ask about themselves in its name.
#[test]
fn only_a_proxy_that_is_meant_to_asks() {
    let always = [
        ("ENVIRONMENT", "development"),
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("DOORWARD_APP__0__HOST", "notes.localhost"),
        ("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*"),
    ];
    let asking =
        |setting: &str| Server::start_with(&[&always[..], &[("DOORWARD_SERVER__ASKING_PROXIES", setting)]].concat());
    for (server, expected) in [
        (Server::start_with(&always), 200),
        (asking("127.0.0.0/8"), 200),
        (asking("10.0.0.7"), 403),
        (asking("none"), 403),
    ] {
        for host in ["localhost", "notes.localhost"] {
            let mut client = server.client();
            client.host = format!("{host}:{}", server.port);
            let answer = ask(&mut client, "/api/authz/forward-auth");
            assert_eq!(answer.status, expected, "{host} {answer:?}");
            assert!(expected == 200 || answer.reason() == "proxy.peer_untrusted");
        }
        let line = r#"asking_proxies = [\"127.0.0.1\"]"#;
        if expected == 403 {
            server.logs(line);
        } else {
            assert!(!server.log().contains(line));
        }
    }
}

// What lies behind the prefix of the portal is read once, in the form that was decided about.
#[test]
fn a_moved_path_is_not_decoded_twice() {
    let app = Upstream::start();
    let server = Server::start_with(&[("DOORWARD_PORTAL__PREFIX", "/auth"), ("DOORWARD_APP__0__UPSTREAM", &app.url())]);
    let mut client = server.client();
    for (path, status) in [
        ("/auth/health/live", 200),
        ("/auth/health/%6Cive", 200),
        ("/auth/health/live%3Fa", 404),
        ("/auth/health/live%2523", 404),
        ("/auth/health/%256Cive", 404),
    ] {
        assert_eq!(client.get(path).status, status, "{path}");
    }
}

// An app that takes /Admin for /admin must not be reached by the rules of its neighbour.
#[test]
fn letter_case_leads_around_no_rule_of_another_app() {
    let apps = [Upstream::start(), Upstream::start()];
    let urls = [apps[0].url(), apps[1].url()];
    let with = |second: &str| {
        Server::start_with(&[
            ("DOORWARD_APP__0__UPSTREAM", &urls[0]),
            ("DOORWARD_APP__0__HOST", "a.localhost"),
            ("DOORWARD_APP__0__PUBLIC_PATHS", "/*"),
            ("DOORWARD_APP__1__UPSTREAM", second),
            ("DOORWARD_APP__1__HOST", "a.localhost"),
            ("DOORWARD_APP__1__PATH", "/admin"),
            ("DOORWARD_APP__1__GROUPS", "nobody-is-in-it"),
        ])
    };
    for (second, odd) in [(&urls[0], 404), (&urls[1], 200)] {
        let server = with(second);
        let mut client = server.client();
        client.host = format!("a.localhost:{}", server.port);
        for (path, status) in [("/a", 200), ("/A", 200), ("/admin/a", 401), ("/Admin/a", odd), ("/%41dmin", odd)] {
            assert_eq!(client.get(path).status, status, "{path} {second}");
        }
    }
}

#[test]
fn an_address_that_holds_a_token_goes_to_nobody() {
    let server = Server::start();
    let mut client = server.client();
    for (path, policy) in [
        ("/.doorward/sign-in", "same-origin"),
        ("/.doorward/invitation?token=dwi_a", "strict-origin"),
        ("/.doorward/reset?a=b&token=dwp_a", "strict-origin"),
        ("/.doorward/session?code=a", "strict-origin"),
        ("/.doorward/sign-in?tokens=a", "same-origin"),
    ] {
        assert_eq!(client.page(path).header("referrer-policy"), Some(policy), "{path}");
    }
}

#[test]
fn an_administrator_sees_and_ends_one_session_and_its_owner_reads_why() {
    let server = Server::start();
    let mut boss = server.signed_in();
    let mut ada = server.client();
    let id = own_id(&mut boss);
    let sessions = format!("/api/v1/admin/users/{id}/sessions");
    let (email, password) = server.administrator();
    assert_eq!(ada.sign_in(&email, &password).status, 200);
    let listed = boss.get(&sessions).json();
    let other = listed.as_array().unwrap().iter().find(|session| session["is_current"] == false).unwrap();
    let session = other["id"].as_str().unwrap().to_owned();
    assert_eq!(boss.call("DELETE", &format!("{sessions}/ses_AAAAAAAAAAAAAAAAAAAAAA"), &json!({})).status, 404);
    assert_eq!(boss.call("DELETE", &format!("{sessions}/{session}"), &json!({})).status, 204);
    assert_eq!(ada.get("/api/v1/auth/me").status, 401);
    let reason = EndReason::RevokedByAdministrator.code();
    for path in [format!("{sessions}/ended"), "/api/v1/auth/sessions/ended".to_owned()] {
        let ended = boss.get(&path).json();
        assert_eq!((ended[0]["id"].as_str(), ended[0]["reason"].as_str()), (Some(&*session), Some(reason)), "{path}");
    }
    let page = boss.page("/.doorward/account");
    assert!(page.body.contains("ended by an administrator"), "{}", page.body);
    // The page does the same by a form.
    assert_eq!(ada.sign_in(&email, &password).status, 200);
    let person = format!("/.doorward/admin/users/{id}");
    let listed = boss.get(&sessions).json();
    let other = listed.as_array().unwrap().iter().find(|session| session["is_current"] == false).unwrap();
    let fields = [("session", other["id"].as_str().unwrap())];
    let answer = boss.submit(&person, &format!("{person}/end-session"), &fields);
    assert_eq!(answer.location(), format!("{person}?done=session-ended"), "{}", answer.body);
    assert_eq!(ada.get("/api/v1/auth/me").status, 401);
}

fn own_id(client: &mut Client) -> String {
    let me = client.get("/api/v1/auth/me").json();
    me["user"]["id"].as_str().or_else(|| me["id"].as_str()).unwrap().to_owned()
}
