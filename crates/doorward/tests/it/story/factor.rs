//! Second factors over the API: setting up, proving, losing, recovering.

use doorward_core::UnixTime;
use doorward_core::factor::base32;
use doorward_core::factor::totp::{TotpKey, step_at};
use serde_json::{Value, json};

use crate::it::harness::{Answer, Client, Server};

/// An authenticator app: a key, and a clock that its owner can set.
#[derive(Debug, Clone)]
pub(crate) struct Phone {
    key: TotpKey,
    /// The last step that was shown.
    shown: i64,
}

impl Phone {
    pub(crate) fn of(secret: &str) -> Self {
        let bytes = base32::decode(base32::STANDARD, secret).unwrap();
        Self { key: TotpKey::from_bytes(bytes.try_into().unwrap()), shown: -1 }
    }

    /// The secret as the page shows it.
    pub(crate) fn secret(&self) -> String {
        self.key.to_text().expose_secret().to_owned()
    }

    /// The code of a moment.
    pub(crate) fn at(&self, seconds: i64) -> String {
        format!("{:06}", self.key.code(u64::try_from(step_at(UnixTime(seconds))).unwrap()))
    }

    /// A code that was not shown before: the present one, or the next, which the server takes once its clock is there.
    pub(crate) fn code(&mut self) -> String {
        let now = now();
        let step = step_at(UnixTime(now));
        assert!(step > self.shown, "the next code is not there yet");
        self.shown = step;
        self.at(now)
    }
}

pub(crate) fn now() -> i64 {
    use doorward_core::Clock as _;
    doorward::system::SystemClock.now().0
}

/// A moment of the step before, whose code the server takes to set an app up, so that the present one is still good.
///
/// At the end of a step this waits for the next one: the code would be too old by the time it arrives.
pub(crate) fn before() -> i64 {
    while step_at(UnixTime(now() + 5)) != step_at(UnixTime(now())) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    now() - 30
}

pub(crate) fn post(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.call("POST", &format!("/api/v1/auth/2fa/{path}"), body)
}

/// Sets an app up in a session, with the code of the step before.
pub(crate) fn enrol(client: &mut Client) -> Phone {
    let offer = post(client, "totp/begin", &Value::Null);
    assert_eq!(offer.status, 200, "{}", offer.body);
    let offer = offer.json();
    let phone = Phone::of(offer["secret"].as_str().unwrap());
    assert!(offer["qr"].as_str().unwrap().starts_with("<svg"));
    let confirmation = json!({"challenge": offer["challenge"], "code": phone.at(before()), "name": "Telephone"});
    let answer = post(client, "totp/confirm", &confirmation);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["status"], "signed_in");
    phone
}

#[test]
fn a_new_administrator_is_told_of_the_days_of_grace_and_signs_in_with_one_factor() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.client();
    let answer = client.sign_in(&email, &password).json();
    assert_eq!(answer["status"], "signed_in");
    assert_eq!(answer["enrolment_due"]["days"], 7);
    let me = client.get("/api/v1/auth/me").json();
    assert_eq!((&me["acr"], &me["amr"]), (&json!("aal1"), &json!(["pwd"])));
    let status = client.get("/api/v1/auth/2fa/status").json();
    assert_eq!((&status["enrolment"], &status["factors"]), (&json!("due"), &json!([])));
}

