//! Signing in with a passkey alone: no name, no password, two factors at once.

use doorward_core::address::Network;
use doorward_core::audit::{Action, Actor};
use doorward_core::factor::{Ceremony, Credential};
use doorward_core::session::{EndReason, Kind, Session};
use doorward_core::signin::{First, SignIn};
use doorward_core::store::{Audit as _, Factors as _, NewSession, Outbox as _, Proof, Proving, Then, Users as _};
use doorward_core::user::User;
use webauthn_rs_core::proto::PublicKeyCredential;

use super::super::super::{Author, Identity, Refused, SignedIn, Visit, Wish};
use super::{Asked, Question, Signed, fault, void};

impl Identity {
    /// Asks for whichever passkey somebody has. Nobody is named, so nothing is told of anybody.
    ///
    /// # Errors
    /// `factor.challenge_void` where the browser holds no bind cookie, `signin.network_wait`, `store.*`.
    pub async fn ask_passkey_sign_in(&self, visit: &Visit) -> Result<Question, Refused> {
        let asked = nameless(visit)?;
        if let Err(seconds) = self.party().pace.step(Network::of(visit.address), self.now()) {
            return Err(Refused::new("signin.network_wait").wait(seconds));
        }
        let (options, state) = self.party().ask(&[]).map_err(|error| fault::refuse(&error))?;
        Ok(Question { challenge: self.keep(asked, &state).await?, options })
    }

    /// Signs in whoever owns the passkey that has answered.
    ///
    /// # Errors
    /// `factor.challenge_void`, `factor.passkey_*`, `store.*`.
    pub async fn sign_in_by_passkey(
        &self,
        visit: &Visit,
        signed: Signed<'_, PublicKeyCredential>,
        wish: Wish,
    ) -> Result<SignedIn, Refused> {
        let state = self.take(nameless(visit)?, signed.challenge).await?;
        let credential = self.key_of_answer(&signed.credential).await?;
        // Without a name the answer must say whose it is.
        let proof = match &signed.credential.response.user_handle {
            Some(_) => self.check_answer(&signed.credential, &state, &credential),
            None => Err(Refused::new("factor.passkey_refused")),
        };
        let signed_in = match proof {
            Ok(proof) => self.begin_by_passkey(visit, &credential, &proof, wish).await,
            Err(refused) => Err(refused),
        };
        if let Err(refused) = &signed_in
            && refused.code.starts_with("factor.passkey_")
        {
            let event = Author::stranger(visit).event(self.now(), Action::FactorRefused);
            self.inner.store.append(&event.about(credential.user).because(refused.code)).await?;
        }
        signed_in
    }

    async fn begin_by_passkey(
        &self,
        visit: &Visit,
        credential: &Credential,
        proof: &Proof,
        wish: Wish,
    ) -> Result<SignedIn, Refused> {
        let refused = || Refused::new("factor.passkey_refused");
        let user = self.inner.store.user(credential.user).await?.filter(User::is_active).ok_or_else(refused)?;
        let is_bound = self.passkey_here(credential).is_some_and(|passkey| passkey.is_device_bound);
        let first = if is_bound { First::HardwareKey } else { First::Passkey };
        let (now, facts) = (self.now(), self.facts_at_sign_in(visit, &user).await?);
        let moment = SignIn::begin(first, self.demand_by(&user, &facts, false), now);
        let kind = if wish.tokens { Kind::Api } else { Kind::Browser };
        let (cookie, session) = self.draw(visit, &user, (kind, &moment), now);
        let session = Session { is_persistent: wish.stay && !wish.tokens, ..session };
        let pair = wish.tokens.then(|| self.draw_pair(session.id, now));
        let replaces = wish.previous.filter(|_| !wish.tokens);
        let refresh = pair.as_ref().map(|(_, refresh)| refresh.clone());
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event = author.event(now, Action::SignedIn).about(user.id).in_session(session.id);
        let (clear, refund) = (Vec::new(), Vec::new());
        let new = NewSession { session, refresh, replaces, browser: visit.browser, clear, refund };
        let letters = self.news_of_sign_in(visit, &user, &new.session).await?;
        match self.inner.store.mailing(letters).prove(proof, Then::Begin { new: &new, password: None }, &event).await? {
            Proving::Done(session) => {
                if let Some(replaced) = replaces {
                    self.table().end(replaced, EndReason::Replaced);
                }
                let live = self.show(&session, &user).await?;
                let tokens = pair.map(|(secret, refresh)| self.pair(&live, secret, &refresh, now));
                Ok(SignedIn { live, cookie, tokens, device: None })
            }
            Proving::Void => Err(self.lost(credential).await?),
            Proving::Wrong { .. } | Proving::Gone => Err(refused()),
        }
    }
}

/// A sign-in without a name is bound to the browser that asked.
fn nameless(visit: &Visit) -> Result<Asked, Refused> {
    let browser = visit.browser.ok_or_else(void)?;
    Ok(Asked { ceremony: Ceremony::PasskeyProof, user: None, browser })
}
