//! Which lines of a log are history: what was written days before the log goes on says nothing of a fault of today.

use std::collections::HashMap;

use crate::facts::{Facts, Line};

/// Days before the last dated line of the same log.
const DAYS: i64 = 1;

/// Characters at the beginning of a line before which its date begins; dates behind them are what a line is about.
const HEAD: usize = 32;

const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The same facts with history put aside; none where no log holds any.
#[must_use]
pub(crate) fn put_aside(facts: &Facts) -> Option<Facts> {
    let host = facts.host.as_ref()?;
    let mut newest: HashMap<&str, i64> = HashMap::new();
    let today = if facts.now > 0 { facts.now / 86_400 + 1 } else { i64::MAX };
    let day = |text: &str| day(text).filter(|day| *day <= today);
    for line in &host.log {
        if let Some(day) = day(&line.text) {
            let last = newest.entry(&line.source).or_insert(day);
            *last = (*last).max(day);
        }
    }
    // What follows a dated line without a date of its own, such as a trace, is of the same day.
    let mut at: HashMap<&str, i64> = HashMap::new();
    let mut is_past = |line: &Line| {
        let (Some((source, last)), own) = (newest.get_key_value(line.source.as_str()), day(&line.text)) else {
            return false;
        };
        if let Some(own) = own {
            at.insert(*source, own);
        }
        at.get(*source).is_some_and(|own| last - own > DAYS)
    };
    let marks: Vec<bool> = host.log.iter().map(&mut is_past).collect();
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

/// The day on which a line says that it was written, counted from 1970.
fn day(text: &str) -> Option<i64> {
    let head: String = text.chars().take(HEAD + 12).filter(char::is_ascii).collect();
    let at = |from: usize, to: usize| head.get(from..to);
    (0..head.len().min(HEAD)).find_map(|start| {
        let is_apart = start == 0 || !head.as_bytes()[start - 1].is_ascii_digit();
        let year_first = || {
            let split = at(start + 4, start + 5).filter(|split| matches!(*split, "-" | "/"))?;
            (at(start + 7, start + 8)? == split)
                .then(|| moment(at(start, start + 4)?, at(start + 5, start + 7)?, at(start + 8, start + 10)?))?
        };
        let day_first = || {
            (at(start + 2, start + 3)? == "/" && at(start + 6, start + 7)? == "/").then_some(())?;
            let month = MONTHS.iter().position(|name| at(start + 3, start + 6) == Some(*name))? + 1;
            moment(at(start + 7, start + 11)?, &format!("{month:02}"), at(start, start + 2)?)
        };
        if is_apart { year_first().or_else(day_first) } else { None }
    })
}

fn moment(year: &str, month: &str, day: &str) -> Option<i64> {
    crate::har::moment(&format!("{year}-{month}-{day}T00:00:00Z")).map(|at| at / 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Host;

    fn logged(lines: &[(&str, &str)]) -> Facts {
        let line = |(source, text): &(&str, &str)| Line { source: (*source).into(), number: 0, text: (*text).into() };
        Facts { host: Some(Host { log: lines.iter().map(line).collect(), ..Host::default() }), ..Facts::default() }
    }

    #[test]
    fn reads_the_dates_of_the_usual_logs() {
        assert_eq!(day("2026/11/02 03:00:01 [error] 812#812: *1 x"), day("[02/Nov/2026:03:00:01 +0000] GET /"));
        assert_eq!(day("ts=2026-11-02T03:00:01Z level=error"), day("2026-11-02 03:00:01,100 ERROR"));
        assert_eq!(day("2026-11-02 x").unwrap() - day("2026-11-01 x").unwrap(), 1);
        assert_eq!(day("listening on 0.0.0.0:8000"), None);
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
