//! The report for an issue or a chat.

use std::fmt::Write as _;

use super::{Report, WITHOUT_SIGN_IN};

/// Nothing that came from outside becomes markup: it is escaped, and code stands between enough backticks.
fn text(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            c if "\\`*_{}[]()#!|~@".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        out
    })
}

fn block(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    match &report.root_cause {
        None => {
            let is_part = report.is_without_sign_in();
            let _ = writeln!(out, "# Well{}: {}\n", if is_part { " so far" } else { "" }, text(&report.target));
            if is_part {
                let _ = writeln!(out, "{WITHOUT_SIGN_IN}\n");
            }
        }
        Some(root) => {
            let _ = writeln!(out, "# {}: {}\n\n{}\n", text(root.code), text(&root.title), text(&root.why));
            if let Some(measurement) = &root.measurement {
                let _ = writeln!(out, "**What would decide it:** {}\n", text(measurement));
            }
            if !root.fix.is_empty() {
                let _ = writeln!(out, "**To mend it:**\n\n{}", block(&root.fix));
            }
        }
    }
    let _ = writeln!(out, "| link | state | ms | seen |\n| --- | --- | --- | --- |");
    for link in &report.chain {
        let evidence = text(&link.evidence.join("; "));
        let _ = writeln!(out, "| {} | {} | {} | {evidence} |", link.link.as_str(), link.state.as_str(), link.ms);
    }
    for finding in &report.findings {
        let _ =
            writeln!(out, "\n## {} ({})\n\n{}\n", text(finding.code), finding.severity.as_str(), text(&finding.why));
        if let Some(before) = &finding.seen_before {
            let _ = writeln!(out, "{}\n", text(before));
        }
        for piece in &finding.evidence {
            let _ = writeln!(out, "- {} → {} ({})", text(&piece.sent), text(&piece.got), text(&piece.seen_at));
        }
        for other in &finding.rules_out {
            let _ = writeln!(out, "- not {}: {}", text(other.code), text(&other.because));
        }
        if !finding.fix.is_empty() {
            let _ = writeln!(out, "\n{}", block(&finding.fix));
        }
    }
    if !report.story.is_empty() {
        let _ = writeln!(out, "\nWhat the gateway noted of the refused request:\n\n{}", block(&report.story));
    }
    for hidden in &report.hidden_behind_it {
        let _ = writeln!(out, "\nMay hide behind it: {}, {}", text(hidden.code), text(&hidden.why));
    }
    out
}
