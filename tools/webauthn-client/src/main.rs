//! Answers questions of Web Authentication, one JSON text a line, with the client and the authenticator of passkey-rs.
//!
//! `{"do": "register" | "authenticate", "origin": "…", "options": {…}}` comes in, and the credential goes out as
//! `toJSON()` of a browser would write it, or `{"refused": "…"}`. It holds one key for as long as it runs.

use std::io::{BufRead as _, Write as _};

use passkey_authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey_client::{Client, DefaultClientData};
use passkey_crypto::AvailableBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

/// A user who is there and whose finger is known.
struct Present;

#[async_trait::async_trait]
impl UserValidationMethod for Present {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let authenticator = Authenticator::new(Aaguid::new_empty(), None::<Passkey>, Present, AvailableBackend);
    let mut client = Client::new(authenticator).allows_insecure_localhost(true);
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let origin = Url::parse(question["origin"].as_str().unwrap_or_default())?;
        let options = json!({"publicKey": question["options"]});
        let answer = if question["do"] == "register" {
            let made = client.register(&origin, serde_json::from_value(options)?, DefaultClientData);
            runtime.block_on(made).map(|credential| serde_json::to_value(credential))
        } else {
            let proven = client.authenticate(&origin, serde_json::from_value(options)?, DefaultClientData);
            runtime.block_on(proven).map(|credential| serde_json::to_value(credential))
        };
        let answer = match answer {
            Ok(credential) => credential?,
            Err(error) => json!({"refused": format!("{error:?}")}),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
