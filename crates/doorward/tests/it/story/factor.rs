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

pub(crate) fn post(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.call("POST", &format!("/api/v1/auth/2fa/{path}"), body)
}

/// Sets an app up in a session, with the code of the step before, so that the present one is still good.
pub(crate) fn enrol(client: &mut Client) -> Phone {
    let offer = post(client, "totp/begin", &Value::Null);
    assert_eq!(offer.status, 200, "{}", offer.body);
    let offer = offer.json();
    let phone = Phone::of(offer["secret"].as_str().unwrap());
    assert!(offer["qr"].as_str().unwrap().starts_with("<svg"));
    let confirmation = json!({"challenge": offer["challenge"], "code": phone.at(now() - 30), "name": "Telephone"});
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
