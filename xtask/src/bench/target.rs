//! The numbers to reach, each as the rows it is made of and its bound.

use std::fmt;

use super::Part;
use super::row::{self, Round, Spread};

/// A number to reach.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) part: Part,
    pub(super) what: &'static str,
    /// The row that is judged.
    row: &'static str,
    /// The row of the same round by which it is divided, where the target is a ratio.
    by: Option<&'static str>,
    bound: Bound,
    /// The unit of the bound.
    unit: &'static str,
}

/// On which side of which number the median must lie.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
    Under(f64),
    AtLeast(f64),
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Reached,
    NotReached,
    NotMeasured,
}

const fn target(part: Part, what: &'static str, row: &'static str, bound: Bound, unit: &'static str) -> Target {
    Target { part, what, row, by: None, bound, unit }
}

const fn ratio(part: Part, what: &'static str, row: &'static str, by: &'static str, bound: Bound) -> Target {
    Target { part, what, row, by: Some(by), bound, unit: "ratio" }
}

use Bound::{AtLeast, AtMost, Under};
use Part::{Alone, Browser, Csrf, Proxy};

/// Every published number.
pub(super) const TARGETS: &[Target] = &[
    ratio(Csrf, "CSRF check, session loaded / hmac over 46 bytes", "csrf T7", "hmac 46 B precomputed key", AtMost(2.5)),
    target(Csrf, "CSRF check with a scan of 12 cookies", "csrf T7 with a scan of 12 cookies", Under(1.0), "µs"),
    target(Alone, "session check among 1,000,000", "session.check", Under(2.0), "µs"),
    target(Alone, "memory of a session", "session.bytes", AtMost(400.0), "B"),
    target(Alone, "start to first answer, second start", "start.second", Under(100.0), "ms"),
    target(Alone, "memory, idle, without the Argon2 arena", "memory.idle", Under(30.0), "MiB"),
    target(Alone, "memory with 100,000 sessions", "memory.sessions", Under(80.0), "MiB"),
    ratio(Alone, "p99 of session checks, flooded / idle", "flood.p99", "flood.p99_idle", AtMost(2.0)),
    ratio(Alone, "sign-ins served / capacity of the hash workers", "flood.served", "flood.capacity", AtLeast(0.9)),
    target(Alone, "answer to the sign-ins that were turned away", "flood.refused", AtMost(50.0), "ms"),
    ratio(Proxy, "proxied with session check / HAProxy with a map", "proxy.doorward", "proxy.haproxy", AtLeast(1.0)),
    ratio(Proxy, "the same / nginx with auth_request", "proxy.doorward", "proxy.nginx", AtLeast(1.4)),
    ratio(Proxy, "the same / Caddy with forward_auth", "proxy.doorward", "proxy.caddy", AtLeast(8.0)),
    ratio(Proxy, "p99 of the same / p99 of nginx", "proxy.doorward.p99", "proxy.nginx.p99", AtMost(1.0)),
    ratio(Proxy, "forward-auth answer / constant answer", "authz.asked", "authz.constant", AtLeast(0.9)),
    ratio(Proxy, "p99 of proxied requests, flooded / idle", "beside.p99", "beside.p99_idle", AtMost(2.0)),
    // Processor time, since the clients have no more of it than the servers.
    ratio(Proxy, "TLS 1.3 handshakes a core / nginx", "tls.nginx.cpu", "tls.doorward.cpu", AtLeast(1.0)),
    target(Browser, "tools: start to `initialize`", "browser.start", Under(20.0), "ms"),
    target(Browser, "tools: first page, browser launch included", "browser.first", Under(450.0), "ms"),
    target(Browser, "tools: memory of the server", "browser.memory", Under(10.0), "MiB"),
    target(Browser, "tools: snapshot", "browser.snapshot", Under(5.0), "ms"),
    target(Browser, "tools: click", "browser.click", Under(130.0), "ms"),
    target(Browser, "tools: evaluate", "browser.evaluate", Under(5.0), "ms"),
    ratio(Browser, "start, against playwright-mcp", "browser.start", "browser.start.npm", AtMost(0.5)),
    ratio(Browser, "first page, against playwright-mcp", "browser.first", "browser.first.npm", AtMost(0.5)),
    ratio(Browser, "memory, against playwright-mcp", "browser.memory", "browser.memory.npm", AtMost(0.5)),
    ratio(Browser, "snapshot, against playwright-mcp", "browser.snapshot", "browser.snapshot.npm", AtMost(0.5)),
    ratio(Browser, "click, against playwright-mcp", "browser.click", "browser.click.npm", AtMost(0.5)),
    ratio(Browser, "evaluate, against playwright-mcp", "browser.evaluate", "browser.evaluate.npm", AtMost(0.5)),
    ratio(Browser, "type, against playwright-mcp", "browser.type", "browser.type.npm", AtMost(0.5)),
    ratio(Browser, "press a key, against playwright-mcp", "browser.press", "browser.press.npm", AtMost(0.5)),
];

