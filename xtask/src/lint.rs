//! `cargo xtask lint`: formatting, clippy, the shape of the tree, licences and generated pages.

mod budget;
mod floor;
mod licence;
mod link;
mod schema;
mod source;
mod template;
mod trace;
mod tree;

use crate::{Outcome, Trouble, docs, shell};
use tree::Tree;

/// A rule about the shape of the tree; it gives one line for each place that breaks it.
type Rule = fn(&Tree) -> Vec<String>;

/// Every rule, with the words under which it is reported.
const RULES: &[(&str, Rule)] = &[
    ("floors", floor::check),
    ("file length", source::length),
    ("first line", source::first_line),
    ("module names", source::names),
    ("attributes", source::attributes),
    ("templates", template::check),
    ("package budget", budget::check),
    ("licences", licence::check),
    ("links", link::check),
    ("machine paths", trace::check),
    ("schema names", schema::check),
];

/// Runs every check, then reports all of them; a failure of one does not hide the others.
pub(crate) fn run() -> Outcome {
    let tree = Tree::read(&shell::root())?;
    let mut failed = Vec::new();
    for (name, rule) in RULES {
        report(name, &rule(&tree), &mut failed);
    }
    let format = shell::run(&mut shell::cargo(["fmt", "--all", "--check"]));
    report("format", &lines(format), &mut failed);
    report("clippy", &lines(clippy()), &mut failed);
    report("dependencies", &lines(deny()), &mut failed);
    report("reference pages", &lines(docs_are_fresh()), &mut failed);
    println!();
    if failed.is_empty() {
        println!("lint: {} checks, all well", RULES.len() + 4);
        return Ok(());
    }
    Err(Trouble::failed(format!("lint: failed: {}", failed.join(", "))))
}

fn report(name: &str, problems: &[String], failed: &mut Vec<String>) {
    println!("{name:<16} {}", if problems.is_empty() { "well" } else { "FAILED" });
    for problem in problems {
        println!("    {problem}");
    }
    if !problems.is_empty() {
        failed.push(name.to_owned());
    }
}

fn lines(outcome: Outcome) -> Vec<String> {
    match outcome {
        Ok(()) => Vec::new(),
        Err(Trouble::Failed(text) | Trouble::Usage(text)) => vec![text],
    }
}

fn clippy() -> Outcome {
    let mut cargo = shell::cargo(["clippy", "--quiet", "--workspace", "--all-targets"]);
    shell::run(cargo.args(["--", "-D", "warnings"]))
}

fn deny() -> Outcome {
    if shell::has("cargo-deny") {
        return shell::run(&mut shell::cargo(["deny", "--all-features", "check"]));
    }
    println!("cargo-deny is not installed: advisories and the licences of dependencies are not checked here");
    Ok(())
}

fn docs_are_fresh() -> Outcome {
    let stale = docs::stale(&shell::root())?;
    if stale.is_empty() {
        return Ok(());
    }
    Err(Trouble::failed(format!("{}: run `cargo xtask docs`", stale.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_keeps_its_own_rules() {
        let tree = Tree::read(&shell::root()).expect("the repository can be read");
        let broken: Vec<String> = RULES
            .iter()
            .flat_map(|(name, rule)| rule(&tree).into_iter().map(move |line| format!("{name}: {line}")))
            .collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }
}
