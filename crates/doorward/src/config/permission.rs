//! Who else may read or write the files that the configuration comes from.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use doorward_core::Finding;

/// A file with a secret that every user of the machine can read. What a container runtime mounts under `/run/secrets`
/// is readable for all inside the container by design.
pub(super) fn readable_by_others(path: &Path, subject: &str) -> Option<Finding> {
    if path.starts_with("/run/secrets") {
        return None;
    }
    let mode = std::fs::metadata(path).ok()?.mode();
    (mode & 0o004 != 0).then(|| {
        Finding::warning(
            "config.file_permissions",
            subject,
            "The file holds a secret, and every user of this machine can read it.",
        )
        .with_value(format!("{} has mode {:04o}", path.display(), mode & 0o7777))
        .with_remedy(format!("chmod o-rwx {}", path.display()))
    })
}

/// A file of the configuration that every user of the machine can change.
pub(super) fn writable_by_others(path: &Path, subject: &str) -> Option<Finding> {
    // A device such as `/dev/null` keeps nothing that is written to it.
    let found = std::fs::metadata(path).ok().filter(|found| !found.file_type().is_char_device())?;
    let mode = found.mode();
    (mode & 0o002 != 0).then(|| {
        Finding::error(
            "config.file_permissions",
            subject,
            "Every user of this machine can change this file, and with it who gets in.",
        )
        .with_value(format!("{} has mode {:04o}", path.display(), mode & 0o7777))
        .with_remedy(format!("chmod o-w {}", path.display()))
    })
}