impl Target {
    /// The values over the rounds in the target's unit, and whether their median reaches it.
    pub(super) fn judge(&self, rounds: &[Round]) -> (Option<Spread>, Verdict) {
        let values: Option<Vec<f64>> = rounds.iter().map(|round| self.value(round)).collect();
        let Some(spread) = values.and_then(Spread::of) else {
            return (None, Verdict::NotMeasured);
        };
        let spread = spread.over(row::scale(self.unit).unwrap_or(1.0));
        let verdict = if self.bound.is_met(spread.median) { Verdict::Reached } else { Verdict::NotReached };
        (Some(spread), verdict)
    }

    /// The bound in words.
    pub(super) fn wanted(&self) -> String {
        let (words, number) = match self.bound {
            AtMost(number) => ("at most", number),
            Under(number) => ("under", number),
            AtLeast(number) => ("at least", number),
        };
        let unit = match self.unit {
            "ratio" => " ×",
            "B" => " B",
            other => return format!("{words} {number} {other}"),
        };
        format!("{words} {number}{unit}")
    }

    fn value(&self, round: &Round) -> Option<f64> {
        let value = round.value(self.row)?;
        let Some(by) = self.by else {
            return Some(value);
        };
        Some(value / round.value(by).filter(|by| *by > 0.0)?)
    }
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(number) => value <= number,
            Self::Under(number) => value < number,
            Self::AtLeast(number) => value >= number,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Reached => "reached",
            Self::NotReached => "not reached",
            Self::NotMeasured => "not measured",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(text: &str) -> Vec<Round> {
        let mut round = Round::default();
        round.read(text);
        vec![round]
    }

    #[test]
    fn a_ratio_is_taken_within_a_round() {
        let target = ratio(Csrf, "a", "a", "b", AtMost(2.5));
        assert_eq!(target.judge(&rounds("a\t500\t1\t1\tns\nb\t0.2\t1\t1\tus\n")).1, Verdict::Reached);
        assert_eq!(target.judge(&rounds("a\t501\t1\t1\tns\nb\t200\t1\t1\tns\n")).1, Verdict::NotReached);
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        let target = ratio(Csrf, "a", "a", "b", AtMost(2.5));
        assert_eq!(target.judge(&rounds("a\t1\t1\t1\tns\n")).1, Verdict::NotMeasured);
        assert_eq!(target.judge(&rounds("a\t1\t1\t1\tns\nb\t0\t0\t0\tns\n")).1, Verdict::NotMeasured);
        assert_eq!(target.judge(&[]).1, Verdict::NotMeasured);
    }

    #[test]
    fn units_are_converted_before_they_are_compared() {
        let target = target(Csrf, "a", "a", Under(2.0), "µs");
        let (spread, verdict) = target.judge(&rounds("a\t1999\t1\t1\tns\n"));
        assert_eq!(verdict, Verdict::Reached);
        assert!(spread.is_some_and(|spread| (spread.median - 1.999).abs() < 1e-9));
        assert_eq!(target.judge(&rounds("a\t2\t2\t2\tus\n")).1, Verdict::NotReached);
    }

    #[test]
    fn each_target_is_in_a_unit_that_is_known() {
        for target in TARGETS {
            assert!(row::scale(target.unit).is_some(), "{}", target.what);
        }
    }

    #[test]
    fn the_page_about_the_numbers_names_each_row() {
        let page = std::fs::read_to_string(crate::shell::root().join("benches/README.md")).expect("the page");
        for row in TARGETS.iter().flat_map(|target| [Some(target.row), target.by]).flatten() {
            assert!(page.contains(&format!("`{row}`")), "{row}");
        }
    }
}
