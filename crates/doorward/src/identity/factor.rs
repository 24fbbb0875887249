//! Second factors at work: what is asked of whom, and what somebody has.

mod code;
mod device;
mod enrol;
pub mod passkey;
mod prove;
mod recovery;
mod totp;

use std::collections::BTreeMap;
use std::sync::Arc;

use doorward_core::UnixTime;
use doorward_core::audit::Action;
use doorward_core::factor::policy::{Demand, Enrolled, Enrolment, FactorPolicy};
use doorward_core::session::{EndReason, Stage};
use doorward_core::signin::{Method, Methods, SignIn};
use doorward_core::store::{Factors as _, Facts, Sessions as _, Which};
use doorward_core::token::{Kind, TokenHash, hash_value};
use doorward_core::user::User;

use super::{Author, Identity, Live, Refused};

pub use prove::{Answer, Typed};
pub use totp::{TotpConfirmation, TotpOffer};

/// What the configuration says of second factors.
#[derive(Debug, Clone)]
pub struct FactorSettings {
    /// Who must prove what.
    pub policy: FactorPolicy,
    /// The domain and the origin of passkeys.
    pub party: Arc<passkey::RelyingParty>,
    /// What authenticator apps call this installation: the host of its pages.
    pub service: Box<str>,
}

/// What somebody has, and what is asked of them.
#[derive(Debug)]
pub struct Overview {
    /// What is enrolled.
    pub facts: Facts,
    /// What is asked of a sign-in now.
    pub demand: Demand,
    /// What this session can prove now: to finish, or to prove once more who it is.
    pub ways: Methods,
    /// Whether this user may trust a device.
    pub allows_devices: bool,
    /// Whether codes by mail can be enrolled: there is mail, the policy allows it, and the address was proven.
    pub allows_email_code: bool,
    /// Whether nothing but a key that cannot leave its device counts for this user, and there is none yet.
    pub needs_hardware: bool,
}

/// By when something must be enrolled, where that is so.
#[must_use]
pub fn due_by(enrolment: Enrolment) -> Option<UnixTime> {
    match enrolment {
        Enrolment::DueBy(due) => Some(due),
        Enrolment::NotDue | Enrolment::Suggested | Enrolment::Now => None,
    }
}

/// Whole days until a moment, rounded up: what people count.
#[must_use]
pub fn days_left(due: UnixTime, now: UnixTime) -> i64 {
    due.seconds_since(now).max(0).saturating_add(86_399) / 86_400
}

impl Live {
    /// What ceremonies and codes by mail are bound to: the sign-in, which is one browser's.
    #[must_use]
    pub fn bound(&self) -> TokenHash {
        hash_value(Kind::Session, &self.handle.to_string())
    }
}

impl Identity {
    /// Who must prove what here.
    #[must_use]
    pub fn factor_policy(&self) -> &FactorPolicy {
        &self.inner.factors.policy
    }

    /// The domain of passkeys.
    #[must_use]
    pub fn rp_id(&self) -> &str {
        self.inner.factors.party.rp_id()
    }

    /// What a sign-in of this user asks for.
    pub(super) async fn demand(&self, user: &User) -> Result<Demand, Refused> {
        Ok(self.demand_by(user, &self.inner.store.facts(user.id).await?, false))
    }

    /// What a sign-in of this user asks for, by what is known of them.
    pub(super) fn demand_by(&self, user: &User, facts: &Facts, has_trusted_device: bool) -> Demand {
        let enrolled = Enrolled { has_trusted_device, ..self.enrolled(facts) };
        self.inner.factors.policy.demand(user, &enrolled, self.now())
    }

    fn enrolled(&self, facts: &Facts) -> Enrolled {
        Enrolled {
            recovery_codes: facts.recovery_codes,
            is_email_verified: facts.is_email_verified,
            is_reset_by_link: facts.is_reset_by_link,
            grace_began_at: facts.grace_began_at,
            ..Enrolled::of(&facts.credentials, self.inner.factors.party.rp_id())
        }
    }

