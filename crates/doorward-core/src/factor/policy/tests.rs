//! The table of cases: who is asked for what.

use super::*;

const NOW: UnixTime = UnixTime(1_800_000_000);
const DAY: i64 = 86_400;

fn user(groups: &[&str]) -> User {
    User {
        id: "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        email: "ada@example.com".parse().unwrap(),
        name: "Ada".parse().unwrap(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        status: crate::user::Status::Active,
        password: None,
        password_changed_at: NOW,
        must_change_password: false,
        created_at: NOW,
    }
}

/// What is enrolled, as letters: `t` app, `p` passkey, `h` hardware key, `f` passkey of another domain, `m` codes by
/// mail, `v` verified address, `r` recovery codes, `d` trusted device, `l` password chosen by a link.
fn enrolled(letters: &str) -> Enrolled {
    let has = |letter| letters.contains(letter);
    Enrolled {
        count: letters.chars().filter(|letter| "tphfm".contains(*letter)).count(),
        has_totp: has('t'),
        has_passkey: has('p') || has('h'),
        has_hardware_key: has('h'),
        has_email_code: has('m'),
        is_email_verified: has('v'),
        recovery_codes: if has('r') { 10 } else { 0 },
        has_trusted_device: has('d'),
        is_reset_by_link: has('l'),
        grace_began_at: None,
    }
}

fn policy(requirement: Requirement, strictness: Strictness, has_mail: bool) -> FactorPolicy {
    let groups = [("guests", Requirement::Off), ("staff", Requirement::Required), ("club", Requirement::Optional)];
    FactorPolicy {
        requirement,
        groups: groups.map(|(name, requirement)| (name.parse().unwrap(), requirement)).into(),
        hardware_groups: ["vault".parse().unwrap()].into(),
        strictness,
        grace_days: 7,
        device_days: 90,
        has_mail,
    }
}

fn names(ways: Methods) -> String {
    ways.iter().map(Method::as_str).collect::<Vec<_>>().join(" ")
}

/// One row: strictness, whether there is mail, groups, what is enrolled; then the ways, and what is to be enrolled.
type Row = (Strictness, bool, &'static [&'static str], &'static str, &'static str, Enrolment);

#[test]
fn asks_for_what_the_table_says() {
    use Enrolment::{NotDue, Suggested};
    use Strictness::{Standard, Strict};
    let by = Enrolment::DueBy(NOW + 7 * DAY);
    let rows: &[Row] = &[
        // Nothing enrolled: nothing to ask, and seven days to enrol.
        (Standard, true, &[], "", "", by),
        (Strict, false, &[], "", "", by),
        (Standard, true, &[], "vrd", "", by),
        // Each thing alone, and the sheet beside it.
        (Standard, true, &[], "t", "otp", Suggested),
        (Standard, true, &[], "tr", "otp recovery", Suggested),
        (Standard, true, &[], "tpr", "otp swk recovery", NotDue),
        (Standard, true, &[], "thr", "otp swk recovery hwk", NotDue),
        // Codes by mail need mail, a proven address and the profile.
        (Standard, true, &[], "mv", "email", Suggested),
        (Standard, true, &[], "mtvr", "otp email recovery", NotDue),
        (Standard, true, &[], "m", "", by),
        (Standard, false, &[], "mv", "", by),
        (Standard, false, &[], "mvr", "recovery", by),
        (Strict, true, &[], "mtv", "otp", Suggested),
        // What is no longer good enough is asked for all the same, and something better must be enrolled.
        (Strict, true, &[], "mv", "email", by),
        // A trusted device stands in under the standard profile only.
        (Standard, true, &[], "td", "otp device", Suggested),
        (Strict, true, &[], "td", "otp", Suggested),
        // A passkey of a domain that is gone still counts: a password alone is not enough.
        (Standard, true, &[], "f", "", by),
        (Standard, true, &[], "fr", "recovery", by),
        (Standard, true, &[], "ft", "otp", Suggested),
        // Hardware: nothing weaker once there is a key, and what there is until then.
        (Standard, true, &["vault"], "htpmvrd", "recovery hwk", NotDue),
        (Standard, true, &["vault"], "tpr", "otp swk recovery", by),
        (Standard, true, &["vault", "guests"], "td", "otp", by),
        // Groups: the strictest of them, instead of what holds for all. What is enrolled is asked for anyway.
        (Standard, true, &["guests"], "", "", NotDue),
        (Standard, true, &["guests"], "t", "otp", NotDue),
        (Standard, true, &["club"], "", "", Suggested),
        (Standard, true, &["guests", "club"], "", "", Suggested),
        (Standard, true, &["guests", "staff"], "", "", by),
        (Standard, true, &["others"], "", "", by),
    ];
    for row @ (strictness, has_mail, groups, letters, ways, enrolment) in rows {
        let policy = policy(Requirement::Required, *strictness, *has_mail);
        let demand = policy.demand(&user(groups), &enrolled(letters), NOW);
        assert_eq!((names(demand.ways()).as_str(), demand.enrolment()), (*ways, *enrolment), "{row:?}");
        assert_eq!(demand.is_second_factor_due(), enrolled(letters).count > 0, "{row:?}");
        assert_eq!(demand.is_recovery_mail_due(), *has_mail && letters.contains('v'), "{row:?}");
    }
}

