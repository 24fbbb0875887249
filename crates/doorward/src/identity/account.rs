//! What people do with their own account: choosing another password.

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::password::{Context, Password, PasswordError};
use doorward_core::policy::pending_code;
use doorward_core::session::{EndReason, Stage};
use doorward_core::signin::SignIn;
use doorward_core::store::{Outbox as _, UserChange, Users as _};
use doorward_core::user::User;

use super::guess::Attempt;
use super::{Author, Identity, Live, Refused, SignedIn, Visit};
use crate::mail::Notice;

/// A password for another.
#[derive(Debug)]
pub struct PasswordChange {
    /// The present password. A sign-in that waits for a new password has just proven it and needs none.
    pub current: Option<Secret>,
    /// The new password.
    pub new: Secret,
}

impl From<PasswordError> for Refused {
    fn from(error: PasswordError) -> Self {
        Self::new(error.code())
    }
}

impl Identity {
    /// Whether this may be the new password of somebody.
    ///
    /// # Errors
    /// The code of the first rule that it breaks.
    pub fn check_password(&self, password: &Secret, context: &Context<'_>) -> Result<Password, Refused> {
        let password = Password::new(password.expose_secret())?;
        self.inner.rules.check(&password, context)?;
        Ok(password)
    }

    /// Changes the password of a session's user, or finishes the sign-in that waits for it. All other
    /// sessions end; this one gets a new name and a new cookie, or new tokens.
    ///
    /// # Errors
    /// `password.*`, as [`Identity::sign_in`] for guesses at the present password,
    /// `signin.second_factor_pending`, why the session ended, `store.*`.
    pub async fn change_password(
        &self,
        visit: &Visit,
        live: &Live,
        change: PasswordChange,
    ) -> Result<SignedIn, Refused> {
        if !matches!(live.stage, Stage::Full | Stage::PasswordChange) {
            return Err(Refused::new(pending_code(live.stage)));
        }
        let user = self.user(live.user_id()).await?;
        let current = change.current.map(|text| Password::new(text.expose_secret())).transpose();
        let current = current.map_err(|_| PasswordError::WrongCurrent)?;
        let context = Context { email: Some(&user.email), name: Some(&user.name), current: current.as_ref() };
        let new = self.check_password(&change.new, &context)?;
        self.prove_password(visit, live, &user, (current.as_ref(), &new)).await?;
        let hash = self.inner.hasher.hash(&new).await?;
        let (end, keep) = (EndReason::PasswordChanged, Some(live.id));
        let stored = UserChange::Password { hash, must_change: false, end, keep };
        let author = Author::of(live, visit);
        let event = author.event(self.now(), Action::PasswordChanged).about(user.id);
        let notices = self.notices(&user, &author, &Notice::PasswordChanged).await?;
        let changed =
            self.inner.store.mailing(notices).change_user(user.id, &stored, &event.in_session(live.id)).await?;
        // Nothing is changed by a session that has ended meanwhile.
        let gone = || Refused::new(self.table().find_id(live.id, self.now()).err().unwrap_or("session.unknown"));
        let user = changed.ok_or_else(gone)?;
        self.refresh_user(user.id).await?;
        let moment = match SignIn::resume(live.stage, live.proven, self.demand(&user).await?) {
            SignIn::PasswordChange(moment) => moment.chosen(),
            moment => moment,
        };
        self.step_up(visit, live, &user, &moment).await
    }

    /// Has the present password proven, or, where the sign-in has just proven it, makes sure that the new
    /// one is another. Either is a guess and is paid for.
    async fn prove_password(
        &self,
        visit: &Visit,
        live: &Live,
        user: &User,
        (current, new): (Option<&Password>, &Password),
    ) -> Result<(), Refused> {
        let (password, wanted, error) = match (live.stage, current) {
            (Stage::Full, None) => return Err(PasswordError::WrongCurrent.into()),
            (_, Some(current)) => (current, true, PasswordError::WrongCurrent),
            (_, None) => (new, false, PasswordError::Unchanged),
        };
        let attempt = Attempt { email: &user.email, user: Some(user), password, is_signed_in: true };
        let guess = self.guess(visit, attempt).await?;
        if guess.is_right != wanted {
            return Err(error.into());
        }
        Ok(self.give_back(guess).await?)
    }
}
