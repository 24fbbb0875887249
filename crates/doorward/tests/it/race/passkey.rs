//! Challenges of passkeys: alone, after the password, and for a new key.

use serde_json::json;

use super::{house, visitor};
use crate::it::harness::Volley;
use crate::it::harness::authenticator::{Key, Said};
use crate::it::passkey::{NEW, PROOF, SIGN_IN, ask, enrol};

pub(super) const SIGN_INS: usize = 40;
pub(super) const PROOFS: usize = 15;
pub(super) const ENROLMENTS: usize = 5;

#[test]
fn one_of_two_hundred_answers_to_a_challenge_succeeds() {
    let server = house(&[]);
    let (email, password) = server.administrator();
    let mut owner = visitor(&server);
    assert_eq!(owner.sign_in(&email, &password).status, 200);
    let mut key = Key::synced();
    enrol(&mut owner, &mut key);
    let mut volley = Volley::at(&server);
    for round in 0..SIGN_INS + PROOFS {
        let path = if round < SIGN_INS { SIGN_IN } else { PROOF };
        let mut client = visitor(&server);
        if path == PROOF {
            assert_eq!(client.sign_in(&email, &password).json()["status"], "second_factor_required");
        }
        let question = ask(&mut client, path);
        let proven = key.proven(&Said::truth(&question["options"], &client.origin(), "webauthn.get"));
        let body = json!({"challenge": question["challenge"], "credential": proven});
        let won = volley.race(&client, &format!("{path}/finish"), |_| body.clone());
        assert_eq!(won.json()["status"], "signed_in");
    }
    for round in 0..ENROLMENTS {
        let question = ask(&mut owner, NEW);
        let said = Said::truth(&question["options"], &owner.origin(), "webauthn.create");
        let made = Key::synced().made(&question["options"], &said);
        let body = json!({"challenge": question["challenge"], "credential": made});
        let won = volley.race(&owner, &format!("{NEW}/finish"), |_| body.clone());
        owner.keep(&won);
        let factors = owner.get("/api/v1/auth/2fa/status").json()["factors"].as_array().unwrap().len();
        assert_eq!(factors, round + 2);
    }
}
