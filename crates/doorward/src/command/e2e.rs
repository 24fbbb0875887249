//! `doorward e2e FILE`: sign-in tests in plain words, in a real Chromium, once or again and again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use doorward_browser::Browser;
use doorward_browser::e2e::{Plan, Report, run as play};
use tokio::signal::unix::{SignalKind, signal};

use super::mcp::BrowserArguments;
use super::{CONFIGURATION, Context, FAULT, FINDINGS, WELL};
use crate::system::SystemClock;

/// Play the sign-in tests of a file. Exits with 1 if one fails.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file of flows (docs/e2e.md)
    file: PathBuf,
    /// Flows at the same time, each in a jar of its own
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    parallel: u8,
    /// Write a JUnit file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a page with pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Play again and again, this long after the last time began: 30s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = time)]
    every: Option<Duration>,
    /// Stop after this many times
    #[arg(long, value_name = "N", requires = "every")]
    times: Option<u64>,
    #[command(flatten)]
    browser: BrowserArguments,
}

fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|one: char| one.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => 0,
    };
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).filter(|seconds| *seconds > 0) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err("a number with s, m or h behind it, such as 5m".to_owned()),
    }
}

/// Plays the flows of a file.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    let plan = match plan(context, &arguments.file) {
        Ok(plan) => plan,
        Err(problems) => {
            for problem in problems {
                let _ = writeln!(std::io::stderr(), "doorward: {}: {problem}", arguments.file.display());
            }
            return CONFIGURATION;
        }
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return FAULT };
    runtime.block_on(rounds(context, arguments, &plan))
}

fn plan(context: &Context, file: &Path) -> Result<Plan, Vec<String>> {
    let text = std::fs::read_to_string(context.inputs.cwd.join(file)).map_err(|error| vec![error.to_string()])?;
    let value = |name: &str| context.inputs.environment.value(name).map(str::to_owned);
    Plan::read(&text, value).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// Plays once, or until the program is told to end; the worst that came of a round is what it ends with.
async fn rounds(context: &Context, arguments: &Arguments, plan: &Plan) -> u8 {
    let (Ok(mut end), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return FAULT;
    };
    let mut worst = WELL;
    let mut turns = tokio::time::interval(arguments.every.unwrap_or(Duration::from_secs(1)));
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut left = if arguments.every.is_some() { arguments.times.unwrap_or(u64::MAX) } else { 1 };
    while left > 0 {
        let round = async {
            turns.tick().await;
            one(context, arguments, plan).await
        };
        tokio::select! {
            code = round => worst = worst.max(code),
            _ = end.recv() => break,
            _ = interrupt.recv() => break,
        }
        left -= 1;
    }
    worst
}

async fn one(context: &Context, arguments: &Arguments, plan: &Plan) -> u8 {
    let browser = match Browser::start(plan.options(arguments.browser.options(context))).await {
        Ok(browser) => browser,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "doorward: {failure}");
            return FAULT;
        }
    };
    let played = play(plan, &browser, usize::from(arguments.parallel), Arc::new(SystemClock)).await;
    browser.close().await;
    match played {
        Ok(mut report) => {
            report.name = arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            told(context, arguments, &report)
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "doorward: {failure}");
            FAULT
        }
    }
}

fn told(context: &Context, arguments: &Arguments, report: &Report) -> u8 {
    let pages = [(&arguments.junit, Report::to_junit as fn(&Report) -> String), (&arguments.html, Report::to_html)];
    for (path, text) in pages {
        if let Some(path) = path
            && let Err(error) = written(&context.inputs.cwd.join(path), &text(report))
        {
            let _ = writeln!(std::io::stderr(), "doorward: {}: {error}", path.display());
            return FAULT;
        }
    }
    let text = if context.json { report.to_json().to_string() } else { report.to_text() };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => FAULT,
        _ if report.is_well() => WELL,
        _ => FINDINGS,
    }
}

/// Writes a file so that whoever reads it meanwhile sees the one before or this one whole.
fn written(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(time("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        for text in ["", "5", "m", "0s", "5 m", "5d", "99999999999999999999h"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
