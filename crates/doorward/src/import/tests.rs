//! What is taken over of a file, and what is left out.

use std::sync::Arc;

use super::*;
use crate::identity::hasher::{Parameters, Pepper, Peppers, Settings};
use crate::system::SystemRandom;

const BCRYPT: &str = "$2y$04$YPiYuB5mbYONvOtqGXWfyeMSnVen/q9z3N/jzPoiiNIACRNBFI4qm";

fn hasher() -> Hasher {
    let peppers = Peppers::new(Pepper::new([7; 32]), Vec::new());
    Hasher::start(Settings::new(Parameters::LOW_MEMORY, peppers), Arc::new(SystemRandom)).unwrap()
}

fn codes(left_out: &[LeftOut]) -> Vec<(usize, &str, &str)> {
    left_out.iter().map(|left_out| (left_out.line, left_out.name.as_str(), left_out.code)).collect()
}

#[test]
fn a_line_of_htpasswd_is_taken_over_or_told() {
    let text = format!(
        "# people\n\nada:{BCRYPT}\nbob@example.com:{BCRYPT}:a comment\r\ncarl:$apr1$Gk9IN83o$nRuujMEkOQW/sTQNEIrqA0\n\
         dora:{{SHA}}EfatjsUqKYSrqv18O1FlA3hcIHI=\nerik:hunter2\nhunter2\nADA:{BCRYPT}\n:{BCRYPT}\nfred:$y$j9T$F5Jx5fExrKuP\n"
    );
    let rules = Rules { domain: Some("example.com".to_owned()), ..Rules::default() };
    let plan = plan(read_htpasswd(&text), &rules, &hasher());
    let made: Vec<_> = plan.planned.iter().map(|planned| planned.email.as_str()).collect();
    assert_eq!(made, ["ada@example.com", "bob@example.com"]);
    assert_eq!(
        codes(&plan.skipped),
        [
            (5, "carl", "import.hash_weak"),
            (6, "dora", "import.hash_weak"),
            (7, "erik", "import.hash_weak"),
            (8, "", "import.line_invalid"),
            (9, "ADA", "import.user_exists"),
            (10, "", "import.line_invalid"),
            (11, "fred", "import.hash_unknown"),
        ]
    );
    // CVE-2025-30205: what may be a password is told nowhere.
    assert!(!format!("{plan:?}").contains("hunter2"));
    let without = super::plan(read_htpasswd(&text), &Rules::default(), &hasher());
    assert_eq!(without.planned.len(), 1);
    assert_eq!(codes(&without.skipped)[0], (3, "ada", "import.address_missing"));
}

const AUTHELIA: &str = r"
users:
  john:
    disabled: false
    displayname: 'John Doe'
    password: '$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O'
    email: 'John.Doe@example.com'
    groups: ['admins', 'dev', 'Ops Team']
    given_name: 'John'
    address: {street_address: 'a'}
  harry:
    disabled: true
    password: '$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O'
    email: harry@example.com
  bad:
    disabled: 'no'
    password: '$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O'
    email: bad@example.com
  costly:
    password: '$2b$31$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O'
    email: costly@example.com
  nobody:
    email: nobody@example.com
  12:
    password: '$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O'
    email: 'twelve@example.com'
    groups:
  odd: []
";

#[test]
fn an_entry_of_authelia_is_taken_over_or_told() {
    let plan = plan(read_authelia(AUTHELIA).unwrap(), &Rules::default(), &hasher());
    let seen: Vec<_> = plan
        .planned
        .iter()
        .map(|p| (p.email.as_str(), p.name.as_str(), p.status, p.groups.iter().map(Group::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        seen,
        [
            ("john.doe@example.com", "John Doe", Status::Active, vec!["dev"]),
            ("harry@example.com", "harry", Status::Disabled, vec![]),
            ("twelve@example.com", "12", Status::Active, vec![]),
        ]
    );
    assert_eq!(
        codes(&plan.skipped),
        [
            (0, "bad", "import.line_invalid"),
            (0, "costly", "import.hash_costly"),
            (0, "nobody", "import.line_invalid"),
            (0, "odd", "import.line_invalid"),
        ]
    );
    let notes: Vec<_> = plan.notes.iter().map(|note| (note.code, note.what.as_str())).collect();
    assert_eq!(notes, [("import.group_left_out", "admins"), ("import.group_left_out", "Ops Team")]);
}

// CVE-2026-94000: nobody becomes an administrator by the way.
#[test]
fn administrators_are_taken_over_only_where_that_is_said() {
    let rules = Rules { takes_administrators: true, ..Rules::default() };
    let plan = plan(read_authelia(AUTHELIA).unwrap(), &rules, &hasher());
    assert!(plan.planned[0].groups.iter().any(|group| group.as_str() == ADMINISTRATORS));
}

#[test]
fn a_file_of_another_kind_is_refused_as_a_whole() {
    for text in ["", "users", "users: []", "a: 1", "{", "users: {a: *b}"] {
        assert_eq!(read_authelia(text).unwrap_err().code, "import.file_unreadable", "{text}");
    }
}
