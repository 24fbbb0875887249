//! What differs between two reports: links, findings, and what was measured.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::redact;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `root_cause`, `link`, `finding` or `measured`.
    pub kind: &'static str,
    /// Which link, finding or measure.
    pub name: String,
    /// How it is in the first report; empty where it is not there.
    pub first: String,
    /// How it is in the second report; empty where it is not there.
    pub second: String,
}

/// All that differs between two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What the first report is about.
    pub first: String,
    /// What the second report is about.
    pub second: String,
    /// The differences: the cause first, then links, findings and measures.
    pub differences: Vec<Difference>,
}

/// Why two reports cannot be compared. The operator's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// It is no JSON, or none of a report.
    #[error("this is no report of `doorward doctor --json`")]
    NoReport,
}

/// Reads a report as `--json` writes it.
///
/// # Errors
/// Where it is none.
pub fn read(text: &str) -> Result<Value, DiffError> {
    let value: Value = serde_json::from_str(text).map_err(|_| DiffError::NoReport)?;
    if value["schema"].is_u64() && value["chain"].is_array() { Ok(value) } else { Err(DiffError::NoReport) }
}

/// Compares.
#[must_use]
pub fn compare(first: &Value, second: &Value) -> Comparison {
    let text = |value: &Value, name: &str| redact::clean(value[name].as_str().unwrap_or_default());
    let mut differences = Vec::new();
    let mut add = |kind, name: &str, first: String, second: String| {
        if first != second {
            differences.push(Difference { kind, name: redact::clean(name), first, second });
        }
    };
    let root = |report: &Value| text(&report["root_cause"], "code");
    add("root_cause", "root cause", root(first), root(second));
    let links = |report: &Value| pairs(&report["chain"], "link", |link| text(link, "state"));
    each(&links(first), &links(second), |name, one, other| add("link", name, one, other));
    let findings = |report: &Value| pairs(&report["findings"], "code", |finding| text(finding, "severity"));
    each(&findings(first), &findings(second), |name, one, other| add("finding", name, one, other));
    let measured = |report: &Value| -> Vec<(String, String)> {
        let members = report["measured"].as_object().into_iter().flatten();
        members.map(|(name, value)| (name.clone(), redact::clean(value.as_str().unwrap_or_default()))).collect()
    };
    each(&measured(first), &measured(second), |name, one, other| add("measured", name, one, other));
    Comparison { first: text(first, "target"), second: text(second, "target"), differences }
}

fn pairs(list: &Value, name: &str, told: impl Fn(&Value) -> String) -> Vec<(String, String)> {
    let all = list.as_array().into_iter().flatten();
    all.map(|one| (one[name].as_str().unwrap_or_default().to_owned(), told(one))).collect()
}

fn each(first: &[(String, String)], second: &[(String, String)], mut add: impl FnMut(&str, String, String)) {
    let names: Vec<_> = first.iter().chain(second).map(|(name, _)| name).collect();
    let mut seen = BTreeSet::new();
    for name in names.into_iter().filter(|name| seen.insert(name.as_str())) {
        let of = |all: &[(String, String)]| {
            all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        add(name, of(first), of(second));
    }
}

impl Comparison {
    /// 1 where anything differs, else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.differences.is_empty())
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "- {}\n+ {}", self.first, self.second);
        if self.differences.is_empty() {
            out.push_str("\nNothing differs.\n");
        }
        let mut kind = "";
        for difference in &self.differences {
            if difference.kind != kind {
                kind = difference.kind;
                let title = match kind {
                    "root_cause" => "Root cause",
                    "link" => "Links",
                    "finding" => "Findings",
                    _ => "Measured",
                };
                let _ = writeln!(out, "\n{title}");
            }
            let _ = writeln!(out, "  {}", difference.name);
            for (sign, value) in [('-', &difference.first), ('+', &difference.second)] {
                let _ = writeln!(out, "    {sign} {}", if value.is_empty() { "(not there)" } else { value });
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(code: Option<&str>, cookie: &str) -> Value {
        json!({
            "schema": 1, "target": "https://a.test",
            "chain": [{"link": "dns", "state": "ok"}, {"link": "cookie", "state": if code.is_some() {"broken"} else {"ok"}}],
            "findings": code.map(|code| json!({"code": code, "severity": "error"})).into_iter().collect::<Vec<_>>(),
            "root_cause": code.map(|code| json!({"code": code})),
            "measured": {"cookie sid": cookie, "status": "200"},
        })
    }

    #[test]
    fn tells_cause_link_finding_and_measure() {
        let (sick, well) = (report(Some("cookie.secure_over_http"), "set; Secure"), report(None, "set"));
        let told = compare(&sick, &well);
        let kinds: Vec<_> = told.differences.iter().map(|one| (one.kind, one.name.as_str())).collect();
        assert_eq!(
            kinds,
            [
                ("root_cause", "root cause"),
                ("link", "cookie"),
                ("finding", "cookie.secure_over_http"),
                ("measured", "cookie sid")
            ]
        );
        assert_eq!(told.exit_code(), 1);
        let text = told.to_text();
        assert!(text.contains("- set; Secure") && text.contains("+ (not there)"), "{text}");
        assert_eq!(compare(&sick, &sick).differences, []);
        assert!(compare(&sick, &sick).to_text().contains("Nothing differs."));
    }

    #[test]
    fn what_is_no_report_is_refused_and_hostile_bytes_are_escaped() {
        assert!(read("{}").is_err() && read("[").is_err());
        let mut evil = report(None, "set");
        evil["measured"]["x\u{1b}[31m"] = "\u{202e}y".into();
        let text = compare(&evil, &report(None, "set")).to_text();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
}
