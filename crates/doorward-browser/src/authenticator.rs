//! Virtual authenticators: passkeys without a hand on a key, for tests.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::tab::Tab;

/// What kind of authenticator it is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Kind {
    /// Whether it is built into the device; else a key on a cable.
    pub is_internal: bool,
    /// Whether it keeps passkeys that need no user name.
    pub has_resident_keys: bool,
    /// Whether it knows its user, by a finger or a PIN.
    pub verifies_user: bool,
}

impl Default for Kind {
    fn default() -> Self {
        Self { is_internal: true, has_resident_keys: true, verifies_user: true }
    }
}

impl Tab {
    /// Adds an authenticator that says yes to everything, and gives its id.
    ///
    /// # Errors
    ///
    /// When the browser refuses it.
    pub async fn add_authenticator(&self, kind: Kind) -> Result<String, Failure> {
        self.call("WebAuthn.enable", json!({ "enableUI": false })).await?;
        let options = json!({ "protocol": "ctap2", "transport": if kind.is_internal { "internal" } else { "usb" },
            "hasResidentKey": kind.has_resident_keys, "hasUserVerification": kind.verifies_user,
            "isUserVerified": kind.verifies_user, "automaticPresenceSimulation": true });
        let added = self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await?;
        let id = added["authenticatorId"].as_str().unwrap_or_default().to_owned();
        self.state().authenticators.push(id.clone());
        Ok(id)
    }

    /// The authenticators of this tab, each with its passkeys; private keys are left out.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub async fn authenticators(&self) -> Result<Vec<(String, Vec<Value>)>, Failure> {
        let ids = self.state().authenticators.clone();
        let mut all = Vec::new();
        for id in ids {
            let told = self.call("WebAuthn.getCredentials", json!({ "authenticatorId": id })).await?;
            let mut credentials = told["credentials"].as_array().cloned().unwrap_or_default();
            for credential in credentials.iter_mut().filter_map(Value::as_object_mut) {
                credential.remove("privateKey");
                credential.remove("largeBlob");
            }
            all.push((id, credentials));
        }
        Ok(all)
    }

    /// Removes an authenticator with its passkeys.
    ///
    /// # Errors
    ///
    /// When there is no such authenticator.
    pub async fn remove_authenticator(&self, id: &str) -> Result<(), Failure> {
        if !self.state().authenticators.iter().any(|one| one == id) {
            return Err(Failure::said(format!("There is no authenticator {id}")));
        }
        self.call("WebAuthn.removeVirtualAuthenticator", json!({ "authenticatorId": id })).await?;
        self.state().authenticators.retain(|one| one != id);
        Ok(())
    }

    /// The cookies that the browser would send to the page and its frames, without their values.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub async fn cookies(&self, urls: &[String]) -> Result<Vec<Value>, Failure> {
        let params = if urls.is_empty() { json!({}) } else { json!({ "urls": urls }) };
        let told = self.call("Network.getCookies", params).await?;
        let mut cookies = told["cookies"].as_array().cloned().unwrap_or_default();
        for cookie in &mut cookies {
            cookie["value"] = crate::recorder::cookie::HIDDEN.into();
        }
        Ok(cookies)
    }
}