// CVE-2025-64103: a factor was asked for only where the policy said so.
#[test]
fn asks_for_what_is_enrolled_under_every_policy() {
    for requirement in [Requirement::Off, Requirement::Optional, Requirement::Required] {
        for strictness in [Strictness::Standard, Strictness::Strict] {
            for has_mail in [false, true] {
                for letters in ["t", "p", "h", "f", "m", "mv", "tphfmvrd"] {
                    for groups in [&[][..], &["vault"], &["guests"]] {
                        let policy = policy(requirement, strictness, has_mail);
                        let demand = policy.demand(&user(groups), &enrolled(letters), NOW);
                        assert!(demand.is_second_factor_due());
                        assert!(!demand.ways().has(Method::Password));
                    }
                }
            }
        }
    }
}

#[test]
fn grace_is_counted_from_its_beginning_and_ends_to_the_second() {
    let policy = policy(Requirement::Required, Strictness::Standard, false);
    let ask = |began: Option<i64>, now: UnixTime| {
        let enrolled = Enrolled { grace_began_at: began.map(UnixTime), ..Enrolled::default() };
        policy.demand(&user(&[]), &enrolled, now).enrolment()
    };
    assert_eq!(ask(Some(NOW.0), NOW + DAY), Enrolment::DueBy(NOW + 7 * DAY));
    assert_eq!(ask(Some(NOW.0), NOW + 7 * DAY - 1), Enrolment::DueBy(NOW + 7 * DAY));
    assert_eq!(ask(Some(NOW.0), NOW + 7 * DAY), Enrolment::Now);
    assert_eq!(ask(Some(0), NOW), Enrolment::Now, "a reset leaves no grace");
    // A clock that stands before the beginning gives the days of grace and no more.
    assert_eq!(ask(Some(NOW.0), NOW - 100 * DAY), Enrolment::DueBy(NOW - 93 * DAY));
    let none = FactorPolicy { grace_days: 0, ..policy.clone() };
    assert_eq!(none.demand(&user(&[]), &Enrolled::default(), NOW).enrolment(), Enrolment::Now);
}

#[test]
fn keeps_what_the_policy_needs() {
    let credential = |detail| Credential {
        id: "crd_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        user: user(&[]).id,
        name: "Phone".parse().unwrap(),
        detail,
        created_at: NOW,
        last_used_at: None,
    };
    let passkey = |rp_id: &str, is_device_bound| {
        Detail::Passkey(super::super::Passkey {
            key_id: "AA".into(),
            rp_id: rp_id.into(),
            record: "{}".into(),
            sign_count: 0,
            is_discoverable: true,
            is_device_bound,
            is_backed_up: false,
            transports: "internal".into(),
        })
    };
    let totp = credential(Detail::Totp { secret: super::super::Sealed::new("x"), last_step: -1 });
    let mail = credential(Detail::EmailCode);
    let synced = credential(passkey("example.com", false));
    let bound = credential(passkey("example.com", true));
    let of = |by_mail| Keep::Factor { rp_id: "example.com".into(), by_mail };
    let (by_mail, strong) = (of(true), of(false));
    let hardware = Keep::HardwareKey { rp_id: "example.com".into() };
    let moved = credential(passkey("old.example.com", true));
    for (keep, left, is_proven, is_met) in [
        (&Keep::Nothing, vec![], false, true),
        (&strong, vec![], true, false),
        (&strong, vec![mail.clone()], true, false),
        (&by_mail, vec![mail.clone()], true, true),
        // Nobody could be sent a code, or sign with a key of another domain.
        (&by_mail, vec![mail.clone()], false, false),
        (&strong, vec![moved.clone()], true, false),
        (&strong, vec![synced.clone()], true, true),
        (&strong, vec![totp.clone()], false, true),
        (&hardware, vec![totp, mail, synced.clone()], true, false),
        (&hardware, vec![moved], true, false),
        (&hardware, vec![bound.clone()], false, true),
    ] {
        assert_eq!(keep.is_met(&left, is_proven), is_met, "{keep:?} {left:?}");
    }
    let policy = policy(Requirement::Optional, Strictness::Standard, true);
    assert_eq!(policy.keep(&user(&[]), "example.com"), Keep::Nothing);
    assert_eq!(policy.keep(&user(&["staff"]), "example.com"), by_mail);
    assert_eq!(policy.keep(&user(&["vault"]), "example.com"), hardware);
    // The facts of a list: a key of another domain counts and opens nothing.
    let facts = Enrolled::of(&[synced, bound], "example.com");
    assert!(facts.has_passkey && facts.has_hardware_key && facts.count == 2);
    let elsewhere = Enrolled::of(&[credential(passkey("old.example.com", true))], "example.com");
    assert_eq!(elsewhere, Enrolled { count: 1, ..Enrolled::default() });
}

// A mailbox that resets a password and then receives the second factor is one factor twice.
#[test]
fn a_code_by_mail_proves_nothing_after_a_mailed_reset_where_there_is_something_stronger() {
    let policy = policy(Requirement::Required, Strictness::Standard, true);
    let ways = |letters| names(policy.demand(&user(&[]), &enrolled(letters), NOW).ways());
    for (letters, expected) in [
        ("tmv", "otp email"),
        ("tmvl", "otp"),
        ("pmvl", "swk"),
        ("mvrl", "recovery"),
        ("tmvrl", "otp recovery"),
        // There is nothing else: better one channel than nobody.
        ("mvl", "email"),
        ("fmvl", "email"),
    ] {
        assert_eq!(ways(letters), expected, "{letters}");
    }
}

#[test]
fn trust_in_a_device_slides_up_to_an_end() {
    let policy = FactorPolicy { device_days: 40, ..FactorPolicy::default() };
    let until = |day: i64| policy.trusted_until(NOW, NOW + day * DAY).seconds_since(NOW) / DAY;
    assert_eq!([0, 5, 10, 11, 39].map(until), [30, 35, 40, 40, 40]);
}
