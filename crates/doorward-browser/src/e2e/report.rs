//! What came of the flows, and the text for a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use doorward_core::UnixTime;
use serde_json::{Value, json};

use crate::verdict::Verdict;

/// A picture of the page.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Picture {
    /// What it shows.
    pub name: String,
    /// JPEG.
    pub data: Vec<u8>,
}

/// What came of a step.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StepReport {
    /// Its words, as they stand in the file.
    pub words: String,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// What came of a flow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FlowReport {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// The steps that were tried.
    pub steps: Vec<StepReport>,
    /// The causes that the browser told meanwhile.
    pub verdicts: Vec<Verdict>,
    /// Pictures.
    pub pictures: Vec<Picture>,
}

impl FlowReport {
    /// The step that failed, with its number.
    #[must_use]
    pub fn failed(&self) -> Option<(usize, &StepReport)> {
        self.steps.iter().enumerate().find(|(_, step)| step.failure.is_some()).map(|(index, step)| (index + 1, step))
    }
}

/// What came of a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The name of the file.
    pub name: String,
    /// When it began.
    pub started: UnixTime,
    /// How long it took.
    pub took: Duration,
    /// The flows, in the order of the file.
    pub flows: Vec<FlowReport>,
}

impl Report {
    /// Whether every flow went through.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failures() == 0
    }

    pub(super) fn failures(&self) -> usize {
        self.flows.iter().filter(|flow| flow.failed().is_some()).count()
    }

    /// The report as lines for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for flow in &self.flows {
            let word = if flow.failed().is_none() { "ok  " } else { "FAIL" };
            let _ = writeln!(out, "{word} {} ({} ms)", flow.name, flow.took.as_millis());
            let Some((number, step)) = flow.failed() else { continue };
            let _ = writeln!(out, "  step {number}: {}", step.words);
            for line in step.failure.as_deref().unwrap_or_default().lines() {
                let _ = writeln!(out, "    {line}");
            }
            for line in
                flow.verdicts.iter().flat_map(|one| one.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
            {
                let _ = writeln!(out, "  {line}");
            }
        }
        let (all, failed) = (self.flows.len(), self.failures());
        let time = self.started.to_rfc3339();
        let _ = write!(out, "{time}: {all} flows, {failed} failed, {} ms", self.took.as_millis());
        out
    }

    /// The report as JSON, without pictures.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let step =
            |step: &StepReport| json!({ "words": step.words, "ms": milliseconds(step.took), "failure": step.failure });
        let flow = |flow: &FlowReport| {
            json!({ "name": flow.name, "ok": flow.failed().is_none(), "ms": milliseconds(flow.took),
                "steps": flow.steps.iter().map(step).collect::<Vec<_>>(), "verdicts": flow.verdicts })
        };
        json!({ "name": self.name, "ok": self.is_well(), "started": self.started.to_rfc3339(), "ms": milliseconds(self.took),
            "flows": self.flows.iter().map(flow).collect::<Vec<_>>() })
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One flow that went well and one that did not, with characters that every form has to escape.
    pub(in crate::e2e) fn sample() -> Report {
        let step = |words: &str, failure: Option<&str>| StepReport {
            words: words.to_owned(),
            took: Duration::from_millis(5),
            failure: failure.map(str::to_owned),
        };
        let flow = |name: &str, steps| FlowReport {
            name: name.to_owned(),
            took: Duration::from_millis(12),
            steps,
            verdicts: Vec::new(),
            pictures: vec![Picture { name: "end".to_owned(), data: vec![1, 2, 3] }],
        };
        Report {
            name: "a.toml".to_owned(),
            started: UnixTime(1_767_225_600),
            took: Duration::from_millis(30),
            flows: vec![
                flow("well", vec![step("open /", None)]),
                flow(
                    "<bad> & \"odd\"\u{1}",
                    vec![step("open /", None), step("expect text \"<x>\"", Some("it's <y>\nand more"))],
                ),
            ],
        }
    }

    #[test]
    fn a_terminal_is_told_the_step_that_failed() {
        let report = sample();
        assert!(!report.is_well());
        let text = report.to_text();
        assert!(
            text.starts_with("ok   well (12 ms)\nFAIL <bad>") && text.ends_with("2 flows, 1 failed, 30 ms"),
            "{text}"
        );
        assert!(text.contains("  step 2: expect text \"<x>\"\n    it's <y>\n    and more\n"), "{text}");
        assert_eq!(report.to_json()["flows"][1]["ok"], false);
    }
}
