//! Findings as people and programs read them: the same everywhere that findings are reported.

use std::io::{self, Write};

use doorward_core::{Finding, Severity};

/// The longest value that is shown whole, in characters.
const LONGEST_VALUE: usize = 200;

/// Writes findings for people: what, why, and the line that mends it, then a line that counts them.
///
/// # Errors
/// Those of the writer.
pub fn text(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        writeln!(out, "{}: {} ({})", finding.severity.as_str(), visible(&finding.subject), finding.code)?;
        if !finding.value.is_empty() {
            writeln!(out, "  value: {}", visible(&finding.value))?;
        }
        writeln!(out, "  {}", visible(&finding.why))?;
        if !finding.remedy.is_empty() {
            writeln!(out, "  hint: {}", visible(&finding.remedy))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", summary(findings))
}

/// Writes findings for programs: one JSON object `{ "findings": […], "errors": n, "warnings": n }`.
///
/// # Errors
/// Those of the writer.
pub fn json(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let report = serde_json::json!({
        "findings": findings,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// How many findings there are of which severity, as a sentence.
#[must_use]
pub fn summary(findings: &[Finding]) -> String {
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{plural}", severity.as_str()))
        })
        .collect();
    if parts.is_empty() { "Nothing is wrong.".to_owned() } else { format!("{}.", parts.join(", ")) }
}

/// Text from outside on a terminal: cut, and without anything that a terminal would obey.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == LONGEST_VALUE && text.chars().nth(LONGEST_VALUE * 2).is_some() {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> [Finding; 2] {
        [
            Finding::error("config.environment_unset", "ENVIRONMENT", "It is not set.")
                .with_remedy("ENVIRONMENT=production"),
            Finding::warning("config.unknown_key", "server.\u{1b}[31mred", "There is no such setting.")
                .with_value("a\nb"),
        ]
    }

    #[test]
    fn shows_each_finding_with_the_line_that_mends_it() {
        let mut out = Vec::new();
        text(&findings(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        error: ENVIRONMENT (config.environment_unset)
          It is not set.
          hint: ENVIRONMENT=production

        warning: server.\u{1b}[31mred (config.unknown_key)
          value: a\nb
          There is no such setting.

        1 error, 1 warning.
        ");
    }

    #[test]
    fn counts_in_json() {
        let mut out = Vec::new();
        json(&findings(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["errors"], &value["warnings"]), (&1.into(), &1.into()));
        assert_eq!(value["findings"][0]["remedy"], "ENVIRONMENT=production");
    }

    #[test]
    fn cuts_what_is_endless() {
        assert_eq!(visible(&"a".repeat(100_000)).chars().count(), LONGEST_VALUE + 1);
        assert_eq!(summary(&[]), "Nothing is wrong.");
    }
}
