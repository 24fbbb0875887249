//! The section `[second_factor]`: who must have a second factor, and how far the standard is departed from.

use std::collections::{BTreeMap, BTreeSet};

use doorward_core::factor::policy::{FactorPolicy, Requirement, Strictness};
use doorward_core::user::Group;
use serde::Deserialize;

use super::check::Check;
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
        "Groups whose members must have a security key or a passkey that cannot leave its device.",
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
