//! `doorward tune`: measures what a password hash costs on this machine and says what to write.

mod limit;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::identity::hasher::{DEFAULT_MEMORY, LOW_MEMORY, Parameters, default_workers, sample};

/// Done.
const WELL: u8 = 0;
/// Nothing could be measured.
const FAULT: u8 = 70;

/// A hash shall take about this long: slow for a guesser, hardly felt by a person.
const WANTED: std::ops::RangeInclusive<Duration> = Duration::from_millis(60)..=Duration::from_millis(100);

/// Passes that are tried at most.
const MOST_PASSES: u32 = 12;

/// The passes that a profile has where none are written.
const PROFILE_PASSES: u32 = 2;

/// Arguments of `doorward tune`.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Hashes for each line of the table; the median counts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(3..=99))]
    rounds: u8,
    /// Threads that hash at the same time; half of the processors where it is left out
    #[arg(long)]
    workers: Option<NonZeroUsize>,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    parameters: Parameters,
    /// Fastest, median and slowest.
    times: [Duration; 3],
}

impl Row {
    fn median(&self) -> Duration {
        self.times[1]
    }

    /// Whether something else ran meanwhile, so that the median says too much.
    fn is_disturbed(&self) -> bool {
        2 * self.median() > 3 * self.times[0]
    }
}

/// What to write.
#[derive(Debug, Clone, Copy)]
struct Choice {
    row: Row,
    workers: usize,
    /// Whether all workers together stay within a quarter of the memory.
    is_within_memory: bool,
}

/// Measures, prints the table and the lines to write, and gives back the exit code.
#[must_use]
pub fn run(arguments: &Arguments, is_json: bool) -> u8 {
    let rows: Vec<Row> = [DEFAULT_MEMORY, LOW_MEMORY]
        .into_iter()
        .flat_map(|memory| measure(memory, usize::from(arguments.rounds)))
        .collect();
    let limit = limit::memory_limit(Path::new("/"));
    let workers = arguments.workers.unwrap_or_else(default_workers).get();
    let Some(choice) = choose(&rows, workers, limit) else {
        let _ = writeln!(std::io::stderr(), "doorward: not even {} MiB of memory could be had", LOW_MEMORY / 1024);
        return FAULT;
    };
    let text = if is_json { format!("{:#}", report(&rows, choice, limit)) } else { words(&rows, choice, limit) };
    // Where nobody reads, nobody misses it.
    let _ = writeln!(std::io::stdout(), "{text}");
    WELL
}

/// Measures one more pass each time, from the OWASP minimum until a hash takes too long.
fn measure(memory: u32, rounds: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for parameters in (1..=MOST_PASSES).filter_map(|passes| Parameters::chosen(memory, passes).ok()) {
        if rows.last().is_some_and(|row| row.median() > *WANTED.end()) {
            break;
        }
        let Some(times) = sample(parameters, rounds) else { break };
        let (Some(first), Some(last)) = (times.first(), times.last()) else { break };
        rows.push(Row { parameters, times: [*first, times[times.len() / 2], *last] });
    }
    rows
}

/// The most memory that all workers together can have, with the passes whose time is wanted.
fn choose(rows: &[Row], workers: usize, limit: Option<u64>) -> Option<Choice> {
    let fits =
        |memory: u32, workers: usize| limit.is_none_or(|limit| u64::from(memory) * 1024 * workers as u64 <= limit / 4);
    let has = |memory: u32| rows.iter().any(|row| row.parameters.memory() == memory);
    let memory = [DEFAULT_MEMORY, LOW_MEMORY].into_iter().find(|memory| has(*memory) && fits(*memory, workers));
    let memory = memory.or_else(|| has(LOW_MEMORY).then_some(LOW_MEMORY))?;
    // Where not even the small profile fits, fewer workers do, and one is needed in any case.
    let workers = (1..=workers).rev().find(|workers| fits(memory, *workers)).unwrap_or(1);
    let row = passes(&rows.iter().filter(|row| row.parameters.memory() == memory))?;
    Some(Choice { row: *row, workers, is_within_memory: fits(memory, workers) })
}

/// The first that takes long enough and not too long; else the slowest that does not take too long;
/// else the minimum, since weaker ones are not to be had.
fn passes<'a>(rows: &(impl Iterator<Item = &'a Row> + Clone)) -> Option<&'a Row> {
    let is_wanted = |row: &&Row| WANTED.contains(&row.median());
    let is_fast = |row: &&Row| row.median() <= *WANTED.end();
    rows.clone().find(is_wanted).or_else(|| rows.clone().filter(is_fast).last()).or_else(|| rows.clone().next())
}

/// The lines for `doorward.toml`.
fn lines(choice: Choice) -> String {
    let parameters = choice.row.parameters;
    let profile = if parameters.memory() == DEFAULT_MEMORY { "default" } else { "low-memory" };
    let passes = match parameters.passes() {
        PROFILE_PASSES => String::new(),
        passes => format!("passes = {passes}\n"),
    };
    format!("[password]\nhash = \"{profile}\"\n{passes}workers = {}\n", choice.workers)
}

