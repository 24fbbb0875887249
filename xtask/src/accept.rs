//! `cargo xtask accept`: the two outages that Doorward exists for, shown to be gone on the real program.

mod edge;
mod token;

use std::path::{Path, PathBuf};

use crate::served::{self, Served};
use crate::{Outcome, Trouble, lab, shell};

/// Arguments of `cargo xtask accept`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A program that is built already, for example an installed one
    #[arg(long)]
    program: Option<PathBuf>,
    /// Leave out the browser, for a machine without Chromium; the run then counts as incomplete
    #[arg(long)]
    without_browser: bool,
}

/// What one check found: a word about what it saw, or why it could not look.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Well(String),
    Skipped(String),
}

type Check = fn(&Served) -> Outcome<Seen>;

const CHECKS: &[(&str, Check)] = &[
    ("the sign-in page is there", edge::page),
    ("the sign-in page is there through a reverse proxy", edge::proxied),
    ("the three calls of the contract work as written", token::calls),
    ("older token in the header, newer in the cookie", token::older_in_header),
    ("newer token in the header, older in the cookie", token::newer_in_header),
    ("two first visits at once, first token sent", token::first_visits),
    ("two first visits at once, second token sent", token::first_visits_reversed),
    ("the commands of the README that once ended in 403", token::readme),
    ("a forged sign-in is refused with its reason", token::forged),
];

/// The founding story, told to the doctor.
const STORIES: &[(&str, &str)] = &[
    ("a firewall drops, the edge says 522: named, mended, 200", "outage-522"),
    ("raced tokens, the token is 200 and the sign-in 403: named", "outage-403"),
];

/// Runs every check against a fresh start of the release program.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let program = match &arguments.program {
        Some(built) => built.canonicalize()?,
        None => served::release()?,
    };
    let served = Served::start(&program)?;
    let mut tally = Tally::default();
    for (name, check) in CHECKS {
        tally.report(name, check(&served));
    }
    drop(served);
    for (name, story) in STORIES {
        tally.report(name, tell(&program, story));
    }
    let browser = if arguments.without_browser { Ok(Seen::Skipped("--without-browser".to_owned())) } else { browser() };
    tally.report("a browser signs in and out", browser);
    tally.end()
}

fn tell(program: &Path, story: &str) -> Outcome<Seen> {
    lab::story(program, story).map(Seen::Well)
}

/// How many checks ended other than well.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    failed: usize,
    skipped: usize,
}

impl Tally {
    /// Prints one line for one check.
    fn report(&mut self, name: &str, found: Outcome<Seen>) {
        let (word, text) = match found {
            Ok(Seen::Well(text)) => ("ok", text),
            Ok(Seen::Skipped(text)) => {
                self.skipped += 1;
                ("skipped", text)
            }
            Err(Trouble::Failed(text) | Trouble::Usage(text)) => {
                self.failed += 1;
                ("FAILED", text)
            }
        };
        println!("{word:<8} {name}: {text}");
    }

    fn end(&self) -> Outcome {
        let Self { failed, skipped } = self;
        if *failed > 0 {
            return Err(Trouble::failed(format!("accept: {failed} failed, {skipped} skipped")));
        }
        println!("\naccept: none failed, {skipped} skipped");
        Ok(())
    }
}

/// The tests of the program that drive a real Chromium.
fn browser() -> Outcome<Seen> {
    let nextest = ["nextest", "run", "--package", "doorward", "browser"];
    let plain = ["test", "--package", "doorward", "--", "browser"];
    let has_nextest = shell::has("cargo-nextest");
    let mut cargo = if has_nextest { shell::cargo(nextest) } else { shell::cargo(plain) };
    let text = shell::output(&mut cargo)?;
    // nextest fails where no test has this name; the plain runner calls that a success.
    if !has_nextest && !has_passed_test(&text) {
        return Err(Trouble::failed("no test of this name ran"));
    }
    Ok(Seen::Well(shell::typed(&cargo)))
}

fn has_passed_test(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("test ") && line.contains("browser") && line.ends_with("... ok"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_check_is_not_a_failure_and_a_failure_is() {
        let mut tally = Tally::default();
        tally.report("a", Ok(Seen::Skipped("no caddy".to_owned())));
        tally.report("a", Ok(Seen::Well("200".to_owned())));
        assert!(tally.end().is_ok());
        tally.report("a", Err(Trouble::failed("403")));
        assert_eq!(tally, Tally { failed: 1, skipped: 1 });
        assert!(tally.end().is_err());
    }

    #[test]
    fn a_run_without_tests_has_passed_none() {
        assert!(has_passed_test("running 1 test\ntest browser::signs_in ... ok\n"));
        assert!(!has_passed_test("running 0 tests\ntest result: ok. 0 passed\n"));
    }
}
