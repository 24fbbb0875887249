//! How old a line of a log is, by the time that stands at its beginning, and which lines are history by it.

use std::collections::HashMap;

use super::{Facts, Line};

/// Characters at the beginning of a line before which its time begins; what stands behind them is what a line is about.
const HEAD: usize = 40;
/// Characters that a time takes.
const LONGEST: usize = 26;
/// Milliseconds after which others than the visitor of today are meant.
const DAY: i64 = 86_400_000;

const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Unix milliseconds of the time at which a line says that it was written, without its zone: `2026-01-02 03:04:05`, also
/// with slashes or a `T`, `02/Jan/2026:03:04:05`, `02 Jan 2026 03:04:05`, or Caddy's `"ts":` with seconds. A day alone is
/// its midnight.
fn moment(text: &str) -> Option<i64> {
    let head: String = text.chars().take(HEAD + LONGEST).filter(char::is_ascii).collect();
    if let Some(seconds) = head.split_once("\"ts\":").and_then(|(_, rest)| leading(rest))
        && (1_000_000_000..10_000_000_000).contains(&seconds)
    {
        return Some(seconds * 1_000);
    }
    (0..head.len().min(HEAD)).find_map(|start| {
        let is_apart = start == 0 || !head.as_bytes()[start - 1].is_ascii_digit();
        let rest = head.get(start..).filter(|_| is_apart)?;
        let (day, rest) = year_first(rest).or_else(|| day_first(rest))?;
        let clock = rest.get(1..9).filter(|clock| rest.starts_with([' ', 'T', ':']) && is_clock(clock));
        crate::har::moment(&format!("{day}T{}Z", clock.unwrap_or("00:00:00")))
    })
}

fn leading(text: &str) -> Option<i64> {
    text.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn is_clock(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| if matches!(at, 2 | 5) { byte == b':' } else { byte.is_ascii_digit() })
}

/// `2026-01-02` or `2026/01/02` at the beginning, and what follows.
fn year_first(text: &str) -> Option<(String, &str)> {
    let split = text.get(4..5).filter(|split| matches!(*split, "-" | "/"))?;
    (text.get(7..8)? == split)
        .then(|| Some((format!("{}-{}-{}", text.get(..4)?, text.get(5..7)?, text.get(8..10)?), text.get(10..)?)))?
}

/// `02/Jan/2026` or `02 Jan 2026` at the beginning, and what follows.
fn day_first(text: &str) -> Option<(String, &str)> {
    let split = text.get(2..3).filter(|split| matches!(*split, " " | "/"))?;
    let month = MONTHS.iter().position(|name| text.get(3..6) == Some(*name))? + 1;
    (text.get(6..7)? == split)
        .then(|| Some((format!("{}-{month:02}-{}", text.get(7..11)?, text.get(..2)?), text.get(11..)?)))?
}

/// The same facts with history put aside: what was written days before its log goes on says nothing of a fault of today.
/// None where no log holds any.
#[must_use]
pub(crate) fn put_aside(facts: &Facts) -> Option<Facts> {
    let host = facts.host.as_ref()?;
    let mut newest: HashMap<&str, i64> = HashMap::new();
    let today = if facts.now > 0 { facts.now * 1_000 / DAY + 1 } else { i64::MAX };
    let day = |line: &Line| moment(&line.text).map(|at| at / DAY).filter(|day| *day <= today);
    for line in &host.log {
        if let Some(day) = day(line) {
            let last = newest.entry(&line.source).or_insert(day);
            *last = (*last).max(day);
        }
    }
    // What follows a dated line without a date of its own, such as a trace, is of the same day.
    let mut at: HashMap<&str, i64> = HashMap::new();
    let mut is_history = |line: &Line| {
        let (Some((source, last)), own) = (newest.get_key_value(line.source.as_str()), day(line)) else {
            return false;
        };
        if let Some(own) = own {
            at.insert(*source, own);
        }
        at.get(*source).is_some_and(|own| last - own > 1)
    };
    let marks: Vec<bool> = host.log.iter().map(&mut is_history).collect();
    if !marks.contains(&true) {
        return None;
    }
    let mut parted = facts.clone();
    let host = parted.host.as_mut()?;
    let mut marks = marks.into_iter();
    let (past, log) = std::mem::take(&mut host.log).into_iter().partition(|_| marks.next().unwrap_or_default());
    host.past = past;
    host.log = log;
    Some(parted)
}

