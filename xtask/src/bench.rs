//! `cargo xtask bench`: every published number, measured in one run of alternating rounds.

mod row;
mod target;

use std::path::Path;

use crate::need::{self, Need, Provision};
use crate::{Outcome, Trouble, client, shell};
use row::Round;
use target::{TARGETS, Verdict};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What is measured; without it everything
    part: Option<Part>,
    /// Rounds, each of which runs every bench program once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(5..))]
    rounds: u16,
    #[command(flatten)]
    provision: Provision,
}

/// A part of the numbers, which one program prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The rule against forged requests
    Csrf,
    /// Doorward by itself
    Alone,
    /// Doorward beside other proxies
    Proxy,
    /// Whether the time of an answer tells of accounts
    Timing,
    /// The browser's tools beside those of @playwright/mcp
    Browser,
}

/// A program that prints rows.
struct Program {
    part: Part,
    package: &'static str,
    example: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { part: Part::Csrf, package: "doorward-csrf", example: "bench" },
    Program { part: Part::Alone, package: "doorward", example: "numbers" },
    Program { part: Part::Proxy, package: "doorward", example: "numbers" },
];

/// What the measurements beside other proxies start.
const NEEDS: &[Need] = &[
    Need { package: "nginx-light", why: "Doorward is measured beside it", is_there: || shell::has("nginx") },
    Need { package: "haproxy", why: "Doorward is measured beside it", is_there: || shell::has("haproxy") },
    Need { package: "caddy", why: "Doorward is measured beside it", is_there: || shell::has("caddy") },
    Need { package: "wrk", why: "it makes the load", is_there: || shell::has("wrk") },
    Need { package: "openssl", why: "it makes the handshakes", is_there: || shell::has("openssl") },
    Need { package: "util-linux", why: "it keeps each of them on its core", is_there: || shell::has("taskset") },
];

/// What the browser's tools are measured with.
const BROWSER_NEEDS: &[Need] = &[
    Need { package: "chromium", why: "both servers drive it", is_there: || shell::has("chromium") },
    Need { package: "nodejs", why: "the other server runs in it", is_there: client::has_node },
    Need { package: "npm", why: "the other server comes with it", is_there: || shell::has("npm") },
];

/// Where the program stands that measures the browser's tools.
const BROWSER: &str = "tools/mcp-bench";

/// Builds, measures and prints; fails where a number could not be measured.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let is_wanted = |part: Part| arguments.part.is_none_or(|wanted| wanted == part);
    if is_wanted(Part::Proxy) {
        need::provide(NEEDS.iter(), "benches", &arguments.provision)?;
    }
    if is_wanted(Part::Browser) {
        need::provide(BROWSER_NEEDS.iter(), "benches", &arguments.provision)?;
        client::install(&shell::root().join(BROWSER))?;
    }
    let programs: Vec<&Program> = PROGRAMS.iter().filter(|program| is_wanted(program.part)).collect();
    for program in &programs {
        shell::run(&mut program.cargo("build"))?;
    }
    shell::run(&mut shell::cargo(["build", "--quiet", "--release", "--package", "doorward"]))?;
    if arguments.part == Some(Part::Timing) {
        return timing();
    }
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        eprintln!("round {number} of {}", arguments.rounds);
        let mut round = Round::default();
        for program in &programs {
            let mut command = program.cargo("run");
            if program.part == Part::Proxy {
                command.args(["--", "proxy", &number.to_string()]);
            }
            round.read(&shell::output(&mut command)?);
        }
        if is_wanted(Part::Browser) {
            round.read(&browser(number)?);
        }
        rounds.push(round);
    }
    print(&rounds, is_wanted)?;
    if is_wanted(Part::Csrf) {
        allocations()?;
    }
    if is_wanted(Part::Timing) { timing() } else { Ok(()) }
}

/// Two thousand samples of each state of an account, in one run: its table is its own.
fn timing() -> Outcome {
    let example = ["run", "--quiet", "--release", "--package", "doorward", "--example", "numbers"];
    shell::run(shell::cargo(example).args(["--", "timing", "2000"]))
}

/// Both servers of tools, one after the other; the number turns the order.
fn browser(number: u16) -> Outcome<String> {
    let program = shell::target()?.join("release/doorward");
    let chromium = Path::new("/usr/lib/chromium/chromium");
    let chromium = if chromium.exists() { chromium } else { Path::new("/usr/bin/chromium") };
    let mut node = shell::program("node");
    node.current_dir(shell::root().join(BROWSER)).arg("bench.js").arg(program).arg(number.to_string()).arg(chromium);
    shell::output(&mut node)
}

impl Program {
    fn cargo(&self, word: &str) -> std::process::Command {
        shell::cargo([word, "--quiet", "--release", "--package", self.package, "--example", self.example])
    }
}

/// That the allow path allocates nothing is counted by tests, since a number of zero has no spread.
fn allocations() -> Outcome {
    let mut cargo = shell::cargo(["test", "--quiet", "--package", "doorward-csrf", "--test", "it"]);
    let text = shell::output(cargo.args(["--", "allocation::"]))?;
    let is_empty = text.lines().any(|line| line.starts_with("test result: ok. 0 passed"));
    if is_empty {
        return Err(Trouble::failed("not measured: allocations on the allow path (no such test)"));
    }
    println!("\nallocations on the allow path: none, reached (tests `allocation` of doorward-csrf)");
    Ok(())
}

fn print(rounds: &[Round], is_wanted: impl Fn(Part) -> bool) -> Outcome {
    println!("\nEvery row, over {} rounds:\n", rounds.len());
    println!("| row | median | minimum | maximum | unit |\n| --- | ---: | ---: | ---: | --- |");
    for name in row::names(rounds) {
        if let Some(spread) = row::spread(rounds, name) {
            println!("| {name} | {spread} | {} |", row::unit(rounds, name));
        }
    }
    println!(
        "\n| target | to reach | median | minimum | maximum | verdict |\n| --- | --- | ---: | ---: | ---: | --- |"
    );
    let mut unmeasured = Vec::new();
    for target in TARGETS.iter().filter(|target| is_wanted(target.part)) {
        let (spread, verdict) = target.judge(rounds);
        let spread = spread.map_or_else(|| "- | - | -".to_owned(), |spread| spread.to_string());
        println!("| {} | {} | {spread} | {verdict} |", target.what, target.wanted());
        if verdict == Verdict::NotMeasured {
            unmeasured.push(target.what);
        }
    }
    if unmeasured.is_empty() {
        return Ok(());
    }
    Err(Trouble::failed(format!("not measured: {}", unmeasured.join(", "))))
}
