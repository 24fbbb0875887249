//! Continuous integration runs what the README tells a newcomer to run.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::shell;

const TEST: &str = "cargo xtask test";

fn text(path: &str) -> String {
    fs::read_to_string(shell::root().join(path)).expect(path)
}

#[test]
fn the_test_command_of_the_readme_is_the_one_of_ci() {
    assert!(text("README.md").lines().any(|line| line.starts_with(&format!("{TEST} "))));
    assert!(text(".ci/run").lines().any(|line| line == format!("step test {TEST}")));
    assert!(text(".ci/run").contains("\nexport CI=true\n"));
}

#[test]
fn ci_can_be_started_and_stops_on_errors() {
    let script = shell::root().join(".ci/run");
    let mode = fs::metadata(&script).expect("the script").permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    assert!(text(".ci/run").contains("\nset -euo pipefail\n"));
    assert!(shell::output(shell::program("bash").arg("-n").arg(script)).is_ok());
}

#[test]
fn the_server_starts_with_the_command_of_the_readme() {
    assert!(text("README.md").contains("\ncargo run --release -- serve"));
    assert!(text("Cargo.toml").contains("default-members = [\"crates/doorward\"]"));
}
