//! The keys as a backup holds them: file names and contents.

use std::fs;
use std::path::Path;

use doorward_core::Finding;
use doorward_store::KeyFile;

use super::{Keyring, file};

impl Keyring {
    /// Every key file with its content, for a backup.
    ///
    /// # Errors
    /// `keys.unreadable`.
    pub fn files(&self) -> Result<Vec<KeyFile>, Finding> {
        let unreadable = |error: std::io::Error| file::unreadable(&self.directory, &error.to_string());
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if file::family_of(&name).is_some() {
                files.push(KeyFile { name, content: fs::read(entry.path()).map_err(unreadable)? });
            }
        }
        files.sort_by(|one: &KeyFile, other| one.name.cmp(&other.name));
        Ok(files)
    }

    /// Puts the key files of a backup into a directory, in place of those that are there.
    ///
    /// # Errors
    /// `keys.unreadable`: a name that no key file has, or a file that cannot be written.
    pub fn restore(directory: &Path, files: &[KeyFile]) -> Result<(), Finding> {
        file::make_directory(directory)?;
        let mut contents = Vec::new();
        for KeyFile { name, content } in files {
            // A name with a slash in it would leave the directory (GHSA-fq95-6mv5-cq45).
            let is_plain = file::family_of(name).is_some() && Path::new(name).components().count() == 1;
            let text = std::str::from_utf8(content).ok().filter(|_| is_plain);
            contents.push((
                name,
                text.ok_or_else(|| file::unreadable(&directory.join(name), "the backup holds no such key file"))?,
            ));
        }
        // A restore that is cut short leaves too many keys, never too few.
        contents.into_iter().try_for_each(|(name, text)| file::write(directory, name, text))?;
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if file::family_of(&name).is_some() && !files.iter().any(|kept| kept.name == name) {
                file::remove(directory, &name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use doorward_core::UnixTime;

    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn the_same_keys_come_back_and_no_others_stay() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        let first = Keyring::open(&one, false, UnixTime(0), &SystemRandom).unwrap();
        let second = Keyring::open(&other, false, UnixTime(0), &SystemRandom).unwrap();
        assert_ne!(first.fingerprint(), second.fingerprint());
        Keyring::restore(&other, &first.files().unwrap()).unwrap();
        let restored = Keyring::open(&other, true, UnixTime(0), &SystemRandom).unwrap();
        assert_eq!(restored.fingerprint(), first.fingerprint());
        assert_eq!(restored.files().unwrap(), first.files().unwrap());
    }

    #[test]
    fn what_cannot_be_written_removes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        let first = Keyring::open(&one, false, UnixTime(0), &SystemRandom).unwrap().files().unwrap();
        let second = Keyring::open(&other, false, UnixTime(0), &SystemRandom).unwrap().files().unwrap();
        let signing = |files: &[KeyFile]| files.last().unwrap().name.clone();
        fs::create_dir(other.join(signing(&first))).unwrap();
        assert!(Keyring::restore(&other, &first).is_err());
        assert!(other.join(signing(&second)).is_file());
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        for name in ["../signing-x.key", "/tmp/signing-x.key", "signing-x.txt", "a/signing-x.key", ""] {
            assert!(
                Keyring::restore(place.path(), &[KeyFile { name: name.to_owned(), content: Vec::new() }]).is_err(),
                "{name}"
            );
        }
    }
}
