//! What no sign-in can do, over every demand and every path.

use std::collections::BTreeSet;

use super::*;
use crate::factor::policy::{Enrolled, FactorPolicy, Strictness};
use crate::user::User;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn user(must_change_password: bool, groups: &[&str]) -> User {
    User {
        id: "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        email: "ada@example.com".parse().unwrap(),
        name: "Ada".parse().unwrap(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        status: crate::user::Status::Active,
        password: None,
        password_changed_at: NOW,
        must_change_password,
        created_at: NOW,
    }
}

fn policy(strictness: Strictness) -> FactorPolicy {
    let hardware_groups = BTreeSet::from(["vault".parse().unwrap()]);
    FactorPolicy { strictness, has_mail: true, hardware_groups, ..FactorPolicy::default() }
}

fn with_totp() -> Enrolled {
    Enrolled { count: 1, has_totp: true, recovery_codes: 9, is_email_verified: true, ..Enrolled::default() }
}

fn demand(enrolled: &Enrolled, must_change_password: bool) -> Demand {
    policy(Strictness::Standard).demand(&user(must_change_password, &[]), enrolled, NOW)
}

fn begin(demand: Demand) -> SignIn {
    SignIn::begin(First::Password, demand, NOW)
}

#[test]
fn a_password_is_a_full_sign_in_of_one_factor_in_the_days_of_grace() {
    let SignIn::Complete(done) = begin(demand(&Enrolled::default(), false)) else { panic!("nothing is missing") };
    assert_eq!(done.enrolment(), EnrolmentDue::DueBy(NOW + 7 * 86_400));
    assert_eq!(SignIn::Complete(done).methods().acr(), "aal1");
}

#[test]
fn no_moment_can_be_skipped() {
    let SignIn::SecondFactor(moment) = begin(demand(&with_totp(), true)) else { panic!("factor first") };
    let choice = moment.choose(Method::OneTimeCode).unwrap();
    let SignIn::PasswordChange(moment) = choice.proven(NOW) else { panic!("then the password") };
    let done = moment.chosen();
    assert_eq!((done.stage(), done.methods().amr()), (Stage::Full, vec!["pwd", "otp", "mfa"]));
}

#[test]
fn another_way_drops_no_requirement() {
    let SignIn::SecondFactor(moment) = begin(demand(&with_totp(), false)) else { panic!("factor first") };
    let choice = moment.choose(Method::OneTimeCode).unwrap();
    assert_eq!(choice.way(), Method::OneTimeCode);
    let moment = choice.another();
    // Ways that are not open: the same factor twice, another's, a device that nobody trusts.
    let moment = [Method::Password, Method::Passkey, Method::HardwareKey, Method::EmailCode, Method::TrustedDevice]
        .into_iter()
        .fold(moment, |moment, way| moment.choose(way).unwrap_err());
    let SignIn::RecoveryMail(moment) = moment.choose(Method::RecoveryCode).unwrap().proven(NOW) else {
        panic!("the address must be proven")
    };
    let SignIn::Recovery(moment) = moment.proven(NOW) else { panic!("only what was lost can be replaced") };
    let done = moment.kept();
    assert_eq!((done.stage(), done.methods().acr()), (Stage::Full, "aal2"));
}

#[test]
fn whoever_mends_what_was_lost_is_in() {
    let enrolled = Enrolled { is_email_verified: false, ..with_totp() };
    let SignIn::SecondFactor(moment) = begin(demand(&enrolled, true)) else { panic!("factor first") };
    let SignIn::PasswordChange(moment) = moment.choose(Method::RecoveryCode).unwrap().proven(NOW) else {
        panic!("there is no address to prove, so the password is next")
    };
    let SignIn::Recovery(moment) = moment.chosen() else { panic!("then what was lost") };
    let now = Enrolled { count: 2, has_passkey: true, recovery_codes: 8, ..enrolled };
    let done = moment.mended(Method::Passkey, demand(&now, false), NOW + 60);
    assert_eq!((done.stage(), done.proven().last(Method::Passkey)), (Stage::Full, Some(NOW + 60)));
}

#[test]
fn whoever_must_enrol_can_only_enrol() {
    let over = Enrolled { grace_began_at: Some(UnixTime(0)), ..Enrolled::default() };
    let SignIn::Enrolment(moment) = begin(demand(&over, false)) else { panic!("the grace is over") };
    let now = Enrolled { count: 1, has_totp: true, ..over };
    let done = moment.enrolled(Method::OneTimeCode, demand(&now, false), NOW);
    assert_eq!((done.stage(), done.methods().acr()), (Stage::Full, "aal2"));
    // Whatever was enrolled meanwhile and is not good enough leaves the moment where it is.
    let vault = user(false, &["vault"]);
    let hard = policy(Strictness::Standard).demand(&vault, &Enrolled { grace_began_at: Some(UnixTime(0)), ..now }, NOW);
    let SignIn::SecondFactor(moment) = begin(hard) else { panic!("what there is is asked for") };
    let SignIn::Enrolment(moment) = moment.choose(Method::OneTimeCode).unwrap().proven(NOW) else {
        panic!("and then a key must be enrolled")
    };
    assert_eq!(moment.enrolled(Method::OneTimeCode, hard, NOW).stage(), Stage::Enrolment);
}

#[test]
fn a_trusted_device_stands_in_and_is_one_factor() {
    let known = Enrolled { has_trusted_device: true, ..with_totp() };
    let SignIn::SecondFactor(moment) = begin(demand(&known, false)) else { panic!("factor first") };
    let done = moment.choose(Method::TrustedDevice).unwrap().proven(NOW);
    assert_eq!((done.stage(), done.methods().acr()), (Stage::Full, "aal1"));
    assert_eq!(done.proven().second_factor_age(NOW), None);
    let SignIn::Complete(done) = done else { panic!("nothing is missing") };
    let moment = done.step_up().unwrap();
    assert_eq!(moment.ways(), Methods::default().with(Method::OneTimeCode));
    let done = moment.choose(Method::OneTimeCode).unwrap().proven(NOW + 5);
    assert_eq!((done.stage(), done.methods().acr()), (Stage::Full, "aal2"));
    assert!(done.proven().is_fresh(NOW + 5, 300));
}

#[test]
fn a_key_of_a_kind_that_is_not_enough_is_followed_by_one_that_is() {
    let keys = Enrolled { count: 2, has_passkey: true, has_hardware_key: true, recovery_codes: 1, ..with_totp() };
    let hard = policy(Strictness::Standard).demand(&user(false, &["vault"]), &keys, NOW);
    let SignIn::SecondFactor(moment) = SignIn::begin(First::Passkey, hard, NOW) else {
        panic!("hardware is asked for")
    };
    let moment = moment.choose(Method::OneTimeCode).unwrap_err();
    assert_eq!(moment.choose(Method::HardwareKey).unwrap().proven(NOW).stage(), Stage::Full);
    assert_eq!(SignIn::begin(First::HardwareKey, hard, NOW).stage(), Stage::Full);
    assert_eq!(SignIn::begin(First::Passkey, demand(&keys, false), NOW).methods().acr(), "aal2");
}

#[test]
fn what_cannot_be_proven_lets_nobody_in() {
    let elsewhere = Enrolled { count: 1, ..Enrolled::default() };
    let SignIn::SecondFactor(mut moment) = begin(demand(&elsewhere, false)) else { panic!("it is asked for") };
    for way in Method::ALL {
        moment = moment.choose(way).unwrap_err();
    }
    assert!(moment.ways().is_empty());
}

/// Every set of facts.
fn every_enrolment() -> Vec<Enrolled> {
    let bit = |bits: u32, place: u32| bits >> place & 1 == 1;
    let facts = |bits: u32| {
        let kinds = [bit(bits, 0), bit(bits, 1), bit(bits, 2), bit(bits, 3)];
        Enrolled {
            count: kinds.iter().filter(|has| **has).count(),
            has_totp: kinds[0],
            has_passkey: kinds[1] || kinds[2],
            has_hardware_key: kinds[2],
            has_email_code: kinds[3],
            is_email_verified: bit(bits, 4),
            recovery_codes: usize::from(bit(bits, 5)),
            has_trusted_device: bit(bits, 6),
            is_reset_by_link: bit(bits, 8),
            grace_began_at: bit(bits, 7).then_some(UnixTime(0)),
        }
    };
    (0..512).map(facts).collect()
}

/// Every way on from a moment, by the public moves alone and over a restart between any two of them.
fn moves(moment: &SignIn, demand: Demand) -> Vec<SignIn> {
    let again = || SignIn::resume(moment.stage(), moment.proven(), demand);
    match again() {
        SignIn::SecondFactor(_) => {
            let choose = |way| match again() {
                SignIn::SecondFactor(moment) => moment.choose(way).ok().map(|choice| choice.proven(NOW)),
                _ => None,
            };
            Method::ALL.into_iter().filter_map(choose).collect()
        }
        SignIn::RecoveryMail(moment) => vec![moment.proven(NOW)],
        SignIn::PasswordChange(moment) => vec![moment.chosen()],
        SignIn::Recovery(moment) => vec![moment.kept()],
        SignIn::Enrolment(moment) => vec![moment.enrolled(Method::EmailCode, demand, NOW)],
        SignIn::Complete(_) => Vec::new(),
    }
}

#[test]
fn no_path_through_any_sign_in_leads_around_a_demand() {
    let mut finished = 0;
    for strictness in [Strictness::Standard, Strictness::Strict] {
        for groups in [&[][..], &["vault"]] {
            for (enrolled, must) in every_enrolment().into_iter().flat_map(|facts| [(facts, false), (facts, true)]) {
                let demand = policy(strictness).demand(&user(must, groups), &enrolled, NOW);
                let mut open = vec![(begin(demand), 0, false)];
                while let Some((moment, steps, has_changed)) = open.pop() {
                    let asked = if has_changed { demand.without_password_change() } else { demand };
                    assert!(steps < 8, "a sign-in ends: {moment:?}");
                    let has_changed = has_changed || moment.stage() == Stage::PasswordChange;
                    let methods = moment.methods();
                    if moment.stage() == Stage::Full {
                        finished += 1;
                        assert!(!demand.is_second_factor_due() || methods.meets(demand.ways()), "{moment:?}");
                        assert!(!must || has_changed, "{moment:?}");
                        assert_ne!(demand.enrolment(), EnrolmentDue::Now, "{moment:?}");
                        let by_code = methods.has(Method::RecoveryCode) && demand.is_recovery_mail_due();
                        assert!(!by_code || methods.has(Method::EmailCode), "{moment:?}");
                        if strictness == Strictness::Strict {
                            assert!(!methods.has(Method::TrustedDevice), "{moment:?}");
                        }
                    }
                    // Enrolling what is not enough goes round in a circle on purpose; there is nothing more to see.
                    if moment.stage() != Stage::Enrolment {
                        open.extend(moves(&moment, asked).into_iter().map(|next| (next, steps + 1, has_changed)));
                    }
                }
            }
        }
    }
    assert!(finished > 1_000, "{finished}");
}

#[test]
fn the_last_recovery_code_is_worth_as_much_as_the_first() {
    let SignIn::SecondFactor(moment) = begin(demand(&Enrolled { recovery_codes: 1, ..with_totp() }, false)) else {
        panic!("factor first")
    };
    let SignIn::RecoveryMail(moment) = moment.choose(Method::RecoveryCode).unwrap().proven(NOW) else {
        panic!("the address must be proven")
    };
    // The demand is made anew at each step, and now the sheet is used up.
    let spent = demand(&Enrolled { recovery_codes: 0, ..with_totp() }, false);
    let proven = SignIn::RecoveryMail(moment).proven();
    let SignIn::RecoveryMail(moment) = SignIn::resume(Stage::RecoveryMail, proven, spent) else { panic!("resumed") };
    let SignIn::Recovery(moment) = moment.proven(NOW) else { panic!("only what was lost can be replaced") };
    assert_eq!(moment.kept().stage(), Stage::Full);
}
