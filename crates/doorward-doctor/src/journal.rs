//! What earlier runs found: one line of JSON for each, so that a cause that comes back says when it was here and what
//! mended it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use doorward_core::UnixTime;
use serde::{Deserialize, Serialize};

use crate::report::Report;

/// Runs that are kept.
const RUNS: usize = 200;

/// Bytes that are kept.
const BYTES: usize = 1024 * 1024;

/// The name of the file.
pub const FILE: &str = "doctor.jsonl";

/// One run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Run {
    /// Unix seconds.
    at: i64,
    target: String,
    /// Codes of errors and warnings.
    codes: Vec<String>,
    measured: BTreeMap<String, String>,
}

/// The journal in one file, mode 0600. What is kept holds no secret, as no report does.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    runs: Vec<Run>,
}

impl Journal {
    /// Reads the journal of a folder; empty where there is none yet. Lines that cannot be read are left out.
    ///
    /// # Errors
    /// Where a file is there that cannot be read.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2 * BYTES)..]).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let runs = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Self { path, runs })
    }

    /// Fills in, for each finding, when it was seen before and what had changed when it was gone.
    pub fn recall(&self, report: &mut Report) {
        let target = report.target.clone();
        for finding in &mut report.findings {
            finding.seen_before = self.story(&target, finding.code);
        }
    }

    fn story(&self, target: &str, code: &str) -> Option<String> {
        let own: Vec<&Run> = self.runs.iter().filter(|run| run.target == target).collect();
        let has = |run: &Run| run.codes.iter().any(|known| known == code);
        let last = own.iter().rposition(|run| has(run))?;
        let times = own.iter().filter(|run| has(run)).count();
        let since = if times > 1 { format!(", {times} times") } else { String::new() };
        let seen = format!("Seen before, on {}{since}", day(own[last].at));
        // The last time that it went: the run after the last one of those with it that has a run without it behind it.
        let gone = own.windows(2).rposition(|pair| has(pair[0]) && !has(pair[1]));
        let Some(gone) = gone else { return Some(format!("{seen}; no run since was without it.")) };
        let (sick, well) = (own[gone], own[gone + 1]);
        let changes = changes(&sick.measured, &well.measured);
        let told = if changes.is_empty() { "nothing that was measured".to_owned() } else { changes.join("; ") };
        Some(format!("{seen}. It was gone on {}, and this had changed: {told}.", day(well.at)))
    }

    /// Keeps a run and writes the file, as far as its bounds allow.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn keep(mut self, at: i64, report: &Report) -> std::io::Result<()> {
        let wanted = |finding: &&crate::report::Finding| finding.severity != doorward_core::Severity::Note;
        let codes = report.findings.iter().filter(wanted).map(|finding| finding.code.to_owned()).collect();
        self.runs.push(Run { at, target: report.target.clone(), codes, measured: report.measured.clone() });
        let mut lines: Vec<String> = Vec::new();
        let mut bytes = 0;
        for run in self.runs.iter().rev().take(RUNS) {
            let line = serde_json::to_string(run)?;
            bytes += line.len() + 1;
            if bytes > BYTES {
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        self.write(&lines)
    }

    /// Writes beside the file and puts it in its place, so that no reader meets half of it.
    fn write(&self, lines: &[String]) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if !folder.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let beside = self.path.with_extension(format!("jsonl.{}", std::process::id()));
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file
            .set_permissions(std::fs::Permissions::from_mode(0o600))
            .and_then(|()| owned_as(folder, &file))
            .and_then(|()| lines.iter().try_for_each(|line| writeln!(file, "{line}")))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        written
    }
}

/// A doctor that runs as root leaves nothing in a service's folder that the service cannot read.
fn owned_as(folder: &Path, file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(folder)?;
    if rustix::process::geteuid().is_root() && owner.uid() != 0 {
        std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

fn day(at: i64) -> String {
    UnixTime(at).to_rfc3339().replace('T', " ").chars().take(16).collect()
}

/// The few things that differ, in words.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = Vec::new();
    // What follows from the mending is no cause of it.
    let is_effect =
        |name: &str| name.starts_with("sign-in ") || name == "status" || name.starts_with("listens 127.0.0.1:");
    for (name, value) in before {
        match after.get(name) {
            Some(now) if now != value => all.push((is_effect(name), format!("{name}: {value} → {now}"))),
            None => all.push((is_effect(name), format!("{name}: {value} is gone"))),
            _ => {}
        }
    }
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    all.extend(new.map(|(name, value)| (is_effect(name), format!("{name}: {value} is new"))));
    all.sort_by_key(|(is_effect, _)| *is_effect);
    all.into_iter().map(|(_, told)| told).take(5).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, Target};
    use crate::report::Finding;

    fn report(code: Option<&'static str>, cookie: &str) -> Report {
        let target = Target { scheme: "https".into(), host: "a.test".into(), port: 443, path: "/".into() };
        let mut report = crate::judge(&Facts { target: Some(target), ..Facts::default() }, None);
        report.measured = [("cookie sid".to_owned(), cookie.to_owned())].into();
        report.findings.extend(code.map(|code| Finding {
            code,
            family: "cookie.rejected_secure",
            link: doorward_core::Link::Cookie,
            severity: doorward_core::Severity::Error,
            title: "",
            why: String::new(),
            evidence: Vec::new(),
            fix: Vec::new(),
            confidence: crate::suspect::Confidence::Certain,
            rules_out: Vec::new(),
            docs: String::new(),
            seen_before: None,
        }));
        report
    }

    #[test]
    fn a_cause_that_comes_back_says_when_it_was_here_and_what_mended_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep");
        let code = Some("cookie.secure_over_http");
        let mut first = report(code, "set; Secure");
        Journal::open(&place).unwrap().recall(&mut first);
        assert_eq!(first.findings[0].seen_before, None);
        for (at, report) in [(1_700_000_000, first), (1_700_000_600, report(None, "set"))] {
            Journal::open(&place).unwrap().keep(at, &report).unwrap();
        }
        let mut again = report(code, "set; Secure");
        Journal::open(&place).unwrap().recall(&mut again);
        assert_eq!(
            again.findings[0].seen_before.as_deref(),
            Some(
                "Seen before, on 2023-11-14 22:13. It was gone on 2023-11-14 22:23, and this had changed: cookie sid: set; Secure → set."
            )
        );
        let mode = std::fs::metadata(place.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut elsewhere = report(code, "set");
        elsewhere.target = "https://b.test".into();
        Journal::open(&place).unwrap().recall(&mut elsewhere);
        assert_eq!(elsewhere.findings[0].seen_before, None, "another site's past is not this one's");
    }

    #[test]
    fn it_stays_small_and_broken_lines_harm_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "no json\n{\"at\":1,\"target\":\"x\",\"unknown\":1}\n").unwrap();
        for at in 0..RUNS + 20 {
            let mut run = report(Some("cookie.secure_over_http"), "set");
            run.measured.insert("large".into(), "x".repeat(8_000));
            Journal::open(folder.path()).unwrap().keep(i64::try_from(at).unwrap(), &run).unwrap();
        }
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.len() <= BYTES && text.lines().count() <= RUNS && text.lines().count() > 50);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
