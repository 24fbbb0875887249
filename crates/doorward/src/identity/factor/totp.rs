//! Authenticator apps: the key that is shown once, its confirmation, and the codes that follow.

use doorward_core::factor::totp::TotpKey;
use doorward_core::factor::{CHALLENGE_SECONDS, Ceremony, Challenge, Credential, Detail};
use doorward_core::identifier::{CredentialId, UserId};
use doorward_core::signin::Method;
use doorward_core::store::{Evidence, Factors as _, Facts, NewCredential, Proof};
use doorward_core::token::{self, TokenHash};
use doorward_core::user::Name;
use doorward_core::{Secret, UnixTime};

use super::super::{Identity, Live, Refused, SignedIn, Visit, seal};

/// A key that an app can take over, and that counts only once a code of it was typed.
#[derive(Debug)]
pub struct TotpOffer {
    /// Comes back with the first code.
    pub challenge: Secret,
    /// The key as people type it.
    pub key: Secret,
    /// The address for the QR code.
    pub uri: Secret,
    /// When the offer is void.
    pub expires_at: UnixTime,
}

/// The first code of a new app.
#[derive(Debug)]
pub struct TotpConfirmation<'a> {
    /// As it was offered.
    pub challenge: &'a str,
    /// What the app shows.
    pub code: &'a Secret,
    /// What its owner calls it.
    pub name: Name,
}

impl Identity {
    /// Draws a key and keeps it for a few minutes, until a code of it is typed in the same sign-in.
    ///
    /// # Errors
    /// `factor.too_many`, what the session waits for instead, `store.*`.
    pub async fn offer_totp(&self, live: &Live) -> Result<TotpOffer, Refused> {
        self.check_room(live).await?;
        let (key, now) = (TotpKey::random(self.random()), self.now());
        let (challenge, hash) = token::mint(token::Kind::Challenge, self.random());
        let expires_at = now + CHALLENGE_SECONDS;
        let state = self.sealer().seal(state_of(&hash, live.user_id()), key.expose_bytes(), self.random());
        let (ceremony, user) = (Ceremony::TotpEnrolment, Some(live.user_id()));
        let new = Challenge { hash, ceremony, user, browser: live.bound(), state, created_at: now, expires_at };
        self.inner.store.create_challenge(&new).await?;
        Ok(self.offer(live, challenge, &key, expires_at))
    }

    /// The same offer once more, after a wrong code.
    ///
    /// # Errors
    /// `factor.challenge_void`, `store.*`.
    pub async fn offered_totp(&self, live: &Live, challenge: &str) -> Result<TotpOffer, Refused> {
        let (_, key, expires_at) = self.open_offer(live, challenge).await?;
        Ok(self.offer(live, Secret::new(challenge), &key, expires_at))
    }

    /// Enrols the app whose code this is. The code proves it, so the session takes its next step.
    ///
    /// # Errors
    /// `factor.code_wrong`, where the offer stands; `factor.challenge_void`, `factor.too_many`, why the session ended,
    /// `store.*`.
    pub async fn confirm_totp(
        &self,
        visit: &Visit,
        live: &Live,
        confirmation: TotpConfirmation<'_>,
    ) -> Result<SignedIn, Refused> {
        let (hash, key, _) = self.open_offer(live, confirmation.challenge).await?;
        let now = self.now();
        // The app is in its owner's hand: a code of the step before is as good, whatever the profile.
        let window = doorward_core::factor::totp::Window::Previous;
        let step = key.verify(confirmation.code.expose_secret(), now, -1, window);
        let last_step = step.ok_or_else(|| Refused::new("factor.code_wrong"))?;
        let (id, user) = (CredentialId::random(self.random()), live.user_id());
        let secret = self.sealer().seal(key_of(&id, user), key.expose_bytes(), self.random());
        let detail = Detail::Totp { secret, last_step };
        let credential =
            Credential { id, user, name: confirmation.name, detail, created_at: now, last_used_at: Some(now) };
        let evidence = Evidence::Challenge { hash, ceremony: Ceremony::TotpEnrolment, browser: live.bound() };
        let new = NewCredential { credential, session: live.id, evidence };
        self.enrol(visit, live, &new, Method::OneTimeCode).await
    }

    fn offer(&self, live: &Live, challenge: Secret, key: &TotpKey, expires_at: UnixTime) -> TotpOffer {
        let uri = key.to_uri(&self.inner.factors.service, live.user().email.as_str());
        TotpOffer { challenge, key: key.to_text(), uri, expires_at }
    }

    async fn open_offer(&self, live: &Live, challenge: &str) -> Result<(TokenHash, TotpKey, UnixTime), Refused> {
        let void = || Refused::new("factor.challenge_void");
        let hash = token::parse(token::Kind::Challenge, challenge).ok_or_else(void)?;
        let (ceremony, user) = (Ceremony::TotpEnrolment, live.user_id());
        let found = self.inner.store.challenge(hash, ceremony, live.bound(), self.now()).await?.ok_or_else(void)?;
        let bytes = self.sealer().open(state_of(&hash, user), &found.state).ok_or_else(void)?;
        let key = TotpKey::from_bytes(bytes.as_slice().try_into().map_err(|_| void())?);
        Ok((hash, key, found.expires_at))
    }

    /// The step that a code proves, of whichever app of this user; or why none.
    pub(super) fn judge_totp(&self, facts: &Facts, code: &Secret) -> Result<Proof, &'static str> {
        let (now, window) = (self.now(), self.factor_policy().strictness.window());
        let mut refused = "factor.code_wrong";
        for credential in &facts.credentials {
            let Detail::Totp { secret, last_step } = &credential.detail else { continue };
            let opened = self.sealer().open(key_of(&credential.id, credential.user), secret);
            let Some(key) = opened.and_then(|bytes| bytes.as_slice().try_into().ok()).map(TotpKey::from_bytes) else {
                tracing::error!(user = %credential.user, credential = %credential.id, "the key of an app cannot be opened");
                continue;
            };
            match key.verify(code.expose_secret(), now, -1, window) {
                Some(step) if step > *last_step => return Ok(Proof::TotpStep { credential: credential.id, step }),
                Some(_) => refused = "factor.code_used",
                None => {}
            }
        }
        Err(refused)
    }
}

fn key_of(id: &CredentialId, user: UserId) -> seal::Context<'_> {
    seal::Context { what: "totp", id: id.as_bytes(), user: Some(user) }
}

fn state_of(hash: &TokenHash, user: UserId) -> seal::Context<'_> {
    seal::Context { what: "challenge", id: hash.as_bytes(), user: Some(user) }
}
