//! The sign-in as an enum: one variant for each moment, and moving on consumes the moment before.
//!
//! ```text
//! password ─┬─ something is enrolled ──► SecondFactor ─ choose a way ─ proven ─┐   "another way" goes back, never on
//! passkey ──┤                                                                  │
//!           └──────────────────────────────────────────────────────────────────┤
//!      a recovery code was used, and there is mail ──► RecoveryMail ───────────┤
//!      a new password is due ──► PasswordChange ───────────────────────────────┤
//!      a recovery code was used ──► Recovery (replace what was lost) ──────────┤
//!      something must be enrolled and the grace is over ──► Enrolment ─────────┤
//!                                                                              └──► Complete
//! ```
//!
//! A [`SignIn`] says what is proven and what is still missing. Only [`Complete`] makes a full session; each other moment
//! makes a session whose [`Stage`] allows nothing but finishing. What comes next is one function, `next`, of what is
//! proven and of the [`Demand`], so that no path leads around a moment. Types keep the rest out: a code by
//! mail cannot begin a sign-in ([`First`]), and a factor that was not asked for cannot be proven ([`Choice`]).

mod method;

pub use crate::factor::policy::{Demand, Enrolment as EnrolmentDue};
pub use method::{Method, Methods, Proven};

use crate::clock::UnixTime;
use crate::session::Stage;

/// What can begin a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// A password.
    Password,
    /// A passkey that has verified its user (flag UV is 1): two factors at once.
    Passkey,
    /// The same, with a key that cannot leave its device.
    HardwareKey,
}

impl First {
    fn method(self) -> Method {
        match self {
            Self::Password => Method::Password,
            Self::Passkey => Method::Passkey,
            Self::HardwareKey => Method::HardwareKey,
        }
    }
}

/// A sign-in after its first factor.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a sign-in that is dropped signs nobody in"]
pub enum SignIn {
    /// A second factor is missing.
    SecondFactor(SecondFactor),
    /// After a recovery code, the proof of the e-mail address is missing.
    RecoveryMail(RecoveryMail),
    /// A new password must be chosen.
    PasswordChange(PasswordChange),
    /// After a recovery code: what was lost can be replaced, and nothing else be done.
    Recovery(Recovery),
    /// A second factor must be enrolled, and nothing else can be done.
    Enrolment(Enrolment),
    /// Nothing is missing.
    Complete(Complete),
}

/// What every moment holds.
#[derive(Debug, PartialEq, Eq)]
struct State {
    proven: Proven,
    demand: Demand,
    is_recovery_over: bool,
}

macro_rules! moments {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Debug, PartialEq, Eq)]
            pub struct $name {
                state: State,
            }
        )+

        impl SignIn {
            fn state(&self) -> &State {
                match self { $(Self::$name(moment) => &moment.state),+ }
            }

            /// The stage that a session of this moment has.
            #[must_use]
            pub fn stage(&self) -> Stage {
                match self { $(Self::$name(_) => moments!(@stage $name)),+ }
            }
        }
    };
    (@stage Complete) => { Stage::Full };
    (@stage $name:ident) => { Stage::$name };
}

moments! {
    /// The moment that waits for a second factor.
    SecondFactor,
    /// The moment that waits for the proof of the address.
    RecoveryMail,
    /// The moment that waits for a new password.
    PasswordChange,
    /// The moment in which what was lost is replaced.
    Recovery,
    /// The moment that waits for an enrolment.
    Enrolment,
    /// The moment in which nothing is missing. Only this module makes one.
    Complete,
}

/// A second factor that waits for the proof by one way.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a choice that is dropped proves nothing"]
pub struct Choice {
    state: State,
    way: Method,
}

impl SignIn {
    /// The moment after the first factor was proven.
    pub fn begin(first: First, demand: Demand, now: UnixTime) -> Self {
        let proven = Proven::by(first.method(), now);
        Self::next(State { proven, demand, is_recovery_over: false })
    }

    /// The moment that a half-finished session waits in, under what is asked for now.
    ///
    /// It is the moment of the session's stage even where less is asked for meanwhile: a session never finishes by
    /// being looked at. Where more is asked for, the next move leads there.
    pub fn resume(stage: Stage, proven: Proven, demand: Demand) -> Self {
        let is_recovery_over = matches!(stage, Stage::Full | Stage::Enrolment);
        let held = State { proven, demand, is_recovery_over };
        match stage {
            Stage::Full => Self::Complete(Complete { state: held }),
            Stage::SecondFactor => Self::SecondFactor(SecondFactor { state: held }),
            Stage::RecoveryMail => Self::RecoveryMail(RecoveryMail { state: held }),
            Stage::PasswordChange => Self::PasswordChange(PasswordChange { state: held }),
            Stage::Recovery => Self::Recovery(Recovery { state: held }),
            Stage::Enrolment => Self::Enrolment(Enrolment { state: held }),
        }
    }

