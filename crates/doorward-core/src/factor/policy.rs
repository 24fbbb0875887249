//! What is asked of whom: the policy of the installation, what somebody has enrolled, and the demand that follows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::totp::Window;
use super::{Credential, DEVICE_SECONDS, Detail};
use crate::clock::UnixTime;
use crate::signin::{Method, Methods};
use crate::user::{Group, User};

/// Whether a second factor must be enrolled. What is enrolled is asked for under each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// Nobody is told to.
    Off,
    /// Everybody may, and is reminded.
    Optional,
    /// Everybody must, after the days of grace.
    #[default]
    Required,
}

/// How far the standard is departed from for comfort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// Trusted devices, codes by mail, and the TOTP step before.
    #[default]
    Standard,
    /// None of them.
    Strict,
}

impl Strictness {
    /// The TOTP steps that are accepted (ruling 7).
    #[must_use]
    pub fn window(self) -> Window {
        match self {
            Self::Standard => Window::Previous,
            Self::Strict => Window::Current,
        }
    }
}

/// The policy of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorPolicy {
    /// For everybody of whom the groups say nothing.
    pub requirement: Requirement,
    /// For members of these groups; of several the strictest counts, and it counts instead of `requirement`.
    pub groups: BTreeMap<Group, Requirement>,
    /// Members must have a key that cannot leave its device. Implies [`Requirement::Required`].
    pub hardware_groups: BTreeSet<Group>,
    /// How far the standard is departed from.
    pub strictness: Strictness,
    /// Days from the first sign-in to the day by which something must be enrolled.
    pub grace_days: u16,
    /// Days after which a device is no longer trusted, however often it was used meanwhile.
    pub device_days: u16,
    /// Whether mail can be sent. Without it everything by mail is hidden (ruling 6).
    pub has_mail: bool,
}

impl Default for FactorPolicy {
    fn default() -> Self {
        Self {
            requirement: Requirement::Required,
            groups: BTreeMap::new(),
            hardware_groups: BTreeSet::new(),
            strictness: Strictness::Standard,
            grace_days: 7,
            device_days: 90,
            has_mail: false,
        }
    }
}

/// What somebody has enrolled, as far as a sign-in here and now is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of which has its own row in the table")]
pub struct Enrolled {
    /// How many things are enrolled that count as a second factor.
    pub count: usize,
    /// An authenticator app.
    pub has_totp: bool,
    /// A passkey for this domain, of whichever kind.
    pub has_passkey: bool,
    /// A passkey for this domain whose key cannot leave its device.
    pub has_hardware_key: bool,
    /// Codes by mail.
    pub has_email_code: bool,
    /// The address of the account was proven, so that a code can be sent there.
    pub is_email_verified: bool,
    /// How many recovery codes are unused.
    pub recovery_codes: usize,
    /// This browser presented the token of a device that this user trusts.
    pub has_trusted_device: bool,
    /// The password was chosen by a link, and nothing but the mailbox has been proven since: see [`FactorPolicy::demand`].
    pub is_reset_by_link: bool,
    /// When the days of grace began; nothing before the first sign-in under a requirement.
    pub grace_began_at: Option<UnixTime>,
}

impl Enrolled {
    /// The facts of a list of credentials; the rest is for the caller to add.
    #[must_use]
    pub fn of(credentials: &[Credential], rp_id: &str) -> Self {
        let mut enrolled = Self { count: credentials.len(), ..Self::default() };
        for credential in credentials {
            match &credential.detail {
                Detail::Totp { .. } => enrolled.has_totp = true,
                Detail::EmailCode => enrolled.has_email_code = true,
                Detail::Passkey(passkey) if &*passkey.rp_id == rp_id => {
                    enrolled.has_passkey = true;
                    enrolled.has_hardware_key |= passkey.is_device_bound;
                }
                // Its domain is gone. It still counts as enrolled: a password alone is not enough.
                Detail::Passkey(_) => {}
            }
        }
        enrolled
    }
}

