//! The score of a run, and its targets.

use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::verdict::{Row, Verdict};
use crate::{Outcome, Trouble};

/// Of a hundred broken deployments: families that must be right, codes that must be right, wrong causes at most.
const TARGETS: (f64, f64, f64) = (97.0, 90.0, 1.0);

/// What came of a run.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Score {
    broken: usize,
    link_right: usize,
    family_right: usize,
    code_right: usize,
    abstained: usize,
    missed: usize,
    wrong: usize,
    not_mended: usize,
    healthy: usize,
    false_alarms: usize,
    trouble: usize,
    requests: u64,
    doctor_seconds: f64,
    slowest_healthy: f64,
    slowest_broken: f64,
}

impl Score {
    /// Counts rows.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut score = Self::default();
        for row in rows {
            score.requests += row.requests;
            score.doctor_seconds += row.seconds;
            if row.is_healthy() {
                score.healthy += 1;
                score.slowest_healthy = score.slowest_healthy.max(row.seconds);
            } else {
                score.broken += 1;
                score.link_right += usize::from(row.is_link_right);
                score.slowest_broken = score.slowest_broken.max(row.seconds);
            }
            score.count(row);
        }
        score
    }

    fn count(&mut self, row: &Row) {
        match row.verdict {
            Verdict::Right | Verdict::NotMended if !row.is_healthy() => {
                self.family_right += 1;
                self.code_right += 1;
                self.not_mended += usize::from(row.verdict == Verdict::NotMended);
            }
            Verdict::Right | Verdict::NotMended => {}
            Verdict::Family => self.family_right += 1,
            Verdict::Link | Verdict::Wrong => self.wrong += 1,
            Verdict::Abstained => self.abstained += 1,
            Verdict::Missed => self.missed += 1,
            Verdict::FalseAlarm => self.false_alarms += 1,
            Verdict::Trouble => self.trouble += 1,
        }
    }

    /// One JSON document with every row.
    pub(super) fn to_json(&self, rows: &[Row]) -> String {
        format!("{:#}", json!({"schema": 1, "score": self, "rows": rows}))
    }

    /// Whether the targets are reached.
    ///
    /// # Errors
    ///
    /// Where one is missed.
    pub(super) fn end(&self) -> Outcome {
        let missed = self.missed_targets();
        if missed.is_empty() { Ok(()) } else { Err(Trouble::failed(format!("lab: {}", missed.join(", ")))) }
    }

    fn missed_targets(&self) -> Vec<String> {
        let (family, code, wrong) = TARGETS;
        let mut missed = Vec::new();
        let mut must = |holds: bool, text: String| {
            if !holds {
                missed.push(text);
            }
        };
        must(self.of_broken(self.family_right) >= family, format!("family right in less than {family} %"));
        must(self.of_broken(self.code_right) >= code, format!("code right in less than {code} %"));
        must(self.of_broken(self.wrong) <= wrong, format!("a wrong cause in more than {wrong} %"));
        must(self.false_alarms == 0, "a healthy deployment was called broken".to_owned());
        must(self.not_mended == 0, "a printed fix did not mend".to_owned());
        must(self.trouble == 0, "a deployment did not stand or the doctor gave no report".to_owned());
        missed
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of scenarios are small")]
    fn of_broken(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.broken.max(1) as f64
    }
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, count: usize, target: &str| {
            writeln!(out, "{name:<28} {count:>4} of {:<4} {:5.1} %  {target}", self.broken, self.of_broken(count))
        };
        line("link right", self.link_right, "")?;
        line("family right", self.family_right, "at least 97 %")?;
        line("code right", self.code_right, "at least 90 %")?;
        line("abstained", self.abstained, "")?;
        line("missed", self.missed, "")?;
        line("wrong", self.wrong, "at most 1 %")?;
        writeln!(out, "{:<28} {:>4} of {:<4}          none", "false alarms", self.false_alarms, self.healthy)?;
        writeln!(out, "{:<28} {:>4}                  none", "printed fix did not mend", self.not_mended)?;
        writeln!(out, "{:<28} {:>4}                  none", "did not stand or no report", self.trouble)?;
        writeln!(out, "{:<28} {:>4}", "requests sent", self.requests)?;
        write!(
            out,
            "{:<28} {:.1} in all, slowest healthy {:.1}, slowest broken {:.1}",
            "seconds of the doctor", self.doctor_seconds, self.slowest_healthy, self.slowest_broken
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_below_a_target_fails() {
        let good = Score { broken: 100, family_right: 98, code_right: 91, wrong: 1, ..Score::default() };
        assert!(good.missed_targets().is_empty());
        assert!(Score { family_right: 96, ..good_again() }.end().is_err());
        assert!(Score { code_right: 89, ..good_again() }.end().is_err());
        assert!(Score { wrong: 2, ..good_again() }.end().is_err());
        assert!(Score { false_alarms: 1, ..good_again() }.end().is_err());
    }

    fn good_again() -> Score {
        Score { broken: 100, family_right: 98, code_right: 91, wrong: 1, ..Score::default() }
    }
}
