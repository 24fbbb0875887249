//! Attacks on second factors, on what stands in for them, and on what is asked for once more.

use serde_json::{Value, json};

use crate::it::harness::authenticator::{Key, Said, text};
use crate::it::harness::{Answer, Client, Server};
use crate::it::passkey::{PROOF, SIGN_IN, ask, enrol as enrol_key, finish};
use crate::it::story::factor::{Phone, enrol, now, post};

const NEW: &str = "another long phrase of mine";

/// Presents the right password by each way there is, as somebody who was never here.
fn by_each_way(server: &Server, email: &str, password: &str) -> Vec<(&'static str, Answer)> {
    let login = |more: Value| {
        let mut body = json!({"email": email, "password": password});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.client().call("POST", "/api/v1/auth/jwt/login", &body)
    };
    let page = "/.doorward/sign-in";
    let fields = [("email", email), ("password", password)];
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{email}:{password}"));
    let basic = format!("Basic {basic}");
    let told = [("X-Forwarded-Method", "GET"), ("Authorization", basic.as_str())];
    vec![
        ("a cookie", login(json!({}))),
        ("a cookie that stays", login(json!({"stay": true}))),
        ("tokens", login(json!({"tokens": true}))),
        ("the page", server.client().submit(page, page, &fields)),
        ("forward auth", server.client().send("GET", "/api/authz/forward-auth", &told, "")),
        ("auth request", server.client().send("GET", "/api/authz/auth-request", &told, "")),
        ("the API", server.client().send("GET", "/api/v1/auth/me", &[("Authorization", &basic)], "")),
    ]
}

// CVE-2026-9798: an account that strangers have locked is locked on every way in, and open to its owner's browser.
#[test]
fn a_locked_account_is_locked_on_every_way_in() {
    let server = Server::start_with_clock(&[]);
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    for number in 0..10 {
        // Beyond the longest wait between two of the ten guesses of an hour.
        server.set_clock(130 * number);
        let answer = server.client().sign_in(&email, "this is a wrong one");
        assert_eq!(answer.reason(), "signin.credentials_wrong", "{number}");
    }
    server.set_clock(1_600);
    for (way, answer) in by_each_way(&server, &email, &password) {
        assert!((400..500).contains(&answer.status), "{way}: {answer:?}");
        assert!(answer.cookies().iter().all(|cookie| !cookie.starts_with("doorward=dw")), "{way}");
        if ["a cookie", "a cookie that stays", "tokens"].contains(&way) {
            assert_eq!((answer.status, &*answer.reason()), (429, "signin.account_wait"), "{way}");
        }
    }
    let again = owner.sign_in(&email, &password);
    assert_eq!(again.status, 200, "nobody keeps an owner from a known browser: {}", again.body);
    server.set_clock(3_700);
    assert_eq!(server.client().sign_in(&email, &password).status, 200, "and the lock ends");
}

// CVE-2026-9798: the codes of an app are locked on the page as they are in the API, and the other ways lead around nothing.
#[test]
fn locked_codes_are_locked_on_the_page_as_well() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let phone = enrol(&mut server.signed_in());
    let mut half = server.client();
    half.sign_in(&email, &password);
    let right = phone.at(now());
    let wrong = format!("{:06}", (right.parse::<u32>().unwrap() + 500_000) % 1_000_000);
    for _ in 0..5 {
        assert_eq!(post(&mut half, "totp/verify", &json!({"code": wrong})).reason(), "factor.code_wrong");
    }
    let (code, page) = (phone.at(now()), "/.doorward/finish/second-factor");
    assert_eq!(post(&mut half, "totp/verify", &json!({"code": code})).reason(), "factor.wait");
    let shown = half.submit(page, page, &[("way", "totp"), ("code", &code)]);
    assert_eq!(shown.status, 429, "{}", shown.body);
    assert!(shown.body.contains("factor.wait"), "the page says what to do: {}", shown.body);
    let mut again = server.client();
    again.sign_in(&email, &password);
    assert_eq!(post(&mut again, "totp/verify", &json!({"code": code})).reason(), "factor.wait", "nor in a new sign-in");
    assert_eq!(post(&mut again, "recovery-codes/verify", &json!({"code": "0000"})).reason(), "factor.way_closed");
}

