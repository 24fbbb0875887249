//! The load: `wrk` with 64 connections that are kept, and what it and the kernel say of a span of it.

use std::fs;

use super::one;
use crate::served::pinned;

const CONNECTIONS: &str = "64";
const SPAN: &str = "3s";

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
        let before = processor_time(wanted.process);
        let told = self.run(wanted, SPAN);
        let spent = processor_time(wanted.process) - before;
        let name = format!("{group}.{}", wanted.name);
        one(&name, number(&told, "Requests/sec:"), "/s");
        one(&format!("{name}.p99"), microseconds(&told, "99%"), "us");
        one(&format!("{name}.cpu"), spent / number_before(&told, "requests in"), "us");
        let memory = crate::resident(&wanted.process.to_string()) as f64;
        one(&format!("{name}.memory"), memory / 1_048_576.0, "MiB");
    }

    fn run(&self, wanted: &Wanted, span: &str) -> String {
        let mut command = pinned(self.core, "wrk");
        let host = format!("localhost:{}", wanted.port);
        command.args(["-t1", "-c", CONNECTIONS, "-d", span, "--latency"]);
        command.args(["-H", &format!("Host: {host}"), "-H", &format!("Cookie: {}", self.cookie)]);
        if wanted.is_question {
            command.args(["-H", "X-Original-Method: GET", "-H", &format!("X-Original-URL: http://{host}/")]);
        }
        command.arg(format!("http://127.0.0.1:{}{}", wanted.port, wanted.path));
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let is_well = output.status.success() && !told.contains("Non-2xx") && !told.contains("Socket errors");
        assert!(is_well, "{}: {told}", wanted.name);
        told
    }
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
