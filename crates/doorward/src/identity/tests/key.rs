//! Key files: made once, kept, checked, rotated.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::identity::keyring::{AFTER_SECONDS, LEAD_SECONDS};

const DAY: i64 = 86_400;

struct Place {
    _directory: TempDir,
    keys: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let keys = directory.path().join("keys");
        Self { _directory: directory, keys }
    }

    fn open(&self, has_database: bool) -> Result<Keyring, Vec<&'static str>> {
        let opened = Keyring::open(&self.keys, has_database, UnixTime(START), &Seed::new(3));
        opened.map_err(|findings| findings.into_iter().map(|finding| finding.code).collect())
    }

    fn file(&self, family: &str) -> PathBuf {
        let entries = fs::read_dir(&self.keys).unwrap().map(|entry| entry.unwrap().path());
        entries.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(family)).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn kids(keyring: &Keyring) -> Vec<String> {
    let keys = keyring.jwks()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_are_made_once_and_kept() {
    let place = Place::new();
    let first = place.open(false).unwrap();
    assert_eq!(mode(&place.keys), 0o700);
    for family in ["signing", "csrf", "pepper"] {
        assert_eq!(mode(&place.file(family)), 0o600, "{family}");
    }
    for has_database in [false, true] {
        let again = place.open(has_database).unwrap();
        assert_eq!(again.fingerprint(), first.fingerprint());
        assert_eq!(again.csrf_secrets(), first.csrf_secrets());
    }
    assert_ne!(Place::new().open(false).unwrap().rotate(UnixTime(START), &Seed::new(9)).unwrap(), kids(&first)[0]);
    assert!(!format!("{first:?}").contains(first.csrf_secrets()[0].1.expose_secret()));
}

#[test]
fn a_database_without_its_keys_gets_no_new_ones() {
    let place = Place::new();
    assert_eq!(place.open(true).unwrap_err(), ["keys.missing"]);
    assert!(!place.keys.exists());
    place.open(false).unwrap();
    fs::remove_file(place.file("pepper")).unwrap();
    assert_eq!(place.open(true).unwrap_err(), ["keys.missing"]);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let place = Place::new();
    place.open(false).unwrap();
    let (csrf, signing) = (place.file("csrf"), place.file("signing"));
    fs::set_permissions(&csrf, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(place.open(true).unwrap_err(), ["keys.permissions"]);
    fs::set_permissions(&csrf, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&place.keys, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.open(true).unwrap_err(), ["keys.permissions"]);
    fs::set_permissions(&place.keys, fs::Permissions::from_mode(0o700)).unwrap();

    let copy = place.keys.join("csrf-2.key");
    fs::copy(&csrf, &copy).unwrap();
    assert_eq!(place.open(true).unwrap_err(), ["keys.duplicate"]);
    fs::remove_file(&copy).unwrap();

    let whole = fs::read_to_string(&signing).unwrap();
    for damaged in ["", "kid: x\n", &whole.replace("seed: ", "seed: A"), &whole.replace("kid: ", "kid: A")] {
        fs::write(&signing, damaged).unwrap();
        assert_eq!(place.open(true).unwrap_err(), ["keys.unreadable"], "{damaged}");
    }
    fs::write(&signing, &whole).unwrap();
    assert!(place.open(true).is_ok());
}

#[test]
fn a_start_that_did_not_finish_is_finished() {
    let place = Place::new();
    place.open(false).unwrap();
    fs::remove_file(place.file("signing")).unwrap();
    fs::write(place.keys.join("signing-x.key.new"), "half").unwrap();
    assert_eq!(kids(&place.open(false).unwrap()).len(), 1);
}

#[test]
fn a_new_signing_key_is_published_first_and_the_old_one_stays_until_its_tokens_are_over() {
    let place = Place::new();
    let (keyring, random) = (place.open(false).unwrap(), Seed::new(7));
    let active = |at: i64| keyring.with_ring(|ring| ring.active(UnixTime(at)).kid().to_owned());
    let first = active(START);
    assert_eq!(keyring.tend(UnixTime(START + 30 * DAY - 1), &random).unwrap(), None);
    let rotated = START + 30 * DAY;
    let second = keyring.tend(UnixTime(rotated), &random).unwrap().unwrap();
    assert_eq!(keyring.tend(UnixTime(rotated), &random).unwrap(), None, "only one");
    assert_eq!(kids(&keyring), [first.clone(), second.clone()]);
    assert_eq!((active(rotated), active(rotated + LEAD_SECONDS - 1)), (first.clone(), first.clone()));
    assert_eq!(active(rotated + LEAD_SECONDS), second);
    let over = rotated + LEAD_SECONDS + AFTER_SECONDS;
    keyring.tend(UnixTime(over - 1), &random).unwrap();
    assert_eq!(kids(&keyring).len(), 2);
    keyring.tend(UnixTime(over), &random).unwrap();
    assert_eq!(kids(&keyring), std::slice::from_ref(&second));
    assert_eq!(kids(&place.open(true).unwrap()), std::slice::from_ref(&second));
    // A clock that stands before every key still signs, with the oldest.
    assert_eq!(active(0), second);
}

#[test]
fn the_fingerprint_tells_other_keys_apart() {
    let place = Place::new();
    let keyring = place.open(false).unwrap();
    let before = keyring.fingerprint();
    keyring.rotate(UnixTime(START), &Seed::new(8)).unwrap();
    assert_ne!(keyring.fingerprint(), before);
    assert_eq!(keyring.fingerprint(), place.open(true).unwrap().fingerprint());
}

#[test]
fn a_key_that_another_process_has_made_is_taken_over() {
    let place = Place::new();
    let (here, there) = (place.open(false).unwrap(), place.open(true).unwrap());
    let kid = there.rotate(UnixTime(START), &Seed::new(8)).unwrap();
    assert!(!kids(&here).contains(&kid));
    assert_eq!(here.tend(UnixTime(START), &Seed::new(9)).unwrap(), None);
    assert_eq!(here.fingerprint(), there.fingerprint());
}