// CVE-2023-6787: asking for a proof and leaving again changes nothing.
#[test]
fn a_confirmation_that_was_given_up_raises_nothing() {
    let server = Server::start_with_clock(&[]);
    let mut owner = server.signed_in();
    let mut key = Key::synced();
    enrol_key(&mut owner, &mut key);
    let phone = enrol(&mut owner);
    let before = owner.get("/api/v1/auth/me").json();
    server.set_clock(1_000);
    let make = |client: &mut Client| post(client, "recovery-codes", &Value::Null);
    assert_eq!(make(&mut owner).reason(), "authorization.confirmation_required");
    let page = owner.page("/.doorward/account/security/recovery-codes");
    assert!(page.location().starts_with("/.doorward/confirm?"), "{page:?}");
    assert_eq!(owner.page(page.location()).status, 200);
    ask(&mut owner, PROOF);
    let wrong = post(&mut owner, "totp/verify", &json!({"code": "12345"}));
    assert_eq!(wrong.reason(), "factor.code_wrong");
    let empty = owner.submit("/.doorward/confirm", "/.doorward/confirm", &[]);
    assert!((400..500).contains(&empty.status), "{empty:?}");
    assert_eq!(owner.page("/.doorward/apps").status, 200, "what was open stays open");
    let after = owner.get("/api/v1/auth/me").json();
    for field in ["auth_time", "acr", "amr"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(make(&mut owner).reason(), "authorization.confirmation_required");
    let proven = post(&mut owner, "totp/verify", &json!({"code": phone.at(now() + 1_000)}));
    assert_eq!(proven.status, 200, "{}", proven.body);
    assert_eq!(make(&mut owner).status, 200);
}

type Spoil = fn(&mut Value);

// GITLAB-585333: no field of an answer is passed over.
#[test]
fn an_assertion_with_any_field_altered_is_refused() {
    let server = Server::start();
    let mut owner = server.signed_in();
    let mut key = Key::synced();
    enrol_key(&mut owner, &mut key);
    let (email, password) = server.administrator();
    let spoils: [(&str, Spoil); 10] = [
        ("another id", |answer| answer["id"] = json!(text([7; 32]))),
        ("another raw id", |answer| answer["rawId"] = json!(text([7; 32]))),
        ("no id", |answer| answer["id"] = json!("")),
        ("an id with an end", |answer| answer["id"] = json!(format!("{}=", answer["id"].as_str().unwrap()))),
        ("another kind", |answer| answer["type"] = json!("password")),
        ("another id and no signature", |answer| {
            answer["id"] = json!(text([7; 32]));
            answer["response"]["signature"] = json!("");
        }),
        ("a signature of nothing", |answer| answer["response"]["signature"] = json!(text([0; 70]))),
        ("other data", |answer| answer["response"]["authenticatorData"] = json!(text([1; 37]))),
        ("no user", |answer| answer["response"]["userHandle"] = json!("")),
        ("another user", |answer| answer["response"]["userHandle"] = json!(text([9; 16]))),
    ];
    for (name, spoil) in spoils {
        for path in [SIGN_IN, PROOF] {
            let mut client = server.client();
            if path == PROOF {
                client.sign_in(&email, &password);
            }
            let question = ask(&mut client, path);
            let mut answer = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
            spoil(&mut answer);
            let refused = finish(&mut client, path, &question, &answer);
            assert!((400..500).contains(&refused.status), "{name} at {path}: {refused:?}");
            assert!(refused.reason().starts_with("factor."), "{name} at {path}: {}", refused.body);
            assert_ne!(client.get("/api/v1/auth/me").status, 200, "{name} at {path}");
        }
    }
    let question = ask(&mut owner, crate::it::passkey::NEW);
    let said = Said::truth(&question["options"], &owner.origin(), "webauthn.create");
    let mut made = Key::synced().made(&question["options"], &said);
    made["id"] = json!(text([7; 32]));
    let refused = finish(&mut owner, crate::it::passkey::NEW, &question, &made);
    assert_eq!(refused.reason(), "factor.passkey_malformed", "{}", refused.body);
}

/// Somebody with an app, and a browser that is trusted.
fn trusting(server: &Server, email: &str, password: &str) -> (Client, Phone) {
    let mut client = server.client();
    assert_eq!(client.sign_in(email, password).status, 200);
    let phone = enrol(&mut client);
    assert_eq!(client.call("POST", "/api/v1/auth/devices", &json!({"name": "Mine"})).status, 204);
    (client, phone)
}

type Event = fn(&Server, &mut Client, &mut Client, &str);

// PATTERN-DEVICE-SURVIVES: each change after which a browser is a stranger's again.
#[test]
fn trust_in_a_device_ends_with_everything_it_rests_on() {
    let server = Server::start();
    let events: [(&str, Event); 6] = [
        ("another password", |_, own, _, password| {
            let body = json!({"current": password, "new": NEW});
            assert_eq!(own.call("POST", "/api/v1/auth/password/change", &body).status, 200);
        }),
        ("a factor more", |_, own, _, _| drop(enrol(own))),
        ("a factor less", |_, own, _, _| {
            let id = own.get("/api/v1/auth/2fa/status").json()["factors"][0]["id"].as_str().unwrap().to_owned();
            enrol(own);
            assert_eq!(own.call("DELETE", &format!("/api/v1/auth/2fa/factors/{id}"), &Value::Null).status, 204);
        }),
        ("a while of being disabled", |server, own, _, _| {
            let email = own.get("/api/v1/auth/me").json()["user"]["email"].as_str().unwrap().to_owned();
            server.json(&["user", "disable", &email]);
            server.json(&["user", "enable", &email]);
        }),
        ("being told so", |_, own, _, _| {
            assert_eq!(own.call("DELETE", "/api/v1/auth/devices", &Value::Null).status, 200);
        }),
        ("sessions ended by an administrator and a reset", |_, own, admin, _| {
            let id = own.get("/api/v1/auth/me").json()["user"]["id"].as_str().unwrap().to_owned();
            let made = admin.call("POST", &format!("/api/v1/admin/users/{id}/reset"), &Value::Null).json();
            let code = made["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
            let body = json!({"code": code, "new": NEW});
            assert_eq!(admin.call("POST", "/api/v1/auth/password/reset", &body).status, 204);
        }),
    ];
    let mut admin = server.signed_in();
    for (number, (name, event)) in events.into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let made = server.json(&["user", "add", &email]);
        let mut first = server.client();
        first.sign_in(&email, made["password"].as_str().unwrap());
        let password = format!("the long phrase of {number}");
        first.call("POST", "/api/v1/auth/password/new", &json!({"new": password}));
        let (mut own, _) = trusting(&server, &email, &password);
        let held = own.jar["doorward-device"].clone();
        event(&server, &mut own, &mut admin, &password);
        let is_changed = ["another password", "sessions ended by an administrator and a reset"].contains(&name);
        let mut later = server.client();
        later.jar.insert("doorward-device".to_owned(), held.clone());
        let answer = later.sign_in(&email, if is_changed { NEW } else { &password });
        assert_eq!(answer.json()["status"], "second_factor_required", "{name}: {}", answer.body);
        // What one browser holds is worth nothing for somebody else.
        let mut other = server.client();
        other.jar.insert("doorward-device".to_owned(), held);
        let (admin_email, admin_password) = server.administrator();
        assert_ne!(other.sign_in(&admin_email, &admin_password).json()["status"], "second_factor_required");
        assert_eq!(other.get("/api/v1/auth/me").json()["amr"], json!(["pwd"]), "{name}: only a password was shown");
    }
}
