//! Browsers that their owners trust: they stand in for the second factor, and for nothing else.

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::factor::TrustedDevice;
use doorward_core::identifier::CredentialId;
use doorward_core::session::Stage;
use doorward_core::store::{Devices as _, Outbox as _};
use doorward_core::token;
use doorward_core::user::{Name, User};

use super::super::{Author, Identity, Live, Refused, SignedIn, Visit};
use crate::mail::Notice;

impl Identity {
    /// Trusts the browser of a session, and gives back what it shall hold.
    ///
    /// # Errors
    /// `factor.device_not_trusted` unless the session is whole, of two factors, and its user may trust devices;
    /// `store.*`.
    pub async fn trust_device(&self, visit: &Visit, live: &Live, name: Name) -> Result<Secret, Refused> {
        let user = live.user();
        let refused = || Refused::new("factor.device_not_trusted");
        if !self.factor_policy().allows_trusted_device(&user) {
            return Err(refused());
        }
        let (secret, hash) = token::mint(token::Kind::TrustedDevice, self.random());
        let (now, id) = (self.now(), CredentialId::random(self.random()));
        let device = TrustedDevice {
            id,
            user: user.id,
            hash,
            name,
            address: visit.address,
            created_at: now,
            last_used_at: now,
            expires_at: self.factor_policy().trusted_until(now, now),
        };
        let event = Author::of(live, visit).event(now, Action::DeviceTrusted).about(user.id).in_session(live.id);
        let event = event.with_detail(id.to_string());
        let notice = Notice::DeviceTrusted(device.name.clone());
        let letters = self.notices(&user, &Author::of(live, visit), &notice).await?;
        let is_trusted = self.inner.store.mailing(letters).trust_device(&device, live.id, &event).await?;
        if is_trusted { Ok(secret) } else { Err(refused()) }
    }

    /// The same after a factor was proven, where that was wished and is possible.
    pub(super) async fn trust_if(
        &self,
        name: Option<Name>,
        visit: &Visit,
        user: &User,
        signed_in: SignedIn,
    ) -> Result<SignedIn, Refused> {
        let live = &signed_in.live;
        let is_whole = live.stage == Stage::Full && live.methods.is_two_factor();
        let Some(name) = name.filter(|_| is_whole) else { return Ok(signed_in) };
        if !self.factor_policy().allows_trusted_device(user) {
            return Ok(signed_in);
        }
        // The sign-in stands whatever comes of it: without trust the next one asks again.
        match self.trust_device(visit, live, name).await {
            Ok(device) => Ok(SignedIn { device: Some(device), ..signed_in }),
            Err(error) => {
                tracing::warn!(user = %user.id, %error, "a device is not trusted");
                Ok(signed_in)
            }
        }
    }

    /// The devices that the user of a session trusts, the last used first.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn devices(&self, live: &Live) -> Result<Vec<TrustedDevice>, Refused> {
        Ok(self.inner.store.trusted_devices(live.user_id(), self.now()).await?)
    }

    /// Ends the trust in one device, or in all, and the sessions that it signed in.
    ///
    /// # Errors
    /// `factor.not_found` where there was none, `store.*`.
    pub async fn remove_devices(
        &self,
        visit: &Visit,
        live: &Live,
        which: Option<CredentialId>,
    ) -> Result<u64, Refused> {
        let user = live.user_id();
        let event = Author::of(live, visit).event(self.now(), Action::DeviceRemoved).about(user).in_session(live.id);
        let event = event.with_detail(which.map_or_else(|| "all".to_owned(), |id| id.to_string()));
        let removed = self.inner.store.remove_devices(user, which, &event).await?;
        self.refresh_user(user).await?;
        if removed == 0 && which.is_some() { Err(Refused::new("factor.not_found")) } else { Ok(removed) }
    }
}
