//! `doorward user import`: accounts out of the file of another program.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use doorward_core::{Finding, reason};
use serde_json::{Value, json};

use crate::command::open::{self, Opened};
use crate::command::{CONFIGURATION, Context, FINDINGS, WELL};
use crate::identity::{Author, Identity, Refused};
use crate::import::{LeftOut, MOST_BYTES, Plan, Planned, Rules, plan, read_authelia, read_htpasswd};

/// Arguments of `doorward user import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// What kind of file it is
    #[arg(long)]
    from: Format,
    /// The file
    file: PathBuf,
    /// What stands behind the `@` of a name that is no address
    #[arg(long)]
    domain: Option<String>,
    /// Let members of the group `admins` manage this Doorward
    #[arg(long)]
    administrators: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `users_database.yml`
    Authelia,
    /// A password file of Apache or nginx
    Htpasswd,
}

impl Format {
    fn as_str(self) -> &'static str {
        match self {
            Self::Authelia => "authelia",
            Self::Htpasswd => "htpasswd",
        }
    }
}

/// Runs the command.
pub(super) async fn run(context: &Context, opened: &Opened, arguments: ImportArgs) -> Result<u8, Refused> {
    let ImportArgs { from, file, domain, administrators, dry_run } = arguments;
    let identity = &opened.node.identity;
    let rules = Rules { domain, takes_administrators: administrators };
    let rows = read_file(&file).and_then(|text| match from {
        Format::Authelia => read_authelia(&text),
        Format::Htpasswd => Ok(read_htpasswd(&text)),
    });
    let mut plan = match rows {
        Ok(rows) => plan(rows, &rules, identity.hasher()),
        Err(finding) => {
            return Ok(open::found(context, &[finding.with_remedy(remedy("import.file_unreadable"))], CONFIGURATION));
        }
    };
    if !has_administrator(identity, &plan).await? {
        let why = "There would be accounts, and nobody to manage them.";
        let finding = Finding::error("import.no_administrator", file.display().to_string(), why);
        return Ok(open::found(context, &[finding.with_remedy(remedy("import.no_administrator"))], FINDINGS));
    }
    let mut made = Vec::new();
    for planned in std::mem::take(&mut plan.planned) {
        match make(identity, &planned, from, dry_run).await {
            Ok(()) => made.push(planned),
            // Somebody has the address: whoever it is stays as they are.
            Err(refused) if refused.code == "user.email_taken" => plan.skipped.push(LeftOut {
                line: 0,
                name: planned.email.to_string(),
                code: "import.user_exists",
                what: "stays as it is".to_owned(),
            }),
            Err(refused) => return Err(refused),
        }
    }
    open::print(context, &value(&made, &plan, dry_run), &words(&made, &plan, dry_run));
    let is_well = plan.skipped.iter().all(|left_out| left_out.code == "import.user_exists");
    Ok(if is_well { WELL } else { FINDINGS })
}

fn read_file(file: &Path) -> Result<String, Finding> {
    let fault = |why: String| Finding::error("import.file_unreadable", file.display().to_string(), why);
    let size = std::fs::metadata(file).map_err(|error| fault(error.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(fault("It is larger than 16 MiB.".to_owned()));
    }
    std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))
}

async fn make(identity: &Identity, planned: &Planned, from: Format, dry_run: bool) -> Result<(), Refused> {
    if !dry_run {
        return identity.import_user(&Author::command_line(), planned, from.as_str()).await.map(|_| ());
    }
    match identity.user_by_email(&planned.email).await {
        Ok(_) => Err(Refused::new("user.email_taken")),
        Err(refused) if refused.code == "user.not_found" => Ok(()),
        Err(refused) => Err(refused),
    }
}

/// Whether somebody could manage this Doorward afterwards.
async fn has_administrator(identity: &Identity, plan: &Plan) -> Result<bool, Refused> {
    let is_planned = plan.planned.iter().any(Planned::is_in_charge);
    if is_planned || plan.planned.is_empty() {
        return Ok(true);
    }
    let mut after = String::new();
    loop {
        let users = identity.users(&after, 500).await?;
        let Some(last) = users.last() else { return Ok(false) };
        after = last.email.to_string();
        if users.iter().any(|user| user.is_active() && user.is_administrator()) {
            return Ok(true);
        }
    }
}

fn remedy(code: &str) -> &'static str {
    reason::find(code).map_or("", |reason| reason.remedy)
}

fn value(made: &[Planned], plan: &Plan, dry_run: bool) -> Value {
    let left_out = |list: &[LeftOut]| -> Vec<Value> {
        let one = |left_out: &LeftOut| {
            json!({
                "line": (left_out.line > 0).then_some(left_out.line), "name": left_out.name, "reason": left_out.code,
                "what": left_out.what, "remedy": remedy(left_out.code),
            })
        };
        list.iter().map(one).collect()
    };
    let made: Vec<_> = made
        .iter()
        .map(|planned| {
            json!({
                "email": planned.email, "name": planned.name, "groups": planned.groups,
                "status": planned.status,
            })
        })
        .collect();
    json!({
        "dry_run": dry_run, "created": made, "skipped": left_out(&plan.skipped), "notes": left_out(&plan.notes),
    })
}

fn words(made: &[Planned], plan: &Plan, dry_run: bool) -> String {
    let verb = if dry_run { "would create" } else { "created" };
    let mut lines: Vec<_> = made
        .iter()
        .map(|planned| {
            let groups: Vec<_> = planned.groups.iter().map(ToString::to_string).collect();
            let status = planned.status.as_str();
            format!("{verb:<12} {:<40} {status:<9} {} {}", planned.email, planned.name, groups.join(","))
        })
        .collect();
    for (word, list) in [("note", &plan.notes), ("skipped", &plan.skipped)] {
        for left_out in list {
            let place = if left_out.line > 0 { format!("line {}: ", left_out.line) } else { String::new() };
            lines.push(format!("{word:<12} {place}{} {}: {}", left_out.name, left_out.code, left_out.what));
        }
    }
    let mut codes: Vec<_> = plan.skipped.iter().chain(&plan.notes).map(|left_out| left_out.code).collect();
    codes.sort_unstable();
    codes.dedup();
    lines.push(format!("{} {verb}, {} skipped", made.len(), plan.skipped.len()));
    lines.extend(codes.iter().map(|code| format!("{code}: {}", remedy(code))));
    lines.join("\n")
}