/// Whether something is still to be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enrolment {
    /// No.
    #[default]
    NotDue,
    /// It would be wise: two ways of proving, and a sheet of recovery codes.
    Suggested,
    /// By this moment.
    DueBy(UnixTime),
    /// Now: nothing else can be done.
    Now,
}

/// What a sign-in asks for beside the first factor. Only [`FactorPolicy::demand`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    is_second_factor_due: bool,
    ways: Methods,
    is_recovery_mail_due: bool,
    is_password_change_due: bool,
    enrolment: Enrolment,
}

impl Demand {
    /// Whether a second factor must be proven.
    #[must_use]
    pub fn is_second_factor_due(self) -> bool {
        self.is_second_factor_due
    }

    /// Each of these proves it. None, where it is due and cannot be proven here.
    #[must_use]
    pub fn ways(self) -> Methods {
        self.ways
    }

    /// Whether a recovery code has to be followed by a code by mail.
    #[must_use]
    pub fn is_recovery_mail_due(self) -> bool {
        self.is_recovery_mail_due
    }

    /// Whether a new password must be chosen.
    #[must_use]
    pub fn is_password_change_due(self) -> bool {
        self.is_password_change_due
    }

    /// Whether something is still to be enrolled.
    #[must_use]
    pub fn enrolment(self) -> Enrolment {
        self.enrolment
    }

    pub(crate) fn for_step_up(self) -> Self {
        let is_proof = |way: &Method| !matches!(way, Method::TrustedDevice | Method::RecoveryCode);
        Self { ways: self.ways.iter().filter(is_proof).collect(), ..self }
    }

    pub(crate) fn without_password_change(self) -> Self {
        Self { is_password_change_due: false, ..self }
    }
}

/// What must stay enrolled when something is removed. Only what can be used here and now counts: no passkey of another
/// domain, and no code by mail to an address that was not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// A second factor; a code by mail is one only where the flag says so.
    Factor {
        /// The domain that a passkey must be for.
        rp_id: Box<str>,
        /// Whether codes by mail count.
        by_mail: bool,
    },
    /// A key that cannot leave its device.
    HardwareKey {
        /// The domain that it must be for.
        rp_id: Box<str>,
    },
}

impl Keep {
    /// Whether these are enough, where the address of the account is proven or is not.
    #[must_use]
    pub fn is_met(&self, credentials: &[Credential], is_email_verified: bool) -> bool {
        let is_enough = |credential: &Credential| match (&credential.detail, self) {
            (_, Self::Nothing) | (Detail::Totp { .. }, Self::Factor { .. }) => true,
            (Detail::EmailCode, Self::Factor { by_mail, .. }) => *by_mail && is_email_verified,
            (Detail::Passkey(passkey), Self::Factor { rp_id, .. }) => passkey.rp_id == *rp_id,
            (Detail::Passkey(passkey), Self::HardwareKey { rp_id }) => {
                passkey.is_device_bound && passkey.rp_id == *rp_id
            }
            (_, Self::HardwareKey { .. }) => false,
        };
        *self == Self::Nothing || credentials.iter().any(is_enough)
    }
}

impl FactorPolicy {
    /// Whether this user must have a second factor.
    #[must_use]
    pub fn requirement(&self, user: &User) -> Requirement {
        let of_groups = user.groups.iter().filter_map(|group| self.groups.get(group)).max();
        if self.needs_hardware(user) { Requirement::Required } else { of_groups.copied().unwrap_or(self.requirement) }
    }

    /// Whether this user must have a key that cannot leave its device.
    #[must_use]
    pub fn needs_hardware(&self, user: &User) -> bool {
        user.groups.iter().any(|group| self.hardware_groups.contains(group))
    }

    /// Whether codes by mail count as a second factor for anybody.
    #[must_use]
    pub fn allows_email_code(&self) -> bool {
        self.has_mail && self.strictness == Strictness::Standard
    }

    /// Until when a device is trusted that was trusted at `since` and is used at `now`: each use moves the end on, but never
    /// beyond the days that there are in all.
    #[must_use]
    pub fn trusted_until(&self, since: UnixTime, now: UnixTime) -> UnixTime {
        (now + DEVICE_SECONDS).min(since + i64::from(self.device_days) * 86_400)
    }

