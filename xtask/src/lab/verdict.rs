//! What the doctor said of one deployment, held against what is broken there.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::rig::{Doctor, Examined};
use super::scenario::{Scenario, Wanted};

/// How right an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// The very code; for a healthy twin: nothing is broken.
    Right,
    /// Right as far as the family.
    Family,
    /// Another family at the right link.
    Link,
    /// Another cause at another link.
    Wrong,
    /// The doctor said that the evidence does not decide.
    Abstained,
    /// The doctor said that all is well.
    Missed,
    /// A healthy twin was called broken.
    FalseAlarm,
    /// The fix was applied as printed, and the page does not answer.
    NotMended,
    /// The deployment did not stand, or the doctor gave no report.
    Trouble,
}

/// One deployment that is to stand, and what it is for.
#[derive(Debug)]
pub(super) struct Order<'a> {
    place: usize,
    id: String,
    plan: &'a Value,
    wanted: Option<&'a Wanted>,
}

/// What came of one deployment.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    #[serde(skip)]
    pub(super) place: usize,
    pub(super) id: String,
    pub(super) verdict: Verdict,
    /// The doctor's code at the right link, whatever else.
    pub(super) is_link_right: bool,
    pub(super) wanted_family: String,
    pub(super) wanted_code: String,
    pub(super) found_family: String,
    pub(super) found_code: String,
    pub(super) seconds: f64,
    pub(super) requests: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) note: String,
    #[serde(skip)]
    examined: Examined,
}

/// Every deployment of these scenarios; healthy twins that are one and the same stand once.
pub(super) fn orders(scenarios: &[Scenario]) -> Vec<Order<'_>> {
    let mut orders: Vec<Order<'_>> = Vec::new();
    for scenario in scenarios {
        for (number, step) in scenario.steps.iter().enumerate() {
            let id = if number == 0 { scenario.id.clone() } else { format!("{}, mended", scenario.id) };
            orders.push(Order { place: orders.len(), id, plan: &step.plan, wanted: Some(&step.wanted) });
        }
        if !orders.iter().any(|order| order.wanted.is_none() && *order.plan == scenario.healthy) {
            let id = format!("{} (healthy)", scenario.id);
            orders.push(Order { place: orders.len(), id, plan: &scenario.healthy, wanted: None });
        }
    }
    orders
}

impl Order<'_> {
    pub(super) fn plan(&self) -> &Value {
        self.plan
    }

    /// Holds what came of it against what was wanted.
    pub(super) fn judge(&self, examined: Examined) -> Row {
        let nothing = Wanted::default();
        let wanted = self.wanted.unwrap_or(&nothing);
        let cause = cause(&examined);
        let (verdict, note) = match (&examined.trouble, &examined.doctor) {
            (Some(trouble), _) => (Verdict::Trouble, trouble.clone()),
            (None, None) => (Verdict::Trouble, "the rig gave no answer".to_owned()),
            (None, Some(doctor)) => decide(doctor, self.wanted, cause.as_ref()),
        };
        let (verdict, note) = match not_mended(&examined) {
            Some(text) if verdict == Verdict::Right => (Verdict::NotMended, text),
            _ => (verdict, note),
        };
        let doctor = examined.doctor.as_ref();
        Row {
            place: self.place,
            id: self.id.clone(),
            verdict,
            is_link_right: cause.as_ref().is_some_and(|cause| cause.link == wanted.link),
            wanted_family: wanted.family.clone(),
            wanted_code: wanted.codes.join(" or "),
            found_family: cause.as_ref().map(|cause| cause.family.clone()).unwrap_or_default(),
            found_code: cause.map(|cause| cause.code).unwrap_or_default(),
            seconds: doctor.map_or(0.0, |doctor| doctor.seconds),
            requests: doctor.map_or(0, |doctor| doctor.requests),
            note,
            examined,
        }
    }
}

/// What the report names as root cause.
#[derive(Debug)]
struct Cause {
    link: String,
    family: String,
    code: String,
}

fn cause(examined: &Examined) -> Option<Cause> {
    let cause = examined.doctor.as_ref()?.report.as_ref()?.get("root_cause")?;
    let text = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    cause.is_object().then(|| Cause { link: text("link"), family: text("family"), code: text("code") })
}

