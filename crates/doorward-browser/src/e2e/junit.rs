//! The report in the form of `JUnit`, which build servers read.

use std::fmt::Write as _;
use std::time::Duration;

use super::report::{FlowReport, Report};

impl Report {
    /// The report as a file of `JUnit`.
    #[must_use]
    pub fn to_junit(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let (all, failed, took) = (self.flows.len(), self.failures(), seconds(self.took));
        let _ = writeln!(out, "<testsuites tests=\"{all}\" failures=\"{failed}\" time=\"{took}\">");
        let time = self.started.to_rfc3339();
        let _ = writeln!(
            out,
            "<testsuite name=\"{}\" tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{took}\" timestamp=\"{}\">",
            escaped(&self.name),
            time.trim_end_matches('Z')
        );
        for flow in &self.flows {
            case(&mut out, &self.name, flow);
        }
        out.push_str("</testsuite>\n</testsuites>\n");
        out
    }
}

fn case(out: &mut String, file: &str, flow: &FlowReport) {
    let (file, name, took) = (escaped(file), escaped(&flow.name), seconds(flow.took));
    let _ = writeln!(out, "<testcase classname=\"{file}\" name=\"{name}\" time=\"{took}\">");
    if let Some((number, step)) = flow.failed() {
        let failure = step.failure.as_deref().unwrap_or_default();
        let first = failure.lines().next().unwrap_or_default();
        let mut whole = format!("step {number}: {}\n{failure}", step.words);
        for verdict in &flow.verdicts {
            let _ = write!(whole, "\n{verdict}");
        }
        let _ = writeln!(out, "<failure message=\"{}\" type=\"step\">{}</failure>", escaped(first), escaped(&whole));
    }
    let steps: Vec<String> =
        flow.steps.iter().map(|step| format!("{} ({} ms)", step.words, step.took.as_millis())).collect();
    let _ = writeln!(out, "<system-out>{}</system-out>\n</testcase>", escaped(&steps.join("\n")));
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// The text as an attribute or an element of XML holds it, line breaks included.
fn escaped(text: &str) -> String {
    super::escaped(text).replace('\t', " ").replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::sample;

    #[test]
    fn every_character_is_written_as_xml_allows() {
        let text = sample().to_junit();
        assert!(text.contains("<testsuite name=\"a.toml\" tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("name=\"&lt;bad&gt; &amp; &quot;odd&quot;\u{fffd}\""), "{text}");
        assert!(text.contains("<failure message=\"it's &lt;y&gt;\" type=\"step\">step 2: expect text"), "{text}");
        assert!(!text.contains('\u{1}') && !text.contains("<x>"), "{text}");
    }
}
