//! The tests of the browser client: Node's packages, types, Node against the real gateway, a real Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, Trouble, shell};

/// Where the client lives, below the root.
const CLIENT: &str = "clients/js";

/// The oldest Node that runs it: that of Debian 12.
const OLDEST: u32 = 18;

/// Whether there is a Node that is new enough.
pub(crate) fn has_node() -> bool {
    let version = shell::output(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|word| word.parse().ok());
    major.is_some_and(|major: u32| major >= OLDEST)
}

/// Builds the program, fetches the packages that the lock file names, checks the types and runs every test.
pub(crate) fn test(is_full: bool) -> Outcome {
    shell::run(&mut shell::cargo(["build", "--package", "doorward"]))?;
    let program = shell::target()?.join("debug/doorward");
    let folder = shell::root().join(CLIENT);
    install(&folder)?;
    shell::run(npm(&folder).args(["run", "--silent", "types"]))?;
    let mut tests = npm(&folder);
    tests.args(["test", "--silent"]).env("DOORWARD", program);
    if is_full {
        tests.env("RUNS", "1000");
    }
    shell::run(&mut tests)
}

fn npm(folder: &Path) -> Command {
    let mut command = shell::program("npm");
    command.current_dir(folder);
    command
}

/// Installs exactly what the lock file says, where that has not been done yet.
fn install(folder: &Path) -> Outcome {
    if is_older(&folder.join("package-lock.json"), &folder.join("node_modules/.package-lock.json")) {
        return Ok(());
    }
    shell::run(npm(folder).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))
        .map_err(|_| Trouble::failed(format!("the packages of {} did not come", folder.display())))
}

fn is_older(one: &PathBuf, other: &PathBuf) -> bool {
    let changed = |path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    matches!((changed(one), changed(other)), (Some(one), Some(other)) if one <= other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_never_new_enough() {
        let place = tempfile::tempdir().unwrap();
        let (lock, kept) = (place.path().join("lock"), place.path().join("kept"));
        assert!(!is_older(&lock, &kept));
        std::fs::write(&lock, "").unwrap();
        assert!(!is_older(&lock, &kept));
        std::fs::write(&kept, "").unwrap();
        assert!(is_older(&lock, &kept));
    }
}