fn decide(doctor: &Doctor, wanted: Option<&Wanted>, cause: Option<&Cause>) -> (Verdict, String) {
    if doctor.report.is_none() {
        let exit = doctor.exit.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        let said = doctor.said.lines().next().unwrap_or_default();
        return (Verdict::Trouble, format!("no report, {exit}: {said}"));
    }
    let expected = i32::from(cause.is_some());
    if doctor.exit != Some(expected) {
        return (Verdict::Trouble, format!("exit code {:?} instead of {expected}", doctor.exit));
    }
    (compare(wanted, cause), String::new())
}

fn compare(wanted: Option<&Wanted>, cause: Option<&Cause>) -> Verdict {
    match (wanted, cause) {
        (None, None) => Verdict::Right,
        (None, Some(_)) => Verdict::FalseAlarm,
        (Some(_), None) => Verdict::Missed,
        (Some(_), Some(cause)) if cause.family.starts_with("unknown.") => Verdict::Abstained,
        (Some(wanted), Some(cause)) if wanted.family == cause.family => {
            if wanted.codes.contains(&cause.code) {
                Verdict::Right
            } else {
                Verdict::Family
            }
        }
        (Some(wanted), Some(cause)) if wanted.link == cause.link => Verdict::Link,
        (Some(_), Some(_)) => Verdict::Wrong,
    }
}

fn not_mended(examined: &Examined) -> Option<String> {
    let mended = examined.mended.as_ref()?;
    let failed = mended.applied.iter().find(|(_, exit, _)| *exit != 0);
    if mended.applied.is_empty() {
        return Some("the fix holds no command for the firewall".to_owned());
    }
    if let Some((line, exit, said)) = failed {
        return Some(format!("`{line}` ended with {exit}: {said}"));
    }
    (mended.status != mended.wanted).then(|| format!("after the fix: {} instead of {}", mended.status, mended.wanted))
}

impl Row {
    pub(super) fn is_right(&self) -> bool {
        self.verdict == Verdict::Right
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.wanted_family.is_empty()
    }

    /// What the doctor and the parts said, for somebody who wants to know why.
    pub(super) fn said(&self) -> String {
        let Some(doctor) = &self.examined.doctor else { return String::new() };
        let report = doctor.report.as_ref().map_or_else(String::new, |report| format!("{report:#}"));
        format!("$ {}\n{}\n{report}\n{:#}", doctor.words.join(" "), doctor.said, self.examined.logs)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            Verdict::Right => "right",
            Verdict::Family => "CODE",
            Verdict::Link => "FAMILY",
            Verdict::Wrong => "WRONG",
            Verdict::Abstained => "abstained",
            Verdict::Missed => "MISSED",
            Verdict::FalseAlarm => "FALSE ALARM",
            Verdict::NotMended => "NOT MENDED",
            Verdict::Trouble => "TROUBLE",
        };
        write!(out, "{word:<11} {:<44} ", self.id)?;
        if !self.is_healthy() {
            write!(out, "{} {}", self.wanted_family, self.wanted_code)?;
        }
        if !self.is_right() {
            let found = if self.found_family.is_empty() { "nothing" } else { &self.found_family };
            write!(out, "; found {found} {}", self.found_code)?;
        }
        write!(out, " ({:.1} s, {} requests)", self.seconds, self.requests)?;
        if self.note.is_empty() { Ok(()) } else { write!(out, "\n            {}", self.note) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(link: &str, family: &str, code: &str) -> Cause {
        Cause { link: link.to_owned(), family: family.to_owned(), code: code.to_owned() }
    }

    #[test]
    fn an_answer_is_held_against_what_is_broken() {
        let wanted = Wanted {
            link: "net".to_owned(),
            family: "net.dropped".to_owned(),
            codes: vec!["firewall.dropped".to_owned()],
        };
        let rows = [
            (Some(named("net", "net.dropped", "firewall.dropped")), Verdict::Right),
            (Some(named("net", "net.dropped", "net.tcp.syn_dropped")), Verdict::Family),
            (Some(named("net", "nat.no_hairpin", "nat.no_hairpin")), Verdict::Link),
            (Some(named("dns", "dns.aaaa_dead", "dns.aaaa_dead")), Verdict::Wrong),
            (Some(named("net", "unknown.net", "probe.inconclusive")), Verdict::Abstained),
            (None, Verdict::Missed),
        ];
        for (found, verdict) in rows {
            assert_eq!(compare(Some(&wanted), found.as_ref()), verdict, "{found:?}");
        }
        assert_eq!(compare(None, None), Verdict::Right);
        assert_eq!(compare(None, Some(&named("net", "unknown.net", ""))), Verdict::FalseAlarm);
    }
}
