//! Clients that show no page, with app passwords: at the door, by forward auth, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{at, header, shared};
use crate::it::harness::{Answer, Client, Server, Upstream};
use crate::it::story::factor::{Phone, now, post};

const NAME: &str = "DOORWARD_APP__0__NAME";
const TAKES: (&str, &str) = ("DOORWARD_APP__0__APP_PASSWORDS", "true");

/// One app that takes them, and one that does not.
fn house() -> (Server, [Upstream; 2]) {
    built(Server::start_with)
}

fn built(start: fn(&[(&str, &str)]) -> Server) -> (Server, [Upstream; 2]) {
    let apps = [Upstream::start(), Upstream::start()];
    let urls = [apps[0].url(), apps[1].url()];
    let server = start(&[
        ("DOORWARD_APP__0__UPSTREAM", &urls[0]),
        ("DOORWARD_APP__0__HOST", "a.localhost"),
        (NAME, "dav"),
        ("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*"),
        TAKES,
        ("DOORWARD_APP__1__UPSTREAM", &urls[1]),
        ("DOORWARD_APP__1__HOST", "b.localhost"),
        ("DOORWARD_APP__1__NAME", "wiki"),
        ("DOORWARD_APP__1__APP_PASSWORDS", "true"),
    ]);
    (server, apps)
}

fn make(client: &mut Client, app: &str) -> Value {
    let answer = client.call("POST", "/api/v1/auth/app-passwords", &json!({"app": app, "name": "Phone"}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn ask(client: &mut Client, path: &str, authorization: &str) -> Answer {
    client.send("GET", path, &[("Authorization", authorization), ("Accept", "*/*")], "")
}

// CVE-2024-47077, CVE-2026-33496: what opens one app opens no other, and no page of ours.
#[test]
fn an_app_password_opens_its_app_and_nothing_else() {
    let (server, [dav, wiki]) = house();
    let (email, _) = server.administrator();
    let mut person = server.signed_in();
    let made = make(&mut person, "dav");
    let secret = made["password"].as_str().unwrap();
    assert!(secret.starts_with("dwk_"));
    let (mut phone, mut other) = (at(&server, "a.localhost"), at(&server, "b.localhost"));
    for authorization in [basic(&email, secret), basic("Administrator", secret), format!("Bearer {secret}")] {
        let answer = ask(&mut phone, "/a", &authorization);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let seen = dav.seen().pop().unwrap();
        assert_eq!(header(&seen, "remote-user"), Some(email.as_str()));
        assert_eq!(header(&seen, "authorization"), None, "no app hears of one");
        assert!(!seen.to_string().contains("dwk_"));
        let refused = ask(&mut other, "/a", &authorization);
        assert_eq!((refused.status, refused.reason().as_str()), (401, "app.password_wrong"));
    }
    assert!(wiki.seen().is_empty());
    let refused = ask(&mut phone, "/a", &basic("somebody", secret));
    assert_eq!((refused.status, refused.reason().as_str()), (401, "app.password_wrong"));
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"dav\", charset=\"UTF-8\""));
    // CVE-2026-34727, GO-2024-3179: neither the pages nor the API know of them.
    for authorization in [basic(&email, secret), format!("Bearer {secret}")] {
        for path in ["/api/v1/auth/me", "/api/v1/auth/app-passwords", "/api/v1/admin/users"] {
            assert_eq!(ask(&mut server.client(), path, &authorization).status, 401, "{path}");
        }
        let page = ask(&mut server.client(), "/.doorward/account", &authorization);
        assert!([302, 303, 401].contains(&page.status), "{}", page.status);
    }
    let signed = header(&dav.seen().pop().unwrap(), "x-doorward-jwt").unwrap().to_owned();
    let claims = signed.split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("aal1"), &json!(["app_password"])));
}

