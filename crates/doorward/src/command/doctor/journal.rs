//! Where the journal of the doctor's runs lies, and how a run gets into it.

use std::path::PathBuf;

use doorward_doctor::journal::Journal;
use doorward_doctor::{Facts, Report};

use super::{Arguments, insider};
use crate::command::Context;

/// Says what was seen before, and keeps this run. A journal that cannot be used is a remark and stops nothing.
pub(super) fn note(context: &Context, arguments: &Arguments, facts: &Facts, report: &mut Report) {
    if arguments.no_journal || arguments.facts.is_some() || arguments.only.is_some() {
        return;
    }
    let own = insider::installed(&context.inputs, arguments.dir.as_ref(), facts.target.as_ref());
    let own = own.and_then(|own| own.data()).filter(is_writable);
    let Some(folder) = own.or_else(|| context.inputs.state_directory()) else { return };
    let noted = Journal::open(&folder).and_then(|journal| {
        journal.recall(report);
        journal.keep(facts.now, report)
    });
    if let Err(error) = noted {
        report.skipped.push(format!("the journal in {}: {error}", folder.display()));
    }
}

fn is_writable(folder: &PathBuf) -> bool {
    folder.is_dir() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
