//! Accounts that come from another program, with the hashes that it made.

use doorward_core::audit::Action;
use doorward_core::identifier::UserId;
use doorward_core::store::Users as _;
use doorward_core::user::User;

use super::user::words;
use super::{Author, Identity, Refused};
use crate::import::Planned;

/// What the detail of such an event begins with.
pub(super) const IMPORTED: &str = "imported";

impl Identity {
    /// Makes an account with a foreign hash. Nobody who is there is changed.
    ///
    /// # Errors
    /// `user.email_taken`, `store.*`.
    pub async fn import_user(&self, author: &Author<'_>, planned: &Planned, from: &str) -> Result<User, Refused> {
        let now = self.now();
        let user = User {
            id: UserId::random(self.random()),
            email: planned.email.clone(),
            name: planned.name.clone(),
            groups: planned.groups.clone(),
            status: planned.status,
            password: Some(planned.password.clone()),
            password_changed_at: now,
            must_change_password: false,
            created_at: now,
        };
        let detail = format!("{IMPORTED} from {from}, {}", words(&user.groups));
        let event = author.event(now, Action::UserCreated).about(user.id).with_detail(detail);
        self.inner.store.create_user(&user, &event).await?;
        Ok(user)
    }
}
