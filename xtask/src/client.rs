//! Tests that run in Node: the browser client against the real gateway, and clients by others against the browser's tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, Trouble, shell};

/// Where the client lives, below the root.
const CLIENT: &str = "clients/js";

/// Where the clients of the browser's tools live.
const TOOLS: &str = "tools/mcp-client";

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

/// Builds the program and lets clients by others use every tool of its browser; with `is_full` a stranger's suite as well.
pub(crate) fn test_tools(is_full: bool) -> Outcome {
    shell::run(&mut shell::cargo(["build", "--package", "doorward"]))?;
    let program = shell::target()?.join("debug/doorward");
    let folder = shell::root().join(TOOLS);
    install(&folder)?;
    shell::run(npm(&folder).args(["test", "--silent"]).env("DOORWARD", &program))?;
    if !is_full {
        return Ok(());
    }
    let mut suite = shell::program("node");
    suite.current_dir(shell::root()).arg("tools/mcp-suite/suite.js").arg(program);
    shell::run(suite.args(["mcp", "--isolated", "--output-dir", "{output}"]))
}

fn npm(folder: &Path) -> Command {
    let mut command = shell::program("npm");
    command.current_dir(folder);
    command
}

/// Installs exactly what the lock file says, where that has not been done yet.
pub(crate) fn install(folder: &Path) -> Outcome {
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
