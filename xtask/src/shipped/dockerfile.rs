//! The Dockerfile: what it builds exists, and what it starts is what was built.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::shell;

/// The instructions, in order, each with the rest of its line; continued lines are joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(shell::root().join("Dockerfile")).expect("Dockerfile");
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.map(|line| line.split_once(' ').expect("an instruction has words"));
    split.map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).collect()
}

fn all(word: &str) -> Vec<String> {
    let found = instructions().into_iter().filter(|(found, _)| found == word);
    found.map(|(_, rest)| rest).collect()
}

fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).expect("a JSON list of words")
}

#[test]
fn the_build_step_builds_a_program_of_this_workspace_from_the_lock_file() {
    let build = all("RUN").remove(0);
    assert_eq!(build, "cargo build --release --locked --package doorward");
    let mut metadata = shell::cargo(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"]);
    let text = shell::output(&mut metadata).unwrap_or_else(|_| panic!("Cargo.lock is not current"));
    let metadata: Value = serde_json::from_str(&text).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let program = packages.iter().find(|package| package["name"] == "doorward").expect("the program");
    let targets = program["targets"].as_array().expect("targets");
    assert!(targets.iter().any(|target| target["name"] == "doorward" && target["kind"][0] == "bin"));
}

#[test]
fn the_copied_program_is_the_one_that_was_built_and_started() {
    let folder = all("WORKDIR").remove(0);
    let copies = all("COPY");
    assert_eq!(copies[0], ". .");
    assert_eq!(copies[1], format!("--from=build {folder}/target/release/doorward /usr/local/bin/doorward"));
    assert_eq!(words(&all("ENTRYPOINT")[0]), ["doorward"]);
}

#[test]
fn the_container_starts_with_the_flags_of_the_command_line() {
    let start = words(&all("CMD")[0]);
    assert_eq!(start, ["serve", "--listen", "0.0.0.0:8000", "--data", "/var/lib/doorward"]);
    assert_eq!(all("EXPOSE"), ["8000"]);
    assert_eq!(all("VOLUME"), ["/var/lib/doorward"]);
}

#[test]
fn it_runs_as_nobody_special_and_says_how_it_is() {
    assert_eq!(all("USER"), ["doorward"]);
    let health = all("HEALTHCHECK").remove(0);
    let (_, command) = health.split_once(" CMD ").expect("a health command");
    assert_eq!(words(command), ["doorward", "health"]);
}

#[test]
fn the_base_image_has_the_toolchain_that_the_workspace_asks_for() {
    let text = fs::read_to_string(shell::root().join("Cargo.toml")).expect("Cargo.toml");
    let wanted = text.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version");
    let image = all("FROM").remove(0);
    assert_eq!(image, format!("rust:{}-bookworm AS build", wanted.trim_matches('"')));
}

#[test]
fn every_shell_step_is_free_of_syntax_errors() {
    for step in all("RUN") {
        let status = shell::program("sh").args(["-n", "-c", &step]).stderr(Stdio::null()).status();
        assert!(status.expect("a shell").success(), "{step}");
    }
}

#[test]
fn nothing_that_the_build_needs_is_left_out_and_no_secret_goes_in() {
    let text = fs::read_to_string(shell::root().join(".dockerignore")).expect(".dockerignore");
    let ignored: Vec<&str> = text.lines().collect();
    for needed in ["crates", "xtask", "Cargo.toml", "Cargo.lock"] {
        assert!(shell::root().join(needed).exists() && !ignored.contains(&needed), "{needed}");
    }
    for secret in ["secrets", ".env", "doorward-data", ".git", "target"] {
        assert!(ignored.contains(&secret), "{secret}");
    }
}
