//! Other programs: how they are found, started and judged.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, Trouble};

/// What `cargo run` leaves in the environment of the program it starts. Build scripts (that of `ring`
/// for one) watch some of these, so a nested cargo that inherited them would build everything anew.
const LEFT_BY_CARGO: &[&str] = &[
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "LD_LIBRARY_PATH",
];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A program that runs in the root of the repository.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    for variable in LEFT_BY_CARGO {
        command.env_remove(variable);
    }
    command
}

/// Cargo with these arguments, in the root of the repository.
pub(crate) fn cargo<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = program("cargo");
    command.args(arguments);
    command
}

/// Whether a program of this name is on the search path.
pub(crate) fn has(name: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v -- \"$1\"", "sh", name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it.
pub(crate) fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// Runs a command before the eyes of the person who asked for it.
///
/// # Errors
///
/// When the program cannot be started or does not exit with 0.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = typed(command);
    eprintln!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Trouble::failed(format!("`{line}` ended with {status}"))),
        Err(error) => Err(Trouble::failed(format!("`{line}` did not start: {error}"))),
    }
}

/// Runs a command quietly and gives what it wrote to standard output.
///
/// # Errors
///
/// When the program cannot be started or does not exit with 0; what it wrote to standard error is in the text.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let line = typed(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Trouble::failed(format!("`{line}` did not start: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Trouble::failed(format!(
        "`{line}` ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// The folder that cargo builds into.
///
/// # Errors
///
/// When cargo cannot read the workspace.
pub(crate) fn target() -> Outcome<PathBuf> {
    let text = output(&mut cargo(["metadata", "--format-version", "1", "--no-deps", "--offline"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Trouble::failed(format!("cargo metadata: {error}")))?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| Trouble::failed("cargo metadata names no target directory"))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        assert!(has("sh"));
        assert!(!has("no-such-program-anywhere"));
    }

    #[test]
    fn a_typed_line_can_be_pasted_into_a_shell() {
        let mut command = Command::new("echo");
        command.args(["plain", "two words", "it's", ""]);
        assert_eq!(typed(&command), r"echo plain 'two words' 'it'\''s' ''");
    }

    #[test]
    fn a_failure_carries_what_the_program_said() {
        let failed = output(Command::new("sh").args(["-c", "echo because >&2; exit 3"]));
        let Err(Trouble::Failed(text)) = failed else {
            panic!("exit code 3 passed as success");
        };
        assert!(text.contains("because"), "{text}");
    }
}
