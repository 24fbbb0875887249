//! The relying party: the domain and the origins of passkeys, and the checks of `webauthn-rs-core` under them.
//!
//! ES256 and ES384 alone are offered, and so accepted. Ed25519 is not verified by the library, and RS256 is left out on
//! purpose: its crate is a pre-release with an open advisory, and no passkey needs it. Attestation is not asked for, since
//! nobody keeps a list of makers here; so a key is as strong as its flags say, and never `aal3`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::factor::{CHALLENGE_SECONDS, Passkey};
use doorward_core::user::User;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AllowCredentials, AttestationConveyancePreference, AuthenticationState, AuthenticatorTransport, COSEAlgorithm,
    Credential, PublicKeyCredential, PublicKeyCredentialDescriptor, PublicKeyCredentialHints,
    RegisterPublicKeyCredential, RegistrationState, RequestRegistrationExtensions, ResidentKeyRequirement,
    UserVerificationPolicy,
};

use super::pace::Pace;

/// The bytes of a credential id (Web Authentication, section 4).
const LONGEST_ID: usize = 1_023;

/// Where passkeys belong to.
#[derive(Debug)]
pub struct RelyingParty {
    rp_id: Box<str>,
    core: WebauthnCore,
    is_possible: bool,
    pub(super) pace: Pace,
}

/// What a good assertion says.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) record: Box<str>,
    pub(super) sign_count: u32,
    pub(super) is_backed_up: bool,
}

/// A question, and what is kept of it.
pub(super) type Asking<T> = Result<(serde_json::Value, T), WebauthnError>;

impl RelyingParty {
    /// The site of a domain whose pages are at `origin`, under the name that browsers show. Without an origin the pages
    /// are on this machine, at whichever port.
    #[must_use]
    pub fn new(name: &str, rp_id: &str, origin: Option<&str>, is_possible: bool) -> Self {
        let read = |text: &str| Url::parse(text).ok();
        let origins = match origin {
            Some(origin) => read(origin).into_iter().collect(),
            None => ["http://localhost", "https://localhost"].into_iter().filter_map(read).collect(),
        };
        let patience = Duration::from_secs(CHALLENGE_SECONDS.unsigned_abs());
        let core =
            WebauthnCore::new_unsafe_experts_only(name, rp_id, origins, patience, Some(false), Some(origin.is_none()));
        Self { rp_id: rp_id.into(), core, is_possible, pace: Pace::default() }
    }

