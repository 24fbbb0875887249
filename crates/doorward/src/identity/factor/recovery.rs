//! The printed sheet of recovery codes, and the moment after one of them was used.

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::factor::code::RecoveryCode;
use doorward_core::policy::pending_code;
use doorward_core::signin::SignIn;
use doorward_core::store::{Factors as _, Outbox as _};

use super::super::{Author, Identity, Live, Refused, SignedIn, Visit};
use crate::mail::Notice;

impl Identity {
    /// Makes a new sheet of ten codes. They are shown this once; the sheet before is void.
    ///
    /// # Errors
    /// `factor.way_closed` before the first factor, what the session waits for instead, why it ended, `store.*`.
    pub async fn make_recovery_codes(&self, visit: &Visit, live: &Live) -> Result<Vec<Secret>, Refused> {
        if !live.stage.may_enrol() {
            return Err(Refused::new(pending_code(live.stage)));
        }
        let (user, key) = (live.user_id(), self.newest_code_key());
        // Codes stand in for a factor. Made before there is one, they would be left behind by whoever had the password.
        if self.inner.store.facts(user).await?.credentials.is_empty() {
            return Err(Refused::new("factor.way_closed"));
        }
        let sheet = RecoveryCode::sheet(self.random());
        let hashes: Vec<_> = sheet.iter().map(|code| key.hash_recovery(user, code)).collect();
        let event = Author::of(live, visit).event(self.now(), Action::RecoveryCodesMade).about(user);
        let event = event.in_session(live.id);
        let letters = self.notices(&live.user(), &Author::of(live, visit), &Notice::RecoveryCodesRenewed).await?;
        if !self.inner.store.mailing(letters).replace_recovery_codes((user, live.id), &hashes, &event).await? {
            return Err(self.gone(live));
        }
        Ok(sheet.iter().map(RecoveryCode::to_text).collect())
    }

    /// Goes on after a recovery code, where nothing was lost after all.
    ///
    /// # Errors
    /// `signin.nothing_pending`, what the session waits for instead, why it ended, `store.*`.
    pub async fn keep_factors(&self, visit: &Visit, live: &Live) -> Result<SignedIn, Refused> {
        let user = self.user(live.user_id()).await?;
        let demand = self.demand(&user).await?;
        match SignIn::resume(live.stage, live.proven, demand) {
            SignIn::Recovery(moment) => self.step_up(visit, live, &user, &moment.kept()).await,
            SignIn::Complete(_) => Err(Refused::new("signin.nothing_pending")),
            other => Err(Refused::new(pending_code(other.stage()))),
        }
    }
}
