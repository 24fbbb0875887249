//! The report on a terminal: the cause first, then the chain, then the evidence.

use std::fmt::Write as _;

use doorward_core::Severity;

use super::wrap::wrapped;
use super::{Finding, Report, State, Style, WITHOUT_SIGN_IN};

const WIDTH: usize = 100;

struct Paint(bool);

impl Paint {
    fn say(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

pub(super) fn write(report: &Report, style: Style) -> String {
    let paint = Paint(style.is_coloured);
    let mut out = String::new();
    match &report.root_cause {
        None => {
            let is_part = report.is_without_sign_in();
            let well = if is_part { paint.say("33;1", "well so far:") } else { paint.say("32;1", "well:") };
            let _ = writeln!(out, "{well} {}", report.target);
            if is_part {
                out.push_str(&wrapped(WITHOUT_SIGN_IN, "  ", WIDTH));
            }
        }
        Some(root) => {
            let _ = writeln!(out, "{} {}", paint.say("31;1", &format!("{}:", root.code)), paint.say("1", &root.title));
            out.push_str(&wrapped(&root.why, "  ", WIDTH));
            if let Some(measurement) = &root.measurement {
                let _ = writeln!(out, "\n  {}", paint.say("1", "what would decide it:"));
                out.push_str(&wrapped(measurement, "    ", WIDTH));
            }
            if !root.fix.is_empty() {
                let _ = writeln!(out, "\n  {}", paint.say("1", "to mend it:"));
                for line in &root.fix {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
    }
    out.push('\n');
    chain(&mut out, report, &paint);
    for finding in &report.findings {
        let is_root = report.root_cause.as_ref().is_some_and(|root| root.code == finding.code);
        if is_root || finding.severity != Severity::Note || style.is_verbose {
            one(&mut out, finding, &paint, style.is_verbose || is_root, !is_root);
        }
    }
    if !report.hidden_behind_it.is_empty() {
        let _ = writeln!(out, "{}", paint.say("1", "may hide behind it:"));
        for hidden in &report.hidden_behind_it {
            out.push_str(&wrapped(&format!("{}: {}", hidden.code, hidden.why), "  ", WIDTH));
        }
    }
    if !report.story.is_empty() {
        let _ = writeln!(out, "{}", paint.say("1", "what the gateway noted of the refused request:"));
        for line in &report.story {
            out.push_str(&wrapped(line, "  ", WIDTH));
        }
    }
    if style.is_verbose {
        let spent = report.requests;
        let _ = writeln!(
            out,
            "- sent: {} DNS questions, {} connections, {} requests",
            spent.dns, spent.connections, spent.http
        );
        for line in report.recognised.iter().chain(&report.skipped) {
            let _ = writeln!(out, "- {line}");
        }
    }
    out
}

fn chain(out: &mut String, report: &Report, paint: &Paint) {
    let shown: Vec<_> = report.chain.iter().filter(|link| link.state != State::Skipped).collect();
    for (at, link) in shown.iter().enumerate() {
        let (sign, colour) = match link.state {
            State::Ok => ("●", "32"),
            State::Warn => ("◐", "33"),
            State::Broken => ("✗", "31;1"),
            State::Unknown | State::Skipped => ("?", "35"),
        };
        let evidence = link.evidence.join("; ");
        let name = format!("{:<8}", link.link.as_str());
        let time = if link.ms > 0 { format!(" ({} ms)", link.ms) } else { String::new() };
        let _ = writeln!(out, "  {} {name} {evidence}{time}", paint.say(colour, sign));
        if at + 1 < shown.len() {
            let _ = writeln!(out, "  │");
        }
    }
    let skipped: Vec<_> =
        report.chain.iter().filter(|link| link.state == State::Skipped).map(|link| link.link.as_str()).collect();
    if !skipped.is_empty() {
        let _ = writeln!(out, "  · not looked at: {}", skipped.join(", "));
    }
    out.push('\n');
}

fn one(out: &mut String, finding: &Finding, paint: &Paint, with_evidence: bool, with_why: bool) {
    let colour = match finding.severity {
        Severity::Error => "31",
        Severity::Warning => "33",
        Severity::Note => "36",
    };
    let _ = writeln!(out, "{} {}", paint.say(colour, finding.code), finding.title);
    if with_why {
        out.push_str(&wrapped(&finding.why, "  ", WIDTH));
    }
    if let Some(before) = &finding.seen_before {
        out.push_str(&wrapped(before, "  ", WIDTH));
    }
    if with_evidence {
        for piece in &finding.evidence {
            out.push_str(&wrapped(&format!("{} → {} [{}]", piece.sent, piece.got, piece.seen_at), "  · ", WIDTH));
        }
        for other in &finding.rules_out {
            out.push_str(&wrapped(&format!("not {}: {}", other.code, other.because), "  ", WIDTH));
        }
    }
    if with_why {
        for line in &finding.fix {
            let _ = writeln!(out, "  > {line}");
        }
    }
    let _ = writeln!(out, "  {}\n", finding.docs);
}
