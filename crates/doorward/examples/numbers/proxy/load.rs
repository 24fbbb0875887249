//! The load: `wrk` with 64 connections that are kept, and what it and the kernel say of a span of it.

use std::fs;
use std::process::Command;

use tokio::time::Instant;

use super::{PROXY, one};
use crate::served::pinned;

const CONNECTIONS: &str = "64";
const SPAN: &str = "3s";

/// As long as sign-ins are offered.
const FLOOD_SPAN: &str = "5s";

/// A part of the core that is too much for others, and how often a measurement is done at most.
const DISTURBED: f64 = 0.08;
const TRIES: usize = 3;

/// What is asked, and of whom.
pub(super) struct Wanted {
    pub(super) name: &'static str,
    pub(super) port: u16,
    pub(super) process: u32,
    pub(super) path: &'static str,
    /// Whether this is a question of another proxy about the request.
    pub(super) is_question: bool,
}

/// Who asks.
pub(super) struct Load {
    pub(super) core: usize,
    pub(super) cookie: String,
}

impl Load {
    /// Prints requests in a second, the time that 99 of 100 take at most, and what the proxy spends on each.
    pub(super) fn measure(&self, group: &str, wanted: &Wanted) {
        self.run(wanted, "1s");
        let (told, spent, foreign) = self.undisturbed(wanted);
        let name = format!("{group}.{}", wanted.name);
        one(&name, number(&told, "Requests/sec:"), "/s");
        one(&format!("{name}.p99"), microseconds(&told, " 99%"), "us");
        one(&format!("{name}.cpu"), spent / number_before(&told, "requests in"), "us");
        one(&format!("{name}.foreign"), foreign, "ratio");
        let memory = crate::resident(&wanted.process.to_string()) as f64;
        one(&format!("{name}.memory"), memory / 1_048_576.0, "MiB");
    }

    /// What `wrk` says, microseconds of the processor, and the part of the core that others had meanwhile. Where that
    /// was too much, it is done again.
    fn undisturbed(&self, wanted: &Wanted) -> (String, f64, f64) {
        let mut tries = 0;
        loop {
            let before = (processor_time(wanted.process), busy_time(PROXY), Instant::now());
            let told = self.run(wanted, SPAN);
            let spent = processor_time(wanted.process) - before.0;
            let all = before.2.elapsed().as_secs_f64() * 1e6;
            let foreign = (busy_time(PROXY) - before.1 - spent) / all;
            tries += 1;
            if foreign < DISTURBED || tries == TRIES {
                return (told, spent, foreign);
            }
        }
    }

    /// Microseconds that 99 of 100 requests take at most, while others do something else meanwhile.
    pub(super) async fn slowest(&self, wanted: &Wanted, session: &str) -> f64 {
        let mut command = self.command(wanted, session, FLOOD_SPAN);
        let told = tokio::task::spawn_blocking(move || command.output().unwrap().stdout).await.unwrap();
        microseconds(&String::from_utf8(told).unwrap(), " 99%")
    }

    fn run(&self, wanted: &Wanted, span: &str) -> String {
        let output = self.command(wanted, &self.cookie, span).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let is_well = output.status.success() && !told.contains("Non-2xx") && !told.contains("Socket errors");
        assert!(is_well, "{}: {told}", wanted.name);
        told
    }

    fn command(&self, wanted: &Wanted, cookie: &str, span: &str) -> Command {
        let mut command = pinned(self.core, "wrk");
        let host = format!("localhost:{}", wanted.port);
        command.args(["-t1", "-c", CONNECTIONS, "-d", span, "--latency"]);
        command.args(["-H", &format!("Host: {host}"), "-H", &format!("Cookie: {cookie}")]);
        if wanted.is_question {
            command.args(["-H", "X-Original-Method: GET", "-H", &format!("X-Original-URL: http://{host}/")]);
        }
        command.arg(format!("http://127.0.0.1:{}{}", wanted.port, wanted.path));
        command
    }
}

/// Microseconds that a core was not idle, what the host has taken away included.
fn busy_time(core: usize) -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("cpu{core} "))).unwrap();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).map(|ticks| ticks.parse().unwrap()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
    [0, 1, 2, 5, 6, 7].iter().map(|column| ticks[*column]).sum::<f64>() * 10_000.0
}

/// Microseconds that a process has spent on the processor.
pub(super) fn processor_time(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the whole line, in hundredths of a second (proc(5)).
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() * 10_000.0
}

/// The word after these words.
fn after<'a>(told: &'a str, words: &str) -> &'a str {
    told.split(words).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap()
}

fn number(told: &str, words: &str) -> f64 {
    after(told, words).parse().unwrap()
}

fn number_before(told: &str, words: &str) -> f64 {
    told.split(words).next().and_then(|start| start.split_whitespace().last()).unwrap().parse().unwrap()
}

fn microseconds(told: &str, words: &str) -> f64 {
    let text = after(told, words);
    let digits = text.trim_end_matches(char::is_alphabetic);
    let scale = match &text[digits.len()..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        other => panic!("{other} is no unit of time"),
    };
    digits.parse::<f64>().unwrap() * scale
}