// GHSA-3q28-qjrv-qr39, MISP-10807: with a factor missing nothing opens; CVE-2025-66489: the code does not replace the
// password; CVE-2025-64103: what is enrolled is asked for, whatever the policy says.
#[test]
fn what_is_set_up_is_asked_for_and_makes_two_factors() {
    let server = Server::start_with(&[("DOORWARD_SECOND_FACTOR__REQUIRE", "off")]);
    let (email, password) = server.administrator();
    let mut first = server.signed_in();
    let mut phone = enrol(&mut first);
    let me = first.get("/api/v1/auth/me").json();
    assert_eq!((&me["acr"], &me["amr"]), (&json!("aal2"), &json!(["pwd", "otp", "mfa"])));

    let mut second = server.client();
    let half = second.sign_in(&email, &password).json();
    assert_eq!((&half["status"], &half["methods"]), (&json!("second_factor_required"), &json!(["totp"])));
    assert_eq!(half["user"], Value::Null);
    assert_eq!(second.get("/api/v1/auth/me").reason(), "signin.second_factor_pending");
    assert_eq!(second.get("/api/v1/auth/2fa/status").json()["factors"], Value::Null);
    let before = second.jar["doorward"].clone();
    let code = phone.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(post(&mut second, "totp/verify", &json!({"code": wrong})).reason(), "factor.code_wrong");
    let whole = post(&mut second, "totp/verify", &json!({"code": code}));
    assert_eq!(whole.json()["status"], "signed_in", "{}", whole.body);
    assert_ne!(second.jar["doorward"], before, "the identifier is a new one");
    assert_eq!(second.get("/api/v1/auth/me").json()["acr"], "aal2");

    // CVE-2026-82470: the same code once more, in another sign-in.
    let mut third = server.client();
    third.sign_in(&email, &password);
    assert_eq!(post(&mut third, "totp/verify", &json!({"code": code})).reason(), "factor.code_used");
    assert_eq!(post(&mut third, "recovery-codes/verify", &json!({"code": "x"})).reason(), "factor.way_closed");
}

// CVE-2026-94218: a new start of the flow drops nothing.
#[test]
fn after_the_days_of_grace_only_the_set_up_is_possible() {
    let server = Server::start_with(&[("DOORWARD_SECOND_FACTOR__GRACE_DAYS", "0")]);
    let (email, password) = server.administrator();
    let mut client = server.client();
    for _ in 0..2 {
        let answer = client.sign_in(&email, &password).json();
        assert_eq!(answer["status"], "enrolment_required");
        assert_eq!(client.get("/api/v1/auth/me").reason(), "signin.enrolment_pending");
        assert_eq!(client.get("/api/v1/admin/users").reason(), "signin.enrolment_pending");
    }
    enrol(&mut client);
    assert_eq!(client.get("/api/v1/auth/me").json()["acr"], "aal2");
}

#[test]
fn whoever_lost_the_phone_uses_a_code_of_the_sheet_and_replaces_what_was_lost() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut first = server.signed_in();
    enrol(&mut first);
    let codes = post(&mut first, "recovery-codes", &Value::Null).json()["codes"].clone();
    let codes: Vec<&str> = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(codes.len(), 10);

    let mut second = server.client();
    let half = second.sign_in(&email, &password).json();
    assert_eq!(half["methods"], json!(["totp", "recovery_code"]));
    let used = post(&mut second, "recovery-codes/verify", &json!({"code": codes[0].to_uppercase()}));
    assert_eq!(used.json()["status"], "recovery_required", "{}", used.body);
    assert_eq!(second.get("/api/v1/auth/me").reason(), "signin.recovery_pending");
    enrol(&mut second);
    let me = second.get("/api/v1/auth/me").json();
    assert_eq!(me["amr"], json!(["pwd", "otp", "recovery", "mfa"]));
    assert_eq!(second.get("/api/v1/auth/2fa/status").json()["recovery_codes"], 9);

    // A code of the sheet is good once.
    let mut third = server.client();
    third.sign_in(&email, &password);
    assert_eq!(post(&mut third, "recovery-codes/verify", &json!({"code": codes[0]})).reason(), "factor.code_wrong");
    assert_eq!(post(&mut third, "recovery-codes/verify", &json!({"code": codes[1]})).status, 200);
    assert_eq!(post(&mut third, "recovery/keep", &Value::Null).json()["status"], "signed_in");
}