    /// Whether this user may trust a device.
    #[must_use]
    pub fn allows_trusted_device(&self, user: &User) -> bool {
        self.strictness == Strictness::Standard && !self.needs_hardware(user)
    }

    /// What must stay enrolled when this user removes something, at this domain.
    #[must_use]
    pub fn keep(&self, user: &User, rp_id: &str) -> Keep {
        match self.requirement(user) {
            _ if self.needs_hardware(user) => Keep::HardwareKey { rp_id: rp_id.into() },
            Requirement::Required => Keep::Factor { rp_id: rp_id.into(), by_mail: self.allows_email_code() },
            Requirement::Off | Requirement::Optional => Keep::Nothing,
        }
    }

    /// What a sign-in of this user asks for now.
    ///
    /// A password that was chosen by a link from the mailbox and a code that comes into it are one channel, so that code is
    /// no way until something stronger was used once, where there is something stronger.
    ///
    /// The tests of this file hold the table of cases, which is its specification.
    #[must_use]
    pub fn demand(&self, user: &User, enrolled: &Enrolled, now: UnixTime) -> Demand {
        let is_second_factor_due = enrolled.count > 0;
        Demand {
            is_second_factor_due,
            ways: if is_second_factor_due { self.ways(user, enrolled) } else { Methods::default() },
            is_recovery_mail_due: self.has_mail && enrolled.is_email_verified,
            is_password_change_due: user.must_change_password,
            enrolment: self.enrolment(user, enrolled, now),
        }
    }

    fn ways(&self, user: &User, enrolled: &Enrolled) -> Methods {
        let is_hardware_only = self.needs_hardware(user) && enrolled.has_hardware_key;
        let add = |set: Methods, is_open: bool, way| if is_open { set.with(way) } else { set };
        let mut ways = add(Methods::default(), enrolled.has_hardware_key, Method::HardwareKey);
        if !is_hardware_only {
            ways = add(ways, enrolled.has_totp, Method::OneTimeCode);
            ways = add(ways, enrolled.has_passkey, Method::Passkey);
            // What is no longer good enough is asked for where there is nothing better.
            let is_mail_open = self.strictness == Strictness::Standard || ways.is_empty();
            let has_stronger = !ways.is_empty() || enrolled.recovery_codes > 0;
            let is_second_channel = !(enrolled.is_reset_by_link && has_stronger);
            let can_mail = enrolled.has_email_code && enrolled.is_email_verified && self.has_mail;
            ways = add(ways, can_mail && is_mail_open && is_second_channel, Method::EmailCode);
        }
        let is_trusted = enrolled.has_trusted_device && self.allows_trusted_device(user);
        ways = add(ways, is_trusted, Method::TrustedDevice);
        add(ways, enrolled.recovery_codes > 0, Method::RecoveryCode)
    }

    fn is_enough(&self, user: &User, enrolled: &Enrolled) -> bool {
        if self.needs_hardware(user) {
            enrolled.has_hardware_key
        } else {
            let by_mail = enrolled.has_email_code && enrolled.is_email_verified && self.allows_email_code();
            enrolled.has_totp || enrolled.has_passkey || by_mail
        }
    }

    fn enrolment(&self, user: &User, enrolled: &Enrolled, now: UnixTime) -> Enrolment {
        let is_thin = enrolled.count < 2 || enrolled.recovery_codes == 0;
        let suggested = if is_thin { Enrolment::Suggested } else { Enrolment::NotDue };
        match self.requirement(user) {
            Requirement::Off => Enrolment::NotDue,
            Requirement::Required if !self.is_enough(user, enrolled) => {
                // A clock that went back gives nobody more days than there are.
                let began = enrolled.grace_began_at.unwrap_or(now).min(now);
                let due = began + i64::from(self.grace_days) * 86_400;
                if now >= due { Enrolment::Now } else { Enrolment::DueBy(due) }
            }
            Requirement::Optional | Requirement::Required => suggested,
        }
    }
}

#[cfg(test)]
mod tests;
