//! The sign-in as an enum: one variant for each moment, and moving on consumes the moment before.
//!
//! A [`SignIn`] says what is proven and what is still missing. Only [`Complete`] makes a full session;
//! each other moment makes a session whose [`Stage`] allows nothing but finishing.

use serde::Serialize;

use crate::session::Stage;
use crate::user::User;

/// One way of proving who somebody is, named as in the claim `amr` (RFC 8176, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `pwd`: a password.
    Password,
    /// `otp`: a one-time code of an authenticator.
    OneTimeCode,
    /// `hwk`: a passkey or security key.
    Passkey,
}

impl Method {
    const ALL: [(Self, u8, &'static str); 3] =
        [(Self::Password, 1, "pwd"), (Self::OneTimeCode, 2, "otp"), (Self::Passkey, 4, "hwk")];

    fn bit(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::OneTimeCode => 2,
            Self::Passkey => 4,
        }
    }
}

/// The set of methods that a sign-in has proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Methods(u8);

impl Methods {
    /// The set with one more method.
    #[must_use]
    pub fn with(self, method: Method) -> Self {
        Self(self.0 | method.bit())
    }

    /// Whether the method was proven.
    #[must_use]
    pub fn has(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    /// Whether the set is complete by two factors: a passkey alone verifies its user, all else takes two.
    #[must_use]
    pub fn is_two_factor(self) -> bool {
        self.has(Method::Passkey) || (self.has(Method::Password) && self.has(Method::OneTimeCode))
    }

    /// The claim `amr` (RFC 8176): the methods, and `mfa` where they are two factors.
    #[must_use]
    pub fn amr(self) -> Vec<&'static str> {
        let mut names: Vec<_> =
            Method::ALL.iter().filter(|(method, ..)| self.has(*method)).map(|(_, _, name)| *name).collect();
        if self.is_two_factor() {
            names.push("mfa");
        }
        names
    }

    /// The claim `acr`: `aal1` for one factor, `aal2` for two (NIST SP 800-63B-4, section 2).
    #[must_use]
    pub fn acr(self) -> &'static str {
        if self.is_two_factor() { "aal2" } else { "aal1" }
    }

    /// The set as the store keeps it.
    #[must_use]
    pub fn to_bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Reads what [`Self::to_bits`] wrote; nothing where a bit is unknown.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        let known = Method::ALL.iter().fold(0, |all, (_, bit, _)| all | bit);
        u8::try_from(bits).ok().filter(|bits| bits & !known == 0).map(Self)
    }
}

impl Serialize for Methods {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.amr().serialize(serializer)
    }
}

/// What an account asks for beside the first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// A second factor is enrolled, or the policy's grace has passed.
    pub is_second_factor_due: bool,
    /// A new password must be chosen.
    pub is_password_change_due: bool,
}

impl Demand {
    /// What this account asks for.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self { is_second_factor_due: false, is_password_change_due: user.must_change_password }
    }
}

/// A sign-in after its first factor.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a sign-in that is dropped signs nobody in"]
pub enum SignIn {
    /// A second factor is missing.
    SecondFactor(SecondFactor),
    /// A new password must be chosen.
    PasswordChange(PasswordChange),
    /// Nothing is missing.
    Complete(Complete),
}

/// The moment that waits for a second factor.
#[derive(Debug, PartialEq, Eq)]
pub struct SecondFactor {
    methods: Methods,
    demand: Demand,
}

/// The moment that waits for a new password.
#[derive(Debug, PartialEq, Eq)]
pub struct PasswordChange {
    methods: Methods,
}

/// The moment in which nothing is missing. Only this module makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Complete {
    methods: Methods,
}

impl SignIn {
    /// The moment after the first factor was proven.
    pub fn begin(first: Method, demand: Demand) -> Self {
        Self::next(Methods::default().with(first), demand)
    }

    /// The moment that a half-finished session waits in.
    pub fn resume(stage: Stage, methods: Methods, demand: Demand) -> Self {
        match stage {
            Stage::Full => Self::Complete(Complete { methods }),
            Stage::SecondFactor => Self::SecondFactor(SecondFactor { methods, demand }),
            Stage::PasswordChange => Self::PasswordChange(PasswordChange { methods }),
        }
    }

    /// A second factor comes before the new password: whoever holds only a stolen password changes nothing.
    fn next(methods: Methods, demand: Demand) -> Self {
        if demand.is_second_factor_due && !methods.is_two_factor() {
            Self::SecondFactor(SecondFactor { methods, demand })
        } else if demand.is_password_change_due {
            Self::PasswordChange(PasswordChange { methods })
        } else {
            Self::Complete(Complete { methods })
        }
    }

    /// The stage that a session of this moment has.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self {
            Self::SecondFactor(_) => Stage::SecondFactor,
            Self::PasswordChange(_) => Stage::PasswordChange,
            Self::Complete(_) => Stage::Full,
        }
    }

    /// What is proven so far.
    #[must_use]
    pub fn methods(&self) -> Methods {
        match self {
            Self::SecondFactor(moment) => moment.methods,
            Self::PasswordChange(moment) => moment.methods,
            Self::Complete(moment) => moment.methods,
        }
    }
}

impl SecondFactor {
    /// Moves on after the factor was proven.
    pub fn proven(self, method: Method) -> SignIn {
        SignIn::next(self.methods.with(method), self.demand)
    }
}

impl PasswordChange {
    /// Moves on after a new password was stored.
    pub fn chosen(self) -> SignIn {
        SignIn::Complete(Complete { methods: self.methods })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Demand = Demand { is_second_factor_due: true, is_password_change_due: true };

    #[test]
    fn a_password_is_enough_where_nothing_else_is_due() {
        let done = SignIn::begin(Method::Password, Demand::default());
        assert_eq!((done.stage(), done.methods().acr()), (Stage::Full, "aal1"));
    }

    #[test]
    fn no_moment_can_be_skipped() {
        let SignIn::SecondFactor(moment) = SignIn::begin(Method::Password, BOTH) else { panic!("factor first") };
        let SignIn::PasswordChange(moment) = moment.proven(Method::OneTimeCode) else { panic!("then the password") };
        let done = moment.chosen();
        assert_eq!((done.stage(), done.methods().amr()), (Stage::Full, vec!["pwd", "otp", "mfa"]));
    }

    #[test]
    fn the_same_factor_twice_is_one_factor() {
        let SignIn::SecondFactor(moment) = SignIn::begin(Method::Password, BOTH) else { panic!("factor first") };
        assert_eq!(moment.proven(Method::Password).stage(), Stage::SecondFactor);
    }

    #[test]
    fn unknown_bits_are_no_methods() {
        let methods = Methods::default().with(Method::Password);
        assert_eq!(Methods::from_bits(methods.to_bits()), Some(methods));
        assert_eq!(Methods::from_bits(64), None);
        assert_eq!(Methods::from_bits(-1), None);
    }
}