#[test]
fn the_last_factor_stays_where_one_is_required() {
    let server = Server::start();
    let mut client = server.signed_in();
    enrol(&mut client);
    let id = client.get("/api/v1/auth/2fa/status").json()["factors"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/auth/2fa/factors/{id}");
    assert_eq!(client.call("DELETE", &path, &Value::Null).reason(), "factor.last_one");
    assert_eq!(client.call("PATCH", &path, &json!({"name": "Old telephone"})).status, 204);
    enrol(&mut client);
    assert_eq!(client.call("DELETE", &path, &Value::Null).status, 204);
    let factors = client.get("/api/v1/auth/2fa/status").json()["factors"].clone();
    assert_eq!(factors.as_array().unwrap().len(), 1);
    assert_eq!(client.call("DELETE", &path, &Value::Null).reason(), "factor.not_found");
}

// CVE-2026-109313: what a browser holds after the password is no sign-in; only a whole one earns trust.
#[test]
fn a_trusted_device_stands_in_for_the_second_factor_and_nothing_more() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut first = server.signed_in();
    enrol(&mut first);
    let mut second = server.client();
    second.sign_in(&email, &password);
    assert!(!second.jar.contains_key("doorward-device"));
    let refused = second.call("POST", "/api/v1/auth/devices", &json!({"name": "This one"}));
    assert_eq!(refused.reason(), "signin.second_factor_pending");
    assert_eq!(first.call("POST", "/api/v1/auth/devices", &json!({"name": "This one"})).status, 204);
    first.jar.remove("doorward");
    let answer = first.sign_in(&email, &password).json();
    assert_eq!(answer["status"], "signed_in");
    let me = first.get("/api/v1/auth/me").json();
    assert_eq!((&me["acr"], &me["amr"]), (&json!("aal1"), &json!(["pwd", "device"])));
    // It proves nothing anew: factors are not changed on its strength.
    assert_eq!(post(&mut first, "totp/begin", &Value::Null).reason(), "authorization.confirmation_required");
    let devices = first.get("/api/v1/auth/devices").json();
    assert_eq!(devices[0]["name"], "This one");
    let path = format!("/api/v1/auth/devices/{}", devices[0]["id"].as_str().unwrap());
    assert_eq!(first.call("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(first.get("/api/v1/auth/me").status, 401, "the session that it signed in has ended");
}

// CVE-2018-14657, CVE-2025-64102, CVE-2026-33640, CVE-2026-78655, PATTERN-XFF-RATE: codes have a budget of their own, over
// all sessions, browsers, claimed addresses and restarts.
#[test]
fn guesses_at_codes_are_counted_over_sessions_and_restarts() {
    let mut server = Server::start();
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    let phone = enrol(&mut owner);
    let wrong = |client: &mut Client| {
        let code = format!("{:06}", (phone.at(now()).parse::<u32>().unwrap() + 500_000) % 1_000_000);
        post(client, "totp/verify", &json!({"code": code})).reason()
    };
    for number in 0..5 {
        let mut client = server.client();
        client.always.push(("X-Forwarded-For".to_owned(), format!("203.0.113.{number}")));
        client.sign_in(&email.to_uppercase(), &password);
        assert_eq!(wrong(&mut client), "factor.code_wrong", "{number}");
    }
    server.kill();
    server.run();
    let mut client = server.client();
    client.sign_in(&email, &password);
    assert_eq!(wrong(&mut client), "factor.wait");
    let right = post(&mut client, "totp/verify", &json!({"code": phone.at(now())}));
    assert_eq!((right.status, right.reason().as_str()), (429, "factor.wait"), "not even the right one is looked at");
    assert!(right.header("retry-after").is_some());
    // The owner's own browser is counted apart: whoever has the password keeps nobody out.
    let again = post(&mut owner, "totp/verify", &json!({"code": phone.at(now())}));
    assert_eq!(again.status, 200, "{}", again.body);
}

// GHSA-rmmc-8cqj-hfp3: what is not the whole code is no code.
#[test]
fn what_is_no_code_is_refused_and_changes_nothing() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    let phone = enrol(&mut owner);
    let mut client = server.client();
    client.sign_in(&email, &password);
    let late = phone.at(now() - 120);
    let early = phone.at(now() + 120);
    for code in ["", &phone.at(now())[..5], &late, &early, "\u{0}"] {
        let answer = post(&mut client, "totp/verify", &json!({"code": code}));
        assert!(["factor.code_wrong", "factor.code_used"].contains(&answer.reason().as_str()), "{code:?}: {answer:?}");
    }
    for (path, reason) in [
        ("email/send", "factor.way_closed"),
        ("totp/begin", "signin.second_factor_pending"),
        ("recovery-codes", "signin.second_factor_pending"),
        ("email/begin", "signin.second_factor_pending"),
        ("recovery/keep", "signin.second_factor_pending"),
    ] {
        assert_eq!(post(&mut client, path, &Value::Null).reason(), reason, "{path}");
    }
}

// CVE-2026-111949: an enrolment begun in one sign-in cannot be finished in another.
#[test]
fn an_offer_belongs_to_the_session_that_asked() {
    let server = Server::start();
    let (mut one, mut other) = (server.signed_in(), server.signed_in());
    let offer = post(&mut one, "totp/begin", &Value::Null).json();
    let phone = Phone::of(offer["secret"].as_str().unwrap());
    let confirmation = json!({"challenge": offer["challenge"], "code": phone.at(now())});
    assert_eq!(post(&mut other, "totp/confirm", &confirmation).reason(), "factor.challenge_void");
    let wrong = json!({"challenge": offer["challenge"], "code": "12345"});
    assert_eq!(post(&mut one, "totp/confirm", &wrong).reason(), "factor.code_wrong");
    assert_eq!(post(&mut one, "totp/confirm", &confirmation).status, 200, "a wrong code leaves the offer open");
    assert_eq!(post(&mut one, "totp/confirm", &confirmation).reason(), "factor.challenge_void");
}

#[test]
fn a_program_by_others_makes_the_codes_that_sign_in() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    let offer = post(&mut owner, "totp/begin", &Value::Null).json();
    let oathtool = |when: i64| {
        let secret = offer["secret"].as_str().unwrap();
        let now = format!("--now=@{when}");
        let made = std::process::Command::new("oathtool").args(["--totp", "--base32", &now, secret]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let confirmation = json!({"challenge": offer["challenge"], "code": oathtool(before())});
    assert_eq!(post(&mut owner, "totp/confirm", &confirmation).status, 200);
    let mut client = server.client();
    client.sign_in(&email, &password);
    let answer = post(&mut client, "totp/verify", &json!({"code": oathtool(now())}));
    assert_eq!(answer.json()["status"], "signed_in");
}

// PATTERN-DEVICE-SURVIVES: trust ends with what it rests on.
#[test]
fn a_new_password_ends_all_trust() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut owner = server.signed_in();
    enrol(&mut owner);
    assert_eq!(owner.call("POST", "/api/v1/auth/devices", &json!({"name": "Mine"})).status, 204);
    let new = "seven herons over the weir";
    let change = json!({"current": password, "new": new});
    assert_eq!(owner.call("POST", "/api/v1/auth/password/change", &change).status, 200);
    owner.jar.remove("doorward");
    assert_eq!(owner.sign_in(&email, new).json()["status"], "second_factor_required");
}

#[test]
fn the_strict_profile_trusts_no_device() {
    let server = Server::start_with(&[("DOORWARD_SECOND_FACTOR__PROFILE", "strict")]);
    let mut owner = server.signed_in();
    enrol(&mut owner);
    let answer = owner.call("POST", "/api/v1/auth/devices", &json!({"name": "Mine"}));
    assert_eq!(answer.reason(), "factor.device_not_trusted");
}

/// The value of a hidden field or of the key that a page shows.
fn value<'a>(html: &'a str, before: &str) -> &'a str {
    html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}")).1.split('"').next().unwrap()
}