// CVE-2025-29928, CVE-2025-64521: what is withdrawn or disabled is over within a second.
#[test]
fn an_app_password_ends_when_it_is_withdrawn_and_with_its_account() {
    let (server, _apps) = house();
    let (email, _) = server.administrator();
    let mut person = server.signed_in();
    let [one, two] = [0, 1].map(|_| make(&mut person, "dav"));
    let mut phone = at(&server, "a.localhost");
    let [first, second] = [&one, &two].map(|made| basic(&email, made["password"].as_str().unwrap()));
    assert_eq!((ask(&mut phone, "/", &first).status, ask(&mut phone, "/", &second).status), (200, 200));
    let listed = person.get("/api/v1/auth/app-passwords").json();
    assert_eq!((&listed["apps"], listed["passwords"].as_array().unwrap().len()), (&json!(["dav", "wiki"]), 2));
    assert!(listed["passwords"][0]["last_used_at"].is_number());
    assert!(!listed.to_string().contains("dwk_"), "CVE-2026-40166: shown once");
    let path = format!("/api/v1/auth/app-passwords/{}", one["id"].as_str().unwrap());
    assert_eq!(person.call("DELETE", &path, &json!(null)).status, 204);
    assert_eq!(person.call("DELETE", &path, &json!(null)).reason(), "app.password_not_found");
    assert_eq!((ask(&mut phone, "/", &first).status, ask(&mut phone, "/", &second).status), (401, 200));
    // On the host, beside the server.
    server.json(&["user", "reset-password", &email]);
    server
        .wait_until("the end of the app password", || ask(&mut at(&server, "a.localhost"), "/", &second).status == 401);
}

#[test]
fn an_app_password_opens_nothing_while_a_second_factor_is_overdue_and_is_made_anew_after_it() {
    const WEEK: i64 = 8 * 86_400;
    let (server, _apps) = built(Server::start_with_clock);
    let (email, password) = server.administrator();
    let made = make(&mut server.signed_in(), "dav");
    let authorization = basic(&email, made["password"].as_str().unwrap());
    let mut phone = at(&server, "a.localhost");
    assert_eq!(ask(&mut phone, "/a", &authorization).status, 200);
    server.set_clock(WEEK);
    let answer = ask(&mut phone, "/a", &authorization);
    assert_eq!((answer.status, answer.reason().as_str()), (401, "app.password_wrong"));
    server
        .wait_until("why", || server.log().contains("its owner must set up a second factor, and make a new one then"));
    // Its owner is led to the set-up. What a password alone has made is gone then.
    let mut person = server.client();
    assert_eq!(person.sign_in(&email, &password).json()["status"], "enrolment_required");
    let offer = post(&mut person, "totp/begin", &Value::Null).json();
    let code = Phone::of(offer["secret"].as_str().unwrap()).at(now() + WEEK);
    let confirmed = post(&mut person, "totp/confirm", &json!({"challenge": offer["challenge"], "code": code}));
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    server.set_clock(WEEK + 120);
    assert_eq!(ask(&mut phone, "/a", &authorization).status, 401);
    let made = make(&mut person, "dav");
    let authorization = basic(&email, made["password"].as_str().unwrap());
    assert_eq!(ask(&mut phone, "/a", &authorization).status, 200);
}

#[test]
fn only_what_holds_an_app_password_is_looked_at() {
    let (server, [dav, _]) = house();
    let (email, password) = server.administrator();
    let mut phone = at(&server, "a.localhost");
    // The person's own password is none, and another field of the app's own passes on public paths.
    assert_eq!(ask(&mut phone, "/", &basic(&email, &password)).status, 401);
    assert_eq!(ask(&mut phone, "/open/a", &basic("a", "b")).status, 200);
    assert_eq!(header(&dav.seen().pop().unwrap(), "authorization"), Some(basic("a", "b").as_str()));
    let nobody = phone.send("PROPFIND", "/", &[("Accept", "*/*")], "");
    assert_eq!((nobody.status, nobody.reason().as_str()), (401, "session.missing"));
    assert!(nobody.header("www-authenticate").is_some());
    // A browser shows no box of its own, and is led to the sign-in.
    let script = phone.send("GET", "/", &[("Sec-Fetch-Site", "same-origin"), ("Accept", "*/*")], "");
    assert_eq!((script.status, script.header("www-authenticate")), (401, None));
    assert_eq!(phone.page("/").status, 302);
    // GHSA-9v87-664x-72qc: two fields are no password.
    let made = make(&mut server.signed_in(), "dav");
    let bearer = format!("Bearer {}", made["password"].as_str().unwrap());
    let twice = phone.send("GET", "/", &[("Authorization", bearer.as_str()), ("Authorization", "Basic YTpi")], "");
    assert!((400..500).contains(&twice.status), "{}", twice.status);
    // A browser that kept one sends it along with a forged request.
    let forged = [
        ("Authorization", bearer.as_str()),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "no-cors"),
        ("Origin", "https://evil.example"),
    ];
    let refused = phone.send("POST", "/", &forged, "");
    assert!(refused.status == 403 && refused.reason().starts_with("csrf."), "{}", refused.body);
    assert_eq!(phone.send("PUT", "/", &forged[..1], "x").status, 200);
}

