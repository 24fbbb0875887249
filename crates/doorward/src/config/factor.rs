//! The section `[second_factor]`: who must have a second factor, and how far the standard is departed from.

use std::collections::{BTreeMap, BTreeSet};

use doorward_core::factor::policy::{FactorPolicy, Requirement, Strictness};
use doorward_core::session::{Profile, Timeouts};
use doorward_core::user::Group;
use serde::Deserialize;

use super::check::Check;
use super::quantity::duration_text;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "second_factor.require",
        Kind::Word(&["required", "optional", "off"]),
        "required",
        "Whether everybody must set up a second factor. What somebody has set up is asked for whatever stands here.",
    )
    .restart(),
    Key::new(
        "second_factor.required_groups",
        Kind::List,
        "",
        "Groups whose members must, where `require` says less. Of several groups the strictest counts.",
    )
    .restart(),
    Key::new(
        "second_factor.optional_groups",
        Kind::List,
        "",
        "Groups whose members may, where `require` says more or less.",
    )
    .restart(),
    Key::new("second_factor.exempt_groups", Kind::List, "", "Groups whose members are neither told to nor reminded.")
        .restart(),
    Key::new(
        "second_factor.hardware_groups",
        Kind::List,
        "",
        "Groups whose members must have a security key or a passkey that cannot leave its device. Whoever's days of grace are over must set one up at the next sign-in, so tell people before you add a group here.",
    )
    .restart(),
    Key::new(
        "second_factor.profile",
        Kind::Word(&["standard", "strict"]),
        "standard",
        "`standard` allows trusted devices and codes by mail, and the code of an app for up to a minute; the first two depart from NIST SP 800-63B-4 (sections 5.1.1 and 3.1.3.1), so such a sign-in counts as one factor (`acr` is `aal1`). `strict` allows none of them.",
    )
    .restart(),
    Key::new(
        "second_factor.grace_days",
        Kind::Integer(0, 90),
        "7",
        "Days from the first sign-in to the day by which a required second factor must be set up. After that a sign-in leads to the set-up and nowhere else.",
    )
    .restart(),
    Key::new(
        "second_factor.device_days",
        Kind::Integer(1, 365),
        "90",
        "Days after which a device is no longer trusted, however often it was used meanwhile. A device that was not used for 30 days is forgotten before that.",
    )
    .restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    require: Option<Requirement>,
    required_groups: Vec<String>,
    optional_groups: Vec<String>,
    exempt_groups: Vec<String>,
    hardware_groups: Vec<String>,
    profile: Option<Strictness>,
    grace_days: Option<u16>,
    device_days: Option<u16>,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    /// Who must prove what. Whether there is mail is for the section of mail to say.
    pub policy: FactorPolicy,
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> SecondFactor {
        let mut groups = BTreeMap::new();
        let lists = [
            ("second_factor.exempt_groups", self.exempt_groups, Requirement::Off),
            ("second_factor.optional_groups", self.optional_groups, Requirement::Optional),
            ("second_factor.required_groups", self.required_groups, Requirement::Required),
        ];
        for (path, names, requirement) in lists {
            for group in read_groups(path, &names, check) {
                if groups.insert(group.clone(), requirement).is_some() {
                    let why = format!("The group `{group}` stands in two of these lists.");
                    let finding = check.error("config.conflict", path, why).with_remedy("# remove it from one of them");
                    check.report(finding);
                }
            }
        }
        let hardware_groups: BTreeSet<Group> =
            read_groups("second_factor.hardware_groups", &self.hardware_groups, check).into_iter().collect();
        let usual = FactorPolicy::default();
        SecondFactor {
            policy: FactorPolicy {
                requirement: self.require.unwrap_or_default(),
                groups,
                hardware_groups,
                strictness: self.profile.unwrap_or_default(),
                grace_days: self.grace_days.unwrap_or(usual.grace_days),
                device_days: self.device_days.unwrap_or(usual.device_days),
                has_mail: false,
            },
        }
    }
}

/// Looks at the policy beside what other sections say: a key that nobody can set up must not be asked for, or it locks
/// everybody out whom it is asked of; and `strict` means short sessions, too.
pub(super) fn check_beside(policy: &FactorPolicy, can_have_passkeys: bool, timeouts: Timeouts, check: &mut Check<'_>) {
    let path = "second_factor.hardware_groups";
    if !policy.hardware_groups.is_empty() && !can_have_passkeys {
        let why = "Members of these groups must have a security key, and at the address of the pages nobody can set one up: they would be locked out.";
        let finding = check.error("config.passkeys_impossible", path, why);
        let remedy = format!("# remove {}, or give the pages a name with https", check.subject(path));
        check.report(finding.with_remedy(remedy));
    }
    let strict = Profile::Strict.timeouts();
    let is_longer = timeouts.idle > strict.idle || timeouts.absolute > strict.absolute;
    if policy.strictness == Strictness::Strict && is_longer {
        let why = format!(
            "The profile `strict` of [second_factor] goes with sessions of {} idle and {} in all (NIST SP 800-63B-4, section 2.3.3); these live for {} and {}.",
            duration_text(strict.idle),
            duration_text(strict.absolute),
            duration_text(timeouts.idle),
            duration_text(timeouts.absolute)
        );
        let finding = check.warning("config.session_long", "session.profile", why);
        let remedy = check.line("session.profile", "strict");
        check.report(finding.with_remedy(remedy));
    }
}

fn read_groups(path: &'static str, names: &[String], check: &mut Check<'_>) -> Vec<Group> {
    let mut groups = Vec::new();
    for name in names {
        match name.parse() {
            Ok(group) => groups.push(group),
            Err(error) => {
                let why = format!("`{name}`: {error}.");
                let finding = check.error("config.value_invalid", path, why).with_remedy(check.line(path, "staff"));
                check.report(finding);
            }
        }
    }
    groups
}
