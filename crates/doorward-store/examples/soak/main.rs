//! Races of many callers for one-time values, over two nodes on one database that are killed and started again.
//!
//! `cargo xtask soak` runs it with 100,000 races and prints what came of them, in a database of its own or in an empty one
//! of a server. It ends with 1 where a value was good for more or for less than once, was good again after a restart, or
//! the audit chain does not hold.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a soak that cannot go on has failed, and standard output is how it tells what it saw"
)]

mod life;
mod value;

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use doorward_core::Secret;
use doorward_core::store::Audit as _;
use doorward_store::{Location, Server, Store, migration};
use tempfile::TempDir;
use tokio::time::Instant;

/// How many callers present one value.
const CALLERS: usize = 16;

/// Races in one life, at least; each life ends by `kill -9`, in the middle of whatever is going on.
const LIFE: usize = 1_500;

/// How many of the newest values are presented again in the next life.
const AGAIN: usize = 400;

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    races: usize,
    kinds: BTreeMap<String, usize>,
    never: usize,
    more_than_once: usize,
    lives: usize,
    presented_again: usize,
    good_again: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["live", place, used] => {
            life::live(&located(place), Path::new(used)).await;
            ExitCode::SUCCESS
        }
        [count] => soak(count.parse().unwrap(), None).await,
        [count, url] => soak(count.parse().unwrap(), Some(url)).await,
        _ => {
            println!("usage: soak RACES [DATABASE_URL]");
            ExitCode::from(2)
        }
    }
}

/// A URL is a server's database, and anything else the directory of an embedded one.
fn located(place: &str) -> Location {
    if place.contains("://") {
        return Location::Postgres(Server::new(Secret::new(place)));
    }
    Location::embedded(Path::new(place))
}

async fn soak(count: usize, url: Option<&str>) -> ExitCode {
    let directory = tempfile::tempdir().unwrap();
    let place = url.unwrap_or_else(|| directory.path().to_str().unwrap());
    let location = located(place);
    let made = migration::up(&location).await.unwrap();
    assert!(!made.is_empty(), "the database is in use: name an empty one");
    let (began, mut tally, mut used) = (Instant::now(), Tally::default(), VecDeque::new());
    while tally.races < count {
        let most = (count - tally.races).min(LIFE + tally.lives * 37 % LIFE);
        one_life(&directory, place, most, &mut tally, &mut used);
    }
    // Once more without being killed, so that what the last life used is presented as well.
    one_life(&directory, place, 0, &mut tally, &mut used);
    let chain = Store::open(&location).await.unwrap().verify_chain().await.unwrap();
    tell(&tally, began.elapsed().as_secs(), chain)
}

/// Starts two nodes, lets them race until enough was heard, and kills them.
fn one_life(directory: &TempDir, place: &str, most: usize, tally: &mut Tally, used: &mut VecDeque<String>) {
    let file = directory.path().join("used");
    std::fs::write(&file, used.iter().map(String::as_str).collect::<Vec<_>>().join("\n")).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("live").arg(place).arg(&file).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let again: usize = lines.next().unwrap().unwrap().parse().unwrap();
    tally.presented_again += used.len();
    tally.good_again += again;
    let before = tally.races;
    while tally.races < before + most {
        hear(&lines.next().unwrap().unwrap(), tally, used);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    tally.lives += 1;
    // What it said before its end counts too; a line without its end was not said.
    for line in lines.map_while(Result::ok).filter(|line| line.ends_with('.')) {
        hear(&line, tally, used);
    }
}

/// One line: how often a value was good, and which.
fn hear(line: &str, tally: &mut Tally, used: &mut VecDeque<String>) {
    let (won, value) = line.strip_suffix('.').unwrap().split_once(' ').unwrap();
    match won {
        "0" => tally.never += 1,
        "1" => {}
        _ => tally.more_than_once += 1,
    }
    tally.races += 1;
    *tally.kinds.entry(value.split(' ').next().unwrap().to_owned()).or_default() += 1;
    used.push_back(value.to_owned());
    if used.len() > AGAIN {
        used.pop_front();
    }
}

fn tell(tally: &Tally, seconds: u64, chain: Result<i64, i64>) -> ExitCode {
    println!("races                      {} of {CALLERS} callers each, over two nodes, in {seconds} s", tally.races);
    for (kind, count) in &tally.kinds {
        println!("  {kind:<24} {count}");
    }
    println!("good more than once        {}", tally.more_than_once);
    println!("never good                 {}", tally.never);
    println!("restarts after kill -9     {}", tally.lives - 1);
    println!("presented after a restart  {}, of which {} were good again", tally.presented_again, tally.good_again);
    match chain {
        Ok(records) => println!("audit chain                holds over {records} records"),
        Err(at) => println!("audit chain                BROKEN at {at}"),
    }
    std::io::stdout().flush().unwrap();
    let is_well = tally.more_than_once + tally.never + tally.good_again == 0 && chain.is_ok();
    println!("{}", if is_well { "each value succeeded exactly once" } else { "FAILED" });
    if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
