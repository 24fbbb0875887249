//! `cargo xtask test`: every test of the workspace, after the system packages that the tests need.

use std::path::Path;

use crate::{Outcome, Trouble, shell};

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Install missing system packages, with sudo where this is not root
    #[arg(long)]
    install: bool,
    /// Set by continuous integration: `true` installs without asking
    #[arg(long, env = "CI", default_value = "", hide = true)]
    ci: String,
    /// Arguments for the test runner, for example a filter
    #[arg(last = true)]
    runner: Vec<String>,
}

/// A Debian package that some tests start a program of.
#[derive(Debug)]
struct Need {
    package: &'static str,
    why: &'static str,
    is_there: fn() -> bool,
}

/// Everything that the tests start and that Rust does not bring along.
const NEEDS: &[Need] = &[
    Need { package: "postgresql", why: "the store's contract runs against a temporary server", is_there: has_postgres },
    Need { package: "chromium", why: "a real browser signs in and out", is_there: || shell::has("chromium") },
    Need {
        package: "caddy",
        why: "the shipped proxy configuration is validated and served",
        is_there: || shell::has("caddy"),
    },
    Need {
        package: "pebble",
        why: "certificates are ordered from a real authority",
        is_there: || shell::has("pebble") && shell::has("pebble-challtestsrv"),
    },
    Need {
        package: "curl",
        why: "the calls of the contract are made as they are written",
        is_there: || shell::has("curl"),
    },
];

/// Who runs this, and what that person allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Permission {
    is_root: bool,
    is_asked: bool,
    has_apt: bool,
}

/// What to do about the missing packages.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Nothing,
    Install(Vec<String>),
    Tell(String),
}

/// Installs what is missing, runs the tests and the documentation tests, and ends with a summary.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_there)()).collect();
    for need in &missing {
        println!("missing: {} ({})", need.package, need.why);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    match decide(&packages, permission(arguments)) {
        Decision::Nothing => {}
        Decision::Install(prefix) => install(&prefix, &packages)?,
        Decision::Tell(text) => return Err(Trouble::Usage(text)),
    }
    let suites = [("tests", tests(arguments)), ("documentation tests", documentation())];
    println!();
    for (name, done) in &suites {
        println!("{:<20} {}", name, if done.is_ok() { "passed" } else { "FAILED" });
    }
    suites.into_iter().try_for_each(|(_, done)| done)
}

fn tests(arguments: &Arguments) -> Outcome {
    let mut cargo = if shell::has("cargo-nextest") {
        shell::cargo(["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        shell::cargo(["test", "--workspace", "--no-fail-fast", "--bins", "--lib", "--tests", "--examples"])
    };
    shell::run(cargo.args(&arguments.runner))
}

/// Documentation examples, which nextest cannot run.
fn documentation() -> Outcome {
    shell::run(&mut shell::cargo(["test", "--workspace", "--doc"]))
}

fn permission(arguments: &Arguments) -> Permission {
    let user = shell::output(shell::program("id").arg("-u"));
    Permission {
        is_root: user.is_ok_and(|id| id.trim() == "0"),
        is_asked: arguments.install || ["true", "1"].contains(&arguments.ci.as_str()),
        has_apt: shell::has("apt-get"),
    }
}

/// Root and CI install without asking; anybody else is shown the command first.
fn decide(packages: &[&str], permission: Permission) -> Decision {
    if packages.is_empty() {
        return Decision::Nothing;
    }
    let names = packages.join(" ");
    if !permission.has_apt {
        return Decision::Tell(format!(
            "the tests need what Debian calls: {names}. Install it the way this system does, then run this again."
        ));
    }
    if permission.is_root {
        return Decision::Install(Vec::new());
    }
    if permission.is_asked {
        return Decision::Install(vec!["sudo".to_owned()]);
    }
    Decision::Tell(format!(
        "the tests need packages that are not here. Install them with\n\n    \
         sudo apt-get install --no-install-recommends {names}\n\n\
         or let this command do it: cargo xtask test --install"
    ))
}

fn install(prefix: &[String], packages: &[&str]) -> Outcome {
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().map(String::as_str).chain(["apt-get"]).collect();
        let mut command = shell::program(words[0]);
        command.args(&words[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)
    };
    apt(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}

/// Debian keeps the server's programs off the search path, in a folder for each version.
fn has_postgres() -> bool {
    let installed = || {
        let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
        versions.flatten().find(|version| version.path().join("bin/postgres").exists())
    };
    shell::has("postgres") || installed().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Permission = Permission { is_root: false, is_asked: false, has_apt: true };

    #[test]
    fn a_complete_system_is_left_alone() {
        assert_eq!(decide(&[], STRANGER), Decision::Nothing);
    }

    #[test]
    fn root_installs_without_being_asked() {
        let root = Permission { is_root: true, ..STRANGER };
        assert_eq!(decide(&["caddy"], root), Decision::Install(Vec::new()));
    }

    #[test]
    fn another_user_installs_only_when_asked_to_and_with_sudo() {
        let asked = Permission { is_asked: true, ..STRANGER };
        assert_eq!(decide(&["caddy"], asked), Decision::Install(vec!["sudo".to_owned()]));
        let Decision::Tell(text) = decide(&["caddy", "curl"], STRANGER) else {
            panic!("a stranger's system was changed without a word");
        };
        assert!(text.contains("sudo apt-get install --no-install-recommends caddy curl"), "{text}");
        assert!(text.contains("--install"), "{text}");
    }

    #[test]
    fn another_distribution_is_told_what_is_missing() {
        let elsewhere = Permission { has_apt: false, is_root: true, is_asked: true };
        assert!(matches!(decide(&["caddy"], elsewhere), Decision::Tell(text) if text.contains("caddy")));
    }
}