    /// What the user of a session has and what is asked of them.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn overview(&self, live: &Live) -> Result<Overview, Refused> {
        let (user, facts) = (live.user(), self.inner.store.facts(live.user_id()).await?);
        let demand = self.demand_by(&user, &facts, false);
        let policy = self.factor_policy();
        Ok(Overview {
            ways: ways(live, demand),
            demand,
            allows_devices: policy.allows_trusted_device(&user),
            allows_email_code: policy.allows_email_code() && facts.is_email_verified,
            needs_hardware: policy.needs_hardware(&user) && !self.enrolled(&facts).has_hardware_key,
            facts,
        })
    }

    /// Ends the sessions of one factor whose users had to set up a second one by now: the next sign-in leads there.
    ///
    /// # Errors
    /// Where the store could not be read or written; the next round tries again.
    pub(super) async fn end_overdue(&self) -> doorward_core::store::Result<()> {
        let is_weak = |live: &Arc<Live>| live.stage == Stage::Full && !live.methods.is_two_factor();
        let mut overdue = BTreeMap::new();
        for live in self.table().all().into_iter().filter(is_weak) {
            let user = live.user();
            let known = overdue.get(&user.id).copied();
            let is_due = if let Some(is_due) = known {
                is_due
            } else {
                let facts = self.inner.store.facts(user.id).await?;
                let is_due = self.demand_by(&user, &facts, false).enrolment() == Enrolment::Now;
                // Whoever has no count yet gets one with the next sign-in.
                *overdue.entry(user.id).or_insert(is_due && facts.grace_began_at.is_some())
            };
            if is_due {
                let (now, reason) = (self.now(), EndReason::EnrolmentDue);
                let event = Author::system().event(now, Action::SessionEnded).about(user.id).in_session(live.id);
                for ended in
                    self.inner.store.end_sessions(Which::One(live.id), reason, &event.because(reason.code())).await?
                {
                    self.table().end(ended, reason);
                }
            }
        }
        Ok(())
    }

    /// The same as [`Self::confirmation_age`], for what takes the password along: where nothing is enrolled, there is
    /// nothing more to prove.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn factor_age(&self, live: &Live) -> Result<Option<i64>, Refused> {
        let has_any = !self.inner.store.facts(live.user_id()).await?.credentials.is_empty();
        if has_any { self.confirmation_age(live).await } else { Ok(Some(0)) }
    }

    /// Seconds since the user of this session last proved the strongest of what they have: a second factor; a code by
    /// mail, where there is nothing better; the password, where there is nothing at all.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn confirmation_age(&self, live: &Live) -> Result<Option<i64>, Refused> {
        let enrolled = self.enrolled(&self.inner.store.facts(live.user_id()).await?);
        let now = self.now();
        let age = |method| live.proven.last(method).map(|at| now.seconds_since(at));
        let strong = live.proven.second_factor_age(now);
        let has_mail = enrolled.has_email_code && enrolled.is_email_verified && self.factor_policy().has_mail;
        Ok(match enrolled.count {
            0 => age(Method::Password).or(strong),
            _ if enrolled.has_totp || enrolled.has_passkey || !has_mail => strong,
            _ => age(Method::EmailCode).or(strong),
        })
    }
}

/// What can be proven in a session, now.
fn ways(live: &Live, demand: Demand) -> Methods {
    match SignIn::resume(live.stage, live.proven, demand) {
        SignIn::SecondFactor(moment) => moment.ways(),
        SignIn::RecoveryMail(_) => Methods::default().with(Method::EmailCode),
        SignIn::Complete(complete) => complete.step_up().map(|moment| moment.ways()).unwrap_or_default(),
        SignIn::PasswordChange(_) | SignIn::Recovery(_) | SignIn::Enrolment(_) => Methods::default(),
    }
}
