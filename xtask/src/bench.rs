//! `cargo xtask bench`: every published number, measured in one run of alternating rounds.

mod row;
mod target;

use crate::{Outcome, Trouble, shell};
use row::Round;
use target::{TARGETS, Verdict};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Rounds, each of which runs every bench program once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(5..))]
    rounds: u16,
}

/// The programs that print rows: crate and example.
const PROGRAMS: &[(&str, &str)] = &[("doorward-csrf", "bench"), ("doorward", "numbers")];

/// Builds, measures and prints; fails where a number could not be measured.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    for program in PROGRAMS {
        shell::run(&mut example("build", program))?;
    }
    shell::run(&mut shell::cargo(["build", "--quiet", "--release", "--package", "doorward"]))?;
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        eprintln!("round {number} of {}", arguments.rounds);
        let mut round = Round::default();
        for program in PROGRAMS {
            round.read(&shell::output(&mut example("run", program))?);
        }
        rounds.push(round);
    }
    print(&rounds)?;
    allocations()
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

fn example(word: &str, (package, example): &(&str, &str)) -> std::process::Command {
    shell::cargo([word, "--quiet", "--release", "--package", package, "--example", example])
}

fn print(rounds: &[Round]) -> Outcome {
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
    for target in TARGETS {
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