#[test]
fn the_pages_do_all_of_it_without_any_script() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut client = server.signed_in();
    // Each page counts the days, and leads to where something can be set up.
    let start = client.page("/.doorward/apps").body;
    assert!(start.contains("Days left to set it up: 7") && start.contains("/.doorward/account/security"), "{start}");
    let offer = client.submit("/.doorward/account/security", "/.doorward/account/security/totp", &[]);
    assert_eq!(offer.status, 200, "{}", offer.body);
    assert!(offer.body.contains("<svg "));
    let key =
        value(&offer.body, "id=\"key\" type=\"text\" readonly autocomplete=\"off\" spellcheck=\"false\" value=\"");
    let mut phone = Phone::of(&key.replace(' ', ""));
    let challenge = value(&offer.body, "name=\"challenge\" value=\"").to_owned();
    let token = crate::it::harness::hidden_token(&offer.body).unwrap().to_owned();
    let confirm = |client: &mut Client, code: &str| {
        let fields = [("challenge", challenge.as_str()), ("code", code), ("name", "Telephone")];
        client.submit_with(&token, "/.doorward/account/security/totp/confirm", &fields)
    };
    let wrong = confirm(&mut client, "12345");
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains(key) && wrong.body.contains("factor.code_wrong"), "the same key once more");
    let done = confirm(&mut client, &phone.at(before()));
    assert_eq!((done.status, done.location()), (303, "/.doorward/account/security/recovery-codes"), "{}", done.body);
    let sheet = client.submit(done.location(), "/.doorward/account/security/recovery-codes", &[]);
    assert_eq!(sheet.body.matches("<li><code>").count(), 10, "{}", sheet.body);
    let code = sheet.body.split_once("<li><code>").unwrap().1.split('<').next().unwrap().to_owned();
    assert!(!client.page("/.doorward/apps").body.contains("Days left"));

    // From another browser: three requests after the first page, and back to where one wanted.
    let mut other = server.client();
    let page = other.page("/.doorward/account").location().to_owned();
    let fields = [("email", email.as_str()), ("password", &password), ("return_to", "/.doorward/account")];
    let half = other.submit(&page, "/.doorward/sign-in", &fields);
    assert_eq!(half.location(), "/.doorward/finish/second-factor?return_to=%2F.doorward%2Faccount");
    assert_eq!(other.page("/demo/").location(), "/.doorward/finish/second-factor?return_to=%2Fdemo%2F");
    let challenge = other.page(half.location()).body;
    assert!(challenge.contains("Try another way") && challenge.contains("way=recovery_code"), "{challenge}");
    let token = crate::it::harness::hidden_token(&challenge).unwrap().to_owned();
    let now_code = phone.code();
    let fields = [("way", "totp"), ("code", &now_code), ("trust", "on"), ("return_to", "/.doorward/account")];
    let inside = other.submit_with(&token, "/.doorward/finish/second-factor", &fields);
    assert_eq!((inside.status, inside.location()), (303, "/.doorward/account"), "{}", inside.body);
    assert!(other.jar.contains_key("doorward-device"));
    let account = other.page("/.doorward/account").body;
    assert!(account.contains("password, Authenticator app"), "{account}");
    assert!(other.page("/.doorward/account/security").body.contains("Trusted devices"));

    // Without the phone: another way drops nothing, and what was lost can be replaced.
    let mut third = server.client();
    let fields = [("email", email.as_str()), ("password", &password)];
    third.submit("/.doorward/sign-in", "/.doorward/sign-in", &fields);
    let way = "/.doorward/finish/second-factor?way=recovery_code";
    let empty = third.submit(way, "/.doorward/finish/second-factor", &[("way", "recovery_code"), ("code", "")]);
    assert_eq!(empty.status, 401);
    let none = third.submit(way, "/.doorward/finish/second-factor", &[]);
    assert_eq!(none.status, 403, "an empty form passes nothing");
    let used = third.submit(way, "/.doorward/finish/second-factor", &[("way", "recovery_code"), ("code", &code)]);
    assert_eq!(used.location(), "/.doorward/finish/recovery", "{}", used.body);
    assert_eq!(third.page("/.doorward/apps").location(), "/.doorward/finish/recovery?return_to=%2F.doorward%2Fapps");
    let kept = third.submit("/.doorward/finish/recovery", "/.doorward/finish/recovery", &[]);
    assert_eq!((kept.status, kept.location()), (303, "/.doorward/apps"));
    assert_eq!(third.page("/.doorward/apps").status, 200);
}
