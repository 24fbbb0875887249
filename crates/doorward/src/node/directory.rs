//! The data directory: made once, and nobody else's business.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use doorward_core::Finding;

/// Makes a directory with mode 0700 where it does not exist, and refuses one that others may enter.
///
/// # Errors
/// `store.data_directory`: it cannot be made, is none, or others have rights in it.
pub fn make_private(path: &Path) -> Result<(), Finding> {
    let subject = path.display().to_string();
    let error = |why: String| Finding::error("store.data_directory", subject.clone(), why);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|cause| {
        error(format!("The data directory cannot be made: {cause}."))
            .with_remedy("doorward serve --data /a/directory/that/this/user/may/write")
    })?;
    let metadata = std::fs::metadata(path).map_err(|cause| error(format!("It cannot be read: {cause}.")))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!("Others may look into it (mode {mode:o}); it holds keys and the hashes of passwords.");
        return Err(error(why).with_remedy(format!("chmod 700 {}", path.display())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        make_private(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let place = tempfile::tempdir().unwrap();
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let finding = make_private(place.path()).unwrap_err();
        assert_eq!((finding.code, finding.remedy.split(' ').next()), ("store.data_directory", Some("chmod")));
    }
}