/// Whether the same log went on for more than a day after this line.
pub(crate) fn is_past(facts: &Facts, line: &Line) -> bool {
    let Some(own) = moment(&line.text) else { return false };
    let lines = facts.host.iter().flat_map(|host| host.log.iter().chain(&host.since));
    let mut others = lines.filter(|other| other.source == line.source).filter_map(|other| moment(&other.text));
    others.any(|other| other - own > DAY)
}

/// Whether this line was written within the last hour.
pub(crate) fn is_recent(facts: &Facts, line: &Line) -> bool {
    let is_new = facts.host.iter().any(|host| host.since.contains(line));
    let age = moment(&line.text).map(|own| facts.now - own.div_euclid(1_000));
    is_new || age.is_some_and(|age| (-120..3_600).contains(&age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Host;

    fn line(text: &str) -> Line {
        Line { source: "a.log".into(), number: 0, text: text.into() }
    }

    fn logged(lines: &[(&str, &str)]) -> Facts {
        let line = |(source, text): &(&str, &str)| Line { source: (*source).into(), number: 0, text: (*text).into() };
        Facts { host: Some(Host { log: lines.iter().map(line).collect(), ..Host::default() }), ..Facts::default() }
    }

    #[test]
    fn times_are_read_as_logs_write_them() {
        let expected = crate::har::moment("2026-01-02T03:04:05Z");
        for text in [
            "2026/01/02 03:04:05 [error] 812#812: *1 x",
            "time=\"2026-01-02T03:04:05Z\" level=error",
            "E 2026-01-02 03:04:05,123 x",
            "[02/Jan/2026:03:04:05 +0000] GET /",
            "::ffff:192.0.2.7:37168 [02/Jan/2026:03:04:05.353] web~ app/app1",
            "109:C 02 Jan 2026 03:04:05.488 # Redis is starting",
            r#"{"level":"error","ts":1767323045.12,"msg":"x"}"#,
            r#"{"severity":"ERROR","timestamp":"2026-01-02T03:04:05.1Z","msg":"x"}"#,
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(moment("2026-01-02 x"), crate::har::moment("2026-01-02T00:00:00Z"));
        for text in ["ERROR é 2026", "", "2026-13-45 99:99:99", "listening on 0.0.0.0:8000", "12026-01-02 03:04:05"] {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(moment(&format!("{}2026-01-02 03:04:05", "x".repeat(HEAD))), None);
    }

    #[test]
    fn a_line_is_past_once_its_log_went_on_for_a_day() {
        let lines = ["2026-01-02 03:04:05 reset", "2026-01-04 00:00:00 well", "without a time"].map(line);
        let facts = Facts { host: Some(Host { log: lines.to_vec(), ..Host::default() }), ..Facts::default() };
        assert_eq!(lines.each_ref().map(|line| is_past(&facts, line)), [true, false, false]);
        let facts = Facts { now: moment(&lines[1].text).unwrap() / 1_000 + 60, ..facts };
        assert_eq!(lines.each_ref().map(|line| is_recent(&facts, line)), [false, true, false]);
    }

    #[test]
    fn what_was_written_days_before_the_end_is_put_aside() {
        let facts = logged(&[
            ("a", "2026-11-02 03:00:01 ERROR the database is gone"),
            ("a", "    at trace"),
            ("b", "2026-11-02 03:00:01 ERROR the last line of its log"),
            ("a", "2026-11-09 03:00:01 INFO all is well"),
        ]);
        let parted = put_aside(&facts).unwrap().host.unwrap();
        assert_eq!(
            parted.past.iter().map(|line| line.text.trim()).collect::<Vec<_>>(),
            ["2026-11-02 03:00:01 ERROR the database is gone", "at trace"]
        );
        assert_eq!(parted.log.len(), 2);
        assert!(put_aside(&logged(&[("a", "2026-11-02 x"), ("a", "2026-11-03 y"), ("a", "z")])).is_none());
    }
}
