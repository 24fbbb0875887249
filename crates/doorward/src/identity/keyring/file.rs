//! Key files: one key each, mode 0600, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use doorward_core::Finding;
use zeroize::Zeroizing;

/// The families of keys, as file names begin.
const FAMILIES: [&str; 3] = ["signing", "csrf", "pepper"];

/// A key file is far smaller than this.
const LARGEST: u64 = 4_096;

/// One key file that was read.
pub(super) struct Found {
    pub(super) family: String,
    pub(super) path: PathBuf,
    text: Zeroizing<String>,
}

impl Found {
    /// The value of a line `name: value`; nothing where it is absent or stands twice.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        values.next().filter(|_| values.next().is_none())
    }
}

pub(super) fn family_of(name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".key")?;
    FAMILIES.into_iter().find(|family| stem.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')))
}

/// Whether keys were made in this directory before. The signing key is written last.
pub(super) fn has_keys(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return directory.exists() };
    entries.flatten().any(|entry| entry.file_name().to_str().and_then(family_of) == Some("signing"))
}

/// Reads every key file; what is wrong with one is a finding.
pub(super) fn read_all(directory: &Path, findings: &mut Vec<Finding>) -> Vec<Found> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            findings.push(missing(directory, "signing"));
            return Vec::new();
        }
        Err(error) => {
            findings.push(unreadable(directory, &error.to_string()));
            return Vec::new();
        }
    };
    findings.extend(fs::metadata(directory).ok().and_then(|data| too_open(directory, data.mode(), "0700")));
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    names.sort();
    let mut all = Vec::new();
    for path in names {
        let Some(family) = path.file_name().and_then(|name| name.to_str()).and_then(family_of) else { continue };
        match read(&path) {
            Ok(text) => all.push(Found { family: family.to_owned(), path, text }),
            Err(finding) => findings.push(finding),
        }
    }
    all
}

fn read(path: &Path) -> Result<Zeroizing<String>, Finding> {
    let data = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error.to_string()))?;
    if !data.is_file() || data.len() > LARGEST {
        return Err(unreadable(path, "this is no key file"));
    }
    if let Some(finding) = too_open(path, data.mode(), "0600") {
        return Err(finding);
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| unreadable(path, &error.to_string()))
}

fn too_open(path: &Path, mode: u32, wanted: &str) -> Option<Finding> {
    (mode & 0o077 != 0).then(|| {
        Finding::error("keys.permissions", path.display().to_string(), "others on this machine can read or change it")
            .with_value(format!("{:04o}", mode & 0o7777))
            .with_remedy(format!("chmod {wanted} {}", path.display()))
    })
}

/// A file or directory that cannot be read as what it should be.
pub(super) fn unreadable(path: &Path, why: &str) -> Finding {
    Finding::error("keys.unreadable", path.display().to_string(), why)
        .with_remedy("restore the file from a backup; without it, tokens and passwords made with it cannot be checked")
}

/// Keys that should be there, since there is a database.
pub(super) fn missing(directory: &Path, family: &str) -> Finding {
    let why = format!("there is no {family} key although there is a database that was used with one");
    Finding::error("keys.missing", directory.display().to_string(), why)
        .with_remedy("restore the directory from the same backup as the database")
}

fn unwritable(path: &Path, error: &io::Error) -> Finding {
    Finding::error("keys.unreadable", path.display().to_string(), format!("cannot be written: {error}"))
        .with_remedy("give Doorward's user a data directory that it owns and that has room")
}

/// Makes the directory for its owner alone.
pub(super) fn make_directory(directory: &Path) -> Result<(), Finding> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| unwritable(directory, &error))
}

/// Writes a file whole: another name first, then durable, then its own name.
pub(super) fn write(directory: &Path, name: &str, text: &str) -> Result<(), Finding> {
    let path = directory.join(name);
    write_whole(directory, &path, text).map_err(|error| unwritable(&path, &error))
}

fn write_whole(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("key.new");
    // A draft that a crash has left is nobody's key.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(directory)?.sync_all()
}

/// Removes a key file that is over.
pub(super) fn remove(directory: &Path, name: &str) -> Result<(), Finding> {
    let path = directory.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(&path, &error)),
        _ => Ok(()),
    }
}
