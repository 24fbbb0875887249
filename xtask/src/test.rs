//! `cargo xtask test`: every test of the workspace, after the system packages that the tests need.

use std::path::Path;

use crate::need::{self, Need, Provision};
use crate::{Outcome, client, lab, shell};

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    provision: Provision,
    /// Every scenario of the lab, the stranger's suite of the browser's tools, and the long run of the browser client: 1,000
    /// randomized visits, half an hour
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    cache: lab::Cache,
    /// Arguments for the test runner, for example a filter
    #[arg(last = true)]
    runner: Vec<String>,
}

/// Everything that the tests start and that Rust does not bring along.
pub(crate) const NEEDS: &[Need] = &[
    Need { package: "postgresql", why: "the store's contract runs against a temporary server", is_there: has_postgres },
    Need { package: "oathtool", why: "codes of a program by others sign in", is_there: || shell::has("oathtool") },
    Need { package: "chromium", why: "a real browser signs in and out", is_there: || shell::has("chromium") },
    Need {
        package: "caddy",
        why: "forward auth is proved behind it, and the shipped configuration is served",
        is_there: || shell::has("caddy"),
    },
    Need {
        package: "nginx-light",
        why: "forward auth is proved behind it",
        is_there: || shell::has("nginx") || Path::new("/usr/sbin/nginx").exists(),
    },
    Need {
        package: "haproxy",
        why: "forward auth is proved behind it",
        is_there: || shell::has("haproxy") || Path::new("/usr/sbin/haproxy").exists(),
    },
    Need {
        package: "openssl",
        why: "certificates for the examples are made with it",
        is_there: || shell::has("openssl"),
    },
    Need {
        package: "pebble",
        why: "certificates are ordered from a real authority",
        is_there: || shell::has("pebble") && shell::has("pebble-challtestsrv"),
    },
    Need { package: "python3-aiosmtpd", why: "letters are given to a real mail server", is_there: has_aiosmtpd },
    Need { package: "libfaketime", why: "clocks of the real program are moved", is_there: has_faketime },
    Need {
        package: "apache2-utils",
        why: "password files to import are made by the real htpasswd",
        is_there: || shell::has("htpasswd"),
    },
    Need {
        package: "curl",
        why: "the calls of the contract are made as they are written",
        is_there: || shell::has("curl"),
    },
    Need { package: "nodejs", why: "the browser client is tested in Node, 18 or newer", is_there: client::has_node },
    Need { package: "python3-venv", why: "an app in Python checks who asks", is_there: has_venv },
    Need { package: "npm", why: "the browser client's packages come with it", is_there: || shell::has("npm") },
];

/// Installs what is missing, runs the tests and the documentation tests, and ends with a summary.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    need::provide(NEEDS.iter().chain(lab::NEEDS), "tests", &arguments.provision)?;
    client_by_others()?;
    let suites = [
        ("tests", tests(arguments)),
        ("documentation tests", documentation()),
        ("browser client", client::test(arguments.full)),
        ("clients of the tools", client::test_tools(arguments.full)),
        ("lab", lab::suite(&arguments.cache, arguments.full)),
    ];
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

/// A program of its own, which a test of passkeys starts: built here, so that nobody wonders what that test waits for.
fn client_by_others() -> Outcome {
    let source = ["--manifest-path", "tools/webauthn-client/Cargo.toml", "--target-dir", "target/tmp/webauthn-client"];
    shell::run(shell::cargo(["build", "--locked"]).args(source))
}

/// Documentation examples, which nextest cannot run.
fn documentation() -> Outcome {
    shell::run(&mut shell::cargo(["test", "--workspace", "--doc"]))
}

/// Whether Python finds its mail server.
fn has_aiosmtpd() -> bool {
    let found = std::process::Command::new("/usr/bin/python3").args(["-c", "import aiosmtpd"]).output();
    found.is_ok_and(|output| output.status.success())
}

/// Whether Python can make a folder for the packages of one program.
fn has_venv() -> bool {
    let found = std::process::Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    found.is_ok_and(|output| output.status.success())
}

/// Debian keeps the library in a folder for each kind of machine.
fn has_faketime() -> bool {
    let machines = Path::new("/usr/lib").read_dir();
    machines.is_ok_and(|found| found.flatten().any(|one| one.path().join("faketime/libfaketime.so.1").exists()))
}

/// Debian keeps the server's programs off the search path, in a folder for each version.
fn has_postgres() -> bool {
    let installed = || {
        let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
        versions.flatten().find(|version| version.path().join("bin/postgres").exists())
    };
    shell::has("postgres") || installed().is_some()
}