fn words(rows: &[Row], choice: Choice, limit: Option<u64>) -> String {
    let head = "  memory  passes   fastest    median   slowest   sign-ins/s of one worker\n";
    let table: String = rows.iter().map(|row| line(row, row.parameters == choice.row.parameters)).collect();
    let total = u64::from(choice.row.parameters.memory()) / 1024 * choice.workers as u64;
    let of = match limit {
        Some(limit) => format!(" of {} MiB", limit / 1024 / 1024),
        None => "; how much there is, the system does not tell".to_owned(),
    };
    let little = "That is more than a quarter, and less is not safe: give Doorward more memory.\n";
    let little = if choice.is_within_memory { "" } else { little };
    let slow = "A hash takes long here, and fewer passes are not safe: sign-ins will be slow on this machine.\n";
    let slow = if choice.row.median() > *WANTED.end() { slow } else { "" };
    let busy = "The machine was busy with something else meanwhile: measure again when it is quiet.\n";
    let busy = if rows.iter().any(Row::is_disturbed) { busy } else { "" };
    let (notes, lines) = ([little, slow, busy].concat(), lines(choice));
    format!("{head}{table}\nAll workers together take {total} MiB{of}.\n{notes}\nWrite in doorward.toml:\n\n{lines}")
}

fn line(row: &Row, is_chosen: bool) -> String {
    let [fastest, median, slowest] = row.times.map(milliseconds);
    let (memory, passes, rate) = (row.parameters.memory() / 1024, row.parameters.passes(), 1000.0 / median);
    let mark = if is_chosen { '>' } else { ' ' };
    format!(
        "{mark} {memory:>3} MiB  {passes:>6}  {fastest:>5.1} ms  {median:>5.1} ms  {slowest:>5.1} ms   {rate:>5.1}\n"
    )
}

fn report(rows: &[Row], choice: Choice, limit: Option<u64>) -> Value {
    let row = |row: &Row| {
        let [fastest, median, slowest] = row.times.map(milliseconds);
        let (memory, passes) = (row.parameters.memory(), row.parameters.passes());
        json!({ "memory_kib": memory, "passes": passes, "fastest_ms": fastest, "median_ms": median, "slowest_ms": slowest })
    };
    json!({
        "measured": rows.iter().map(row).collect::<Vec<_>>(),
        "chosen": row(&choice.row),
        "workers": choice.workers,
        "memory_limit_bytes": limit,
        "is_within_memory": choice.is_within_memory,
        "is_disturbed": rows.iter().any(Row::is_disturbed),
        "configuration": lines(choice),
    })
}

/// Milliseconds to one hundredth.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024 * 1024;

    fn rows(memory: u32, medians: &[u64]) -> Vec<Row> {
        let passes = (1..).filter_map(|passes| Parameters::chosen(memory, passes).ok());
        passes.zip(medians).map(|(parameters, ms)| Row { parameters, times: [Duration::from_millis(*ms); 3] }).collect()
    }

    /// Memory in MiB, passes and workers of the choice.
    fn chosen(default: &[u64], low: &[u64], workers: usize, limit: Option<u64>) -> (u32, u32, usize) {
        let rows = [rows(DEFAULT_MEMORY, default), rows(LOW_MEMORY, low)].concat();
        let choice = choose(&rows, workers, limit).unwrap();
        (choice.row.parameters.memory() / 1024, choice.row.parameters.passes(), choice.workers)
    }

    #[test]
    fn takes_the_first_number_of_passes_that_takes_long_enough() {
        for (medians, passes) in [
            (&[30, 62, 93, 125][..], 2),
            (&[29, 58, 87, 116], 3),
            (&[55, 110], 1),
            (&[130], 1),
            (&[5, 10, 15], 3),
            (&[60], 1),
            (&[100, 200], 1),
        ] {
            assert_eq!(chosen(medians, &[14], 1, None), (64, passes, 1), "{medians:?}");
        }
    }

    #[test]
    fn stays_within_a_quarter_of_the_memory() {
        for (workers, limit, expected) in [
            (1, GIB / 4, (64, 2, 1)),
            (2, GIB / 2, (64, 2, 2)),
            (2, GIB / 4, (19, 3, 2)),
            (8, GIB / 4, (19, 3, 3)),
            (2, 1024, (19, 3, 1)),
        ] {
            assert_eq!(chosen(&[30, 62], &[40, 70], workers, Some(limit)), expected, "{workers} {limit}");
        }
    }

    #[test]
    fn never_goes_below_the_minimum() {
        assert!(rows(LOW_MEMORY, &[1; 20]).iter().all(|row| row.parameters.passes() >= 2));
        assert!(
            measure(LOW_MEMORY, 1).iter().all(|row| Parameters::chosen(LOW_MEMORY, row.parameters.passes()).is_ok())
        );
    }

    #[test]
    fn says_when_the_machine_was_busy() {
        let mut rows = rows(DEFAULT_MEMORY, &[30, 62]);
        let choice = choose(&rows, 1, None).unwrap();
        assert!(!words(&rows, choice, None).contains("busy"));
        rows[1].times[0] = Duration::from_millis(40);
        assert!(words(&rows, choice, None).contains("measure again"));
    }

    #[test]
    fn says_what_to_write_in_words_and_in_json() {
        let rows = rows(DEFAULT_MEMORY, &[29, 58, 87]);
        let choice = choose(&rows, 4, Some(GIB)).unwrap();
        let expected = "[password]\nhash = \"default\"\npasses = 3\nworkers = 4\n";
        let text = words(&rows, choice, Some(GIB));
        assert!(text.ends_with(expected) && text.contains("256 MiB of 1024 MiB"), "{text}");
        assert!(text.contains(">  64 MiB       3   87.0 ms"), "{text}");
        let report = report(&rows, choice, Some(GIB));
        assert_eq!((&report["configuration"], &report["chosen"]["passes"]), (&json!(expected), &json!(3)));
    }
}
