//! `cargo xtask lab`: broken deployments and their healthy twins, examined by the doctor, and a score.

mod family;
mod ground;
mod patch;
mod rig;
mod scenario;
mod score;
mod verdict;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::need::{self, Provision};
use crate::{Outcome, Trouble, shell};
use family::Families;
use rig::Rig;
use scenario::Scenario;
use score::Score;
use verdict::Row;

pub(crate) use ground::NEEDS;

/// Deployments that stand at the same time.
const SIDE_BY_SIDE: usize = 2;

/// Arguments of `cargo xtask lab`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folders with scenarios, searched to any depth; without any, those of the repository
    folders: Vec<PathBuf>,
    /// Only scenarios whose id, case, family or code contains this
    #[arg(long)]
    filter: Option<String>,
    /// All scenarios, not only the fast ones of every test run; folders and filters imply it
    #[arg(long)]
    full: bool,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
    /// A program that is built already
    #[arg(long)]
    program: Option<PathBuf>,
    /// Print what the doctor and the parts said where a row is not right
    #[arg(long)]
    verbose: bool,
    /// Build the first scenario that the filter leaves and run this shell command in it, instead of the doctor
    #[arg(long, value_name = "COMMAND", requires = "filter")]
    enter: Option<String>,
    /// The same in its healthy twin
    #[arg(long, value_name = "COMMAND", requires = "filter", conflicts_with = "enter")]
    enter_healthy: Option<String>,
    #[command(flatten)]
    provision: Provision,
    #[command(flatten)]
    cache: Cache,
}

/// Where packages of Python and Node.js are kept between runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Cache {
    /// Where packages of Python and Node.js are kept between runs
    #[arg(long = "cache", env = "DOORWARD_LAB_CACHE", hide = true)]
    own: Option<PathBuf>,
    #[arg(long = "cache-home", env = "XDG_CACHE_HOME", hide = true)]
    shared: Option<PathBuf>,
    #[arg(long, env = "HOME", default_value = "/", hide = true)]
    home: PathBuf,
}

impl Cache {
    fn folder(&self) -> PathBuf {
        let home = || self.shared.clone().unwrap_or_else(|| self.home.join(".cache"));
        self.own.clone().unwrap_or_else(|| home().join("doorward-lab"))
    }
}

impl Arguments {
    fn chosen(&self) -> Outcome<Vec<Scenario>> {
        let own = [shell::root().join("lab/scenario")];
        let folders = if self.folders.is_empty() { &own } else { self.folders.as_slice() };
        let is_everything = self.full || !self.folders.is_empty() || self.filter.is_some();
        let is_chosen = |scenario: &Scenario| {
            (is_everything || scenario.is_fast) && self.filter.as_deref().is_none_or(|text| scenario.mentions(text))
        };
        Ok(read(folders)?.into_iter().filter(is_chosen).collect())
    }
}

/// The scenarios below these folders.
fn read(folders: &[PathBuf]) -> Outcome<Vec<Scenario>> {
    let lab = shell::root().join("lab");
    scenario::read(folders, &lab.join("base"), &Families::read(&lab.join("families.tsv"))?)
}

/// Runs scenarios and prints the score.
///
/// # Errors
///
/// When this machine permits no namespaces, a deployment does not stand, or the score misses its targets.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let scenarios = arguments.chosen()?;
    if scenarios.is_empty() {
        return Err(Trouble::Usage("lab: no scenario has this name".to_owned()));
    }
    need::provide(ground::needs(), "lab", &arguments.provision)?;
    ground::permitted()?;
    let cache = arguments.cache.folder();
    ground::prepare(&cache, &scenarios)?;
    let rig = Rig { program: program(arguments.program.as_deref())?, cache };
    match (&arguments.enter, &arguments.enter_healthy) {
        (Some(command), _) => return rig.enter(&scenarios[0].steps[0].plan, command),
        (None, Some(command)) => return rig.enter(&scenarios[0].healthy, command),
        (None, None) => {}
    }
    let tell = |row: &Row| {
        if !arguments.json {
            println!("{row}");
        }
        if !arguments.json && arguments.verbose && !row.is_right() {
            println!("{}", row.said());
        }
    };
    let rows = examine(&rig, &scenarios, &tell);
    let score = Score::of(&rows);
    if arguments.json {
        println!("{}", score.to_json(&rows));
    } else {
        println!("\n{score}");
    }
    score.end()
}

/// The scenarios of the repository as one of the suites of `cargo xtask test`: the fast ones, or all.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn suite(cache: &Cache, is_full: bool) -> Outcome {
    ground::permitted()?;
    let own = read(&[shell::root().join("lab/scenario")])?;
    let scenarios: Vec<Scenario> = own.into_iter().filter(|scenario| is_full || scenario.is_fast).collect();
    let cache = cache.folder();
    let program = program(None)?;
    ground::prepare(&cache, &scenarios)?;
    let rows = examine(&Rig { program, cache }, &scenarios, &|row| println!("{row}"));
    let score = Score::of(&rows);
    println!("\n{score}");
    score.end()
}

/// Tells one story to this program: the broken deployment must be named (and mended, where a fix is applied), and its
/// twin found healthy.
///
/// # Errors
///
/// When the machine permits no namespaces, or one of the two is not as it should be.
pub(crate) fn story(program: &Path, id: &str) -> Outcome<String> {
    ground::permitted()?;
    let all = read(&[shell::root().join("lab/scenario")])?;
    let told: Vec<Scenario> = all.into_iter().filter(|scenario| scenario.id == id).collect();
    let rig = Rig { program: program.to_path_buf(), cache: std::env::temp_dir() };
    let rows: Vec<Row> = verdict::orders(&told).iter().map(|order| order.judge(rig.examine(order.plan()))).collect();
    match rows.iter().find(|row| !row.is_right()) {
        None if rows.is_empty() => Err(Trouble::failed(format!("no scenario `{id}`"))),
        None => Ok(format!("{} named, its healthy twin passes", rows[0].wanted_code)),
        Some(row) => Err(Trouble::failed(row.to_string())),
    }
}

fn program(given: Option<&Path>) -> Outcome<PathBuf> {
    if let Some(built) = given {
        return Ok(built.canonicalize()?);
    }
    shell::run(&mut shell::cargo(["build", "--package", "doorward"]))?;
    Ok(shell::target()?.join("debug/doorward"))
}

/// Every deployment that is to stand: each healthy one once, however many scenarios break it.
fn examine(rig: &Rig, scenarios: &[Scenario], tell: &(dyn Fn(&Row) + Sync)) -> Vec<Row> {
    let orders = verdict::orders(scenarios);
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    let work = || {
        while let Some(order) = orders.get(next.fetch_add(1, Ordering::Relaxed)) {
            let row = order.judge(rig.examine(order.plan()));
            tell(&row);
            rows.lock().expect("no thread panics while it holds the rows").push(row);
        }
    };
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().expect("no thread panics while it holds the rows");
    rows.sort_by_key(|row| row.place);
    rows
}