#[test]
fn an_app_that_does_not_take_them_hears_of_none() {
    let (server, app) = shared(&[(NAME, "dav"), ("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*")]);
    let mut person = server.signed_in();
    let refused = person.call("POST", "/api/v1/auth/app-passwords", &json!({"app": "dav", "name": "Phone"}));
    assert_eq!((refused.status, refused.reason().as_str()), (422, "app.passwords_off"));
    let bearer = format!("Bearer dwk_{}", "A".repeat(43));
    assert_eq!(ask(&mut server.client(), "/open/a", &bearer).status, 200);
    assert_eq!(header(&app.seen().pop().unwrap(), "authorization"), None);
    let answer = ask(&mut server.client(), "/a", &bearer);
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, None));
}

// PATTERN-XFF-RATE: wrong ones are counted, right ones are not kept out, and signing in is counted apart.
#[test]
fn wrong_app_passwords_are_counted_and_keep_nobody_out() {
    let (server, _apps) = house();
    let (email, password) = server.administrator();
    let made = make(&mut server.signed_in(), "dav");
    let mut phone = at(&server, "a.localhost");
    let wrong = |number: u32| format!("Bearer dwk_{}{number:02}A", "A".repeat(40));
    // The same one again and again costs nothing; what happens to accounts meanwhile makes the door look once more.
    for _ in 0..60 {
        assert_eq!(ask(&mut phone, "/", &wrong(99)).reason(), "app.password_wrong");
    }
    let codes: Vec<String> = (0..30).map(|number| ask(&mut phone, "/", &wrong(number)).reason()).collect();
    assert!(
        codes.contains(&"app.password_wrong".to_owned()) && codes.last().unwrap() == "signin.network_wait",
        "{codes:?}"
    );
    assert_eq!(ask(&mut phone, "/", &basic(&email, made["password"].as_str().unwrap())).status, 200);
    assert_eq!(server.client().sign_in(&email, &password).status, 200);
}

#[test]
fn a_page_makes_shows_once_and_withdraws() {
    let (server, _apps) = house();
    let mut person = server.signed_in();
    let path = "/.doorward/account/app-passwords";
    let page = person.page(path);
    assert!(page.body.contains("dav") && page.body.contains("wiki"));
    let made = person.submit(path, path, &[("app", "dav"), ("name", "Calendar"), ("days", "30")]);
    assert_eq!(made.status, 200, "{}", made.body);
    let secret = made.body.split("value=\"dwk_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(ask(&mut at(&server, "a.localhost"), "/", &format!("Bearer dwk_{secret}")).status, 200);
    let listed = person.page(path);
    assert!(listed.body.contains("Calendar") && !listed.body.contains(&secret));
    let id = listed.body.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let refused = person.submit(path, path, &[("app", "dav"), ("name", "Calendar"), ("days", "0")]);
    assert_eq!(refused.status, 422);
    let withdrawn = person.submit(path, &format!("{path}/withdraw"), &[("id", &id)]);
    assert_eq!(withdrawn.status, 303);
    assert_eq!(ask(&mut at(&server, "a.localhost"), "/", &format!("Bearer dwk_{secret}")).status, 401);
}
