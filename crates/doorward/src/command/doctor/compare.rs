//! `doorward doctor diff A.json B.json` and `--compare URL`: what differs between two reports.

use std::io::Write as _;
use std::path::Path;

use doorward_doctor::Report;
use doorward_doctor::diff::{self, Comparison};
use serde_json::Value;

use super::{Arguments, gathered, print};
use crate::command::{CONFIGURATION, Context};

/// Compares two files.
pub(super) fn files(context: &Context, first: &Path, second: &Path) -> u8 {
    let read = |path: &Path| -> Result<Value, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        diff::read(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    match read(first).and_then(|first| Ok((first, read(second)?))) {
        Ok((first, second)) => told(context, &diff::compare(&first, &second)),
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "doorward: {why}");
            CONFIGURATION
        }
    }
}

/// Compares what was found at one address with another, which is examined in the same way.
pub(super) fn sites(context: &Context, arguments: &Arguments, first: &Report, url: &str) -> u8 {
    let (facts, _) = match gathered(context, arguments, Some(url)) {
        Ok(gathered) => gathered,
        Err((code, why)) => {
            let _ = writeln!(std::io::stderr(), "doorward: {url}: {why}");
            return code;
        }
    };
    let second = doorward_doctor::judge(&facts, arguments.only);
    let value = |report: &Report| serde_json::to_value(report).unwrap_or_default();
    told(context, &diff::compare(&value(first), &value(&second)))
}

fn told(context: &Context, comparison: &Comparison) -> u8 {
    let text = if context.json { comparison.to_json() } else { comparison.to_text() };
    print(text.trim_end(), comparison.exit_code())
}
