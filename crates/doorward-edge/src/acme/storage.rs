//! What is kept on disk: the account, certificates with their keys, and how tries have gone. For the owner alone.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use doorward_core::Finding;
use instant_acme::AccountCredentials;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::order::Issued;
use super::schedule::Attempts;
use crate::tls::Certificate;

/// The name of a set of hosts, for its files.
#[derive(Debug, Clone)]
pub(super) struct Named(String);

impl Named {
    /// Made of the first host and the number of others. Host names hold nothing that a file name must not.
    pub(super) fn of(hosts: &[String]) -> Self {
        let first = hosts.first().map(String::as_str).unwrap_or_default();
        match hosts.len() {
            0 | 1 => Self(first.to_owned()),
            many => Self(format!("{first}+{}", many - 1)),
        }
    }
}

/// A directory for one authority.
#[derive(Debug)]
pub(super) struct Storage {
    place: PathBuf,
}

impl Storage {
    /// Makes the directory where it is not there.
    pub(super) fn open(place: &Path, directory: &str) -> Result<Self, Finding> {
        let authority = directory.split_once("://").map_or(directory, |(_, rest)| rest);
        let letters = authority.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
        let place = place.join(letters.collect::<String>().trim_matches(['-', '.']));
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&place)
            .map_err(|error| unusable(&place, &error.to_string()))?;
        Ok(Self { place })
    }

    /// The account, or nothing where none was ever made.
    pub(super) fn account(&self) -> Result<Option<AccountCredentials>, Finding> {
        self.read("account.json")
    }

    pub(super) fn keep_account(&self, credentials: &AccountCredentials) -> Result<(), Finding> {
        self.write("account.json", &json(credentials)?)
    }

    /// Puts an account aside that the authority does not know any more.
    pub(super) fn forget_account(&self) {
        let _ = std::fs::rename(self.place.join("account.json"), self.place.join("account.json.unknown"));
    }

    /// The certificate of a set, where there is one that can be read.
    pub(super) fn certificate(&self, name: &Named) -> Option<Certificate> {
        let text = std::fs::read(self.place.join(format!("{}.pem", name.0))).ok()?;
        Certificate::read(&text, &text).ok()
    }

    /// Key and chain go into one file, so that they always belong together.
    pub(super) fn keep_certificate(&self, name: &Named, issued: &Issued) -> Result<(), Finding> {
        self.write(&format!("{}.pem", name.0), format!("{}{}", issued.key, issued.chain).as_bytes())
    }

    /// How tries have gone. What cannot be read counts as none: the first try writes it anew.
    pub(super) fn attempts(&self, name: &Named) -> Attempts {
        self.read(&format!("{}.json", name.0)).ok().flatten().unwrap_or_default()
    }

    pub(super) fn keep_attempts(&self, name: &Named, attempts: Attempts) -> Result<(), Finding> {
        self.write(&format!("{}.json", name.0), &json(&attempts)?)
    }

    fn read<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, Finding> {
        let path = self.place.join(file);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error.to_string())),
        };
        serde_json::from_slice(&text).map(Some).map_err(|_| unusable(&path, "it is not what was written there"))
    }

    /// Writes beside and renames, so that there is always the whole of the old or of the new.
    fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Finding> {
        let path = self.place.join(file);
        let beside = self.place.join(format!("{file}.new"));
        let written = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&beside);
            let mut new = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
            new.write_all(bytes)?;
            new.sync_all()?;
            std::fs::rename(&beside, &path)?;
            std::fs::File::open(&self.place)?.sync_all()
        };
        written().map_err(|error| unusable(&path, &error.to_string()))
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Finding> {
    serde_json::to_vec(value).map_err(|error| unusable(Path::new("acme"), &error.to_string()))
}

fn unusable(path: &Path, why: &str) -> Finding {
    Finding::error("tls.account_unreadable", path.display().to_string(), format!("It cannot be used: {why}."))
        .with_remedy(format!("ls -ld {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use doorward_core::UnixTime;

    use super::*;

    #[derive(Debug)]
    struct Zero;

    impl doorward_core::Random for Zero {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[test]
    fn keeps_everything_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let storage = Storage::open(&place.path().join("acme"), "https://ca.test:14000/dir").unwrap();
        let name = Named::of(&["a.test".to_owned(), "b.test".to_owned()]);
        let attempts = Attempts::default().begin(UnixTime(7), &Zero);
        storage.keep_attempts(&name, attempts).unwrap();
        storage.keep_attempts(&name, attempts).unwrap();
        assert_eq!(storage.attempts(&name), attempts);
        let mode = |path: &str| std::fs::metadata(place.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("acme/ca.test-14000-dir"), 0o700);
        assert_eq!(mode("acme/ca.test-14000-dir/a.test+1.json"), 0o600);
    }

    #[test]
    fn an_account_that_cannot_be_read_is_not_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let storage = Storage::open(place.path(), "https://ca.test/dir").unwrap();
        assert!(storage.account().unwrap().is_none());
        std::fs::write(place.path().join("ca.test-dir/account.json"), "{").unwrap();
        assert_eq!(storage.account().err().unwrap().code, "tls.account_unreadable");
    }
}
