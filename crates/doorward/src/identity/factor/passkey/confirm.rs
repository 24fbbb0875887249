//! Enrolling a passkey: the question for a new key, and the key that comes.

use doorward_core::factor::{Ceremony, Credential, Detail, Passkey};
use doorward_core::identifier::CredentialId;
use doorward_core::policy::pending_code;
use doorward_core::signin::Method;
use doorward_core::store::{Evidence, Factors as _, NewCredential};
use doorward_core::user::Name;
use webauthn_rs_core::proto::RegisterPublicKeyCredential;

use super::super::super::{Identity, Live, Refused, SignedIn, Visit};
use super::{Asked, Question, Signed, check_name, fault};

/// A new key, and what its owner calls it.
#[derive(Debug)]
pub struct PasskeyConfirmation<'a> {
    /// What the browser has answered.
    pub signed: Signed<'a, RegisterPublicKeyCredential>,
    /// The name; without one it is called by what it is.
    pub name: Option<Name>,
}

fn enrolment(live: &Live) -> Asked {
    Asked { ceremony: Ceremony::PasskeyEnrolment, user: Some(live.user_id()), browser: live.bound() }
}

impl Identity {
    /// Asks for a new passkey of the session's user.
    ///
    /// # Errors
    /// `factor.too_many`, what the session waits for instead, `store.*`.
    pub async fn ask_new_passkey(&self, live: &Live) -> Result<Question, Refused> {
        self.check_room(live).await?;
        let (user, facts) = (live.user(), self.inner.store.facts(live.user_id()).await?);
        let here = facts.credentials.iter().filter_map(|credential| self.passkey_here(credential));
        let is_hardware_due = self.factor_policy().needs_hardware(&user);
        let asked = self.party().ask_new(&user, &here.collect::<Vec<_>>(), is_hardware_due);
        let (options, state) = asked.map_err(|error| fault::refuse(&error))?;
        Ok(Question { challenge: self.keep(enrolment(live), &state).await?, options })
    }

    /// Enrols the passkey that has answered. It is proven by that, so the session takes its next step.
    ///
    /// # Errors
    /// `factor.challenge_void`, `factor.passkey_*`, `factor.taken`, `factor.too_many`, what the session waits for instead,
    /// why it ended, `store.*`.
    pub async fn confirm_passkey(
        &self,
        visit: &Visit,
        live: &Live,
        confirmation: PasskeyConfirmation<'_>,
    ) -> Result<SignedIn, Refused> {
        if !live.stage.may_enrol() {
            return Err(Refused::new(pending_code(live.stage)));
        }
        let PasskeyConfirmation { signed, name } = confirmation;
        let state = self.take(enrolment(live), signed.challenge).await?;
        check_name(&signed.credential.id, &signed.credential.raw_id, &signed.credential.type_)?;
        let (_, passkey) = self.party().check_new(&signed.credential, &state).map_err(|error| fault::refuse(&error))?;
        if self.factor_policy().needs_hardware(&live.user()) && !passkey.is_device_bound {
            return Err(Refused::new("factor.passkey_synced"));
        }
        let method = if passkey.is_device_bound { Method::HardwareKey } else { Method::Passkey };
        let now = self.now();
        let credential = Credential {
            id: CredentialId::random(self.random()),
            user: live.user_id(),
            name: name.unwrap_or_else(|| usual_name(&passkey)),
            detail: Detail::Passkey(passkey),
            created_at: now,
            last_used_at: Some(now),
        };
        let new = NewCredential { credential, session: live.id, evidence: Evidence::Taken };
        self.enrol(visit, live, &new, method).await
    }

    /// The passkey that a credential is, where it belongs to the present domain.
    pub(super) fn passkey_here<'a>(&self, credential: &'a Credential) -> Option<&'a Passkey> {
        match &credential.detail {
            Detail::Passkey(passkey) if &*passkey.rp_id == self.party().rp_id() => Some(passkey),
            _ => None,
        }
    }
}

/// What a passkey is called that its owner gave no name.
fn usual_name(passkey: &Passkey) -> Name {
    let is_key = passkey.transports.split(',').any(|word| matches!(word, "usb" | "nfc" | "ble"));
    let name = if is_key && passkey.is_device_bound { "Security key" } else { "Passkey" };
    name.parse().expect("both are names")
}
