//! Codes of authenticator apps, the offers they are set up by, and codes of the printed sheet.

use serde_json::{Value, json};

use super::{house, people, sign_in, visitor};
use crate::it::harness::Volley;
use crate::it::story::factor::{Phone, before, now, post};

/// Each has an app and a sheet, so that no loser's guess keeps another from winning.
pub(super) const PEOPLE: usize = 50;

#[test]
fn one_of_two_hundred_codes_lets_in() {
    let server = house(&[]);
    people(&server, PEOPLE);
    let mut volley = Volley::at(&server);
    for number in 0..PEOPLE {
        let mut own = visitor(&server);
        assert_eq!(sign_in(&mut own, number), "signed_in");
        let offer = post(&mut own, "totp/begin", &Value::Null).json();
        let phone = Phone::of(offer["secret"].as_str().unwrap());
        let first = json!({"challenge": offer["challenge"], "code": phone.at(before()), "name": "Telephone"});
        let won = volley.race(&own, "/api/v1/auth/2fa/totp/confirm", |_| first.clone());
        own.keep(&won);
        let factors = own.get("/api/v1/auth/2fa/status").json()["factors"].clone();
        assert_eq!(factors.as_array().unwrap().len(), 1, "one app was set up");
        let sheet = post(&mut own, "recovery-codes", &Value::Null).json()["codes"].clone();

        let mut other = visitor(&server);
        assert_eq!(sign_in(&mut other, number), "second_factor_required");
        let code = json!({"code": phone.at(now())});
        let won = volley.race(&other, "/api/v1/auth/2fa/totp/verify", |_| code.clone());
        assert_eq!(won.json()["status"], "signed_in");

        // Of the own browser, whose guesses are counted apart from those above.
        assert_eq!(sign_in(&mut own, number), "second_factor_required");
        let code = json!({"code": sheet[number % 10]});
        let won = volley.race(&own, "/api/v1/auth/2fa/recovery-codes/verify", |_| code.clone());
        assert_eq!(won.json()["status"], "recovery_required");
        other.keep(&won);
        assert_eq!(other.get("/api/v1/auth/2fa/status").json()["recovery_codes"], 9);
    }
}