    /// The domain.
    #[must_use]
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// Whether browsers offer passkeys at the address of the pages at all.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.is_possible
    }

    /// Asks for a new key of a user, and of none that is enrolled here already.
    pub(super) fn ask_new(&self, user: &User, others: &[&Passkey], is_hardware_due: bool) -> Asking<RegistrationState> {
        let extensions = RequestRegistrationExtensions { cred_props: Some(true), ..empty() };
        let hints = is_hardware_due.then(|| vec![PublicKeyCredentialHints::SecurityKey]);
        let builder = self
            .core
            .new_challenge_register_builder(user.id.as_bytes(), user.email.as_str(), user.name.as_str())?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(UserVerificationPolicy::Preferred)
            .credential_algorithms(vec![COSEAlgorithm::ES256, COSEAlgorithm::ES384])
            .extensions(Some(extensions))
            .hints(hints);
        let (mut question, state) = self.core.generate_challenge_register(builder)?;
        let options = &mut question.public_key;
        // The library knows "required" and "discouraged" only. An old security key without room is a second factor all the
        // same.
        if let Some(selection) = &mut options.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Preferred);
        }
        // Named here and not in the state: a key that is enrolled is for the store to refuse, with words of its own.
        let exclude = others.iter().filter_map(|passkey| {
            Some(PublicKeyCredentialDescriptor {
                type_: "public-key".to_owned(),
                id: key_id(passkey)?,
                transports: transports(passkey),
            })
        });
        options.exclude_credentials = Some(exclude.collect());
        Ok((value(&question.public_key)?, state))
    }

    /// Checks the answer with a new key.
    pub(super) fn check_new(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &RegistrationState,
    ) -> Result<(Credential, Passkey), WebauthnError> {
        let key = self.core.register_credential(answer, state, None)?;
        if key.cred_id.is_empty() || key.cred_id.len() > LONGEST_ID || answer.type_ != "public-key" {
            return Err(WebauthnError::ParseInsufficientBytesAvailable);
        }
        let words = answer.response.transports.iter().flatten().filter_map(word);
        let passkey = Passkey {
            key_id: URL_SAFE_NO_PAD.encode(&key.cred_id).into(),
            rp_id: self.rp_id.clone(),
            record: serde_json::to_string(&key)?.into(),
            sign_count: key.counter,
            is_discoverable: answer.extensions.cred_props.as_ref().is_some_and(|props| props.rk == Some(true)),
            is_device_bound: !key.backup_eligible,
            is_backed_up: key.backup_state,
            transports: words.collect::<Vec<_>>().join(",").into(),
        };
        Ok((key, passkey))
    }

    /// Asks for one of these keys, or without a list for whichever its owner has. Without a list, so without a name and a
    /// password, the user must be verified; beside a password that is wished for, and demanded of keys that did it when
    /// they were enrolled.
    pub(super) fn ask(&self, allowed: &[&Passkey]) -> Asking<AuthenticationState> {
        let policy =
            if allowed.is_empty() { UserVerificationPolicy::Required } else { UserVerificationPolicy::Preferred };
        let builder = self.core.new_challenge_authenticate_builder(Vec::new(), Some(policy))?;
        let (mut question, state) = self.core.generate_challenge_authenticate(builder)?;
        let list = allowed.iter().filter_map(|passkey| {
            let transports = transports(passkey);
            Some(AllowCredentials { type_: "public-key".to_owned(), id: key_id(passkey)?, transports })
        });
        question.public_key.allow_credentials = list.collect();
        Ok((value(&question.public_key)?, state))
    }

    /// Checks the answer with a key that is enrolled.
    pub(super) fn check(
        &self,
        answer: &PublicKeyCredential,
        state: &AuthenticationState,
        passkey: &Passkey,
    ) -> Result<Verified, WebauthnError> {
        // The library looks at this in new keys only (Web Authentication, section 7.2, step 13).
        let client: ClientData = serde_json::from_slice(&answer.response.client_data_json)?;
        if client.cross_origin || client.top_origin.is_some() {
            return Err(WebauthnError::CredentialCrossOrigin);
        }
        if answer.type_ != "public-key" {
            return Err(WebauthnError::InvalidClientDataType);
        }
        let mut key: Credential = serde_json::from_str(&passkey.record)?;
        let result = self.core.authenticate_single_credential(answer, state, &key)?;
        key.counter = result.counter();
        key.backup_state = result.backup_state();
        Ok(Verified {
            record: serde_json::to_string(&key)?.into(),
            sign_count: result.counter(),
            is_backed_up: result.backup_state(),
        })
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<serde_json::Value>,
}

fn empty() -> RequestRegistrationExtensions {
    RequestRegistrationExtensions {
        cred_protect: None,
        uvm: None,
        cred_props: None,
        min_pin_length: None,
        hmac_create_secret: None,
    }
}

fn value(options: &impl serde::Serialize) -> Result<serde_json::Value, WebauthnError> {
    Ok(serde_json::to_value(options)?)
}

fn key_id(passkey: &Passkey) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(&*passkey.key_id).ok()
}

fn word(transport: &AuthenticatorTransport) -> Option<&'static str> {
    match transport {
        AuthenticatorTransport::Usb => Some("usb"),
        AuthenticatorTransport::Nfc => Some("nfc"),
        AuthenticatorTransport::Ble => Some("ble"),
        AuthenticatorTransport::Internal => Some("internal"),
        AuthenticatorTransport::Hybrid => Some("hybrid"),
        AuthenticatorTransport::Test | AuthenticatorTransport::Unknown => None,
    }
}

fn transports(passkey: &Passkey) -> Option<Vec<AuthenticatorTransport>> {
    let known: Vec<_> = passkey.transports.split(',').filter_map(|word| word.parse().ok()).collect();
    (!known.is_empty()).then_some(known)
}
