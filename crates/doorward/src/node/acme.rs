//! What ACME has kept, as a backup holds it: accounts and certificates, so that a new machine asks nobody for new ones.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use doorward_core::Finding;
use doorward_store::KeyFile;

/// What such a name begins with. No key file has a slash in its name.
const PREFIX: &str = "acme/";

/// The directory and the name of a file of this kind: `acme/AUTHORITY/account.json` or `acme/AUTHORITY/HOST.pem`. Nothing
/// where a name would lead elsewhere (GHSA-fq95-6mv5-cq45).
fn parts(name: &str) -> Option<(&str, &str)> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+*".contains(&byte))
    };
    let (authority, file) = name.strip_prefix(PREFIX)?.split_once('/')?;
    let is_kept = file == "account.json" || file.strip_suffix(".pem").is_some_and(|host| !host.is_empty());
    (is_plain(authority) && is_plain(file) && is_kept).then_some((authority, file))
}

/// Whether a file of a backup is one of these.
#[must_use]
pub fn is_of_acme(file: &KeyFile) -> bool {
    file.name.starts_with(PREFIX)
}

/// Every account and certificate below the data directory, for a backup.
///
/// # Errors
/// `tls.account_unreadable`.
pub fn acme_files(data: &Path) -> Result<Vec<KeyFile>, Finding> {
    let place = data.join("acme");
    let read = || -> io::Result<Vec<KeyFile>> {
        let mut files = Vec::new();
        for authority in entries(&place)? {
            for file in entries(&place.join(&authority))? {
                let name = format!("{PREFIX}{authority}/{file}");
                if parts(&name).is_some() {
                    files.push(KeyFile { content: fs::read(data.join(&name))?, name });
                }
            }
        }
        files.sort_by(|one: &KeyFile, other| one.name.cmp(&other.name));
        Ok(files)
    };
    read().map_err(|error| unusable(&place, &error))
}

/// Puts the accounts and certificates of a backup below the data directory. What is there stays: it is not older.
///
/// # Errors
/// `tls.account_unreadable`: a name that leads elsewhere, or a file that cannot be written.
pub fn put_back_acme<'a>(data: &Path, files: impl Iterator<Item = &'a KeyFile>) -> Result<(), Finding> {
    for KeyFile { name, content } in files {
        let path = data.join(name);
        let put = || -> io::Result<()> {
            let (authority, _) = parts(name).ok_or(ErrorKind::InvalidInput)?;
            DirBuilder::new().recursive(true).mode(0o700).create(data.join(PREFIX).join(authority))?;
            match File::options().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => file.write_all(content).and_then(|()| file.sync_all()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error),
            }
        };
        put().map_err(|error| unusable(&path, &error))?;
    }
    Ok(())
}

/// The names in a directory; none where there is no such directory.
fn entries(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn unusable(path: &Path, why: &io::Error) -> Finding {
    Finding::error("tls.account_unreadable", path.display().to_string(), format!("It cannot be used: {why}."))
        .with_remedy(format!("ls -ld {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn accounts_and_certificates_come_back_and_replace_nothing() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        assert_eq!(acme_files(&one).unwrap(), []);
        let authority = one.join("acme/ca.test-dir");
        fs::create_dir_all(&authority).unwrap();
        for file in ["account.json", "a.test+1.pem", "a.test+1.json", "a.test+1.pem.new", ".hidden"] {
            fs::write(authority.join(file), file).unwrap();
        }
        let files = acme_files(&one).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["acme/ca.test-dir/a.test+1.pem", "acme/ca.test-dir/account.json"]);
        assert!(files.iter().all(is_of_acme));
        put_back_acme(&other, files.iter()).unwrap();
        assert_eq!(acme_files(&other).unwrap(), files);
        let kept = other.join("acme/ca.test-dir/account.json");
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&kept, "newer").unwrap();
        put_back_acme(&other, files.iter()).unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"newer");
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        for name in [
            "acme/../account.json",
            "acme/a/../b.pem",
            "acme/account.json",
            "acme//account.json",
            "acme/a/b/account.json",
            "acme/a/.pem",
            "acme/a/b.sh",
            "signing-1.key",
        ] {
            let file = KeyFile { name: name.to_owned(), content: Vec::new() };
            assert!(put_back_acme(place.path(), [&file].into_iter()).is_err(), "{name}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
