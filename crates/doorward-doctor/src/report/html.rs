//! The report as one file: no script, no outside assets, the chain as a picture.

use std::fmt::Write as _;

use super::{Report, State, WITHOUT_SIGN_IN};

fn text(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
<title>Doorward doctor</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2733}\
pre{background:#eef2f5;padding:.8rem;border-radius:6px;overflow:auto}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}code{background:#eef2f5;padding:0 .2rem}\
li{margin:.2rem 0}.why{font-size:1.05rem}svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif}\
</style></head><body>\n";

pub(super) fn write(report: &Report) -> String {
    let mut out = String::from(HEAD);
    match &report.root_cause {
        None => well(&mut out, report),
        Some(root) => {
            let _ = writeln!(
                out,
                "<h1><code>{}</code> {}</h1><p class=\"why\">{}</p>",
                text(root.code),
                text(&root.title),
                text(&root.why)
            );
            if let Some(measurement) = &root.measurement {
                let _ = writeln!(out, "<p><strong>What would decide it:</strong> {}</p>", text(measurement));
            }
            if !root.fix.is_empty() {
                let _ = writeln!(out, "<h2>To mend it</h2><pre>{}</pre>", text(&root.fix.join("\n")));
            }
        }
    }
    picture(&mut out, report);
    let _ = writeln!(out, "<h2>Findings</h2>");
    for finding in &report.findings {
        let _ = writeln!(
            out,
            "<h3><code>{}</code> {} ({})</h3><p>{}</p><ul>",
            text(finding.code),
            text(finding.title),
            finding.severity.as_str(),
            text(&finding.why)
        );
        for piece in &finding.evidence {
            let _ = writeln!(
                out,
                "<li>{} → {} <small>{}</small></li>",
                text(&piece.sent),
                text(&piece.got),
                text(&piece.seen_at)
            );
        }
        for other in &finding.rules_out {
            let _ = writeln!(out, "<li>not <code>{}</code>: {}</li>", text(other.code), text(&other.because));
        }
        let before =
            finding.seen_before.as_deref().map(|before| format!("<p>{}</p>", text(before))).unwrap_or_default();
        let _ = writeln!(out, "</ul>{before}<pre>{}</pre>", text(&finding.fix.join("\n")));
    }
    if !report.story.is_empty() {
        let told = text(&report.story.join("\n"));
        let _ = writeln!(out, "<h2>What the gateway noted of the refused request</h2><pre>{told}</pre>");
    }
    for hidden in &report.hidden_behind_it {
        let _ = writeln!(out, "<p>May hide behind it: <code>{}</code> {}</p>", text(hidden.code), text(&hidden.why));
    }
    out.push_str("</body></html>\n");
    out
}

/// What is said where nothing is broken.
fn well(out: &mut String, report: &Report) {
    let is_part = report.is_without_sign_in();
    let _ = writeln!(out, "<h1>Well{}: {}</h1>", if is_part { " so far" } else { "" }, text(&report.target));
    if is_part {
        let _ = writeln!(out, "<p class=\"why\">{WITHOUT_SIGN_IN}</p>");
    }
}

/// The chain as circles on a line, broken where the way ends.
fn picture(out: &mut String, report: &Report) {
    let width = 66 * report.chain.len();
    let _ = writeln!(out, "<svg viewBox=\"0 0 {width} 70\" role=\"img\" aria-label=\"The way of a sign-in\">");
    for (at, link) in report.chain.iter().enumerate() {
        let x = 33 + 66 * at;
        let colour = match link.state {
            State::Ok => "#2b8a3e",
            State::Warn => "#e6a700",
            State::Broken => "#c92a2a",
            State::Unknown => "#862e9c",
            State::Skipped => "#adb5bd",
        };
        if at > 0 {
            let dash = if link.state == State::Broken { " stroke-dasharray=\"3 5\"" } else { "" };
            let _ = writeln!(
                out,
                "<line x1=\"{}\" y1=\"25\" x2=\"{}\" y2=\"25\" stroke=\"#868e96\" stroke-width=\"2\"{dash}/>",
                x - 54,
                x - 12
            );
        }
        let title = text(&link.evidence.join("; "));
        let _ = writeln!(
            out,
            "<circle cx=\"{x}\" cy=\"25\" r=\"11\" fill=\"{colour}\"><title>{title}</title></circle>\
             <text x=\"{x}\" y=\"54\" text-anchor=\"middle\">{}</text>",
            link.link.as_str()
        );
    }
    out.push_str("</svg>\n");
}