    /// What comes next. A second factor comes before the new password: whoever holds only a stolen password changes
    /// nothing. The proof of the address comes before anything that a recovery code opens.
    fn next(state: State) -> Self {
        let methods = state.proven.methods();
        let is_recovering = methods.has(Method::RecoveryCode) && !state.is_recovery_over;
        // The last code of the sheet is used up when it is counted again: it was proven in this sign-in all the same.
        let is_met = methods.meets(state.demand.ways()) || methods.has(Method::RecoveryCode);
        if state.demand.is_second_factor_due() && !is_met {
            Self::SecondFactor(SecondFactor { state })
        } else if is_recovering && state.demand.is_recovery_mail_due() && !methods.has(Method::EmailCode) {
            Self::RecoveryMail(RecoveryMail { state })
        } else if state.demand.is_password_change_due() {
            Self::PasswordChange(PasswordChange { state })
        } else if is_recovering {
            Self::Recovery(Recovery { state })
        } else if state.demand.enrolment() == EnrolmentDue::Now {
            Self::Enrolment(Enrolment { state })
        } else {
            Self::Complete(Complete { state })
        }
    }

    /// What is proven so far.
    #[must_use]
    pub fn methods(&self) -> Methods {
        self.state().proven.methods()
    }

    /// What is proven so far, and when.
    #[must_use]
    pub fn proven(&self) -> Proven {
        self.state().proven
    }
}

impl SecondFactor {
    /// The ways that are open. None where what is enrolled cannot be proven here: then only others can help.
    #[must_use]
    pub fn ways(&self) -> Methods {
        self.state.demand.ways()
    }

    /// Chooses one of the ways.
    ///
    /// # Errors
    /// The same moment, where the way is not open.
    pub fn choose(self, way: Method) -> Result<Choice, Self> {
        if self.ways().has(way) { Ok(Choice { state: self.state, way }) } else { Err(self) }
    }
}

impl Choice {
    /// The way that was chosen.
    #[must_use]
    pub fn way(&self) -> Method {
        self.way
    }

    /// Another way: back to the choice, with everything still missing.
    #[must_use]
    pub fn another(self) -> SecondFactor {
        SecondFactor { state: self.state }
    }

    /// Moves on after the factor was proven.
    pub fn proven(self, now: UnixTime) -> SignIn {
        SignIn::next(self.state.with(self.way, now))
    }
}

impl RecoveryMail {
    /// Moves on after the code that came by mail was proven.
    pub fn proven(self, now: UnixTime) -> SignIn {
        SignIn::next(self.state.with(Method::EmailCode, now))
    }
}

impl PasswordChange {
    /// Moves on after a new password was stored.
    pub fn chosen(self) -> SignIn {
        let demand = self.state.demand.without_password_change();
        SignIn::next(State { demand, ..self.state })
    }
}

impl Recovery {
    /// Moves on after something was enrolled anew, with what is asked for now.
    pub fn mended(self, enrolled: Method, demand: Demand, now: UnixTime) -> SignIn {
        SignIn::next(State { demand, is_recovery_over: true, ..self.state.with(enrolled, now) })
    }

    /// Moves on because nothing was lost after all.
    pub fn kept(self) -> SignIn {
        SignIn::next(State { is_recovery_over: true, ..self.state })
    }
}

impl Enrolment {
    /// Moves on after something was enrolled, and so proven, with what is asked for now.
    pub fn enrolled(self, method: Method, demand: Demand, now: UnixTime) -> SignIn {
        SignIn::next(State { demand, ..self.state.with(method, now) })
    }
}

impl Complete {
    /// Whether something is still to be enrolled: the answer `enrolment_due`.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentDue {
        self.state.demand.enrolment()
    }

    /// Asks a finished sign-in for a second factor once more, for what needs a fresh one. A trusted device proves nothing
    /// anew, and a recovery code belongs to a sign-in of its own, which leads through the recovery.
    ///
    /// # Errors
    /// The same moment, where nothing is enrolled that could be proven.
    pub fn step_up(self) -> Result<SecondFactor, Self> {
        let demand = self.state.demand.for_step_up();
        if demand.ways().is_empty() { Err(self) } else { Ok(SecondFactor { state: State { demand, ..self.state } }) }
    }
}

impl State {
    fn with(self, method: Method, now: UnixTime) -> Self {
        Self { proven: self.proven.with(method, now), ..self }
    }
}

#[cfg(test)]
mod tests;
