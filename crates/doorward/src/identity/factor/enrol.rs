//! Enrolling, naming and removing what proves a second factor.

use doorward_core::audit::Action;
use doorward_core::factor::MOST_CREDENTIALS;
use doorward_core::factor::code::CodeKey;
use doorward_core::identifier::CredentialId;
use doorward_core::password::{Password, PasswordError};
use doorward_core::policy::pending_code;
use doorward_core::session::Stage;
use doorward_core::signin::{Demand, Method, SignIn};
use doorward_core::store::{Added, Evidence, Factors as _, NewCredential, Outbox as _};
use doorward_core::user::Name;
use doorward_core::{Secret, UnixTime};

use super::super::guess::Attempt;
use super::super::{Author, Identity, Live, Refused, Sealer, SignedIn, Visit};
use crate::mail::Notice;

/// The moment that a session comes to when this was enrolled, and so proven.
fn enrolled(live: &Live, method: Method, demand: Demand, at: UnixTime) -> SignIn {
    match SignIn::resume(live.stage, live.proven, demand) {
        SignIn::Enrolment(moment) => moment.enrolled(method, demand, at),
        SignIn::Recovery(moment) => moment.mended(method, demand, at),
        SignIn::Complete(complete) => match complete.step_up().map(|asked| asked.choose(method)) {
            Ok(Ok(choice)) => choice.proven(at),
            // What was enrolled is not asked for here: the session stays as strong as it was.
            Ok(Err(_)) | Err(_) => SignIn::resume(Stage::Full, live.proven, demand),
        },
        moment => moment,
    }
}

impl Identity {
    pub(super) fn sealer(&self) -> &Sealer {
        self.inner.keyring.sealer()
    }

    pub(super) fn newest_code_key(&self) -> &CodeKey {
        self.inner.keyring.code_keys().first().expect("a keyring is not opened without a pepper")
    }

    /// Whether the session may enrol something, and there is room for it.
    ///
    /// # Errors
    /// `factor.too_many`, what the session waits for instead, `store.*`.
    pub(in crate::identity) async fn check_room(&self, live: &Live) -> Result<(), Refused> {
        if !live.stage.may_enrol() {
            return Err(Refused::new(pending_code(live.stage)));
        }
        let facts = self.inner.store.facts(live.user_id()).await?;
        if facts.credentials.len() < MOST_CREDENTIALS { Ok(()) } else { Err(Refused::new("factor.too_many")) }
    }

    /// Stores what was enrolled, and gives the session its next step: an enrolment proves what it enrols.
    ///
    /// # Errors
    /// `factor.code_wrong`, `factor.challenge_void`, `factor.too_many`, `factor.taken`, why the session ended, `store.*`.
    pub(in crate::identity) async fn enrol(
        &self,
        visit: &Visit,
        live: &Live,
        new: &NewCredential,
        method: Method,
    ) -> Result<SignedIn, Refused> {
        let user = self.user(live.user_id()).await?;
        let kind = new.credential.detail.as_str();
        let event = Author::of(live, visit).event(self.now(), Action::FactorAdded).about(user.id).in_session(live.id);
        let event = event.with_detail(format!("{kind} {}", new.credential.id));
        let notice = Notice::FactorAdded(new.credential.name.clone());
        let letters = self.notices(&user, &Author::of(live, visit), &notice).await?;
        match self.inner.store.mailing(letters).add_credential(new, &event).await? {
            // The store has ended sessions of a password alone, or of trusted devices; here they go at once, too.
            Added::Done => self.refresh_user(user.id).await?,
            Added::Wrong { .. } => return Err(Refused::new("factor.code_wrong")),
            Added::Void => {
                let is_gone = self.table().find_id(live.id, self.now()).is_err();
                let is_mail = matches!(new.evidence, Evidence::EmailCode { .. });
                let void = if is_mail { "factor.code_void" } else { "factor.challenge_void" };
                return Err(if is_gone { self.gone(live) } else { Refused::new(void) });
            }
            Added::TooMany => return Err(Refused::new("factor.too_many")),
            Added::Taken => return Err(Refused::new("factor.taken")),
        }
        let demand = self.demand(&user).await?;
        self.step_up(visit, live, &user, &enrolled(live, method, demand, self.now())).await
    }

    /// Gives a factor or a device of the session's user another name.
    ///
    /// # Errors
    /// `factor.not_found`, `store.*`.
    pub async fn rename_factor(
        &self,
        visit: &Visit,
        live: &Live,
        id: CredentialId,
        name: &Name,
    ) -> Result<(), Refused> {
        let event = Author::of(live, visit).event(self.now(), Action::FactorRenamed).about(live.user_id());
        let event = event.in_session(live.id).with_detail(id.to_string());
        let is_done = self.inner.store.rename_credential(live.user_id(), id, name, &event).await?;
        if is_done { Ok(()) } else { Err(Refused::new("factor.not_found")) }
    }

    /// Removes a factor of the session's user. Trusted devices end, and so do the other sessions that it signed in.
    ///
    /// # Errors
    /// `factor.not_found`, `factor.last_one`, `store.*`.
    pub async fn remove_factor(&self, visit: &Visit, live: &Live, id: CredentialId) -> Result<(), Refused> {
        let user = self.user(live.user_id()).await?;
        let event = Author::of(live, visit).event(self.now(), Action::FactorRemoved).about(user.id);
        let event = event.in_session(live.id).with_detail(id.to_string());
        let keep = self.factor_policy().keep(&user, self.rp_id());
        let facts = self.inner.store.facts(user.id).await?;
        let found = facts.credentials.into_iter().find(|credential| credential.id == id);
        let notice = Notice::FactorRemoved(found.ok_or_else(|| Refused::new("factor.not_found"))?.name);
        let letters = self.notices(&user, &Author::of(live, visit), &notice).await?;
        if !self.inner.store.mailing(letters).remove_credential((user.id, live.id), id, &keep, &event).await? {
            return Err(Refused::new("factor.not_found"));
        }
        Ok(self.refresh_user(user.id).await?)
    }

    /// Has the password proven once more, by whoever has no second factor that could be asked for.
    ///
    /// # Errors
    /// `password.wrong_current`, `factor.way_closed` where a second factor is enrolled, as [`Identity::sign_in`] for
    /// guesses, why the session ended, `store.*`.
    pub async fn confirm_password(&self, visit: &Visit, live: &Live, password: &Secret) -> Result<SignedIn, Refused> {
        let user = self.user(live.user_id()).await?;
        let facts = self.inner.store.facts(user.id).await?;
        if !facts.credentials.is_empty() {
            return Err(Refused::new("factor.way_closed"));
        }
        let wrong = || Refused::from(PasswordError::WrongCurrent);
        let password = Password::new(password.expose_secret()).map_err(|_| wrong())?;
        let attempt = Attempt { email: &user.email, user: Some(&user), password: &password, is_signed_in: true };
        let guess = self.guess(visit, attempt).await?;
        if !guess.is_right {
            return Err(wrong());
        }
        self.give_back(guess).await?;
        let proven = live.proven.with(Method::Password, self.now());
        let moment = SignIn::resume(live.stage, proven, self.demand_by(&user, &facts, false));
        self.step_up(visit, live, &user, &moment).await
    }
}
