//! A passkey as the second factor: after a password, or to prove once more who somebody is.

use doorward_core::factor::{Ceremony, Credential, Detail, Passkey};
use doorward_core::signin::{Method, Methods};
use doorward_core::store::{Factors as _, Proof};
use doorward_core::user::Name;
use webauthn_rs_core::proto::{AuthenticationState, PublicKeyCredential};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::super::{Identity, Live, Refused, SignedIn, Visit};
use super::super::prove::{Step, after};
use super::super::ways;
use super::{Asked, Question, Signed, check_name, fault};

fn proof(live: &Live) -> Asked {
    Asked { ceremony: Ceremony::PasskeyProof, user: Some(live.user_id()), browser: live.bound() }
}

/// The way that a passkey is, of those that are open.
fn way_of(passkey: &Passkey, open: Methods) -> Option<Method> {
    let own = if passkey.is_device_bound { Method::HardwareKey } else { Method::Passkey };
    [own, Method::Passkey].into_iter().find(|way| open.has(*way))
}

impl Identity {
    /// Asks for one of the passkeys that can prove something in this session.
    ///
    /// # Errors
    /// `factor.passkey_elsewhere` where all were made for another domain, `factor.way_closed`, `store.*`.
    pub async fn ask_passkey(&self, live: &Live) -> Result<Question, Refused> {
        let facts = self.inner.store.facts(live.user_id()).await?;
        let open = ways(live, self.demand_by(&live.user(), &facts, false));
        let here = facts.credentials.iter().filter_map(|credential| self.passkey_here(credential));
        let allowed: Vec<_> = here.filter(|passkey| way_of(passkey, open).is_some()).collect();
        if allowed.is_empty() {
            let is_elsewhere =
                |other: &Credential| matches!(other.detail, Detail::Passkey(_)) && self.passkey_here(other).is_none();
            let is_moved = facts.credentials.iter().any(is_elsewhere);
            return Err(Refused::new(if is_moved { "factor.passkey_elsewhere" } else { "factor.way_closed" }));
        }
        let (options, state) = self.party().ask(&allowed).map_err(|error| fault::refuse(&error))?;
        Ok(Question { challenge: self.keep(proof(live), &state).await?, options })
    }

    /// Proves a second factor by a passkey: finishes a sign-in, or makes a finished one fresh.
    ///
    /// # Errors
    /// `factor.challenge_void`, `factor.passkey_*`, `factor.way_closed`, what the session waits for instead, why it ended,
    /// `store.*`.
    pub async fn prove_by_passkey(
        &self,
        visit: &Visit,
        live: &Live,
        signed: Signed<'_, PublicKeyCredential>,
        trust: Option<Name>,
    ) -> Result<SignedIn, Refused> {
        let state = self.take(proof(live), signed.challenge).await?;
        match self.prove_by_answer(visit, live, &signed.credential, &state).await {
            Ok(signed_in) => self.trust_if(trust, visit, &live.user(), signed_in).await,
            Err(refused) if refused.code.starts_with("factor.passkey_") => {
                self.note_refusal(visit, live, refused.code).await?;
                Err(refused)
            }
            Err(refused) => Err(refused),
        }
    }

    async fn prove_by_answer(
        &self,
        visit: &Visit,
        live: &Live,
        answer: &PublicKeyCredential,
        state: &AuthenticationState,
    ) -> Result<SignedIn, Refused> {
        let credential = self.key_of_answer(answer).await?;
        let Some(passkey) = self.passkey_here(&credential).filter(|_| credential.user == live.user_id()) else {
            tracing::warn!(user = %live.user_id(), "a passkey of another user was presented");
            return Err(Refused::new("factor.passkey_refused"));
        };
        let user = self.user(live.user_id()).await?;
        let facts = self.inner.store.facts(user.id).await?;
        let demand = self.demand_by(&user, &facts, false);
        let way = way_of(passkey, ways(live, demand)).unwrap_or(Method::Passkey);
        let moment = after(live, demand, way, self.now())?;
        let proof = self.check_answer(answer, state, &credential)?;
        let step = Step { user: &user, moment: &moment, proof, paid: None };
        match self.advance(visit, live, step).await? {
            Some(signed_in) => Ok(signed_in),
            None => Err(self.lost(&credential).await?),
        }
    }

    /// The credential that an answer names.
    pub(super) async fn key_of_answer(&self, answer: &PublicKeyCredential) -> Result<Credential, Refused> {
        check_name(&answer.id, &answer.raw_id, &answer.type_)?;
        let key_id = URL_SAFE_NO_PAD.encode(&answer.raw_id);
        let found = self.inner.store.passkey(self.party().rp_id(), &key_id).await?;
        found.ok_or_else(|| Refused::new("factor.passkey_unknown"))
    }

    /// What the store must accept of a good answer. A user handle that comes along must be that of the owner (Web
    /// Authentication, section 7.2, step 6).
    pub(super) fn check_answer(
        &self,
        answer: &PublicKeyCredential,
        state: &AuthenticationState,
        credential: &Credential,
    ) -> Result<Proof, Refused> {
        let refused = || Refused::new("factor.passkey_refused");
        let passkey = self.passkey_here(credential).ok_or_else(refused)?;
        if answer.response.user_handle.as_ref().is_some_and(|handle| handle != credential.user.as_bytes()) {
            tracing::warn!(user = %credential.user, "the user handle of a passkey is another user's");
            return Err(refused());
        }
        let verified = self.party().check(answer, state, passkey).map_err(|error| fault::refuse(&error))?;
        Ok(Proof::Passkey {
            credential: credential.id,
            record: verified.record,
            sign_count: verified.sign_count,
            is_backed_up: verified.is_backed_up,
        })
    }

    /// Why the store did not accept a good answer: the key was removed meanwhile, or another answer with its counter came
    /// first.
    pub(super) async fn lost(&self, credential: &Credential) -> Result<Refused, Refused> {
        let Some(passkey) = self.passkey_here(credential) else { return Ok(Refused::new("factor.passkey_unknown")) };
        let is_there = self.inner.store.passkey(&passkey.rp_id, &passkey.key_id).await?.is_some();
        Ok(Refused::new(if is_there { "factor.passkey_copied" } else { "factor.passkey_unknown" }))
    }
}
