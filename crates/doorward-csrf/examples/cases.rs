//! Runs a file of CSRF cases through the real rule: `cargo run -p doorward-csrf --example cases -- FILE.jsonl`.

#[path = "cases/runner.rs"]
mod runner;

use std::process::ExitCode;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on the terminal")]
fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: cases FILE.jsonl");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    let summary = runner::run(&text);
    for failure in &summary.failures {
        println!("{failure}");
    }
    println!(
        "{} cases, {} pass, {} fail",
        summary.total,
        summary.total - summary.failures.len(),
        summary.failures.len()
    );
    ExitCode::from(u8::from(!summary.failures.is_empty()))
}
